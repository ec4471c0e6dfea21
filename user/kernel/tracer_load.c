// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tracer_load.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "bpf/closetrace.skel.h"
#include "include/packet_trail.h"
#include "user/base/log.h"
#include "user/kernel/late_programs.h"
#include "user/kernel/limits.h"
#include "user/kernel/standby.h"

/* Flows that another namespace may count, or that were forgotten: more than the flow map holds. */
#define ORIGINS_PER_FLOW 2
/* Those of sockets that ended by FIN stay until their record is sent; the oldest make room. */
#define STACKS_MAX 8192

static void size_maps(const struct tracer_options *options, const struct tracer_config *config,
		      struct closetrace_bpf *skeleton)
{
	if (options->max_flows)
		bpf_map__set_max_entries(skeleton->maps.ct_flows, options->max_flows);
	if (options->ring_bytes)
		bpf_map__set_max_entries(skeleton->maps.ct_events, options->ring_bytes);
	if (!config->storm_rate)
		bpf_map__set_max_entries(skeleton->maps.ct_storms, 1);
	if (config->flags & TRACER_STACKS)
		bpf_map__set_max_entries(skeleton->maps.ct_stacks, STACKS_MAX);
	if (config->flags & TRACER_TALLY) {
		bpf_map__set_max_entries(skeleton->maps.ct_tally, options->max_conversations);
		bpf_map__set_max_entries(skeleton->maps.ct_origins,
					 ORIGINS_PER_FLOW *
						 bpf_map__max_entries(skeleton->maps.ct_flows));
	}
	if (config->trail_packets) {
		bpf_map__set_max_entries(skeleton->maps.ct_trails, TRAIL_SLOTS);
		bpf_map__set_max_entries(skeleton->maps.ct_trail_pkts,
					 TRAIL_SLOTS * config->trail_packets);
	}
}

static void leave_out(const struct kernel_features *features, struct closetrace_bpf *skeleton)
{
	if (!kernel_features_has(features, KERNEL_FEATURE_CGROUP_EVENTS)) {
		bpf_program__set_autoload(skeleton->progs.ct_cgroup_mkdir, false);
		bpf_program__set_autoload(skeleton->progs.ct_cgroup_rmdir, false);
	}
	if (!kernel_features_has(features, KERNEL_FEATURE_SIGNAL_EVENTS))
		bpf_program__set_autoload(skeleton->progs.ct_signal, false);
	if (!kernel_features_has(features, KERNEL_FEATURE_OOM_EVENTS))
		bpf_program__set_autoload(skeleton->progs.ct_oom, false);
}

/* What the kernel charges us for the maps, roughly: it keeps entries ready, each with a head of its own. */
#define ENTRY_HEAD_BYTES 64

static uint64_t maps_bytes(const struct closetrace_bpf *skeleton)
{
	const struct bpf_map *map;
	uint64_t bytes = 0, entry;

	bpf_object__for_each_map(map, skeleton->obj) {
		switch (bpf_map__type(map)) {
		case BPF_MAP_TYPE_RINGBUF:
			bytes += bpf_map__max_entries(map);
			break;
		case BPF_MAP_TYPE_HASH:
		case BPF_MAP_TYPE_LRU_HASH:
			entry = bpf_map__key_size(map) + bpf_map__value_size(map) +
				ENTRY_HEAD_BYTES;
			bytes += bpf_map__max_entries(map) * entry;
			break;
		case BPF_MAP_TYPE_ARRAY:
			bytes += (uint64_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
			break;
		default:
			break;
		}
	}
	return bytes;
}

int tracer_load(const struct tracer_options *options, const struct tracer_config *config,
		const struct kernel_features *features, struct closetrace_bpf **ret)
{
	struct closetrace_bpf *skeleton = closetrace_bpf__open();
	int err;

	if (!skeleton)
		return log_error(-errno, "cannot read the built-in BPF programs: %s",
				 strerror(errno));
	memcpy((void *)&skeleton->rodata->tracer_config, config, sizeof(*config));
	size_maps(options, config, skeleton);
	leave_out(features, skeleton);
	late_programs_leave_out(skeleton);
	standby_choose(skeleton, config->flags & TRACER_STANDBYS);
	err = limits_check_memory(maps_bytes(skeleton));
	if (err) {
		closetrace_bpf__destroy(skeleton);
		return err;
	}
	err = closetrace_bpf__load(skeleton);
	if (err) {
		closetrace_bpf__destroy(skeleton);
		return limits_log_blamed(err) ?:
						log_error(
							-EIO,
							"the kernel refused the BPF programs (%s); run with --debug for "
									 "its reasons",
							strerror(-err));
	}
	/* The kernel's BTF was read for it, 10 MB, and is not needed again. */
	malloc_trim(0);
	*ret = skeleton;
	return 0;
}
