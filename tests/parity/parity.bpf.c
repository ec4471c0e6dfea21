// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The pure code of include/, as the kernel runs it. One test run works through a batch. */
#include "vmlinux/vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "tests/parity/parity.h"

struct parity_decide decide_items[PARITY_BATCH];
struct parity_step fold_steps[PARITY_BATCH];
struct parity_filter filter_items[PARITY_BATCH];
struct parity_storm storm_items[PARITY_BATCH];
struct flow_state fold_flow;
struct parity_parse parse_result;

/* Global functions: the verifier checks each once, not once per item. */
__noinline int parity_decide_one(struct parity_decide *item)
{
	if (!item)
		return 0;
	close_decide(&item->evidence, &item->decision);
	item->is_abnormal = close_is_abnormal(&item->decision);
	return 0;
}

__noinline int parity_fold_one(struct parity_step *step)
{
	if (step)
		parity_step_run(step, &fold_flow);
	return 0;
}

__noinline int parity_filter_one(struct parity_filter *item)
{
	if (item)
		item->passes = tracer_config_passes(&item->config, &item->record);
	return 0;
}

__noinline int parity_storm_one(struct parity_storm *item)
{
	if (item)
		parity_storm_run(item);
	return 0;
}

SEC("tc")
int parity_storm(struct __sk_buff *ctx)
{
	for (__u32 i = 0; i < PARITY_BATCH; i++)
		parity_storm_one(&storm_items[i]);
	return 0;
}

SEC("tc")
int parity_decide(struct __sk_buff *ctx)
{
	for (__u32 i = 0; i < PARITY_BATCH; i++)
		parity_decide_one(&decide_items[i]);
	return 0;
}

SEC("tc")
int parity_fold(struct __sk_buff *ctx)
{
	for (__u32 i = 0; i < PARITY_BATCH; i++)
		parity_fold_one(&fold_steps[i]);
	return 0;
}

SEC("tc")
int parity_filter(struct __sk_buff *ctx)
{
	for (__u32 i = 0; i < PARITY_BATCH; i++)
		parity_filter_one(&filter_items[i]);
	return 0;
}

/* XDP, because a test run of it takes frames of any length from 14 on. */
SEC("xdp")
int parity_parse(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *data_end = (const __u8 *)(long)ctx->data_end;
	struct packet_view view = {};

	parse_result.is_plain = packet_is_plain(data, data_end, 14);
	parse_result.kind = packet_view_parse(data, data_end, &view);
	parse_result.view = view;
	return 0;
}

SEC("xdp")
int parity_parse_l3(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *data_end = (const __u8 *)(long)ctx->data_end;
	struct packet_view view = {};

	parse_result.is_plain = packet_is_plain(data, data_end, 0);
	parse_result.kind = packet_view_parse_ip(data, data_end, 0, &view);
	parse_result.view = view;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
