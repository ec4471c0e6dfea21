// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/names.h"

#include <errno.h>

#include "tests/harness/test.h"

struct list_case {
	const char *what;
	const struct word_list *words;
	uint8_t first;
	uint8_t count;
};

static const struct list_case lists[] = {
	{ "verdict", &verdict_words, 1, CLOSE_VERDICT_COUNT },
	{ "class", &class_words, 0, CLOSE_CLASS_COUNT },
	{ "cause", &cause_words, 0, CLOSE_CAUSE_COUNT },
	{ "initiator", &initiator_words, 0, CLOSE_INITIATOR_COUNT },
	{ "stage", &stage_words, 0, CLOSE_STAGE_COUNT },
	{ "confidence", &confidence_words, 0, CLOSE_CONFIDENCE_COUNT },
	{ "reason", &reset_reason_words, 0, RESET_REASON_COUNT },
	{ "drop reason", &drop_reason_words, 0, DROP_REASON_COUNT },
	{ "state", &tcp_state_words, 0, TCP_STATE_COUNT },
	{ "owner", &owner_source_words, 0, OWNER_SOURCE_COUNT },
	{ "evidence", &evidence_words, 0, EVIDENCE_BIT_COUNT },
};

#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

TEST(every_number_goes_to_its_name_and_back)
{
	size_t i, number;

	for (i = 0; i < LIST_COUNT; i++) {
		assert_int_equal(lists[i].words->count, lists[i].count);
		for (number = lists[i].first; number < lists[i].count; number++) {
			const char *name = lists[i].words->name((uint8_t)number);

			assert_true(*name);
			if (word_list_find(lists[i].words, name) != (int)number)
				fail_msg("%s %zu is %s, which is %d", lists[i].what, number, name,
					 word_list_find(lists[i].words, name));
		}
	}
}

TEST(numbers_of_no_list_are_unknown)
{
	size_t i, number;

	for (i = 0; i < LIST_COUNT; i++) {
		for (number = lists[i].count; number < 256; number++)
			assert_string_equal(lists[i].words->name((uint8_t)number), "unknown");
		assert_int_equal(word_list_find(lists[i].words, ""), -ENOENT);
		assert_int_equal(word_list_find(lists[i].words, "no_such_word"), -ENOENT);
		assert_int_equal(word_list_has_unknown(lists[i].words),
				 word_list_find(lists[i].words, "unknown") >= 0);
	}
	assert_string_equal(verdict_name(CLOSE_UNDECIDED), "unknown");
	assert_int_equal(verdict_from_name("unknown"), -ENOENT);
	assert_int_equal(verdict_from_name("peer_reset"), CLOSE_PEER_RESET);
	assert_int_equal(class_from_name("timeout"), CLOSE_CLASS_TIMEOUT);
}

TEST(meanings_exist_for_known_numbers_only)
{
	size_t number;

	for (number = 0; number < 256; number++) {
		uint8_t n = (uint8_t)number;

		assert_int_equal(*verdict_meaning(n) != 0, n >= 1 && n < CLOSE_VERDICT_COUNT);
		assert_int_equal(*cause_meaning(n) != 0, n < CLOSE_CAUSE_COUNT);
		assert_int_equal(*evidence_meaning(n) != 0, n < EVIDENCE_BIT_COUNT);
	}
	assert_string_equal(verdict_meaning(CLOSE_PEER_RESET),
			    "the peer sent a RST that was accepted");
}

TEST(verdicts_have_the_class_of_the_contract)
{
	assert_int_equal(class_of_verdict(CLOSE_FIN_NORMAL), CLOSE_CLASS_CLOSED);
	assert_int_equal(class_of_verdict(CLOSE_LOCAL_APP_ABORT), CLOSE_CLASS_RESET_LOCAL);
	assert_int_equal(class_of_verdict(CLOSE_LOCAL_FIREWALL), CLOSE_CLASS_PATH);
	assert_int_equal(class_of_verdict(CLOSE_PEER_REFUSED), CLOSE_CLASS_REFUSED);
	assert_int_equal(class_of_verdict(CLOSE_ORPHAN_MID), CLOSE_CLASS_UNKNOWN);
	assert_int_equal(class_of_verdict(CLOSE_UNDECIDED), CLOSE_CLASS_UNKNOWN);
	assert_int_equal(class_of_verdict(255), CLOSE_CLASS_UNKNOWN);
}

TEST(errors_have_the_names_of_errno_h)
{
	static const struct {
		int number;
		const char *name;
	} errors[] = {
		{ ECONNRESET, "ECONNRESET" },
		{ ETIMEDOUT, "ETIMEDOUT" },
		{ EPIPE, "EPIPE" },
		{ ECONNREFUSED, "ECONNREFUSED" },
		{ EHOSTUNREACH, "EHOSTUNREACH" },
		{ ENETUNREACH, "ENETUNREACH" },
		{ ECONNABORTED, "ECONNABORTED" },
		{ EACCES, "EACCES" },
		{ EHOSTDOWN, "EHOSTDOWN" },
		{ ENOPROTOOPT, "ENOPROTOOPT" },
		{ EPROTO, "EPROTO" },
		{ ENONET, "ENONET" },
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_string_equal(error_name((uint16_t)errors[i].number), errors[i].name);
		assert_int_equal(error_from_name(errors[i].name), errors[i].number);
	}
	assert_string_equal(error_name(0), "unknown");
	assert_string_equal(error_name(65535), "unknown");
	assert_int_equal(error_from_name("ENOSUCH"), -ENOENT);
}

TEST_MAIN()
