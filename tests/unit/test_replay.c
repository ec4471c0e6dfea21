// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From frames to endings: what a capture proves, and what it does not. */
#include "user/replay/replay.h"

#include <pcap/dlt.h>

#include "tests/harness/frames.h"
#include "tests/harness/test.h"

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
	bool has_zeek;
};

static struct told told[32];
static size_t told_count, logged_count;
static struct replay *replay;
static uint64_t now;

static int on_ended(void *data, const struct close_record *record, const struct zeek_summary *zeek)
{
	(void)data;
	assert_in_range(told_count, 0, 31);
	told[told_count].record = *record;
	told[told_count].has_zeek = zeek != NULL;
	if (zeek)
		told[told_count].zeek = *zeek;
	told_count++;
	return 0;
}

static int on_connection(void *data, const struct close_record *record,
			 const struct zeek_summary *zeek)
{
	(void)data;
	(void)record;
	(void)zeek;
	logged_count++;
	return 0;
}

static void begin(struct replay_options options)
{
	options.engine = &replay_native_engine;
	options.ended = on_ended;
	options.connection = on_connection;
	if (!options.max_flows)
		options.max_flows = 64;
	told_count = logged_count = 0;
	now = 1000 * SECOND;
	assert_int_equal(replay_new(&options, &replay), 0);
}

static void finish(void)
{
	assert_int_equal(replay_finish(replay), 0);
	replay_free(&replay);
}

static struct frame frame_of(const struct step *step, uint16_t client_port)
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

static void give(const struct frame *frame)
{
	struct captured_packet packet = {
		.time_ns = now, .data = frame->data, .len = frame->len, .wire_len = frame->len
	};

	now += SECOND / 1000;
	assert_int_equal(replay_take(replay, &packet, DLT_EN10MB), 0);
}

static void play(const struct step *steps, size_t count)
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

static void assert_told(size_t index, uint8_t verdict, uint8_t initiator, const char *conn_state)
{
	assert_in_range(index, 0, told_count - 1);
	assert_int_equal(told[index].record.decision.verdict, verdict);
	assert_int_equal(told[index].record.decision.initiator, initiator);
	assert_true(told[index].has_zeek);
	assert_string_equal(told[index].zeek.state, conn_state);
}

TEST(a_normal_close)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, A, 1, 1, 10, 0 }, { SERVER, A, 1, 11, 20, 0 },
	     { CLIENT, F | A, 11, 21, 0, 0 }, { SERVER, F | A, 21, 12, 0, 0 });
	assert_int_equal(told_count, 0); /* Zeek's five seconds first */
	finish();
	assert_int_equal(told_count, 1);
	assert_told(0, CLOSE_FIN_NORMAL, CLOSE_BY_CLIENT, "SF");
	assert_string_equal(told[0].zeek.history, "ShADdFf");
	assert_int_equal(told[0].record.bytes_sent, 10);
	assert_int_equal(told[0].record.bytes_received, 20);
	assert_int_equal(told[0].record.head.time_ns - told[0].record.birth_ns, 6 * SECOND / 1000);
}

TEST(the_record_comes_when_zeek_is_done)
{
	const struct step other = { CLIENT, S, 0, 0, 0, 0 };
	struct frame frame = frame_of(&other, 40001);

	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, BOTH_FIN);
	now += 6 * SECOND;
	give(&frame);
	assert_int_equal(told_count, 1);
	finish();
	assert_int_equal(told_count, 1);
}

TEST(refused)
{
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, R | A, 0, 1, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_REFUSED, CLOSE_BY_SERVER, "REJ");
}

/* RFC 9293 section 3.5.3: a connecting socket takes no RST that does not acknowledge its SYN. */
TEST(a_reset_that_acknowledges_nothing_refuses_nothing)
{
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, R, 0, 0, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 },
	     { CLIENT, A, 1, 1, 0, 0 }, BOTH_FIN);
	assert_int_equal(replay_counters(replay)->resets_ignored, 1);
	finish();
	assert_told(0, CLOSE_FIN_NORMAL, CLOSE_BY_CLIENT, "RSTR");
}

TEST(resets_by_either_end)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R | A, 1, 1, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, R | A, 1, 1, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_CLIENT, "RSTO");
}

/* The kernel takes it for a challenge, Zeek for the end: both are shown. */
TEST(a_reset_out_of_window_ends_nothing_for_us)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R, 900000, 0, 0, 0 }, { CLIENT, A, 1, 1, 3, 0 },
	     { SERVER, A, 1, 4, 0, 0 }, { CLIENT, F | A, 4, 1, 0, 0 },
	     { SERVER, F | A, 1, 5, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
	assert_told(0, CLOSE_FIN_NORMAL, CLOSE_BY_CLIENT, "RSTR");
	assert_int_equal(told[0].record.evidence.peer_rst_count, 1);
}

TEST(who_resets_and_goes_on_was_not_the_peer)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R, 1, 0, 0, 0 }, { SERVER, A, 1, 1, 100, 0 });
	finish();
	assert_told(0, CLOSE_PATH_RESET, CLOSE_BY_PATH, "RSTR");
	assert_int_equal(told[0].record.decision.confidence, CLOSE_IS_PROVED);
}

TEST(a_damaged_reset_ends_nothing)
{
	const struct step reset = { SERVER, R, 1, 0, 0, 0 };
	struct frame frame = frame_of(&reset, 40000);

	frame.data[frame.len - 4] ^= 0x55; /* the checksum */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE);
	give(&frame);
	assert_int_equal(replay_counters(replay)->bad_checksums, 1);
	finish();
	assert_int_equal(told_count, 0);
	begin((struct replay_options){ .ignore_checksums = true });
	PLAY(HANDSHAKE);
	give(&frame);
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
}

TEST(silence_is_an_ending_when_the_time_is_up)
{
	const struct step other = { CLIENT, S, 0, 0, 0, 0 };
	struct frame frame = frame_of(&other, 40001);

	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { CLIENT, S, 0, 0, 0, 0 });
	now += 60 * SECOND;
	give(&frame);
	assert_int_equal(told_count, 1);
	assert_told(0, CLOSE_TIMEOUT_HANDSHAKE, CLOSE_BY_TIMEOUT, "S0");
	finish();

	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, F | A, 1, 1, 0, 0 }, { SERVER, A, 1, 2, 0, 0 });
	now += 400 * SECOND;
	give(&frame);
	assert_told(0, CLOSE_HALF_CLOSE_TIMEOUT, CLOSE_BY_TIMEOUT, "S2");
	finish();
}

TEST(the_end_of_the_capture_is_no_ending)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE);
	assert_int_equal(replay_counters(replay)->open, 0);
	assert_int_equal(replay_finish(replay), 0);
	assert_int_equal(replay_counters(replay)->open, 1);
	assert_int_equal(told_count, 0);
	assert_int_equal(logged_count, 1);
	replay_free(&replay);
	begin((struct replay_options){ .tell_open = true });
	PLAY(HANDSHAKE);
	finish();
	assert_told(0, CLOSE_ORPHAN_MID, CLOSE_BY_UNKNOWN, "S1");
	assert_int_equal(told[0].record.decision.cause, CLOSE_CAUSE_CAPTURE_END);
}

TEST(a_new_syn_takes_the_tuple)
{
	begin((struct replay_options){ .tell_open = true });
	PLAY(HANDSHAKE, { CLIENT, S, 77, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 2);
	assert_told(0, CLOSE_PORT_REUSE, CLOSE_BY_CLIENT, "S1");
	assert_told(1, CLOSE_ORPHAN_MID, CLOSE_BY_UNKNOWN, "S0");
	begin((struct replay_options){ .tell_open = true });
	PLAY(HANDSHAKE, BOTH_FIN, { CLIENT, S, 77, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 2);
	assert_told(0, CLOSE_FIN_NORMAL, CLOSE_BY_CLIENT, "SF");
}

/* A reset that comes late is a consequence, not another ending. */
TEST(what_comes_behind_the_end_is_no_ending)
{
	begin((struct replay_options){ .tell_open = true });
	PLAY(HANDSHAKE, BOTH_FIN);
	now += 30 * SECOND;
	PLAY({ SERVER, R, 2, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
	assert_int_equal(logged_count, 2);
}

TEST(no_more_than_max_flows_are_remembered)
{
	begin((struct replay_options){ .max_flows = 16 });
	for (uint16_t port = 1000; port < 2000; port++) {
		const struct step syn = { CLIENT, S, 0, 0, 0, 0 };
		struct frame frame = frame_of(&syn, port);

		give(&frame);
	}
	assert_int_equal(replay_counters(replay)->connections, 1000);
	assert_int_equal(replay_counters(replay)->forgotten, 1000 - 16);
	finish();
	assert_int_equal(logged_count, 1000);
}

/* A capture may say any time: timers end, and connections with them. */
TEST(a_time_at_the_end_of_all_times_is_survived)
{
	begin((struct replay_options){ .tell_open = true });
	now = UINT64_MAX - 5;
	PLAY(HANDSHAKE);
	now = UINT64_MAX - 1;
	PLAY({ CLIENT, F | A, 1, 1, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
}

TEST(any_cut_of_a_frame_is_survived)
{
	const struct step data = { CLIENT, A, 1, 1, 40, 0 };
	struct frame frame = frame_of(&data, 40000);

	begin((struct replay_options){ .decap = true });
	for (uint32_t len = 0; len <= frame.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);
		struct captured_packet packet = {
			.time_ns = now, .data = copy, .len = len, .wire_len = frame.len
		};

		memcpy(copy, frame.data, len);
		assert_int_equal(replay_take(replay, &packet, DLT_EN10MB), 0);
		free(copy);
	}
	finish();
}

TEST_MAIN()
