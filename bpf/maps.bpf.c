// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one definition of every map, of the configuration and of the licence. */
#include "bpf/maps.bpf.h"

struct sockets_map ct_sockets SEC(".maps");
struct spares_map ct_spares SEC(".maps");
struct flows_map ct_flows SEC(".maps");
struct watch_map ct_watch SEC(".maps");
struct events_map ct_events SEC(".maps");
struct counters_map ct_counters SEC(".maps");
struct netns_map ct_netns SEC(".maps");
struct hooked_map ct_hooked SEC(".maps");
struct icmp_map ct_icmp SEC(".maps");
struct own_drops_map ct_own_drops SEC(".maps");
struct ended_map ct_ended SEC(".maps");
struct scratch_map ct_scratch SEC(".maps");
struct stacks_map ct_stacks SEC(".maps");
struct stack_slots_map ct_stack_slots SEC(".maps");
struct unwanted_map ct_unwanted SEC(".maps");
struct storms_map ct_storms SEC(".maps");
struct storm_rest_map ct_storm_rest SEC(".maps");
struct tally_map ct_tally SEC(".maps");
struct tally_rest_map ct_tally_rest SEC(".maps");
struct origins_map ct_origins SEC(".maps");
struct answered_map ct_answered SEC(".maps");
struct killers_map ct_killers SEC(".maps");
struct stopping_map ct_stopping SEC(".maps");
struct idle_habits_map ct_idle_habits SEC(".maps");
struct troubled_map ct_troubled SEC(".maps");
struct standby_map ct_to_set_state SEC(".maps");
struct standby_map ct_to_recv_rst SEC(".maps");
struct standby_map ct_to_send_rst SEC(".maps");
struct standby_map ct_to_error SEC(".maps");
struct standby_map ct_to_destroy SEC(".maps");
struct standby_map ct_to_recv SEC(".maps");
struct trails_map ct_trails SEC(".maps");
struct trail_pkts_map ct_trail_pkts SEC(".maps");
struct replay_flows_map ct_replay_flows SEC(".maps");
struct replay_exchange_map ct_replay_io SEC(".maps");

const volatile struct tracer_config tracer_config = {};
volatile __u32 tracer_hz = 0;
volatile __u32 spares_are_used = 0;
_Static_assert(sizeof(struct socket_state) % 8 == 0, "made of whole words");
const __u64 socket_state_zero[sizeof(struct socket_state) / 8] = {};

char LICENSE[] SEC("license") = "Dual BSD/GPL";
