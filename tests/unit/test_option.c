// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/test.h"
#include "user/command/doctor_options.h"
#include "user/command/flows_options.h"
#include "user/command/record_options.h"
#include "user/command/replay_options.h"
#include "user/command/report_options.h"
#include "user/command/trace_options.h"
#include "user/option/option_value.h"

static const struct option_table *const tables[] = {
	&trace_option_table,  &flows_option_table,  &top_option_table,	  &replay_option_table,
	&doctor_option_table, &record_option_table, &report_option_table,
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* -- what every row must be ------------------------------------------------------------------ */
TEST(names_and_letters_are_told_apart_in_every_table)
{
	struct option_place place, other;

	for (size_t t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; option_place_at(tables[t], i, &place); i++)
			for (size_t j = 0; j < i && option_place_at(tables[t], j, &other); j++) {
				assert_string_not_equal(place.row->name, other.row->name);
				assert_true(!place.row->letter ||
					    place.row->letter != other.row->letter);
			}
}

TEST(what_a_command_takes_of_a_group_is_in_the_group)
{
	for (size_t t = 0; t < TABLE_COUNT; t++)
		for (size_t u = 0; u < tables[t]->use_count; u++) {
			const struct option_use *use = &tables[t]->uses[u];
			char name[64];

			for (const char *at = use->only; at && *at; at += strspn(at, " ")) {
				size_t len = strcspn(at, " ");
				bool is_there = false;

				snprintf(name, sizeof(name), "%.*s", (int)len, at);
				for (size_t i = 0; i < use->group->count; i++)
					is_there |= !strcmp(use->group->rows[i].name, name);
				if (!is_there)
					fail_msg("no row %s in its group", name);
				assert_non_null(option_find(tables[t], name));
				at += len;
			}
		}
}

static void assert_row_is_whole(const struct option_row *row)
{
	assert_true(row->section < OPTION_SECTION_COUNT);
	assert_true(islower((unsigned char)*row->help));
	assert_int_not_equal(row->help[strlen(row->help) - 1], '.');
	if (row->more)
		assert_int_equal(row->more[strlen(row->more) - 1], '.');
	assert_int_equal(row->type == OPTION_FLAG, !row->metavar);
	assert_true(row->type != OPTION_WORD || row->words);
	if (row->parse)
		return;
	if (row->type == OPTION_FLAG)
		assert_int_equal(row->size, sizeof(bool));
	if (row->type == OPTION_WORD)
		assert_int_equal(row->size, sizeof(unsigned int));
	if (row->type == OPTION_TEXT || row->type == OPTION_FILE)
		assert_int_equal(row->size, sizeof(char *));
	if (row->type == OPTION_LIST)
		assert_int_equal(row->size, sizeof(struct option_list));
	if (row->type == OPTION_NUMBER || row->type == OPTION_SIZE || row->type == OPTION_TIME)
		assert_true(row->size == sizeof(uint64_t) ||
			    (row->most && row->most < 1ull << (8 * row->size)));
}

TEST(every_row_fits_its_target_and_says_what_it_is)
{
	struct option_place place;

	for (size_t t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; option_place_at(tables[t], i, &place); i++) {
			assert_row_is_whole(place.row);
			assert_true(place.offset + place.row->offset + place.row->size <=
				    tables[t]->size);
		}
}

/* -- parsing --------------------------------------------------------------------------------- */
static struct trace_options trace;
static struct option_unknown unknown;

/* What is no option stays in `words` until the next one. */
static char *words[16];

static int parse_words(const struct option_table *table, void *ret, size_t count,
		       const char *const *given)
{
	size_t used = 0;

	words[used++] = (char *)"command";
	for (size_t i = 0; i < count; i++)
		words[used++] = (char *)given[i];
	words[used] = NULL;
	return option_parse(table, (int)used, words, ret, &unknown);
}

#define PARSE(table, ret, ...)                                                                     \
	({                                                                                         \
		const char *const given_[] = { __VA_ARGS__ };                                      \
		parse_words(&(table), &(ret), sizeof(given_) / sizeof(given_[0]), given_);         \
	})

TEST(values_go_where_the_rows_say)
{
	assert_int_equal(PARSE(trace_option_table, trace, "--pid", "812", "--ring=8K", "-ad5s",
			       "--host", "10.0.0.0/8", "--netns", "a,b", "--hook", "tc", "--port",
			       "5432"),
			 0);
	assert_int_equal(trace.source.tracer.config.pid, 812);
	assert_int_equal(trace.source.tracer.config.port, HOST_TO_NET_16(5432));
	assert_int_equal(trace.source.tracer.ring_bytes, 8192);
	assert_int_equal(trace.source.tracer.hook, HOOK_TC);
	assert_int_equal(trace.source.tracer.netns_count, 2);
	assert_string_equal(trace.source.tracer.netns[1], "b");
	assert_int_equal(trace.output.duration_ns, 5000000000);
	assert_int_equal(trace.source.tracer.config.flags, TRACER_SHOW_ALL | TRACER_FILTER_PID |
								   TRACER_FILTER_HOST |
								   TRACER_FILTER_PORT);
	option_release(&trace_option_table, &trace);
}

TEST(nothing_given_is_the_defaults)
{
	struct flows_options flows;
	struct replay_command_options replay;

	assert_int_equal(PARSE(trace_option_table, trace), 0);
	assert_int_equal(trace.source.tracer.config.flags, 0);
	assert_int_equal(trace.source.tracer.config.storm_rate, 10);
	assert_int_equal(trace.output.request_count, 1);
	assert_string_equal(trace.output.requests[0].form->name, "table");
	assert_int_equal(PARSE(flows_option_table, flows), 0);
	assert_int_equal(flows.counts.interval_ns, 1000000000);
	assert_int_equal(PARSE(replay_option_table, replay, "-"), 0);
	assert_int_equal(replay.max_flows, 262144);
}

TEST(a_list_given_again_replaces_the_one_before)
{
	assert_int_equal(PARSE(trace_option_table, trace, "--netns", "a,b", "--netns", "c", "-i",
			       "x", "-i", "auto"),
			 0);
	assert_int_equal(trace.source.tracer.netns_count, 1);
	assert_int_equal(trace.source.tracer.interface_count, 0);
	option_release(&trace_option_table, &trace);
}

TEST(json_means_one_object_a_line)
{
	assert_int_equal(PARSE(trace_option_table, trace, "-o", "json"), 0);
	assert_string_equal(trace.output.requests[0].form->name, "ndjson");
}

TEST(what_is_wrong_is_refused)
{
	static const char *const wrong[][2] = {
		{ "--pid", "0" },
		{ "--pid", "2147483648" },
		{ "--port", "0" },
		{ "--port", "65536" },
		{ "--ring", "5000" },
		{ "--ring", "2K" },
		{ "--packets", "3" },
		{ "--packets", "66" },
		{ "--hook", "" },
		{ "--comm", "sixteen-letters." },
		{ "--count", "0" },
		{ "--duration", "0s" },
		{ "--host", "10.0.0.0/33" },
		{ "--netns", "a,,b" },
		{ "--container", "" },
		{ "--output", "xml" },
		{ "--output", "ndjson:" },
		{ "--output", "" },
		{ "--zones", "" },
		{ "--write-size", "1K" },
		{ "--storm-rate", "-1" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (PARSE(trace_option_table, trace, wrong[i][0], wrong[i][1]) != -EINVAL)
			fail_msg("%s \"%s\" was taken", wrong[i][0], wrong[i][1]);
		option_release(&trace_option_table, &trace);
	}
}

TEST(an_unknown_option_is_named_as_it_was_given)
{
	assert_int_equal(PARSE(trace_option_table, trace, "word", "--by=client"), -ENOENT);
	assert_string_equal(unknown.word, "--by");
	assert_int_equal(PARSE(trace_option_table, trace, "-ab"), -ENOENT);
	assert_string_equal(unknown.word, "-b");
	assert_int_equal(PARSE(trace_option_table, trace, "--all=1"), -EINVAL);
	assert_int_equal(PARSE(trace_option_table, trace, "--port"), -EINVAL);
}

TEST(help_needs_nothing_else)
{
	struct replay_command_options replay;

	assert_int_equal(PARSE(replay_option_table, replay, "--help"), 0);
	assert_true(replay.common.help);
}

TEST(words_are_for_those_who_take_them)
{
	struct replay_command_options replay;
	struct flows_options flows;

	assert_int_equal(PARSE(flows_option_table, flows, "-1", "word"), -ENOENT);
	assert_string_equal(unknown.word, "word");
	assert_int_equal(PARSE(trace_option_table, trace, "port", "-a", "443"), 0);
	assert_int_equal(trace.filter.word_count, 2);
	assert_int_equal(PARSE(replay_option_table, replay, "a", "-a", "b"), 0);
	assert_int_equal(replay.common.word_count, 2);
	assert_string_equal(replay.common.words[1], "b");
}

TEST_MAIN()
