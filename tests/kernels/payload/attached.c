// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * List what is loaded in the kernel: one line per BPF program ("program ID TYPE NAME") and per
 * link ("link ID TYPE"). `attached detach` takes the programs of all TCX links off, as an
 * administrator may. Exit status 0, or 1 when the kernel does not answer. Static, no libbpf.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static int info_get(int fd, void *info, uint32_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memset(info, 0, size);
	attr.info.bpf_fd = fd;
	attr.info.info_len = size;
	attr.info.info = (uintptr_t)info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static void program_print(int fd, uint32_t id)
{
	struct bpf_prog_info info;

	if (!info_get(fd, &info, sizeof(info)))
		printf("program %u %u %.16s\n", id, info.type, info.name);
}

static void link_print(int fd, uint32_t id)
{
	struct bpf_link_info info;

	if (!info_get(fd, &info, sizeof(info)))
		printf("link %u %u\n", id, info.type);
}

#define LINK_TYPE_TCX 11 /* enum bpf_link_type since 6.6, which older headers do not know */

static void link_detach(int fd, uint32_t id)
{
	struct bpf_link_info info;
	union bpf_attr attr;

	if (info_get(fd, &info, sizeof(info)) || info.type != LINK_TYPE_TCX)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.link_detach.link_fd = fd;
	if (bpf(BPF_LINK_DETACH, &attr))
		printf("link %u stays\n", id);
}

/* One that goes away between the two calls is not there any more: nothing to print. */
static int objects_print(int next_command, int fd_command, void (*print)(int fd, uint32_t id))
{
	union bpf_attr attr;
	uint32_t id = 0;
	int fd, ret;

	for (;;) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		ret = bpf(next_command, &attr);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.prog_id = id; /* the same place in the union as link_id */
		fd = bpf(fd_command, &attr);
		if (fd < 0)
			continue;
		print(fd, id);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int detach = argc > 1 && !strcmp(argv[1], "detach"), ret = 0;

	if (!detach)
		ret = objects_print(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, program_print);
	if (!ret)
		ret = objects_print(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID,
				    detach ? link_detach : link_print);
	if (ret)
		fprintf(stderr, "attached: %s\n", strerror(-ret));
	return ret ? 1 : 0;
}
