/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From captured packets to endings: one pass per packet through link layer, parse, flow and Zeek's
 * machine. docs/replay.md has the design.
 */
#ifndef USER_REPLAY_REPLAY_H
#define USER_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/record.h"
#include "user/model/capture_story.h"
#include "user/model/zeek_summary.h"
#include "user/replay/capture_file.h"
#include "user/replay/checksum_habit.h"

/* X(id, "words for the account") */
#define REPLAY_COUNTERS(X)                                                                         \
	X(packets, "packets")                                                                      \
	X(tcp, "of TCP")                                                                           \
	X(other, "of other protocols")                                                             \
	X(cut, "cut short before the end of the TCP header")                                       \
	X(fragments, "parts of packets in fragments")                                              \
	X(bad_checksums, "with a wrong checksum, ignored")                                         \
	X(wrong_by_habit, "with a wrong checksum, counted in")                                     \
	X(offloaded, "with a checksum left to the interface")                                      \
	X(resets_ignored, "resets that nobody accepted")                                           \
	X(time_back, "with a time before the one of the packet before")                            \
	X(connections, "connections")                                                              \
	X(ended, "ended")                                                                          \
	X(open, "still open at the end")                                                           \
	X(stalled, "of these waiting for an answer")                                               \
	X(one_way, "connections of which one direction was captured")                              \
	X(early, "told early to make room (--max-flows)")                                          \
	X(forgotten, "forgotten to make room (--max-flows)")                                       \
	X(unsorted, "told behind younger ones: too many were waiting")

#define REPLAY_COUNTER_MEMBER(id, words) uint64_t id;
struct replay_counters {
	REPLAY_COUNTERS(REPLAY_COUNTER_MEMBER)
};

struct replay_conn;

/**
 * What takes one TCP packet into the flow of its connection: the native code, or the kernel.
 *
 * @take    capture_fold() of the packet of `view`, whose IP header begins at `ip` with `len`
 *          captured bytes; conn->flow is then as after it. CAPTURE_* bits or a negative errno.
 * @judge   capture_judge() of conn->flow. 0 or a negative errno.
 * @store   conn->flow was changed by the caller. @forget it begins anew, or goes.
 */
struct replay_engine {
	int (*take)(struct replay_engine *engine, struct replay_conn *conn, int sender,
		    const struct packet_view *view, const uint8_t *ip, uint32_t len,
		    uint64_t now_ns);
	int (*judge)(struct replay_engine *engine, struct replay_conn *conn, uint64_t now_ns,
		     uint64_t seen);
	void (*store)(struct replay_engine *engine, const struct replay_conn *conn);
	void (*forget)(struct replay_engine *engine, const struct replay_conn *conn);
};

/* The one that needs no privilege. */
extern struct replay_engine replay_native_engine;

/**
 * @engine     Borrowed.
 * @files      Names of the files, by captured_packet.file; borrowed. NULL = they have none.
 * @is_live    The capture is being made: endings come within two minutes, and not all in order.
 * @ended      One ending by our own rules, with what Zeek says of its beginning; in the order of
 *             their times, but for the normal ones without `tell_open`. What came within two minutes behind it is in it.
 * @connection One connection by Zeek's rules, when it is over; the record is what our rules say
 *             of it at that moment. Either callback may be NULL. A non-zero result stops the
 *             replay and is handed back by replay_take() and replay_finish().
 */
struct replay_options {
	struct replay_engine *engine;
	size_t max_flows;
	const char *const *files;
	enum checksum_mode checksums;
	bool decap;
	bool is_live;
	bool tell_open; /* connections that the end of the capture cuts, too; they are shown */
	bool any_order; /* endings are counted, not shown */
	int (*ended)(void *data, const struct close_record *record, const struct zeek_summary *zeek,
		     const struct capture_story *story);
	int (*connection)(void *data, const struct close_record *record,
			  const struct zeek_summary *zeek);
	void *data;
};

struct replay;

/* `options` is copied. 0 or a negative errno. */
int replay_new(const struct replay_options *options, struct replay **ret);
void replay_free(struct replay **replay);

/* Take one frame. Times that go back are taken for the latest one. 0 or what stops the replay. */
int replay_take(struct replay *replay, const struct captured_packet *packet, int link_type);

/* The capture is over: report what is still there. */
int replay_finish(struct replay *replay);

/* When the capture began, and how far it has come; both 0 before the first packet. */
void replay_times(const struct replay *replay, uint64_t *first_ns, uint64_t *last_ns);

const struct replay_counters *replay_counters(const struct replay *replay);

/* Whose checksums are wrong by habit, in words; nothing where nobody's are. */
void replay_append_checksum_habit(struct strbuf *b, const struct replay *replay);

#endif
