// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one definition of every map, of the configuration and of the licence. */
#include "bpf/maps.bpf.h"

#define MAP_DEFINE(shape, name) struct shape name SEC(".maps");
MAPS(MAP_DEFINE)

const volatile struct tracer_config tracer_config = {};
volatile __u32 tracer_hz = 0;
volatile __u32 spares_are_used = 0;
_Static_assert(sizeof(struct socket_state) % 8 == 0, "made of whole words");
const __u64 socket_state_zero[sizeof(struct socket_state) / 8] = {};

char LICENSE[] SEC("license") = "Dual BSD/GPL";
