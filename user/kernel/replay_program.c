// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/replay_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "include/tracer_config.h"
#include "bpf/closetrace.skel.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/kernel/features.h"

#define ETHERNET_BYTES 14
/* IP and TCP headers with all options, and IPv6 extension headers: packet_locate() goes no further. */
#define HEADERS_MOST 1400
#define HEADERS_LEAST 46 /* the kernel wants a whole Ethernet frame */

struct replay_program {
	struct closetrace_bpf *skeleton;
	struct capture_exchange *exchange;
	size_t exchange_bytes;
	int program_fd;
	int flows_fd;
	uint8_t frame[ETHERNET_BYTES + HEADERS_MOST];
};

static int print_for_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	log_valist(LOG_LEVEL_DEBUG, fmt, args);
	return 0;
}

/* Nothing of the tracer is wanted: its maps stay as small as they can be. */
static void shrink_maps(struct closetrace_bpf *skeleton, size_t max_flows)
{
	bpf_map__set_max_entries(skeleton->maps.ct_flows, 1);
	bpf_map__set_max_entries(skeleton->maps.ct_watch, 1);
	bpf_map__set_max_entries(skeleton->maps.ct_events, (uint32_t)sysconf(_SC_PAGESIZE));
	bpf_map__set_max_entries(skeleton->maps.ct_replay_flows, (uint32_t)max_flows + 1);
}

static int load_skeleton(struct replay_program *program, size_t max_flows)
{
	struct closetrace_bpf *skeleton = closetrace_bpf__open();
	struct bpf_program *each;
	int err;

	if (!skeleton)
		return log_error(-errno, "cannot read the built-in BPF programs: %s",
				 strerror(errno));
	program->skeleton = skeleton;
	bpf_object__for_each_program(each, skeleton->obj)
		bpf_program__set_autoload(each, each == skeleton->progs.ct_replay);
	shrink_maps(skeleton, max_flows);
	err = closetrace_bpf__load(skeleton);
	if (err)
		return log_error(err,
				 "the kernel refused the program (%s); run with --debug for its "
				 "reasons, or without --in-kernel",
				 strerror(-err));
	program->program_fd = bpf_program__fd(skeleton->progs.ct_replay);
	program->flows_fd = bpf_map__fd(skeleton->maps.ct_replay_flows);
	return 0;
}

static int map_exchange(struct replay_program *program)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t bytes =
		(sizeof(struct capture_exchange) + (size_t)page - 1) / (size_t)page * (size_t)page;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(program->skeleton->maps.ct_replay_io), 0);

	if (at == MAP_FAILED)
		return log_error(-errno, "cannot share memory with the kernel's program: %s",
				 strerror(errno));
	program->exchange = at;
	program->exchange_bytes = bytes;
	return 0;
}

int replay_program_load(size_t max_flows, struct replay_program **ret)
{
	_cleanup_(replay_program_free) struct replay_program *program = calloc(1, sizeof(*program));
	struct kernel_features features;
	enum kernel_feature missing;
	int err;

	if (!program)
		return log_error(-ENOMEM, "not enough memory");
	libbpf_set_print(print_for_libbpf);
	kernel_features_probe(&features);
	missing = kernel_features_missing(&features);
	if (missing != KERNEL_FEATURE_COUNT)
		return kernel_features_log_missing(missing);
	err = load_skeleton(program, max_flows);
	if (!err)
		err = map_exchange(program);
	if (err)
		return err;
	*ret = TAKE_PTR(program);
	return 0;
}

void replay_program_free(struct replay_program **program)
{
	if (!*program)
		return;
	if ((*program)->exchange)
		munmap((*program)->exchange, (*program)->exchange_bytes);
	closetrace_bpf__destroy((*program)->skeleton);
	free(*program);
	*program = NULL;
}

struct capture_exchange *replay_program_exchange(struct replay_program *program)
{
	return program->exchange;
}

int replay_program_run(struct replay_program *program, const uint8_t *ip, uint32_t len)
{
	uint32_t bytes = len < HEADERS_MOST ? len : HEADERS_MOST;
	uint32_t padded = bytes < HEADERS_LEAST ? HEADERS_LEAST : bytes;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = program->frame,
		    .data_size_in = ETHERNET_BYTES + padded, .repeat = 1);
	int err;

	memset(program->frame + ETHERNET_BYTES + bytes, 0, padded - bytes);
	memcpy(program->frame + ETHERNET_BYTES, ip, bytes);
	program->frame[12] = ip[0] >> 4 == 6 ? 0x86 : 0x08;
	program->frame[13] = ip[0] >> 4 == 6 ? 0xdd : 0x00;
	err = bpf_prog_test_run_opts(program->program_fd, &options);
	if (err)
		return log_error(err, "the kernel does not run the program: %s", strerror(-err));
	return 0;
}

void replay_program_store(struct replay_program *program, const struct flow_key *key,
			  const struct capture_flow *flow)
{
	bpf_map_update_elem(program->flows_fd, key, flow, BPF_ANY);
}

void replay_program_forget(struct replay_program *program, const struct flow_key *key)
{
	bpf_map_delete_elem(program->flows_fd, key);
}
