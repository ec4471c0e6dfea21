// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/replay/checksum.h"
#include "user/replay/conn_table.h"
#include "user/replay/fragments.h"
#include "user/replay/link_layer.h"

/* As the live programs (ENDED_SECONDS): for that long a late packet belongs to what has ended. */
/* The year 2262: behind it a timer could go through the end of the numbers. */
#define TIME_MOST_NS (UINT64_C(1) << 63)
#define ENDED_NS (120 * CLOCK_NS_PER_SECOND)

struct replay {
	struct replay_options options;
	struct replay_counters counters;
	struct conn_table *table;
	struct fragments *fragments;
	uint64_t now_ns;
	uint64_t first_ns; /* of the first packet */
};

/* One TCP packet in the making. */
struct tcp_segment {
	struct packet_view view;
	struct zeek_packet zeek;
	const uint8_t *ip;
	uint32_t len; /* captured, from `ip` */
};

/* -- the native engine ------------------------------------------------------------------------- */
static int native_take(struct replay_engine *engine, struct replay_conn *conn, int sender,
		       const struct packet_view *view, const uint8_t *ip, uint32_t len,
		       uint64_t now_ns)
{
	(void)engine;
	(void)ip;
	(void)len;
	return capture_take(&conn->flow, &conn->key, sender, view, now_ns);
}

static void native_nothing(struct replay_engine *engine, const struct replay_conn *conn)
{
	(void)engine;
	(void)conn;
}

struct replay_engine replay_native_engine = { native_take, native_nothing, native_nothing };

/* -- reports ----------------------------------------------------------------------------------- */
static void record_fill(const struct replay_conn *conn, const struct capture_flow *flow,
			struct close_record *record)
{
	int client = flow->client & 1;
	const struct flow_side *own = &flow->flow.side[client], *peer = &flow->flow.side[!client];
	uint64_t idle_ms = (flow->ended_ns - flow->last_data_ns) / CLOCK_NS_PER_MS;

	memset(record, 0, sizeof(*record));
	record->head.abi_version = RECORD_ABI_VERSION;
	record->head.type = RECORD_CLOSE;
	record->head.size = sizeof(*record);
	record->head.flags = RECORD_FROM_CAPTURE;
	record->head.time_ns = flow->ended_ns;
	record->key = conn->key;
	record->local_side = (uint8_t)client;
	record->birth_ns = own->syn_ns ? own->syn_ns : peer->syn_ns;
	record->local_isn = own->isn;
	record->peer_isn = peer->isn;
	record->local_fin_ns = own->fin_ns;
	record->idle_jiffies = IDLE_UNKNOWN;
	if (flow->last_data_ns && flow->last_data_ns <= flow->ended_ns && idle_ms < IDLE_UNKNOWN)
		record->idle_jiffies = (uint32_t)idle_ms;
	record->bytes_sent = flow->side[client].data;
	record->bytes_received = flow->side[!client].data;
	record->evidence = flow->evidence;
	record->decision = flow->decision;
}

static void summary_fill(const struct replay_conn *conn, struct zeek_summary *summary)
{
	const struct zeek_conn *zeek = &conn->zeek;

	memset(summary, 0, sizeof(*summary));
	summary->start_ns = zeek->start_ns;
	summary->last_ns = zeek->last_ns;
	for (int i = 0; i < 2; i++) {
		const struct zeek_endpoint *end = &zeek->end[zeek->originator ^ i];

		summary->packets[i] = end->packets;
		summary->ip_bytes[i] = end->ip_bytes;
		summary->bytes[i] = zeek_endpoint_size(end, &zeek->end[zeek->originator ^ i ^ 1]);
	}
	summary->state = zeek_conn_state(zeek);
	summary->originator = zeek->originator;
	memcpy(summary->history, zeek->history, sizeof(zeek->history));
}

_Static_assert(ZEEK_SUMMARY_HISTORY_BYTES >= ZEEK_HISTORY_MAX + 1, "a history fits");

/* The connection's own ending, once. */
static int tell(struct replay *replay, struct replay_conn *conn)
{
	struct zeek_summary summary = conn->summary;
	struct close_record record;

	if (conn->told)
		return 0;
	conn->told = true;
	if (!replay->options.ended)
		return 0;
	record_fill(conn, &conn->flow, &record);
	if (!conn->has_summary && conn->has_zeek)
		summary_fill(conn, &summary);
	summary.originator_is_local = summary.originator == record.local_side;
	return replay->options.ended(replay->options.data, &record,
				     conn->has_summary || conn->has_zeek ? &summary : NULL);
}

/* Zeek would log the connection now. */
static int zeek_over(struct replay *replay, struct replay_conn *conn)
{
	struct capture_flow flow = conn->flow;
	struct zeek_summary summary;
	struct close_record record;
	int err = 0;

	if (!conn->has_zeek)
		return 0;
	summary_fill(conn, &summary);
	if (replay->options.connection) {
		capture_cut(&flow, &conn->key);
		record_fill(conn, &flow, &record);
		summary.originator_is_local = summary.originator == record.local_side;
		err = replay->options.connection(replay->options.data, &record, &summary);
	}
	if (!conn->has_summary)
		conn->summary = summary;
	conn->has_summary = true;
	zeek_conn_release(&conn->zeek);
	conn->has_zeek = false;
	if (!err && conn->flow.ended_ns && !replay->options.tell_late)
		err = tell(replay, conn);
	return err;
}

/* -- time -------------------------------------------------------------------------------------- */
static uint64_t conn_due(const struct replay_conn *conn)
{
	uint64_t due = conn->has_zeek ? zeek_conn_due(&conn->zeek) : UINT64_MAX;
	__u64 seen;
	uint64_t own = capture_deadline(&conn->flow, &seen);

	if (!conn->has_zeek && (conn->flow.ended_ns || !conn->flow.last_packet_ns))
		own = conn->flow.last_packet_ns + ENDED_NS;
	return own < due ? own : due;
}

static void check_silence(struct replay *replay, struct replay_conn *conn)
{
	__u64 seen;
	uint64_t deadline = capture_deadline(&conn->flow, &seen);

	if (deadline > replay->now_ns)
		return;
	conn->flow.ended_ns = deadline;
	capture_decide(&conn->flow, &conn->key, deadline, seen);
	replay->options.engine->store(replay->options.engine, conn);
	replay->counters.ended++;
}

static int conn_remove(struct replay *replay, struct replay_conn *conn)
{
	int err = conn->flow.ended_ns ? tell(replay, conn) : 0;

	replay->options.engine->forget(replay->options.engine, conn);
	conn_table_remove(replay->table, conn);
	return err;
}

/* Something is due for this connection; it may be gone afterwards. */
static int conn_expire(struct replay *replay, struct replay_conn *conn)
{
	int err = 0;

	check_silence(replay, conn);
	if (conn->has_zeek && zeek_conn_expire(&conn->zeek, replay->now_ns))
		err = zeek_over(replay, conn);
	if (!err && !conn->has_zeek && conn->flow.ended_ns && !replay->options.tell_late)
		err = tell(replay, conn);
	if (!conn->has_zeek && (conn->flow.ended_ns || !conn->flow.last_packet_ns) &&
	    conn->flow.last_packet_ns + ENDED_NS <= replay->now_ns)
		return err ? err : conn_remove(replay, conn);
	conn_table_set_due(replay->table, conn, conn_due(conn));
	return err;
}

static int expire_due(struct replay *replay)
{
	struct replay_conn *first;
	int err = 0;

	while (!err && (first = conn_table_first_due(replay->table)) &&
	       first->due_ns <= replay->now_ns)
		err = conn_expire(replay, first);
	return err;
}

/* The end of the capture, or of the room for it. */
static int conn_close(struct replay *replay, struct replay_conn *conn, uint64_t *counter)
{
	int err = zeek_over(replay, conn);

	if (!conn->flow.ended_ns && conn->flow.last_packet_ns) {
		++*counter;
		capture_cut(&conn->flow, &conn->key);
		if (!replay->options.tell_open)
			conn->told = true;
	}
	return err ? err : conn_remove(replay, conn);
}

/* -- packets ----------------------------------------------------------------------------------- */
static struct replay_conn *conn_of(struct replay *replay, const struct flow_key *key, int *err)
{
	struct replay_conn *conn = conn_table_find(replay->table, key);

	*err = 0;
	if (conn)
		return conn;
	if (conn_table_is_full(replay->table))
		*err = conn_close(replay, conn_table_first_due(replay->table),
				  &replay->counters.forgotten);
	if (*err)
		return NULL;
	conn = conn_table_add(replay->table, key);
	if (!conn)
		*err = -ENOMEM;
	return conn;
}

static int take_for_zeek(struct replay *replay, struct replay_conn *conn,
			 const struct tcp_segment *segment)
{
	const struct zeek_packet *packet = &segment->zeek;
	int err = 0;

	if (conn->has_zeek && zeek_conn_is_reuse(&conn->zeek, packet))
		err = zeek_over(replay, conn);
	if (err)
		return err;
	if (!conn->has_zeek)
		zeek_conn_init(&conn->zeek, packet, NET_TO_HOST_16(segment->view.source_port),
			       NET_TO_HOST_16(segment->view.dest_port));
	conn->has_zeek = true;
	zeek_conn_take(&conn->zeek, packet);
	return 0;
}

static int take_for_us(struct replay *replay, struct replay_conn *conn,
		       const struct tcp_segment *segment)
{
	struct replay_engine *engine = replay->options.engine;
	uint32_t ignored = conn->flow.side[segment->zeek.sender].rst_ignored;
	bool had_ended = conn->flow.ended_ns != 0;
	int found, err;

	if (!conn->flow.last_packet_ns)
		replay->counters.connections++;
	found = engine->take(engine, conn, segment->zeek.sender, &segment->view, segment->ip,
			     segment->len, replay->now_ns);
	if (found >= 0 && found & CAPTURE_REUSED) {
		replay->counters.ended += !had_ended;
		err = tell(replay, conn);
		if (err)
			return err;
		engine->forget(engine, conn);
		memset(&conn->flow, 0, sizeof(conn->flow));
		conn->told = conn->has_summary = false;
		replay->counters.connections++;
		found = engine->take(engine, conn, segment->zeek.sender, &segment->view,
				     segment->ip, segment->len, replay->now_ns);
	}
	if (found < 0)
		return found;
	if (found & CAPTURE_ENDED)
		replay->counters.ended++;
	if (conn->flow.side[segment->zeek.sender].rst_ignored > ignored)
		replay->counters.resets_ignored++;
	return 0;
}

static int take_tcp(struct replay *replay, struct tcp_segment *segment)
{
	const struct packet_view *view = &segment->view;
	struct replay_conn *conn;
	struct flow_key key;
	uint64_t due;
	int err;

	segment->zeek.sender = (uint8_t)flow_key_make(&key, view->source_addr, view->source_port,
						      view->dest_addr, view->dest_port, 0);
	conn = conn_of(replay, &key, &err);
	if (!conn)
		return err;
	err = take_for_zeek(replay, conn, segment);
	if (!err && !segment->zeek.bad_checksum)
		err = take_for_us(replay, conn, segment);
	due = conn_due(conn);
	if (due < conn->due_ns)
		conn_table_set_due(replay->table, conn, due);
	return err;
}

/* Count what the sum says; true when the packet is damaged. */
static bool is_damaged(struct replay *replay, enum checksum_verdict verdict)
{
	if (verdict == CHECKSUM_LEFT_OPEN)
		replay->counters.offloaded++;
	if (verdict == CHECKSUM_WRONG)
		replay->counters.bad_checksums++;
	return verdict == CHECKSUM_WRONG;
}

/* Lengths and the checksum. `wire_len` bytes were sent from the IP header on. */
static void segment_measure(struct replay *replay, struct tcp_segment *segment, uint32_t located,
			    uint32_t wire_len)
{
	struct packet_view *view = &segment->view;
	struct zeek_packet *zeek = &segment->zeek;
	uint32_t transport = PACKET_AT_TRANSPORT(located);
	const uint8_t *tcp = segment->ip + transport;
	uint32_t header = (tcp[12] >> 4) * 4u, remaining = segment->len - transport;
	uint32_t total =
		view->ip_version == 4 ? packet_u16(segment->ip + 2) : packet_u16(segment->ip + 4);
	bool length_is_open = !total; /* TSO: the interface fills it in */

	if (view->ip_version == 6)
		total += 40;
	if (length_is_open) {
		uint32_t headers = transport + header;
		uint32_t sent = wire_len > headers ? wire_len - headers : 0;

		total = wire_len;
		view->payload_bytes = sent > UINT16_MAX ? UINT16_MAX : (uint16_t)sent;
	}
	zeek->payload = view->payload_bytes;
	zeek->ip_bytes = total;
	zeek->header_is_cut = header > remaining || transport + header > total;
	zeek->captured = remaining > header ? remaining - header : 0;
	if (zeek->captured > zeek->payload)
		zeek->captured = zeek->payload;
	if (replay->options.ignore_checksums || zeek->header_is_cut ||
	    zeek->captured < zeek->payload)
		return;
	if (length_is_open)
		replay->counters.offloaded++;
	else
		zeek->bad_checksum =
			is_damaged(replay, checksum_of_tcp(segment->ip, view->ip_version, tcp,
							   header + zeek->payload));
}

/* An ICMP error is about the flow of the packet that it quotes. */
static void take_icmp(struct replay *replay, const struct packet_view *view)
{
	struct replay_conn *conn;
	struct flow_key key;
	int sender = flow_key_make(&key, view->source_addr, view->source_port, view->dest_addr,
				   view->dest_port, 0);

	replay->counters.other++;
	conn = conn_table_find(replay->table, &key);
	if (!conn || conn->flow.ended_ns)
		return;
	flow_fold_icmp(&conn->flow.flow, sender, view, replay->now_ns);
	replay->options.engine->store(replay->options.engine, conn);
}

/* Neither TCP nor an ICMP error that can be read. */
static void count_other(struct replay *replay, const uint8_t *ip, uint32_t len)
{
	bool is_tcp = len >= 20 && ip[0] >> 4 == 4 && ip[9] == PACKET_PROTO_TCP;

	replay->counters.cut += is_tcp;
	replay->counters.other += !is_tcp;
}

static int take_ip(struct replay *replay, const struct link_walk *walk, uint32_t at,
		   uint32_t wire_len)
{
	const uint8_t *ip = walk->data + at, *end = walk->data + walk->len;
	struct tcp_segment segment = { .ip = ip, .len = walk->len - at };
	uint32_t located = packet_locate(ip, end, 0);
	int kind;

	if (!located) {
		count_other(replay, ip, segment.len);
		return 0;
	}
	if (!replay->options.ignore_checksums && PACKET_AT_VERSION(located) == 4 &&
	    (ip[0] & 0xf) * 4u <= segment.len && checksum_of_ipv4(ip) == CHECKSUM_WRONG) {
		replay->counters.bad_checksums++;
		return 0;
	}
	if (PACKET_AT_PROTOCOL(located) != PACKET_PROTO_TCP) {
		kind = packet_view_fill(ip, end, 0, located, &segment.view);
		if (kind == PACKET_ICMP_ERROR)
			take_icmp(replay, &segment.view);
		else
			replay->counters.other++;
		return 0;
	}
	kind = packet_view_fill_tcp(ip, end, 0, located, &segment.view);
	if (kind == PACKET_IGNORED) {
		replay->counters.cut++;
		return 0;
	}
	replay->counters.tcp++;
	segment.zeek.time_ns = replay->now_ns;
	segment.zeek.seq = segment.view.seq;
	segment.zeek.ack = segment.view.ack_seq;
	segment.zeek.window = segment.view.window;
	segment.zeek.flags = segment.view.flags;
	segment_measure(replay, &segment, located, wire_len);
	return take_tcp(replay, &segment);
}

/* What was sent from the IP header on; of a packet made of fragments, what is there. */
static uint32_t sent_from(const struct captured_packet *packet, const struct link_walk *walk,
			  int at)
{
	if (walk->data != packet->data || packet->wire_len < packet->len)
		return walk->len - (uint32_t)at;
	return packet->wire_len - (uint32_t)at;
}

int replay_take(struct replay *replay, const struct captured_packet *packet, int link_type)
{
	struct link_walk walk = { .data = packet->data,
				  .len = packet->len,
				  .decap = replay->options.decap,
				  .fragments = replay->fragments };
	uint64_t time_ns = packet->time_ns < TIME_MOST_NS ? packet->time_ns : TIME_MOST_NS;
	int at, err = 0;

	replay->counters.packets++;
	if (time_ns < replay->now_ns)
		replay->counters.time_back++;
	else
		replay->now_ns = time_ns;
	if (!replay->first_ns)
		replay->first_ns = replay->now_ns;
	walk.now_ns = replay->now_ns;
	err = expire_due(replay);
	at = link_first(&walk, link_type);
	if (walk.is_fragment)
		replay->counters.fragments++;
	else if (at < 0)
		replay->counters.other++;
	for (; !err && at >= 0; at = link_next(&walk))
		err = take_ip(replay, &walk, (uint32_t)at, sent_from(packet, &walk, at));
	return err;
}

int replay_finish(struct replay *replay)
{
	struct replay_conn *oldest;
	int err = expire_due(replay);

	while (!err && (oldest = conn_table_oldest(replay->table)))
		err = conn_close(replay, oldest, &replay->counters.open);
	return err;
}

int replay_new(const struct replay_options *options, struct replay **ret)
{
	_cleanup_(replay_free) struct replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	replay->options = *options;
	replay->now_ns = 1; /* 0 means "never" everywhere */
	err = conn_table_new(options->max_flows, &replay->table);
	if (!err)
		err = fragments_new(&replay->fragments);
	if (err)
		return err;
	*ret = TAKE_PTR(replay);
	return 0;
}

void replay_free(struct replay **replay)
{
	if (!*replay)
		return;
	conn_table_free(&(*replay)->table);
	fragments_free(&(*replay)->fragments);
	free(*replay);
	*replay = NULL;
}

void replay_times(const struct replay *replay, uint64_t *first_ns, uint64_t *last_ns)
{
	*first_ns = replay->first_ns;
	*last_ns = replay->first_ns ? replay->now_ns : 0;
}

const struct replay_counters *replay_counters(const struct replay *replay)
{
	return &replay->counters;
}
