// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "include/capture_decide.h"
#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/replay/conn_table.h"
#include "user/replay/fragments.h"
#include "user/replay/link_layer.h"
#include "user/replay/lookahead.h"
#include "user/replay/replay_tell.h"
#include "user/replay/segment.h"
#include "user/replay/silence.h"
#include "user/replay/told_queue.h"

/* The year 2262: behind it a timer could go through the end of the numbers. */
#define TIME_MOST_NS (UINT64_C(1) << 63)
/* As the live programs (ENDED_SECONDS): for that long a late packet belongs to what has ended. */
#define ENDED_NS (120 * CLOCK_NS_PER_SECOND)

struct replay {
	struct replay_options options;
	struct replay_counters counters;
	struct conn_table *table;
	struct fragments *fragments;
	struct told_queue *told;
	struct checksum_habit *habit; /* NULL but with CHECKSUMS_AUTO */
	struct lookahead *lookahead; /* NULL once it was looked at */
	uint64_t now_ns;
	uint64_t first_ns; /* of the first packet */
	uint64_t last_told_ns; /* time of the ending that was handed out last */
	struct frame_place at; /* of this packet */
};

/* -- the native engine ------------------------------------------------------------------------- */
static int native_take(struct replay_engine *engine, struct replay_conn *conn, int sender,
		       const struct packet_view *view, const uint8_t *ip, uint32_t len,
		       uint64_t now_ns)
{
	(void)engine;
	(void)ip;
	(void)len;
	return capture_fold(&conn->flow, sender, view, now_ns);
}

static int native_judge(struct replay_engine *engine, struct replay_conn *conn, uint64_t now_ns,
			uint64_t seen)
{
	(void)engine;
	capture_judge(&conn->flow, &conn->key, now_ns, seen);
	return 0;
}

static void native_nothing(struct replay_engine *engine, const struct replay_conn *conn)
{
	(void)engine;
	(void)conn;
}

struct replay_engine replay_native_engine = { native_take, native_judge, native_nothing,
					      native_nothing };

/* -- reports ----------------------------------------------------------------------------------- */
static int hand_out_one(struct replay *replay, struct told_ending *ending)
{
	uint64_t at = ending->record.head.time_ns;
	int err;

	if (at < replay->last_told_ns)
		replay->counters.unsorted++;
	else
		replay->last_told_ns = at;
	err = replay->options.ended(replay->options.data, &ending->record,
				    ending->has_zeek ? &ending->zeek : NULL, &ending->story);
	free(ending);
	return err;
}

/* The endings up to a time, in its order. */
static int hand_out(struct replay *replay, uint64_t time_ns)
{
	struct told_ending *ending;
	int err = 0;

	while (!err && (ending = told_queue_take(replay->told, time_ns)))
		err = hand_out_one(replay, ending);
	return err;
}

static const char *file_name(const struct replay *replay, uint32_t file)
{
	return replay->options.files ? replay->options.files[file] : NULL;
}

/* The connection's own ending, once, and judged. */
static int tell(struct replay *replay, struct replay_conn *conn, bool is_early)
{
	struct told_ending ending = { .zeek = conn->summary };
	int err = 0;

	if (conn->told)
		return 0;
	conn->told = true;
	if (!replay->options.ended)
		return 0;
	tell_record(conn, &conn->flow, &ending.record);
	tell_story(conn, &ending.story);
	ending.story.is_early = is_early;
	ending.story.since_ns = ending.record.head.time_ns - replay->first_ns;
	ending.story.file = file_name(replay, conn->end.file);
	ending.story.first_file = file_name(replay, conn->first.file);
	if (!conn->has_summary && conn->has_zeek)
		tell_zeek(conn, &ending.zeek);
	ending.has_zeek = conn->has_summary || conn->has_zeek;
	ending.zeek.originator_is_local = ending.zeek.originator == ending.record.local_side;
	/* What nobody shows need not wait for its turn. */
	if (replay->options.any_order ||
	    (!replay->options.tell_open && !close_is_abnormal(&ending.record.decision)))
		return replay->options.ended(replay->options.data, &ending.record,
					     ending.has_zeek ? &ending.zeek : NULL, &ending.story);
	if (told_queue_is_full(replay->told))
		err = hand_out_one(replay, told_queue_take(replay->told, UINT64_MAX));
	return err ? err : told_queue_add(replay->told, &ending);
}

static int judge(struct replay *replay, struct replay_conn *conn, uint64_t seen)
{
	if (conn->judged)
		return 0;
	conn->judged = true;
	return replay->options.engine->judge(replay->options.engine, conn, conn->flow.ended_ns,
					     seen);
}

/* Zeek would log the connection now. */
static int zeek_over(struct replay *replay, struct replay_conn *conn)
{
	struct capture_flow flow;
	struct zeek_summary summary;
	struct close_record record;
	int err = 0;

	if (!conn->has_zeek)
		return 0;
	tell_zeek(conn, &summary);
	if (replay->options.connection) {
		flow = conn->flow;
		if (!flow.ended_ns)
			capture_cut(&flow, &conn->key);
		else if (!conn->judged)
			capture_judge(&flow, &conn->key, flow.ended_ns, 0);
		tell_record(conn, &flow, &record);
		summary.originator_is_local = summary.originator == record.local_side;
		err = replay->options.connection(replay->options.data, &record, &summary);
	}
	if (!conn->has_summary)
		conn->summary = summary;
	conn->has_summary = true;
	zeek_conn_release(&conn->zeek);
	conn->has_zeek = false;
	return err;
}

/* -- time -------------------------------------------------------------------------------------- */
/* When this tuple is to be looked at for our own sake. */
static uint64_t own_due(const struct replay_conn *conn)
{
	const struct capture_flow *flow = &conn->flow;
	struct silence silence;

	if (!flow->last_packet_ns)
		return 0;
	if (!flow->ended_ns)
		return silence_of(flow, &silence) ? silence.patience_ns : UINT64_MAX;
	if (!conn->told)
		return flow->ended_ns + ENDED_NS;
	return flow->last_packet_ns + ENDED_NS;
}

static uint64_t conn_due(const struct replay_conn *conn)
{
	uint64_t due = conn->has_zeek ? zeek_conn_due(&conn->zeek) : UINT64_MAX;
	uint64_t own = own_due(conn);

	/* Gone with Zeek's. */
	if (conn->has_zeek && (!conn->flow.last_packet_ns || conn->told))
		return due;
	return own < due ? own : due;
}

/* Behind a packet: not before that need anybody look again. Cheaper than to ask what silence means. */
static uint64_t due_at_the_earliest(const struct replay_conn *conn)
{
	const struct capture_flow *flow = &conn->flow;
	uint64_t due = conn->has_zeek ? zeek_conn_due(&conn->zeek) : UINT64_MAX;
	uint64_t own = flow->last_packet_ns + SILENCE_PATIENCE_LEAST_NS;

	if (flow->ended_ns && !conn->told)
		own = flow->ended_ns + ENDED_NS;
	return own < due ? own : due;
}

/* The flow has ended at `silence->due_ns`, by nothing that came. */
static int end_by_silence(struct replay *replay, struct replay_conn *conn,
			  const struct silence *silence)
{
	conn->flow.ended_ns = silence->due_ns;
	capture_end(&conn->flow, silence->due_ns);
	conn->end = conn->last;
	replay->counters.ended++;
	replay->options.engine->store(replay->options.engine, conn);
	return judge(replay, conn, silence->seen);
}

static int conn_remove(struct replay *replay, struct replay_conn *conn)
{
	replay->options.engine->forget(replay->options.engine, conn);
	conn_table_remove(replay->table, conn);
	return 0;
}

/* It has ended, and nothing more can come that belongs to it. */
static int tell_ended(struct replay *replay, struct replay_conn *conn, bool is_early)
{
	int err = judge(replay, conn, 0);

	return err ? err : tell(replay, conn, is_early);
}

/* Something is due for this connection; it may be gone afterwards. */
static int conn_expire(struct replay *replay, struct replay_conn *conn)
{
	struct capture_flow *flow = &conn->flow;
	struct silence silence;
	int err = 0;

	if (conn->has_zeek && zeek_conn_expire(&conn->zeek, replay->now_ns))
		err = zeek_over(replay, conn);
	if (!err && !flow->ended_ns && silence_of(flow, &silence) &&
	    silence.patience_ns <= replay->now_ns) {
		err = end_by_silence(replay, conn, &silence);
		if (!err)
			err = tell(replay, conn, false);
	}
	if (!err && flow->ended_ns && !conn->told && flow->ended_ns + ENDED_NS <= replay->now_ns)
		err = tell_ended(replay, conn, false);
	if (!conn->has_zeek && (!flow->last_packet_ns ||
				(conn->told && flow->last_packet_ns + ENDED_NS <= replay->now_ns)))
		return err ? err : conn_remove(replay, conn);
	conn_table_set_due(replay->table, conn, conn_due(conn));
	return err;
}

/* How long an ending may come behind others whose time is later. */
static uint64_t order_ns(const struct replay *replay)
{
	return replay->options.is_live && replay->now_ns > ENDED_NS ? replay->now_ns - ENDED_NS : 0;
}

static int expire_due(struct replay *replay)
{
	struct replay_conn *first;
	bool has_some = false;
	int err = 0;

	while (!err && (first = conn_table_first_due(replay->table)) &&
	       first->due_ns <= replay->now_ns) {
		err = conn_expire(replay, first);
		has_some = true;
	}
	return err || !has_some ? err : hand_out(replay, order_ns(replay));
}

/* The end of the capture, or of the room for it (`is_early`). */
static int conn_close(struct replay *replay, struct replay_conn *conn, bool is_early)
{
	struct replay_counters *counters = &replay->counters;
	struct capture_flow *flow = &conn->flow;
	struct silence silence;
	int err = zeek_over(replay, conn);

	if (!err && flow->last_packet_ns && !flow->ended_ns && silence_of(flow, &silence) &&
	    silence.due_ns <= replay->now_ns)
		err = end_by_silence(replay, conn, &silence);
	if (!err && flow->ended_ns && !conn->told) {
		counters->early += is_early;
		err = tell_ended(replay, conn, is_early);
	}
	if (!err && flow->last_packet_ns && !flow->ended_ns) {
		counters->stalled += !is_early && silence_is_stall(flow);
		counters->one_way += capture_is_one_way(flow);
		*(is_early ? &counters->forgotten : &counters->open) += 1;
		capture_cut(flow, &conn->key);
		conn->end = conn->last;
		conn->judged = true;
		conn->told = !replay->options.tell_open;
		err = tell(replay, conn, is_early);
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
		*err = conn_close(replay, conn_table_first_due(replay->table), true);
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

static void begin_anew(struct replay *replay, struct replay_conn *conn)
{
	replay->options.engine->forget(replay->options.engine, conn);
	memset(&conn->flow, 0, sizeof(conn->flow));
	conn->told = conn->judged = conn->has_summary = false;
}

/* A new connection takes the tuple: the old one has ended by now, if not before. */
static int tell_before_reuse(struct replay *replay, struct replay_conn *conn)
{
	struct replay_engine *engine = replay->options.engine;
	struct capture_flow *flow = &conn->flow;
	struct silence silence;
	int err = 0;

	if (!flow->ended_ns && silence_of(flow, &silence) && silence.due_ns <= replay->now_ns)
		err = end_by_silence(replay, conn, &silence);
	if (!err && !flow->ended_ns) {
		capture_end(flow, replay->now_ns);
		engine->store(engine, conn);
		conn->end = replay->at;
		replay->counters.ended++;
		err = judge(replay, conn, EVIDENCE(NEW_SYN));
	}
	if (!err)
		err = tell_ended(replay, conn, false);
	begin_anew(replay, conn);
	return err;
}

static int take_for_us(struct replay *replay, struct replay_conn *conn,
		       const struct tcp_segment *segment)
{
	struct replay_engine *engine = replay->options.engine;
	const struct capture_side *side = conn->flow.side;
	uint64_t ignored;
	bool had_ended, is_new;
	int found, err;

	if (conn->told && conn->flow.last_packet_ns + ENDED_NS <= replay->now_ns)
		begin_anew(replay, conn);
	ignored = (uint64_t)side[0].rst_ignored + side[1].rst_ignored;
	had_ended = conn->flow.ended_ns != 0;
	is_new = !conn->flow.last_packet_ns;
	found = engine->take(engine, conn, segment->zeek.sender, &segment->view, segment->ip,
			     segment->len, replay->now_ns);
	if (found >= 0 && found & CAPTURE_REUSED) {
		err = tell_before_reuse(replay, conn);
		if (err)
			return err;
		had_ended = false;
		is_new = true;
		ignored = 0;
		found = engine->take(engine, conn, segment->zeek.sender, &segment->view,
				     segment->ip, segment->len, replay->now_ns);
	}
	if (found < 0)
		return found;
	if (is_new) {
		replay->counters.connections++;
		conn->first = replay->at;
	}
	conn->last = replay->at;
	if (found & CAPTURE_ENDED && !conn->told) {
		replay->counters.ended += !had_ended;
		conn->end = replay->at;
	}
	if (found & CAPTURE_REOPENED)
		replay->counters.ended--;
	replay->counters.resets_ignored +=
		(uint64_t)side[0].rst_ignored + side[1].rst_ignored - ignored;
	return 0;
}

static int take_tcp(struct replay *replay, struct tcp_segment *segment)
{
	const struct packet_view *view = &segment->view;
	struct replay_conn *conn;
	struct flow_key key;
	uint64_t due;
	int err;

	segment->zeek.time_ns = replay->now_ns;
	segment->zeek.sender = (uint8_t)flow_key_make(&key, view->source_addr, view->source_port,
						      view->dest_addr, view->dest_port, 0);
	conn = conn_of(replay, &key, &err);
	if (!conn)
		return err;
	err = take_for_zeek(replay, conn, segment);
	if (!err && !segment->zeek.bad_checksum)
		err = take_for_us(replay, conn, segment);
	due = due_at_the_earliest(conn);
	if (due < conn->due_ns)
		conn_table_set_due(replay->table, conn, due);
	return err;
}

/* Count what a sum says; true when the packet is to be taken for damaged. */
static bool is_damaged(struct replay *replay, enum checksum_verdict verdict,
		       const struct packet_view *view)
{
	struct replay_counters *counters = &replay->counters;

	counters->offloaded += verdict == CHECKSUM_LEFT_OPEN;
	if (verdict != CHECKSUM_WRONG)
		return false;
	if (replay->habit && checksum_habit_is_wrong(replay->habit, view->source_addr)) {
		counters->wrong_by_habit++;
		return false;
	}
	counters->bad_checksums++;
	return true;
}

/* An ICMP error is about the flow of the packet that it quotes. */
static void take_icmp(struct replay *replay, const struct packet_view *view)
{
	struct replay_conn *conn;
	struct flow_key key;
	int sender = flow_key_make(&key, view->source_addr, view->source_port, view->dest_addr,
				   view->dest_port, 0);

	conn = conn_table_find(replay->table, &key);
	if (!conn || conn->flow.ended_ns)
		return;
	flow_fold_icmp(&conn->flow.flow, sender, view, replay->now_ns);
	replay->options.engine->store(replay->options.engine, conn);
}

/* Whether the IPv4 header can be summed, and is wrong. */
static enum checksum_verdict header_checksum(const struct tcp_segment *segment)
{
	if (!segment->located || PACKET_AT_VERSION(segment->located) != 4 ||
	    (segment->ip[0] & 0xf) * 4u > segment->len)
		return CHECKSUM_RIGHT;
	return checksum_of_ipv4(segment->ip);
}

static int take_ip(struct replay *replay, const struct link_walk *walk, uint32_t at,
		   uint32_t wire_len)
{
	bool checks = replay->options.checksums != CHECKSUMS_OFF;
	struct replay_counters *counters = &replay->counters;
	struct tcp_segment segment = {};
	enum segment_kind kind =
		segment_read(walk->data + at, walk->data + walk->len, wire_len, &segment);

	if (checks && header_checksum(&segment) == CHECKSUM_WRONG &&
	    is_damaged(replay, CHECKSUM_WRONG, &segment.view))
		return 0;
	counters->cut += kind == SEGMENT_CUT;
	counters->other += kind == SEGMENT_OTHER || kind == SEGMENT_ICMP;
	if (kind == SEGMENT_ICMP)
		take_icmp(replay, &segment.view);
	if (kind != SEGMENT_TCP)
		return 0;
	counters->tcp++;
	if (checks)
		segment.zeek.bad_checksum =
			is_damaged(replay, segment_checksum(&segment), &segment.view);
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

static int take_packet(struct replay *replay, const struct captured_packet *packet, int link_type)
{
	struct link_walk walk = { .data = packet->data,
				  .len = packet->len,
				  .decap = replay->options.decap,
				  .fragments = replay->fragments };
	uint64_t time_ns = packet->time_ns < TIME_MOST_NS ? packet->time_ns : TIME_MOST_NS;
	int at, err = 0;

	replay->counters.packets++;
	replay->at = (struct frame_place){ packet->frame, replay->counters.packets, packet->file };
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

/* -- whose checksums are wrong by habit -------------------------------------------------------- */
static void note_checksums(struct replay *replay, const struct captured_packet *packet,
			   struct fragments *fragments)
{
	struct link_walk walk = { .data = packet->data,
				  .len = packet->len,
				  .decap = replay->options.decap,
				  .fragments = fragments,
				  .now_ns = packet->time_ns };
	int at = link_first(&walk, packet->link_type);

	for (; at >= 0; at = link_next(&walk)) {
		struct tcp_segment segment = {};
		const uint8_t *ip = walk.data + at;

		if (segment_read(ip, walk.data + walk.len, sent_from(packet, &walk, at),
				 &segment) == SEGMENT_TCP)
			checksum_habit_note(replay->habit, segment.view.source_addr,
					    header_checksum(&segment) != CHECKSUM_WRONG &&
						    segment_checksum(&segment) != CHECKSUM_WRONG);
	}
}

/* Look at the first packets, then take them. */
static int take_lookahead(struct replay *replay)
{
	_cleanup_free_ struct lookahead *lookahead = TAKE_PTR(replay->lookahead);
	_cleanup_(fragments_free) struct fragments *fragments = NULL;
	int err = 0;

	if (!lookahead)
		return 0;
	if (fragments_new(&fragments))
		return -ENOMEM;
	for (size_t i = 0; i < lookahead->count; i++)
		note_checksums(replay, &lookahead->packets[i], fragments);
	for (size_t i = 0; !err && i < lookahead->count; i++)
		err = take_packet(replay, &lookahead->packets[i], lookahead->packets[i].link_type);
	return err;
}

int replay_take(struct replay *replay, const struct captured_packet *packet, int link_type)
{
	int err = 0;

	if (replay->lookahead) {
		if (lookahead_add(replay->lookahead, packet, link_type))
			return 0;
		err = take_lookahead(replay);
	}
	return err ? err : take_packet(replay, packet, link_type);
}

int replay_finish(struct replay *replay)
{
	struct replay_conn *oldest;
	int err = take_lookahead(replay);

	if (!err)
		err = expire_due(replay);
	while (!err && (oldest = conn_table_oldest(replay->table)))
		err = conn_close(replay, oldest, false);
	return err ? err : hand_out(replay, UINT64_MAX);
}

static int prepare_checksums(struct replay *replay)
{
	if (replay->options.checksums != CHECKSUMS_AUTO)
		return 0;
	replay->lookahead = malloc(sizeof(*replay->lookahead));
	if (!replay->lookahead)
		return -ENOMEM;
	replay->lookahead->count = replay->lookahead->used = 0;
	return checksum_habit_new(&replay->habit);
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
	if (!err)
		err = told_queue_new(&replay->told);
	if (!err)
		err = prepare_checksums(replay);
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
	told_queue_free(&(*replay)->told);
	checksum_habit_free(&(*replay)->habit);
	free((*replay)->lookahead);
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

void replay_append_checksum_habit(struct strbuf *b, const struct replay *replay)
{
	if (replay->habit)
		checksum_habit_append(b, replay->habit);
}
