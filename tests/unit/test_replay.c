// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From frames to endings: what ends a connection of a capture, when it is told, and what goes on. */
#include "tests/harness/replay_player.h"

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

/* What comes within two minutes is in the record. */
TEST(the_record_comes_two_minutes_behind_the_end)
{
	const struct step other = { CLIENT, S, 0, 0, 0, 0 };
	struct frame frame = frame_of(&other, 40001);

	begin((struct replay_options){ .is_live = true });
	PLAY(HANDSHAKE, BOTH_FIN);
	now += 100 * SECOND;
	PLAY({ SERVER, R, 2, 0, 0, 0 }, { SERVER, R, 2, 0, 0, 0 });
	assert_int_equal(told_count, 0);
	now += 21 * SECOND;
	give(&frame);
	assert_int_equal(told_count, 1);
	assert_told(0, CLOSE_FIN_NORMAL, CLOSE_BY_CLIENT, "SF");
	assert_int_equal(told[0].record.evidence.peer_rst_count, 2);
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
	/* Who can write one of the two to the wire can write the other one. */
	assert_int_equal(told[0].record.decision.confidence, CLOSE_IS_INFERRED);
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
	begin((struct replay_options){ .checksums = CHECKSUMS_OFF });
	PLAY(HANDSHAKE);
	give(&frame);
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
}

TEST(silence_is_an_ending_when_the_time_is_up)
{
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { CLIENT, S, 0, 0, 0, 0 });
	finish_after(60);
	assert_told(0, CLOSE_TIMEOUT_HANDSHAKE, CLOSE_BY_TIMEOUT, "S0");

	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, F | A, 1, 1, 0, 0 }, { SERVER, A, 1, 2, 0, 0 });
	finish_after(400);
	assert_told(0, CLOSE_HALF_CLOSE_TIMEOUT, CLOSE_BY_TIMEOUT, "S2");
	/* When the stack that closed gives up. */
	assert_int_equal(told[0].record.head.time_ns, 1060 * SECOND + 4 * SECOND / 1000);

	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, F | A, 1, 1, 0, 0 }, { SERVER, A, 1, 2, 0, 0 });
	finish_after(40);
	assert_int_equal(told_count, 0);
}

TEST(silence_is_told_when_no_stack_waits_any_longer)
{
	const struct step other = { CLIENT, S, 0, 0, 0, 0 };
	struct frame frame = frame_of(&other, 40001);

	begin((struct replay_options){ .is_live = true });
	PLAY({ CLIENT, S, 0, 0, 0, 0 });
	pause_of(127);
	give(&frame);
	assert_int_equal(told_count, 0);
	pause_of(2);
	give(&frame);
	assert_int_equal(told_count, 1);
	/* What comes behind that is another connection's. */
	PLAY({ SERVER, S | A, 0, 1, 0, 0 }, { CLIENT, A, 1, 1, 0, 0 }, { SERVER, R, 1, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1].record.decision.verdict, CLOSE_PEER_RESET);
}

TEST(a_handshake_that_was_given_up_too_early_goes_on)
{
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 });
	pause_of(3);
	PLAY({ CLIENT, S, 0, 0, 0, 0 });
	pause_of(100);
	PLAY({ SERVER, S | A, 0, 1, 0, 0 }, { CLIENT, A, 1, 1, 9, 0 }, { SERVER, R, 1, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "S0"); /* Zeek gave up in between */
	assert_int_equal(told[0].record.evidence.local_syn_count, 2);
}

TEST(a_port_that_refused_and_opened_was_not_closed)
{
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, R | A, 0, 1, 0, 0 });
	pause_of(1);
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, R | A, 0, 1, 0, 0 });
	pause_of(1);
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 }, { CLIENT, A, 1, 1, 0, 0 },
	     BOTH_FIN);
	assert_int_equal(replay_counters(replay)->resets_ignored, 2);
	finish();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].record.decision.verdict, CLOSE_FIN_NORMAL);
	assert_int_equal(told[0].story.rst_ignored[1], 2);
	assert_int_equal(told[0].story.first_frame, 1);
	assert_int_equal(told[0].story.frame, 9);

	/* No new SYN: what accepts it now did not refuse it before. */
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, R | A, 0, 1, 0, 0 },
	     { SERVER, S | A, 0, 1, 0, 0 }, { CLIENT, R, 1, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PATH_RESET);
}

TEST(a_half_closed_connection_goes_on_for_as_long_as_it_likes)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, F | A, 1, 1, 0, 0 }, { SERVER, A, 1, 2, 0, 0 });
	pause_of(3600);
	PLAY({ SERVER, A, 1, 2, 100, 0 }, { CLIENT, A, 2, 101, 0, 0 },
	     { SERVER, R | A, 101, 2, 0, 0 });
	finish_after(700);
	assert_int_equal(told_count, 1);
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "S2");
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
