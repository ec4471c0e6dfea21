// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Zeek's rules, one connection per case: each case of the table of conn_state and each letter. */
#include "user/replay/zeek_conn.h"

#include "tests/harness/test.h"

#define S TCP_FLAG_SYN
#define A TCP_FLAG_ACK
#define F TCP_FLAG_FIN
#define R TCP_FLAG_RST
#define SECOND UINT64_C(1000000000)

/* Who sends (0 the client), flags, numbers relative to 1000 and 5000, payload. */
struct step {
	uint8_t sender;
	uint8_t flags;
	uint32_t seq, ack;
	uint32_t payload;
};

static struct zeek_conn conn;
static uint64_t now;
static uint16_t first_source_port = 40000;

static void take(const struct step *step)
{
	struct zeek_packet packet = {
		.time_ns = now += SECOND / 1000,
		.seq = step->seq + (step->sender ? 5000 : 1000),
		.ack = step->flags & A ? step->ack + (step->sender ? 1000 : 5000) : 0,
		.payload = step->payload,
		.captured = step->payload,
		.window = 100,
		.flags = step->flags,
		.sender = step->sender,
	};

	if (!conn.start_ns)
		zeek_conn_init(&conn, &packet, first_source_port, 9999);
	zeek_conn_take(&conn, &packet);
}

static void play(const struct step *steps, size_t count)
{
	zeek_conn_release(&conn);
	memset(&conn, 0, sizeof(conn));
	now = 100 * SECOND;
	for (size_t i = 0; i < count; i++)
		take(&steps[i]);
}

#define assert_becomes(state, letters, ...)                                                        \
	do {                                                                                       \
		const struct step steps_[] = { __VA_ARGS__ };                                      \
		play(steps_, sizeof(steps_) / sizeof(steps_[0]));                                  \
		assert_string_equal(zeek_conn_state(&conn), state);                                \
		assert_string_equal(conn.history, letters);                                        \
		zeek_conn_release(&conn);                                                          \
	} while (0)

#define HANDSHAKE                                                                                  \
	{ 0, S, 0, 0, 0 }, { 1, S | A, 0, 1, 0 },                                                  \
	{                                                                                          \
		0, A, 1, 1, 0                                                                      \
	}

TEST(attempts)
{
	assert_becomes("S0", "S", { 0, S, 0, 0, 0 });
	assert_becomes("S0", "S", { 0, S, 0, 0, 0 }, { 0, S, 0, 0, 0 });
	assert_becomes("REJ", "Sr", { 0, S, 0, 0, 0 }, { 1, R | A, 0, 1, 0 });
	assert_becomes("RSTOS0", "SR", { 0, S, 0, 0, 0 }, { 0, R, 1, 0, 0 });
	assert_becomes("SH", "SF", { 0, S, 0, 0, 0 }, { 0, F | A, 1, 1, 0 });
	assert_becomes("S1", "Sh", { 0, S, 0, 0, 0 }, { 1, S | A, 0, 1, 0 });
}

TEST(established)
{
	assert_becomes("S1", "ShA", HANDSHAKE);
	assert_becomes("S1", "ShADad", HANDSHAKE, { 0, A, 1, 1, 5 }, { 1, A, 1, 6, 0 },
		       { 1, A, 1, 6, 7 });
	assert_becomes("S2", "ShAFa", HANDSHAKE, { 0, F | A, 1, 1, 0 }, { 1, A, 1, 2, 0 });
	assert_becomes("S3", "ShAf", HANDSHAKE, { 1, F | A, 1, 1, 0 });
	assert_becomes("SF", "ShAFf", HANDSHAKE, { 0, F | A, 1, 1, 0 }, { 1, F | A, 1, 2, 0 },
		       { 0, A, 2, 2, 0 });
	assert_becomes("RSTO", "ShAR", HANDSHAKE, { 0, R | A, 1, 1, 0 });
	assert_becomes("RSTR", "ShAr", HANDSHAKE, { 1, R, 1, 0, 0 });
}

/* Sequence numbers are not looked at: a wild RST counts for Zeek. */
TEST(a_reset_out_of_window_counts)
{
	assert_becomes("RSTR", "ShAr", HANDSHAKE, { 1, R, 900000, 0, 0 });
}

TEST(resets_and_fins_together)
{
	assert_becomes("RSTO", "ShAFR", HANDSHAKE, { 0, F | A, 1, 1, 0 }, { 0, R, 2, 0, 0 });
	assert_becomes("SF", "ShAFRf", HANDSHAKE, { 0, F | A, 1, 1, 0 }, { 0, R, 2, 0, 0 },
		       { 1, F | A, 1, 2, 0 });
	assert_becomes("SF", "ShAFfR", HANDSHAKE, { 0, F | A, 1, 1, 0 }, { 1, F | A, 1, 2, 0 },
		       { 0, R, 2, 0, 0 });
	assert_becomes("OTH", "I", { 0, F | R, 0, 0, 0 });
	assert_becomes("SH", "Q", { 0, S | F, 0, 0, 0 });
}

TEST(seen_from_the_middle)
{
	assert_becomes("OTH", "Da", { 0, A, 1, 1, 9 }, { 1, A, 1, 10, 0 });
	assert_becomes("OTH", "R", { 0, R, 1, 0, 0 });
	assert_becomes("RSTRH", "Dr", { 0, A, 1, 1, 9 }, { 1, R, 1, 0, 0 });
	assert_becomes("SHR", "Af", { 0, A, 1, 1, 0 }, { 1, F | A, 1, 1, 0 });
	/* A SYN-ACK comes first: a scan, until something productive follows. */
	assert_becomes("OTH", "H", { 1, S | A, 0, 1, 0 });
	assert_becomes("OTH", "^hA", { 1, S | A, 0, 1, 0 }, { 0, A, 1, 1, 0 });
	first_source_port = 443;
	assert_becomes("OTH", "^h", { 1, S | A, 0, 1, 0 });
	assert_becomes("S1", "^hA", { 1, S | A, 0, 1, 0 }, { 0, A, 1, 1, 0 });
	first_source_port = 40000;
}

TEST(letters_of_trouble)
{
	/* Lost in the capture, and acknowledged all the same. */
	assert_becomes("S1", "ShAdaG", HANDSHAKE, { 1, A, 1, 1, 5 }, { 0, A, 1, 6, 0 },
		       { 1, A, 6, 11, 0 });
	assert_becomes("S1", "ShADTdt", HANDSHAKE, { 0, A, 1, 1, 5 }, { 0, A, 1, 1, 5 },
		       { 1, A, 0, 1, 1 });
}

TEST(a_letter_returns_at_the_tenth_time)
{
	const struct step again = { 0, A, 1, 1, 5 };
	const struct step begin[] = { HANDSHAKE, again };

	play(begin, 4);
	for (int i = 0; i < 9; i++)
		take(&again);
	assert_string_equal(conn.history, "ShADT");
	take(&again);
	assert_string_equal(conn.history, "ShADTT");
	zeek_conn_release(&conn);
}

TEST(a_damaged_packet_does_nothing_else)
{
	const struct step begin[] = { HANDSHAKE };
	struct zeek_packet reset = { .time_ns = 1, .flags = R, .sender = 1, .bad_checksum = true };

	play(begin, 3);
	zeek_conn_take(&conn, &reset);
	assert_string_equal(conn.history, "ShAc");
	assert_string_equal(zeek_conn_state(&conn), "S1");
	assert_int_equal(conn.end[1].packets, 1);
	zeek_conn_release(&conn);
}

TEST(a_history_has_an_end)
{
	struct step reset = { 0, R, 0, 0, 0 };

	play(&reset, 1);
	for (uint32_t i = 1; i < 1000; i++) {
		reset.seq = i * 7;
		take(&reset);
	}
	assert_int_equal(strlen(conn.history), ZEEK_HISTORY_MAX);
	zeek_conn_release(&conn);
}

TEST(timers_end_what_is_over)
{
	const struct step syn[] = { { 0, S, 0, 0, 0 } };
	const struct step full[] = { HANDSHAKE, { 0, F | A, 1, 1, 0 }, { 1, F | A, 1, 2, 0 } };
	const struct step idle[] = { HANDSHAKE };

	play(syn, 1);
	assert_false(zeek_conn_expire(&conn, now + 4 * SECOND));
	assert_true(zeek_conn_expire(&conn, now + 5 * SECOND));
	play(full, 5);
	assert_false(zeek_conn_expire(&conn, now + 4 * SECOND));
	assert_true(zeek_conn_expire(&conn, now + 5 * SECOND));
	play(idle, 3);
	assert_false(zeek_conn_expire(&conn, now + 299 * SECOND));
	assert_true(zeek_conn_expire(&conn, now + 301 * SECOND));
	zeek_conn_release(&conn);
}

TEST(a_syn_on_a_used_tuple)
{
	const struct step open[] = { HANDSHAKE };
	struct zeek_packet syn = { .flags = S, .seq = 1000 };

	play(open, 3);
	assert_false(zeek_conn_is_reuse(&conn, &syn));
	syn.seq = 77;
	assert_true(zeek_conn_is_reuse(&conn, &syn));
	zeek_conn_release(&conn);
}

/* A sender that acknowledges nothing, and holes without number: memory is bounded. */
TEST(holes_are_bounded)
{
	const struct step open[] = { HANDSHAKE };
	struct step piece = { 0, A, 0, 1, 1 };

	play(open, 3);
	for (uint32_t i = 0; i < 5000; i++) {
		piece.seq = 10 + 3 * i;
		take(&piece);
	}
	assert_true(conn.end[0].skips_data);
	assert_null(conn.end[0].holes);
	zeek_conn_release(&conn);
}

TEST_MAIN()
