// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Zeek's word for a live ending, derived from the packets that were counted. */
#include "user/model/conn_state.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/model/zeek_summary.h"

/* SYN, SYN-ACK, FIN and RST of client and server, as counts. */
static const char *state_of(bool client_is_local, const uint32_t counts[6])
{
	struct close_record record = sample_record();
	struct close_evidence *e = &record.evidence;
	struct closed_connection c;

	e->seen = (e->seen & ~(EVIDENCE(CLIENT) | EVIDENCE(SERVER))) |
		  (client_is_local ? EVIDENCE(CLIENT) : EVIDENCE(SERVER));
	e->local_syn_count = counts[client_is_local ? 0 : 1];
	e->peer_syn_count = counts[client_is_local ? 1 : 0];
	e->local_fin_count = counts[client_is_local ? 2 : 3];
	e->peer_fin_count = counts[client_is_local ? 3 : 2];
	e->local_rst_count = counts[client_is_local ? 4 : 5];
	e->peer_rst_count = counts[client_is_local ? 5 : 4];
	c = sample_connection_of(&record);
	return conn_state_of(&c);
}

TEST(packets_give_the_word_whichever_end_is_here)
{
	static const struct {
		uint32_t counts[6];
		const char *word;
	} cases[] = {
		{ { 1, 0, 0, 0, 0, 0 }, "S0" },	  { { 1, 1, 0, 0, 0, 0 }, "S1" },
		{ { 1, 1, 1, 1, 0, 0 }, "SF" },	  { { 1, 1, 1, 1, 1, 0 }, "SF" },
		{ { 1, 0, 0, 0, 0, 1 }, "REJ" },  { { 1, 1, 0, 0, 0, 1 }, "RSTR" },
		{ { 1, 1, 0, 0, 1, 0 }, "RSTO" }, { { 1, 0, 0, 0, 1, 0 }, "RSTOS0" },
		{ { 1, 1, 1, 0, 0, 0 }, "S2" },	  { { 1, 1, 0, 1, 0, 0 }, "S3" },
		{ { 1, 0, 1, 0, 0, 0 }, "SH" },	  { { 1, 1, 1, 0, 0, 1 }, "RSTR" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(state_of(true, cases[i].counts), cases[i].word);
		assert_string_equal(state_of(false, cases[i].counts), cases[i].word);
	}
}

TEST(without_the_syn_there_is_none)
{
	static const uint32_t counts[6] = { 0, 0, 1, 1, 0, 0 };

	assert_null(state_of(true, counts));
}

TEST(a_replay_has_the_word_of_zeeks_own_rules)
{
	struct closed_connection c = sample_connection_empty();
	struct zeek_summary zeek = { .state = "SHR" };

	assert_null(conn_state_of(&c));
	c.zeek = &zeek;
	assert_string_equal(conn_state_of(&c), "SHR");
}

TEST_MAIN()
