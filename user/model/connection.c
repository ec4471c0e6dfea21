// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/connection.h"

#include <string.h>

#define US_PER_SECOND UINT64_C(1000000)
#define CONTAINER_ID_SHORT 12 /* as docker and podman print it */

/* Whether packets were counted, and whether that began before the SYN. */
static uint32_t wire_presence(const struct close_record *record)
{
	const struct close_evidence *e = &record->evidence;
	uint64_t wire = EVIDENCE(WIRE_HOOKED) | EVIDENCE(WIRE_IN) | EVIDENCE(WIRE_OUT);
	bool from_its_start = e->subject == SUBJECT_SOCKET || e->subject == SUBJECT_REQUEST ||
			      e->local_syn_count || e->peer_syn_count;

	if (!(e->seen & wire) && e->subject != SUBJECT_FORWARDED && !record->hook)
		return 0;
	if (from_its_start && !(record->head.flags & RECORD_FROM_SNAPSHOT))
		return CONNECTION_HAS_WIRE | CONNECTION_HAS_SYN;
	return CONNECTION_HAS_WIRE;
}

/* A packet or a timer ended these; whoever had shut one direction before did not. */
static bool verdict_has_closer(uint8_t verdict)
{
	switch (verdict) {
	case CLOSE_PEER_REFUSED:
	case CLOSE_PEER_RESET:
	case CLOSE_PEER_RESET_HANDSHAKE:
	case CLOSE_PATH_RESET:
	case CLOSE_PATH_ICMP:
	case CLOSE_TIMEOUT_HANDSHAKE:
	case CLOSE_TIMEOUT_DATA:
	case CLOSE_TIMEOUT_KEEPALIVE:
		return false;
	default:
		return true;
	}
}

static void forget_closer(struct close_record *record)
{
	memset(&record->closer, 0, sizeof(record->closer));
	memset(&record->detail.killer, 0, sizeof(record->detail.killer));
	record->detail.death = CLOSE_DEATH_NONE;
}

void connection_from_record(const struct close_record *record, const struct record_context *context,
			    struct closed_connection *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->record = *record;
	if (!verdict_has_closer(record->decision.verdict))
		forget_closer(&ret->record);
	ret->wall_ns = clock_map_to_wall_ns(&context->clock, record->head.time_ns);
	ret->repeated = 1;
	ret->host = context->host;
	ret->timeouts = context->timeouts;
	if (record->birth_ns && record->birth_ns <= record->head.time_ns) {
		ret->duration_us = (record->head.time_ns - record->birth_ns) / CLOCK_NS_PER_US;
		ret->present |= CONNECTION_HAS_DURATION;
	}
	if (record->idle_jiffies != IDLE_UNKNOWN && context->jiffies_hz) {
		ret->idle_us = record->idle_jiffies * US_PER_SECOND / context->jiffies_hz;
		/* A tick is coarse; nobody has been idle for longer than he lived. */
		if (connection_has(ret, CONNECTION_HAS_DURATION) && ret->idle_us > ret->duration_us)
			ret->idle_us = ret->duration_us;
		ret->present |= CONNECTION_HAS_IDLE;
	}
	if (record->evidence.subject == SUBJECT_SOCKET || record->socket_cookie)
		ret->present |= CONNECTION_HAS_SOCKET | CONNECTION_HAS_BYTES;
	if (record->head.flags & RECORD_FROM_CAPTURE)
		ret->present |= CONNECTION_HAS_BYTES;
	ret->present |= wire_presence(record);
	ret->role = ending_role(&record->evidence);
	ret->client = ending_client(&record->evidence);
	if (record->ifindex && context->interface_name)
		ret->interface = context->interface_name(context->interface_data, record->key.netns,
							 record->ifindex);
}

void connection_from_storm(const struct storm_record *storm, const struct record_context *context,
			   struct closed_connection *ret)
{
	connection_from_record(&storm->close, context, ret);
	ret->first_wall_ns = ret->wall_ns ?: 1; /* 0 would say that it stands for itself */
	ret->wall_ns = clock_map_to_wall_ns(&context->clock, storm->last_ns);
	ret->repeated = storm->repeated;
	ret->storm_level = storm->level;
	ret->sums = &storm->sums;
}

static bool is_ipv4_any(const uint8_t addr[16])
{
	static const uint8_t nothing[4];

	return flow_addr_is_ipv4(addr) && !memcmp(addr + 12, nothing, sizeof(nothing));
}

void endpoint_append(struct strbuf *b, const uint8_t addr[16], uint16_t port)
{
	bool is_ipv4 = flow_addr_is_ipv4(addr);

	if (!port && !flow_addr_half(addr, 0) && (!flow_addr_half(addr, 1) || is_ipv4_any(addr))) {
		strbuf_append_char(b, '*');
		return;
	}
	if (!port) {
		strbuf_append_ip(b, addr);
		return;
	}
	if (!is_ipv4)
		strbuf_append_char(b, '[');
	strbuf_append_ip(b, addr);
	if (!is_ipv4)
		strbuf_append_char(b, ']');
	strbuf_append_char(b, ':');
	strbuf_append_u64(b, port);
}

void connection_append_local(struct strbuf *b, const struct closed_connection *c)
{
	endpoint_append(b, connection_local_addr(c), connection_local_port(c));
}

void connection_append_peer(struct strbuf *b, const struct closed_connection *c)
{
	endpoint_append(b, connection_peer_addr(c), connection_peer_port(c));
}

size_t task_comm_len(const struct task_identity *task)
{
	return strnlen(task->comm, sizeof(task->comm));
}

void task_append(struct strbuf *b, const struct task_identity *task)
{
	strbuf_append(b, task->comm, task_comm_len(task));
	strbuf_append_char(b, '[');
	strbuf_append_u64(b, task->pid);
	strbuf_append_char(b, ']');
}

void container_append(struct strbuf *b, const struct container *container)
{
	const char *text = container->name ? container->name : container->pod;

	if (text)
		strbuf_append_str(b, text);
	else if (container->id)
		strbuf_append(b, container->id, strnlen(container->id, CONTAINER_ID_SHORT));
}

void connection_append_owner(struct strbuf *b, const struct closed_connection *c)
{
	task_append(b, &c->record.owner);
	if (!c->container)
		return;
	strbuf_append_char(b, '@');
	container_append(b, c->container);
}

void other_end_append(struct strbuf *b, const struct other_end *end)
{
	task_append(b, &end->owner);
	if (!end->container_name[0])
		return;
	strbuf_append_char(b, '@');
	strbuf_append_str(b, end->container_name);
}
