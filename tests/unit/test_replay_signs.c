// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From frames to endings: what was not answered, who was forged, and what the capture lacks. */
#include "tests/harness/replay_player.h"

TEST(data_that_nobody_acknowledges)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, A, 1, 1, 100, 0 });
	for (uint64_t gap = 1; gap < 100; gap *= 2) {
		pause_of(gap);
		PLAY({ CLIENT, A, 1, 1, 100, 0 });
	}
	finish_after(700);
	assert_told(0, CLOSE_TIMEOUT_DATA, CLOSE_BY_TIMEOUT, "S1");
	assert_int_equal(told[0].record.evidence.unacked_bytes, 100);
	assert_int_equal(told[0].story.waiting, CAPTURE_END_CLIENT);
	assert_int_equal(told[0].story.asked, 8);
	assert_in_range(told[0].story.asked_us, 127000000, 127020000);

	/* The server's, and it gives up by RST. Two times are no reason yet. */
	for (int times = 2; times < 5; times++) {
		begin((struct replay_options){ 0 });
		PLAY(HANDSHAKE, { SERVER, A, 1, 1, 50, 0 });
		for (int i = 0; i < times; i++)
			PLAY({ SERVER, A, 1, 1, 50, 0 });
		PLAY({ SERVER, R | A, 51, 1, 0, 0 });
		finish();
		assert_told(0, times < 3 ? CLOSE_PEER_RESET : CLOSE_TIMEOUT_DATA,
			    times < 3 ? CLOSE_BY_SERVER : CLOSE_BY_TIMEOUT, "RSTR");
	}

	/* Acknowledged in between: it goes on. */
	begin((struct replay_options){ .tell_open = true });
	PLAY(HANDSHAKE, { CLIENT, A, 1, 1, 100, 0 }, { CLIENT, A, 1, 1, 100, 0 },
	     { CLIENT, A, 1, 1, 100, 0 }, { CLIENT, A, 1, 1, 100, 0 }, { SERVER, A, 1, 101, 0, 0 });
	finish_after(700);
	assert_told(0, CLOSE_ORPHAN_MID, CLOSE_BY_UNKNOWN, "S1");
}

TEST(a_window_that_stays_shut_is_said)
{
	struct step shut = { SERVER, A, 1, 101, 0, 0 };
	struct frame frame = frame_of(&shut, 40000);
	uint32_t sum = (uint32_t)(frame.data[34 + 16] << 8 | frame.data[34 + 17]) + 1000;

	frame.data[34 + 14] = frame.data[34 + 15] = 0; /* was 1000 */
	sum = (sum & 0xffff) + (sum >> 16);
	frame.data[34 + 16] = (uint8_t)(sum >> 8);
	frame.data[34 + 17] = (uint8_t)sum;
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, A, 1, 1, 100, 0 });
	give(&frame);
	for (int i = 0; i < 4; i++) {
		pause_of(30);
		PLAY({ CLIENT, A, 100, 1, 0, 0 });
	}
	finish_after(700);
	assert_told(0, CLOSE_TIMEOUT_DATA, CLOSE_BY_TIMEOUT, "S1");
	assert_int_equal(told[0].record.decision.cause, CLOSE_CAUSE_ZERO_WINDOW);
}

TEST(keepalive_probes_that_nobody_answers)
{
	for (int is_reset = 0; is_reset < 2; is_reset++)
		for (uint16_t payload = 0; payload < 2; payload++) {
			begin((struct replay_options){ 0 });
			PLAY(HANDSHAKE, { SERVER, A, 1, 1, 10, 0 }, { CLIENT, A, 1, 11, 0, 0 });
			for (int i = 0; i < 5; i++) {
				pause_of(75);
				PLAY({ SERVER, A, 10, 1, payload, 0 });
			}
			if (is_reset) {
				pause_of(75);
				PLAY({ SERVER, R | A, 11, 1, 0, 0 });
			}
			finish_after(700);
			assert_int_equal(told[0].record.decision.verdict, CLOSE_TIMEOUT_KEEPALIVE);
			assert_int_equal(told[0].story.waiting, CAPTURE_END_SERVER);
			assert_int_equal(told[0].story.asked, 5);
		}

	begin((struct replay_options){ .tell_open = true });
	PLAY(HANDSHAKE, { SERVER, A, 1, 1, 10, 0 }, { CLIENT, A, 1, 11, 0, 0 });
	for (int i = 0; i < 5; i++) {
		pause_of(75);
		PLAY({ SERVER, A, 10, 1, 0, 0 }, { CLIENT, A, 1, 11, 0, 0 });
	}
	finish_after(700);
	assert_told(0, CLOSE_ORPHAN_MID, CLOSE_BY_UNKNOWN, "S1");
}

TEST(a_syn_ack_behind_its_ack_is_a_full_accept_queue)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, A, 1, 1, 5, 0 }, { SERVER, S | A, 0, 1, 0, 0 },
	     { CLIENT, A, 6, 1, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 }, { CLIENT, A, 6, 1, 0, 0 },
	     { SERVER, R, 1, 0, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
	assert_int_equal(told[0].record.decision.cause, CLOSE_CAUSE_ACCEPT_QUEUE_FULL);
	assert_int_equal(told[0].story.syn_acks, 2);

	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, S | A, 0, 1, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 });
	finish_after(300);
	assert_told(0, CLOSE_TIMEOUT_HANDSHAKE, CLOSE_BY_TIMEOUT, "S1");
	assert_int_equal(told[0].record.decision.cause, CLOSE_CAUSE_ACCEPT_QUEUE_FULL);
}

TEST(a_scan_that_leaves_the_handshake_half_open)
{
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 }, { CLIENT, R, 1, 0, 0, 0 });
	finish();
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PEER_RESET_HANDSHAKE);
	assert_int_equal(told[0].record.decision.initiator, CLOSE_BY_CLIENT);
	assert_int_equal(told[0].record.decision.stage, CLOSE_STAGE_ESTABLISHED);
}

TEST(a_second_fin_that_nobody_acknowledges)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, F | A, 1, 1, 0, 0 }, { CLIENT, A, 1, 2, 0, 0 },
	     { CLIENT, F | A, 1, 2, 0, 0 }, { CLIENT, F | A, 1, 2, 0, 0 },
	     { CLIENT, F | A, 1, 2, 0, 0 }, { CLIENT, F | A, 1, 2, 0, 0 });
	finish_after(700);
	assert_told(0, CLOSE_FIN_UNACKED_TIMEOUT, CLOSE_BY_TIMEOUT, "SF");
	assert_int_equal(told[0].story.waiting, CAPTURE_END_CLIENT);
	/* Seen once, or acknowledged in the end: a capture may end, or lose a packet. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, BOTH_FIN);
	finish_after(700);
	assert_told(0, CLOSE_FIN_NORMAL, CLOSE_BY_CLIENT, "SF");
}

/* A RST behind both FINs is no ending, be there data on its way, as TLS has it. */
TEST(a_reset_behind_both_fins_ends_nothing)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, F | A, 1, 1, 0, 0 }, { SERVER, A, 1, 2, 300, 0 },
	     { SERVER, F | A, 301, 2, 0, 0 }, { CLIENT, R, 2, 0, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].record.decision.verdict, CLOSE_FIN_NORMAL);
	assert_int_equal(told[0].story.frame, 6);
}

TEST(a_hole_before_the_reset)
{
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, A, 1, 1, 100, 0 }, { SERVER, R | A, 1561, 1, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
	assert_int_equal(told[0].story.hole_bytes, 1460);
	/* What fills it comes late. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, A, 1, 1, 100, 0 }, { SERVER, R | A, 1561, 1, 0, 0 },
	     { SERVER, A, 101, 1, 1460, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
}

/* RFC 9293 section 3.5, figure 8. */
TEST(both_open_at_once)
{
	begin((struct replay_options){ 0 });
	PLAY({ SERVER, S, 0, 0, 0, 0 }, { CLIENT, S, 0, 0, 0, 0 }, { SERVER, S | A, 0, 1, 0, 0 },
	     { CLIENT, S | A, 0, 1, 0, 0 }, { SERVER, A, 1, 1, 9, 0 },
	     { CLIENT, R | A, 1, 10, 0, 0 });
	finish();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PEER_RESET);
	/* Who sent the first SYN is the client. */
	assert_int_equal(told[0].record.decision.initiator, CLOSE_BY_SERVER);
}

TEST(one_direction_alone_invents_no_ending)
{
	static const uint8_t ends[] = { CLIENT, SERVER };

	for (int i = 0; i < 2; i++) {
		uint8_t seen = ends[i];

		begin((struct replay_options){ .tell_open = true });
		PLAY({ seen, seen == CLIENT ? S : S | A, 0, 1, 0, 0 }, { seen, A, 1, 1, 100, 0 },
		     { seen, A, 1, 1, 100, 0 }, { seen, A, 1, 1, 100, 0 },
		     { seen, A, 1, 1, 100, 0 }, { seen, F | A, 101, 50, 0, 0 });
		finish_after(700);
		assert_int_equal(told[0].record.decision.verdict, CLOSE_ORPHAN_MID);
		assert_true(told[0].story.is_one_way);
	}
	begin((struct replay_options){ 0 });
	PLAY({ CLIENT, S, 0, 0, 0, 0 }, { CLIENT, A, 1, 1, 100, 0 }, { CLIENT, R, 101, 0, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_CLIENT, "RSTOS0");
}

TEST(forged_in_either_name)
{
	/* In the client's: another TTL, and the client goes on. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, A, 1, 1, 10, 0 }, { CLIENT, R, 11, 0, 0, 200 },
	     { CLIENT, A, 11, 1, 10, 0 });
	finish();
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PATH_RESET);
	assert_int_equal(told[0].story.reset_name, CAPTURE_END_CLIENT);
	assert_int_equal(told[0].record.evidence.rst_ttl, 200);
	assert_int_equal(told[0].record.evidence.peer_ttl_max, 64);
	/* It goes on by acknowledging what was sent to it behind "its" RST. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { CLIENT, R, 1, 0, 0, 0 }, { SERVER, A, 1, 1, 500, 0 },
	     { CLIENT, A, 1, 501, 0, 0 });
	finish();
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PATH_RESET);
	/* Behind what the server had sent, which the client takes. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, A, 1, 1, 1000, 0 }, { SERVER, R | A, 1, 1, 0, 0 },
	     { CLIENT, A, 1, 1001, 0, 0 });
	finish();
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PATH_RESET);
	assert_true(told[0].record.decision.used & EVIDENCE(RST_BEHIND));
	/* TTL alone, and another hop alone. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R | A, 1, 1, 0, 57 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "RSTR");
	assert_true(told[0].record.decision.used & EVIDENCE(RST_TTL_OFF));
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R | A, 1, 1, 0, 63 });
	finish();
	assert_false(told[0].record.decision.used & EVIDENCE(RST_TTL_OFF));
	/* Different numbers that no ACK asked for, and another TTL. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R | A, 1, 1, 0, 57 }, { SERVER, R | A, 1461, 1, 0, 57 });
	finish();
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PATH_RESET);
}

TEST(honest_resets_stay_honest)
{
	/* Bare ones have the numbers of the ACKs that they answer. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, F | A, 1, 1, 0, 0 }, { CLIENT, A, 1, 2, 5, 0 },
	     { SERVER, R, 1, 0, 0, 57 }, { CLIENT, F | A, 6, 2, 0, 0 }, { SERVER, R, 2, 0, 0, 57 });
	finish();
	assert_int_equal(told[0].record.decision.verdict, CLOSE_PEER_RESET);
	assert_false(told[0].record.decision.used & EVIDENCE(RSTS_DISAGREE));
	/* Both at once: said, and no proof. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, R | A, 1, 1, 0, 0 });
	now -= SECOND / 1000 - 40000;
	PLAY({ CLIENT, R | A, 1, 1, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_SERVER, "REJ");
	assert_int_equal(told[0].story.both_ns, 40000);
	/* Everything was said, and the other end had closed: nobody lost anything. */
	begin((struct replay_options){ 0 });
	PLAY(HANDSHAKE, { SERVER, F | A, 1, 1, 9, 0 }, { CLIENT, A, 1, 11, 0, 0 },
	     { CLIENT, R | A, 1, 11, 0, 0 });
	finish();
	assert_told(0, CLOSE_PEER_RESET, CLOSE_BY_CLIENT, "RSTO");
	assert_true(told[0].record.decision.benign);
}

/* Silence of one is known long after the reset of another one, and tells of before it. */
TEST(endings_come_in_the_order_of_their_times)
{
	const struct step syn = { CLIENT, S, 0, 0, 0, 0 };
	struct frame frame = frame_of(&syn, 40002);

	begin((struct replay_options){ 0 });
	give(&frame);
	pause_of(60);
	PLAY(HANDSHAKE, { SERVER, R | A, 1, 1, 0, 0 });
	pause_of(200);
	PLAY({ CLIENT, S, 9, 0, 0, 0 }, { SERVER, R | A, 0, 10, 0, 0 });
	finish();
	assert_int_equal(told_count, 3);
	assert_int_equal(told[0].record.decision.verdict, CLOSE_TIMEOUT_HANDSHAKE);
	assert_true(told[0].record.head.time_ns < told[1].record.head.time_ns);
	assert_true(told[1].record.head.time_ns < told[2].record.head.time_ns);
}

/* One host's sums are left to its interface: they count in, but for one wrong among right ones. */
TEST(checksums_that_are_wrong_by_habit)
{
	static const enum checksum_mode modes[] = { CHECKSUMS_AUTO, CHECKSUMS_STRICT };
	static const struct step steps[] = { HANDSHAKE,
					     { CLIENT, A, 1, 1, 9, 0 },
					     { SERVER, A, 1, 10, 9, 0 },
					     { CLIENT, A, 10, 10, 0, 0 },
					     { CLIENT, R | A, 10, 10, 0, 0 } };

	for (int mode = 0; mode < 2; mode++) {
		begin((struct replay_options){ .checksums = modes[mode] });
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			struct frame frame = frame_of(&steps[i], 40000);

			if (steps[i].sender == CLIENT)
				frame.data[34 + 17] ^= 0x55;
			give(&frame);
		}
		assert_int_equal(replay_finish(replay), 0);
		assert_int_equal(replay_counters(replay)->wrong_by_habit, mode ? 0 : 5);
		assert_int_equal(replay_counters(replay)->bad_checksums, mode ? 5 : 0);
		replay_free(&replay);
		assert_int_equal(told_count, mode ? 0 : 1);
	}
}

TEST_MAIN()
