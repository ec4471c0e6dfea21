// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/process_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/parse_number.h"

#define STAT_START_TIME 22 /* fields of /proc/PID/stat, proc(5) */
#define STAT_START_CODE 26

/* Their reads wait for a daemon, perhaps the traced one, or for the network. */
static const char *const waiting_types[] = {
	"fuse", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "lustre", "ncpfs",
};

int memory_mapping_parse(char *line, struct memory_mapping *ret)
{
	struct memory_mapping mapping;
	uint64_t device_major, device_minor;
	char *rest = line;
	char *start = strsep(&rest, "-"), *end = strsep(&rest, " ");
	char *rights = strsep(&rest, " "), *offset = strsep(&rest, " ");
	char *major_text = strsep(&rest, ":"), *minor_text = strsep(&rest, " ");
	char *inode = strsep(&rest, " ");

	if (!inode || strlen(rights) != 4 || parse_hex_u64(start, &mapping.start) ||
	    parse_hex_u64(end, &mapping.end) || parse_hex_u64(offset, &mapping.offset) ||
	    parse_hex_u64(major_text, &device_major) || parse_hex_u64(minor_text, &device_minor) ||
	    parse_u64(inode, UINT64_MAX, &mapping.inode) || mapping.end <= mapping.start ||
	    device_major > UINT32_MAX || device_minor > UINT32_MAX)
		return -EINVAL;
	mapping.is_code = rights[2] == 'x';
	mapping.device_major = device_major;
	mapping.device_minor = device_minor;
	mapping.path = rest ? rest + strspn(rest, " ") : line + strlen(line);
	*ret = mapping;
	return 0;
}

int process_open(uint32_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static FILE *process_fopen(int process_fd, const char *name)
{
	int fd = openat(process_fd, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file && fd >= 0)
		close(fd);
	return file;
}

bool process_is(int process_fd, uint64_t start_ns, uint64_t code)
{
	_cleanup_fclose_ FILE *file = process_fopen(process_fd, "stat");
	uint64_t ticks = 0, start_code = 0, tick_ns = CLOCK_NS_PER_SECOND / sysconf(_SC_CLK_TCK);
	char text[4096], *rest, *word;
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	/* The name, in parentheses, may hold anything, spaces and parentheses among it. */
	rest = strrchr(text, ')');
	if (!rest)
		return false;
	rest += strspn(rest, ") ");
	for (int i = 3; (word = strsep(&rest, " \n")); i++) {
		if ((i == STAT_START_TIME && parse_u64(word, UINT64_MAX, &ticks)) ||
		    (i == STAT_START_CODE && parse_u64(word, UINT64_MAX, &start_code)))
			return false;
	}
	return ticks == start_ns / tick_ns && start_code == code;
}

int process_own_pid(int process_fd, uint64_t *ret)
{
	_cleanup_fclose_ FILE *file = process_fopen(process_fd, "status");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		char *last;

		if (strncmp(line, "NSpid:", 6))
			continue;
		line[strcspn(line, "\n")] = '\0';
		last = strrchr(line, '\t');
		return last ? parse_u64(last + 1, UINT32_MAX, ret) : -EINVAL;
	}
	return -ENOENT;
}

static bool type_waits(const char *type)
{
	for (size_t i = 0; i < sizeof(waiting_types) / sizeof(waiting_types[0]); i++)
		if (!strcmp(type, waiting_types[i]))
			return true;
	return !strncmp(type, "fuse.", 5);
}

/* "36 35 98:0 /root /mount/point rw,... shared:1 - type source options" */
static char *mount_parse(char *line, uint32_t *device_major, uint32_t *device_minor, char **point)
{
	char *rest = line, *type = strstr(line, " - ");
	uint64_t major_number, minor_number;
	char *major_text, *minor_text;

	if (!type)
		return NULL;
	strsep(&rest, " ");
	strsep(&rest, " ");
	major_text = strsep(&rest, ":");
	minor_text = strsep(&rest, " ");
	strsep(&rest, " ");
	*point = strsep(&rest, " ");
	type += 3;
	type[strcspn(type, " \n")] = '\0';
	if (!*point || parse_u64(major_text, UINT32_MAX, &major_number) ||
	    parse_u64(minor_text, UINT32_MAX, &minor_number))
		return NULL;
	*device_major = major_number;
	*device_minor = minor_number;
	return type;
}

static bool path_is_below(const char *path, const char *point)
{
	size_t len = strlen(point);

	if (len == 1 && *point == '/')
		return true;
	return !strncmp(path, point, len) && (path[len] == '/' || !path[len]);
}

/* By path where there is one, else by device. What is not known does not wait. */
static bool process_mount_waits(int process_fd, const char *path, uint32_t device_major,
				uint32_t device_minor)
{
	_cleanup_fclose_ FILE *file = process_fopen(process_fd, "mountinfo");
	_cleanup_free_ char *line = NULL;
	size_t size = 0, best = 0;
	bool waits = false;

	while (file && getline(&line, &size, file) > 0) {
		uint32_t of_major, of_minor;
		char *point, *type = mount_parse(line, &of_major, &of_minor, &point);

		if (!type)
			continue;
		if (path && path_is_below(path, point) && strlen(point) >= best) {
			/* Later mounts lie on top of earlier ones. */
			best = strlen(point);
			waits = type_waits(type);
		}
		if (!path && of_major == device_major && of_minor == device_minor)
			waits |= type_waits(type);
	}
	return waits;
}

/* Keeps `fd`, or closes it when it is not a regular file. */
static int regular_file(int fd)
{
	_cleanup_close_ int file = fd;
	struct stat status;

	if (file < 0 || fstat(file, &status))
		return -errno;
	return S_ISREG(status.st_mode) ? TAKE_FD(file) : -EINVAL;
}

int process_open_path(int process_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int root = -1;

	if (process_mount_waits(process_fd, path, 0, 0))
		return -EACCES;
	root = openat(process_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	return regular_file(syscall(SYS_openat2, root, path, &how, sizeof(how)));
}

int process_open_mapping(int process_fd, const struct memory_mapping *mapping)
{
	_cleanup_close_ int fd = -1;
	struct stat status;
	char link[64];

	/* Devices with a major number are disks. */
	if (!mapping->device_major &&
	    process_mount_waits(process_fd, NULL, mapping->device_major, mapping->device_minor))
		return -EACCES;
	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)mapping->start,
		 (unsigned long long)mapping->end);
	fd = openat(process_fd, link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		return regular_file(TAKE_FD(fd));
	/* Without CAP_SYS_ADMIN: by its name, if that still is the same file. */
	fd = process_open_path(process_fd, mapping->path);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) || status.st_ino != mapping->inode)
		return -ESTALE;
	return TAKE_FD(fd);
}
