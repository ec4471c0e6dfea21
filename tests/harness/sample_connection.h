/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Close records for tests: a full one in which every field is known, and an empty one. */
#ifndef TESTS_HARNESS_SAMPLE_CONNECTION_H
#define TESTS_HARNESS_SAMPLE_CONNECTION_H

#include <arpa/inet.h>
#include <string.h>

#include "include/flow_state.h"
#include "user/model/connection.h"

#define SAMPLE_WALL_NS UINT64_C(1772600767000000089) /* 2026-03-04T05:06:07.000000089Z */
#define SAMPLE_NETNS 4026531840u

static inline void sample_set_task(struct task_identity *task, uint32_t pid, uint32_t uid,
				   const char *comm)
{
	size_t i;

	memset(task, 0, sizeof(*task));
	task->pid = pid;
	task->uid = uid;
	for (i = 0; i < sizeof(task->comm) && comm[i]; i++)
		task->comm[i] = comm[i];
}

/* Both of one family; ports in host order. */
static inline void sample_set_key(struct close_record *record, const char *local,
				  uint16_t local_port, const char *peer, uint16_t peer_port)
{
	uint8_t addr[2][16] = { { 0 }, { 0 } };
	const char *text[2] = { local, peer };
	struct in_addr ipv4;
	int i;

	for (i = 0; i < 2; i++) {
		if (inet_pton(AF_INET, text[i], &ipv4) == 1)
			flow_addr_from_ipv4(addr[i], ipv4.s_addr);
		else
			inet_pton(AF_INET6, text[i], addr[i]);
	}
	record->local_side = (uint8_t)flow_key_make(&record->key, addr[0], htons(local_port),
						    addr[1], htons(peer_port), SAMPLE_NETNS);
}

/* nginx closed with bytes unread; a RST of the peer was seen too, so that no field is null. */
static inline struct close_record sample_record(void)
{
	struct close_record r;

	memset(&r, 0, sizeof(r));
	r.head.abi_version = RECORD_ABI_VERSION;
	r.head.type = RECORD_CLOSE;
	r.head.size = sizeof(r);
	r.head.time_ns = 5000000000089;
	sample_set_key(&r, "10.0.0.9", 443, "10.0.0.5", 45012);
	r.owner_source = OWNER_FROM_OWNED_CALL;
	r.hook = WIRE_HOOK_TC_IN;
	r.ifindex = 3;
	r.socket_cookie = 77;
	r.birth_ns = r.head.time_ns - 1234567890;
	r.cgroup_id = 99;
	r.bytes_sent = 123456;
	r.bytes_received = 98765;
	r.rtt_us = 345;
	r.local_isn = 0x01234567;
	r.peer_isn = 0x89abcdef;
	r.idle_jiffies = 3;
	r.detail.idle_before_us = 4000;
	r.detail.peer_fin_ns = r.head.time_ns - 7000000;
	sample_set_task(&r.owner, 812, 33, "nginx");
	sample_set_task(&r.closer, 813, 0, "nginx-worker-16");
	r.evidence = (struct close_evidence){
		.seen = EVIDENCE(SERVER) | EVIDENCE(ESTABLISHED) | EVIDENCE(SEND_RESET) |
			EVIDENCE(KERNEL_REASON) | EVIDENCE(UNREAD) | EVIDENCE(RCV_SHUTDOWN) |
			EVIDENCE(SEND_SHUTDOWN) | EVIDENCE(WIRE_HOOKED) | EVIDENCE(RST_IN) |
			EVIDENCE(OWN_DROP),
		.subject = SUBJECT_SOCKET,
		.drop_reason = DROP_REASON_NETFILTER_DROP,
		.state = TCP_STATE_ESTABLISHED,
		.ip_version = 4,
		.reset_reason = RESET_REASON_TCP_ABORT_ON_CLOSE,
		.unread_bytes = 4312,
		.unsent_bytes = 21,
		.unacked_bytes = 22,
		.retransmits = 4,
		.error_soft = 113,
		.local_syn_count = 1,
		.peer_syn_count = 2,
		.local_fin_count = 3,
		.peer_fin_count = 4,
		.local_rst_count = 5,
		.peer_rst_count = 6,
		.peer_ttl_min = 52,
		.peer_ttl_max = 53,
		.rst_ttl = 211,
		.rst_ip_id = 4711,
		.rst_seq_offset = -7,
	};
	close_decide(&r.evidence, &r.decision);
	return r;
}

/* As little as a valid record can hold: forwarded, seen from the middle on. */
static inline struct close_record sample_record_empty(void)
{
	struct close_record r;

	memset(&r, 0, sizeof(r));
	r.head.abi_version = RECORD_ABI_VERSION;
	r.head.type = RECORD_CLOSE;
	r.head.size = sizeof(r);
	r.head.time_ns = 5000000000089;
	sample_set_key(&r, "10.0.0.9", 443, "10.0.0.5", 45012);
	r.key.netns = 0;
	r.idle_jiffies = IDLE_UNKNOWN;
	r.evidence.subject = SUBJECT_REPLY;
	r.evidence.trigger_flags = TCP_FLAG_ACK;
	close_decide(&r.evidence, &r.decision);
	r.decision.reset_reason = RESET_REASON_NONE;
	r.decision.reason_derived = 0;
	return r;
}

static inline const char *sample_interface(void *data, uint32_t netns, uint32_t ifindex)
{
	(void)data;
	return netns == SAMPLE_NETNS && ifindex == 3 ? "eth0" : NULL;
}

static inline struct record_context sample_context(void)
{
	return (struct record_context){
		.clock = { .offset_ns = (int64_t)(SAMPLE_WALL_NS - UINT64_C(5000000000089)) },
		.jiffies_hz = 250,
		.host = "web-1",
		.interface_name = sample_interface,
	};
}

static const struct container sample_container __attribute__((unused)) = {
	.id = "4f5e",
	.name = "web",
	.pod = "web-7d9f",
	.pod_namespace = "shop",
	.runtime = CONTAINER_RUNTIME_CONTAINERD,
};

static const struct other_end sample_other_end __attribute__((unused)) = {
	.owner = { .pid = 4410, .uid = 70, .comm = "psql" },
	.container_name = "db",
	.verdict = CLOSE_PEER_RESET,
	.cause = CLOSE_CAUSE_PEER_APP,
};

static inline struct closed_connection sample_connection_of(const struct close_record *record)
{
	struct record_context context = sample_context();
	struct closed_connection c;

	connection_from_record(record, &context, &c);
	c.cgroup = "/system.slice/nginx.service";
	return c;
}

static inline struct closed_connection sample_connection(void)
{
	struct close_record record = sample_record();
	struct closed_connection c = sample_connection_of(&record);

	c.container = &sample_container;
	c.other_end = &sample_other_end;
	c.zone_local = "web";
	c.zone_peer = "office";
	return c;
}

/* As --stacks shows it: more than a line in tables. */
static inline struct closed_connection sample_connection_with_stacks(void)
{
	static const char kernel[] = "tcp_disconnect+0x1\0say \"hi\"\n+0x2 [m]";
	static const char user[] = "main+0x3 [nginx]";
	struct closed_connection c = sample_connection();

	c.kernel_stack = (struct string_list){ kernel, sizeof(kernel) };
	c.user_stack = (struct string_list){ user, sizeof(user) };
	return c;
}

/* No context either: no host, no clock rate, no interface, no cgroup. */
static inline struct closed_connection sample_connection_empty(void)
{
	struct close_record record = sample_record_empty();
	struct record_context context = sample_context();
	struct closed_connection c;

	context.host = NULL;
	context.jiffies_hz = 0;
	context.interface_name = NULL;
	connection_from_record(&record, &context, &c);
	return c;
}

#endif
