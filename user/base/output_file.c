// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"

int output_file_open(const char *path, enum output_file_mode mode)
{
	int append = mode == OUTPUT_FILE_APPEND ? O_APPEND : 0;
	_cleanup_close_ int fd = -1;
	struct stat status;

	/* Not blocking: a FIFO would wait for a reader. */
	fd = open(path,
		  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | append,
		  0640);
	if (fd < 0 || fstat(fd, &status))
		return errno == ENXIO ? -EINVAL : -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_uid != geteuid() || status.st_nlink != 1)
		return -EPERM;
	if (fcntl(fd, F_SETFL, append) || (!append && ftruncate(fd, 0)))
		return -errno;
	return TAKE_FD(fd);
}

const char *output_file_reason(int err)
{
	switch (-err) {
	case ELOOP:
		return "it is a symbolic link; name the file that it leads to";
	case EPERM:
		return "it belongs to somebody else, or has a second name; remove it or name another";
	case EINVAL:
		return "it is no plain file";
	default:
		return strerror(-err);
	}
}
