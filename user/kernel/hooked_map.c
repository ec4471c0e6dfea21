// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/hooked_map.h"

#include <bpf/bpf.h>

#include "include/tracer_config.h"
#include "user/base/clock.h"

void hooked_map_tell(int map, uint32_t netns, uint32_t ifindex, bool is_on)
{
	struct hooked_key key = { .netns = netns, .ifindex = ifindex };
	uint64_t now_ns = clock_monotonic_ns();

	if (is_on)
		bpf_map_update_elem(map, &key, &now_ns, BPF_ANY);
	else
		bpf_map_delete_elem(map, &key);
}
