/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs a command and tells how often each BPF program of another process ran meanwhile and for how
 * long. The kernel keeps these times only while somebody asks; asking with bpf_enable_stats()
 * instead of the sysctl ends with this process, however it dies.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/progfind.h"

struct program_time {
	uint32_t id;
	char name[PROGFIND_NAME_SIZE];
	uint64_t run_count;
	uint64_t run_time_ns;
};

static int program_time_read(uint32_t id, struct program_time *ret_time)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);
	int err;

	if (fd < 0)
		return -errno;
	err = bpf_obj_get_info_by_fd(fd, &info, &size) ? -errno : 0;
	close(fd);
	if (err)
		return err;
	*ret_time = (struct program_time){ .id = id,
					   .run_count = info.run_cnt,
					   .run_time_ns = info.run_time_ns };
	memcpy(ret_time->name, info.name, sizeof(info.name));
	return 0;
}

static int command_run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void times_print(const struct program_time *before, int count)
{
	uint64_t total_ns = 0, total_count = 0;

	for (int i = 0; i < count; i++) {
		struct program_time after;
		uint64_t runs, ns;

		if (program_time_read(before[i].id, &after))
			continue;
		runs = after.run_count - before[i].run_count;
		ns = after.run_time_ns - before[i].run_time_ns;
		total_count += runs;
		total_ns += ns;
		if (runs)
			printf("program\t%s\t%llu\t%llu\n", after.name, (unsigned long long)runs,
			       (unsigned long long)ns);
	}
	printf("total\t-\t%llu\t%llu\n", (unsigned long long)total_count,
	       (unsigned long long)total_ns);
}

int main(int argc, char **argv)
{
	struct program_time before[PROGFIND_MAX];
	uint32_t ids[PROGFIND_MAX];
	int count, stats, err, kept = 0;

	if (argc < 3) {
		fputs("usage: progstats PID COMMAND [ARG...]\n"
		      "Prints program, name, runs, ns (tab separated) and a line with the total.\n",
		      stderr);
		return 2;
	}
	count = progfind_ids((pid_t)atoi(argv[1]), ids);
	if (count <= 0) {
		fprintf(stderr, "progstats: no BPF program belongs to process %s: %s\n", argv[1],
			count ? strerror(-count) : "none found");
		return 1;
	}
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0) {
		perror("progstats: bpf_enable_stats");
		return 1;
	}
	for (int i = 0; i < count; i++) {
		if (!program_time_read(ids[i], &before[kept]))
			kept++;
	}
	err = command_run(argv + 2);
	fflush(stdout);
	times_print(before, kept);
	close(stats);
	return err ? 1 : 0;
}
