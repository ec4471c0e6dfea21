// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/iterator.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "user/base/cleanup.h"

int iterator_run(struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	_cleanup_close_ int fd = -1;
	char buffer[256];
	ssize_t got;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		bpf_link__destroy(link);
		return -errno;
	}
	do {
		got = read(fd, buffer, sizeof(buffer));
	} while (got > 0 || (got < 0 && errno == EAGAIN));
	bpf_link__destroy(link);
	return got < 0 ? -errno : 0;
}
