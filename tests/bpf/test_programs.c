// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel takes every program, and none costs it more than it should. */
#include <time.h>

#include "tests/bpf/wire_lab.h"

#define VERIFIED_INSTRUCTIONS_MAX 500000
#define MAPS_BYTES_MAX (32u << 20)
#define PROGRAM_NAME_BYTES 15 /* BPF_OBJ_NAME_LEN less the NUL */

/* Every map, and what of the kernel's memory it may take at most. */
static const struct {
	const char *name;
	uint64_t bytes_max;
} map_limits[] = {
	{ "ct_sockets", 16 << 10 },
	{ "ct_flows", 12 << 20 },
	{ "ct_watch", 5 << 20 },
	{ "ct_events", 5 << 20 },
	{ "ct_counters", 256 << 10 },
	{ "ct_netns", 1 << 20 },
	{ "ct_ended", 1 << 20 },
	{ "ct_scratch", 256 << 10 },
	{ "ct_unwanted", 1 << 20 },
	{ "ct_stacks", 16 << 10 },
	{ "ct_stack_slots", 512 << 10 },
	{ ".rodata", 64 << 10 },
	{ ".bss", 64 << 10 },
	{ ".data", 64 << 10 },
	{ "ct_storms", 3 << 20 },
	{ "ct_storm_rest", 64 << 10 },
	{ "ct_replay_flows", 16 << 10 },
	{ "ct_replay_io", 16 << 10 },
	{ "ct_trails", 16 << 10 },
	{ "ct_trail_pkts", 16 << 10 },
	{ "ct_tally", 64 << 10 },
	{ "ct_tally_rest", 64 << 10 },
	{ "ct_origins", 64 << 10 },
	{ "ct_answered", 64 << 10 },
	{ "ct_to_set_state", 4 << 10 },
	{ "ct_to_recv_rst", 4 << 10 },
	{ "ct_to_send_rst", 4 << 10 },
	{ "ct_to_error", 4 << 10 },
	{ "ct_to_destroy", 4 << 10 },
	{ "ct_to_recv", 4 << 10 },
	{ "ct_own_drops", 256 << 10 },
	{ "ct_icmp", 256 << 10 },
	{ "ct_hooked", 1 << 20 },
	{ "ct_killers", 256 << 10 },
	{ "ct_stopping", 64 << 10 },
	{ "ct_idle_habits", 256 << 10 },
	{ "ct_troubled", 256 << 10 },
	{ "ct_spares", 2 << 20 },
};

static struct closetrace_bpf *skeleton;

static double clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* As the product does, with nothing switched off. */
static void skeleton_load(void)
{
	double begin;

	if (skeleton)
		return;
	skeleton = closetrace_bpf__open();
	assert_non_null(skeleton);
	/* The one that is loaded on demand. */
	bpf_program__set_autoload(skeleton->progs.ct_replay, true);
	begin = clock_ms();
	assert_int_equal(closetrace_bpf__load(skeleton), 0);
	printf("# loaded in %.0f ms\n", clock_ms() - begin);
}

TEST(every_program_loads_and_is_cheap_to_verify)
{
	struct bpf_program *program;
	uint64_t total = 0;
	int count = 0;

	skeleton_load();
	bpf_object__for_each_program(program, skeleton->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		const char *name = bpf_program__name(program);

		assert_true(bpf_program__fd(program) >= 0);
		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		printf("# %-16s %7u verified instructions, %6u bytes\n", name, info.verified_insns,
		       info.xlated_prog_len);
		if (info.verified_insns >= VERIFIED_INSTRUCTIONS_MAX)
			fail_msg("%s: %u verified instructions", name, info.verified_insns);
		total += info.verified_insns;
		count++;
	}
	printf("# %d programs, %" PRIu64 " verified instructions\n", count, total);
	assert_in_range(count, WIRE_POINTS + 1, 64);
}

TEST(names_begin_with_ct_and_fit_into_the_kernels_field)
{
	struct bpf_program *program;
	struct bpf_map *map;

	skeleton_load();
	bpf_object__for_each_program(program, skeleton->obj) {
		const char *name = bpf_program__name(program);

		if (strncmp(name, "ct_", 3) || strlen(name) > PROGRAM_NAME_BYTES)
			fail_msg("program %s", name);
	}
	bpf_object__for_each_map(map, skeleton->obj) {
		const char *name = bpf_map__name(map);

		if (!bpf_map__is_internal(map) &&
		    (strncmp(name, "ct_", 3) || strlen(name) > PROGRAM_NAME_BYTES))
			fail_msg("map %s", name);
	}
}

static uint64_t map_memlock(int fd)
{
	unsigned long long bytes = UINT64_MAX;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "memlock: %llu", &bytes);
	fclose(file);
	assert_int_not_equal(bytes, UINT64_MAX);
	return bytes;
}

static uint64_t map_limit(const char *name)
{
	for (size_t i = 0; i < sizeof(map_limits) / sizeof(map_limits[0]); i++) {
		const char *wanted = map_limits[i].name;
		const char *tail = strchr(name, '.');

		if (!strcmp(wanted[0] == '.' && tail ? tail : name, wanted))
			return map_limits[i].bytes_max;
	}
	fail_msg("map %s is not in the list of limits", name);
	return 0;
}

TEST(no_map_is_larger_than_expected)
{
	/* The limits are for pages of 4 KB. A map that is mapped has some pages of its own. */
	uint64_t total = 0, pages_more = 4 * (sysconf(_SC_PAGESIZE) - 4096);
	struct bpf_map *map;

	skeleton_load();
	bpf_object__for_each_map(map, skeleton->obj) {
		const char *name = bpf_map__name(map);
		uint64_t bytes = map_memlock(bpf_map__fd(map));

		printf("# %-16s %7u entries, %9" PRIu64 " bytes\n", name, bpf_map__max_entries(map),
		       bytes);
		if (bytes > map_limit(name) + pages_more)
			fail_msg("%s takes %" PRIu64 " bytes", name, bytes);
		total += bytes;
	}
	printf("# all maps: %.1f MB\n", (double)total / (1 << 20));
	assert_in_range(total, 1 << 20, MAPS_BYTES_MAX - 1);
}

int main(int argc, char **argv)
{
	int result = wire_lab_main(__FILE__, argc, argv);

	closetrace_bpf__destroy(skeleton);
	return result;
}
