// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"

/* Half as many interfaces. */
#define FILES_WANTED 131072
/* Maps, programs, links and what is read: with no interface at all. */
#define FILES_LEAST 128
#define MEGABYTE (UINT64_C(1024) * 1024)
#define ADDRESS_SPACE_LEAST (64 * MEGABYTE)
/* No command of bpf(2). */
#define BPF_NO_COMMAND 9999

void limits_raise(void)
{
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FILES_WANTED)
		return;
	wanted = (struct rlimit){ FILES_WANTED, FILES_WANTED };
	if (limit.rlim_max > FILES_WANTED)
		wanted.rlim_max = limit.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &wanted))
		return;
	/* Without CAP_SYS_RESOURCE, or above fs.nr_open: what is allowed. */
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

size_t limits_files_left(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur <= FILES_LEAST)
		return 0;
	return limit.rlim_cur - FILES_LEAST;
}

/* The beginning of a small file as text; false when there is none. */
static bool small_file_read(const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (got < 0)
		return false;
	text[got] = '\0';
	return true;
}

static bool is_in_user_namespace(void)
{
	char map[256], *rest = map, *word;
	uint64_t numbers[3] = {};

	if (!small_file_read("/proc/self/uid_map", map, sizeof(map)))
		return false;
	for (int i = 0; i < 3; i++) {
		rest += strspn(rest, " \n");
		word = strsep(&rest, " \n");
		if (!word || !rest || parse_u64(word, UINT64_MAX, &numbers[i]))
			return false;
	}
	return numbers[0] || numbers[1] || numbers[2] != UINT32_MAX;
}

/* The kernel itself says EINVAL to a command that it does not know. */
static bool is_bpf_filtered(void)
{
	return syscall(SYS_bpf, BPF_NO_COMMAND, NULL, 0) < 0 && (errno == EPERM || errno == ENOSYS);
}

static bool is_locked_down(void)
{
	char text[128];

	return small_file_read("/sys/kernel/security/lockdown", text, sizeof(text)) &&
	       strstr(text, "[confidentiality]");
}

static int blame_address_space(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur >= ADDRESS_SPACE_LEAST)
		return 0;
	return log_error(-EOPNOTSUPP,
			 "the address space is limited to %" PRIu64 " MB, and at least %" PRIu64
			 " are needed; raise the limit (ulimit -v, LimitAS=)",
			 (uint64_t)limit.rlim_cur / MEGABYTE, ADDRESS_SPACE_LEAST / MEGABYTE);
}

static int blame_files(int err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    (limit.rlim_cur >= FILES_LEAST && err != -EMFILE && err != -ENFILE))
		return 0;
	return log_error(-EOPNOTSUPP,
			 "only %" PRIu64
			 " files may be open, and at least %d are needed, and two for "
			 "each interface; raise the limit (ulimit -n, LimitNOFILE=)",
			 (uint64_t)limit.rlim_cur, FILES_LEAST);
}

/* The smallest memory.max on the way up, or that of the hierarchy of version 1; UINT64_MAX: none. */
static uint64_t memory_allowed(void)
{
	static const char *const files[] = { "/sys/fs/cgroup%s/memory.max",
					     "/sys/fs/cgroup/memory%s/memory.limit_in_bytes" };
	static const char *const marks[] = { "0::", ":memory:" };
	char cgroups[4096], path[PATH_MAX], text[64], *line, *slash;
	uint64_t allowed = UINT64_MAX, value;

	for (int i = 0; i < 2; i++) {
		if (!small_file_read("/proc/self/cgroup", cgroups, sizeof(cgroups)))
			return allowed;
		line = strstr(cgroups, marks[i]);
		if (!line)
			continue;
		line += strlen(marks[i]);
		line[strcspn(line, "\n")] = '\0';
		for (; (slash = strrchr(line, '/')); *slash = '\0') {
			snprintf(path, sizeof(path), files[i], line);
			if (!small_file_read(path, text, sizeof(text)))
				continue;
			text[strcspn(text, "\n")] = '\0';
			if (!parse_u64(text, UINT64_MAX, &value) && value < allowed)
				allowed = value;
		}
	}
	return allowed;
}

static int log_memory(uint64_t allowed, uint64_t bytes)
{
	return log_error(
		-EOPNOTSUPP,
		"its memory cgroup allows %" PRIu64 " MB, and the maps of these options take "
		"some %" PRIu64 " MB of the kernel's memory; raise memory.max (MemoryMax=), or "
		"make the largest map smaller with --max-flows",
		allowed / MEGABYTE, bytes / MEGABYTE);
}

int limits_check_memory(uint64_t bytes)
{
	uint64_t allowed = memory_allowed();

	return bytes > allowed ? log_memory(allowed, bytes) : 0;
}

int limits_log_blamed(int err)
{
	uint64_t allowed;
	int blamed;

	if (is_in_user_namespace())
		return log_error(
			-EOPNOTSUPP,
			"this is a user namespace, where no capability counts for BPF: run it "
			"as root of the host, outside of rootless containers");
	if (is_bpf_filtered())
		return log_error(
			-EOPNOTSUPP,
			"a seccomp filter refuses bpf(2): run it outside of the container, or "
			"allow the call (docker run --security-opt seccomp=unconfined)");
	if (is_locked_down())
		return log_error(
			-EOPNOTSUPP,
			"the kernel is locked down, so that BPF may not read its memory: boot "
			"without lockdown=confidentiality");
	blamed = blame_files(err) ?: blame_address_space();
	if (blamed)
		return blamed;
	allowed = err == -ENOMEM ? memory_allowed() : UINT64_MAX;
	if (allowed / MEGABYTE < UINT64_MAX / MEGABYTE / 2)
		return log_error(-EOPNOTSUPP,
				 "not enough memory: its memory cgroup allows %" PRIu64
				 " MB; raise memory.max (MemoryMax=)",
				 allowed / MEGABYTE);
	return 0;
}
