/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Conversations of two hosts, played into a replay packet by packet, 1 ms between them. */
#ifndef TESTS_HARNESS_REPLAY_PLAYER_H
#define TESTS_HARNESS_REPLAY_PLAYER_H

#include <pcap/dlt.h>

#include "tests/harness/frames.h"
#include "tests/harness/test.h"
#include "user/replay/replay.h"

#define S TCP_FLAG_SYN
#define A TCP_FLAG_ACK
#define F TCP_FLAG_FIN
#define R TCP_FLAG_RST
#define SECOND UINT64_C(1000000000)
#define CLIENT 1
#define SERVER 2

/* Who sends, flags, numbers relative to 1000 (client) and 5000 (server), payload. */
struct step {
	uint8_t sender;
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t payload;
	uint8_t ttl;
};

struct told {
	struct close_record record;
	struct zeek_summary zeek;
	struct capture_story story;
	bool has_zeek;
};

static struct told told[32];
static size_t told_count, logged_count __attribute__((unused));
static struct replay *replay;
static uint64_t now, frame_number;

static inline int on_ended(void *data, const struct close_record *record,
			   const struct zeek_summary *zeek, const struct capture_story *story)
{
	(void)data;
	assert_in_range(told_count, 0, 31);
	told[told_count].record = *record;
	told[told_count].has_zeek = zeek != NULL;
	told[told_count].story = *story;
	if (zeek)
		told[told_count].zeek = *zeek;
	told_count++;
	return 0;
}

static inline int on_connection(void *data, const struct close_record *record,
				const struct zeek_summary *zeek)
{
	(void)data;
	(void)record;
	(void)zeek;
	logged_count++;
	return 0;
}

static inline void begin(struct replay_options options)
{
	options.engine = &replay_native_engine;
	options.ended = on_ended;
	options.connection = on_connection;
	if (!options.max_flows)
		options.max_flows = 64;
	told_count = logged_count = frame_number = 0;
	now = 1000 * SECOND;
	assert_int_equal(replay_new(&options, &replay), 0);
}

static inline void finish(void)
{
	assert_int_equal(replay_finish(replay), 0);
	replay_free(&replay);
}

static inline struct frame frame_of(const struct step *step, uint16_t client_port)
{
	bool is_client = step->sender == CLIENT;
	struct segment segment = {
		.source = step->sender,
		.dest = is_client ? SERVER : CLIENT,
		.source_port = is_client ? client_port : 80,
		.dest_port = is_client ? 80 : client_port,
		.seq = step->seq + (is_client ? 1000 : 5000),
		.ack = step->flags & A ? step->ack + (is_client ? 5000 : 1000) : 0,
		.flags = step->flags,
		.payload = step->payload,
		.ttl = step->ttl,
	};
	struct frame frame = { .len = 0 };

	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &segment);
	return frame;
}

static inline void give(const struct frame *frame)
{
	struct captured_packet packet = { .time_ns = now,
					  .frame = ++frame_number,
					  .data = frame->data,
					  .len = frame->len,
					  .wire_len = frame->len };

	now += SECOND / 1000;
	assert_int_equal(replay_take(replay, &packet, DLT_EN10MB), 0);
}

static inline void play(const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct frame frame = frame_of(&steps[i], 40000);

		give(&frame);
	}
}

#define PLAY(...)                                                                                  \
	do {                                                                                       \
		const struct step steps_[] = { __VA_ARGS__ };                                      \
		play(steps_, sizeof(steps_) / sizeof(steps_[0]));                                  \
	} while (0)

#define HANDSHAKE                                                                                  \
	{ CLIENT, S, 0, 0, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 },                                  \
	{                                                                                          \
		CLIENT, A, 1, 1, 0, 0                                                              \
	}
#define BOTH_FIN                                                                                   \
	{ CLIENT, F | A, 1, 1, 0, 0 },                                                             \
	{                                                                                          \
		SERVER, F | A, 1, 2, 0, 0                                                          \
	}

static inline void assert_told(size_t index, uint8_t verdict, uint8_t initiator,
			       const char *conn_state)
{
	assert_in_range(index, 0, told_count - 1);
	assert_int_equal(told[index].record.decision.verdict, verdict);
	assert_int_equal(told[index].record.decision.initiator, initiator);
	assert_true(told[index].has_zeek);
	assert_string_equal(told[index].zeek.state, conn_state);
}

/* The capture ends `wait` seconds later, by a packet of somebody else. */
static inline void finish_after(uint64_t wait)
{
	const struct step other = { CLIENT, S, 0, 0, 0, 0 };
	struct frame frame = frame_of(&other, 40001);

	now += wait * SECOND;
	give(&frame);
	finish();
}

static inline void pause_of(uint64_t seconds)
{
	now += seconds * SECOND;
}

#endif
