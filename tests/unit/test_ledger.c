// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/ledger.h"

#include <string.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/pipeline/ledger_rows.h"
#include "user/render/forms.h"

/* The ledger in a buffer that the next call overwrites. */
static const char *text_of(const struct ledger *ledger)
{
	static struct strbuf b;

	strbuf_reset(&b);
	ledger_append(&b, ledger);
	assert_false(b.failed);
	return b.data;
}

static void assert_line(const struct ledger *ledger, const char *line)
{
	char wanted[512];
	const char *text = text_of(ledger);

	snprintf(wanted, sizeof(wanted), "closetrace: %s\n", line);
	if (!strstr(text, wanted))
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void assert_no(const struct ledger *ledger, const char *words)
{
	if (strstr(text_of(ledger), words))
		fail_msg("\"%s\" in\n%s", words, text_of(ledger));
}

/* One abort between two sockets of this host, one refusal: three endings shown, one normal. */
static struct ledger ledger_of_a_quiet_day(void)
{
	struct ledger ledger = { .wire_hooked = true };
	struct kernel_account *kernel = &ledger.kernel;
	__u64 *counts = ledger.counters.counts;

	ledger.counters.verdicts[CLOSE_LOCAL_APP_ABORT] = 1;
	ledger.counters.verdicts[CLOSE_PEER_RESET] = 1;
	ledger.counters.verdicts[CLOSE_LOCAL_REFUSED] = 1;
	ledger.counters.verdicts[CLOSE_FIN_NORMAL] = 1;
	counts[COUNTER_CLOSE_NORMAL] = 1;
	counts[COUNTER_RST_IN_SOCKET] = 1;
	counts[COUNTER_RST_ACCEPTED] = 1;
	counts[COUNTER_RST_OUT_SOCKET] = 1;
	counts[COUNTER_RST_OUT_STACK] = 1;
	counts[COUNTER_RST_REPLY_TRACED] = 1;
	ledger.counters.snmp[SNMP_ESTAB_RESETS] = 2;
	ledger.counters.snmp[SNMP_ABORT_ON_DATA] = 1;
	ledger.account.shown = 3;
	kernel->is_known = true;
	kernel->after = ledger.counters;
	kernel->present = (1u << SNMP_COUNT) - 1;
	kernel->namespaces = 1;
	kernel->gained[SNMP_OUT_RSTS] = 2;
	kernel->gained[SNMP_ESTAB_RESETS] = 2;
	kernel->gained[SNMP_ABORT_ON_DATA] = 1;
	return ledger;
}

TEST(a_quiet_day_adds_up)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	assert_string_equal(
		text_of(&ledger),
		"closetrace: ledger: 4 endings = 3 shown + 1 normal + 0 filtered out + 0 lost\n"
		"closetrace: ledger: by verdict: 1 fin_normal, 1 local_app_abort, 1 local_refused, "
		"1 peer_reset\n"
		"closetrace: ledger: 1 RSTs in = 1 accepted + 0 ignored + 0 half-open + 0 "
		"TIME_WAIT + 0 no socket + 0 forwarded\n"
		"closetrace: ledger: 2 RSTs out = 1 active + 1 reply + 0 netfilter + 0 forwarded\n"
		"closetrace: kernel: OutRsts 2 = 1 active + 1 reply, difference 0\n"
		"closetrace: kernel: EstabResets 2, here 2, difference 0\n"
		"closetrace: kernel: TCPAbortOnData 1, here 1, difference 0\n");
}

TEST(a_difference_is_printed_with_what_may_be_its_reason)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	ledger.kernel.gained[SNMP_OUT_RSTS] = 5;
	assert_line(&ledger, "kernel: OutRsts 5 = 1 active + 1 reply, difference 3");
	assert_line(&ledger, "kernel: known reasons for a difference: none");
	ledger.counters.counts[COUNTER_RST_REPLY_TRACED] = 0;
	assert_line(&ledger,
		    "kernel: known reasons for a difference: replies that a rule kept here, "
		    "not traced before 6.10");
	ledger.kernel.gained[SNMP_OUT_RSTS] = 2;
	ledger.kernel.gained[SNMP_ESTAB_RESETS] = 1;
	ledger.kernel.went = 2;
	ledger.kernel.is_moving = true;
	assert_line(&ledger, "kernel: EstabResets 1, here 2, difference -1");
	assert_line(&ledger, "kernel: known reasons for a difference: connections that ended while "
			     "the counters were read; 2 namespaces that went, whose counters went "
			     "with them");
}

TEST(resets_that_never_left_are_a_term_of_their_own)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	ledger.kernel.gained[SNMP_OUT_RSTS] = 5;
	ledger.kernel.gained[SNMP_ABORT_FAILED] = 1;
	ledger.kernel.after.counts[COUNTER_RST_REPLY_TRACED] = 3;
	assert_line(&ledger, "kernel: OutRsts 5 = 1 active + 1 reply + 3 that never left, "
			     "difference 0");
	assert_no(&ledger, "known reasons");
}

TEST(only_what_passed_between_the_two_looks_is_compared)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	ledger.kernel.before.counts[COUNTER_RST_OUT_SOCKET] = 1;
	ledger.kernel.before.snmp[SNMP_ESTAB_RESETS] = 2;
	ledger.kernel.gained[SNMP_OUT_RSTS] = 1;
	ledger.kernel.gained[SNMP_ESTAB_RESETS] = 0;
	assert_line(&ledger, "kernel: OutRsts 1 = 0 active + 1 reply, difference 0");
	assert_no(&ledger, "EstabResets");
	/* What user space found out later counts, too. */
	ledger.account.snmp[SNMP_ABORT_ON_DATA] = -1;
	assert_line(&ledger, "kernel: TCPAbortOnData 1, here 0, difference 1");
}

TEST(no_equality_is_claimed_without_all_packets)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	ledger.wire_partly = true;
	assert_line(&ledger, "kernel: OutRsts 2 (not all interfaces are watched)");
	ledger.wire_hooked = false;
	assert_line(&ledger, "kernel: OutRsts 2 (packets are not watched)");
	assert_no(&ledger, "RSTs in");
	ledger.kernel.is_known = false;
	assert_no(&ledger, "kernel:");
}

TEST(what_does_not_add_up_is_said)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	ledger.account.shown = 1;
	assert_line(&ledger, "note: the endings do not add up: 2 not accounted for");
	ledger.account.beyond = 1;
	ledger.outlet_count = 1;
	ledger.outlet_names[0] = "stdout";
	ledger.outlets[0] = (struct outlet_account){ .offered = 2,
						     .written = 1,
						     .lost = { [OUTLET_LOSS_FAILED] = 1 } };
	assert_line(&ledger, "ledger: 4 endings = 1 shown + 1 normal + 0 filtered out + 1 beyond "
			     "--count + 1 not written + 0 lost");
	assert_line(&ledger, "ledger: stdout: 2 endings offered = 1 written + 1 lost (1: could not "
			     "be written)");
	assert_no(&ledger, "add up");
	ledger.kernel.after.counts[COUNTER_RST_ACCEPTED] = 3;
	assert_line(&ledger,
		    "note: 2 more RSTs were accepted than were seen coming in for a socket");
}

TEST(each_of_several_outlets_has_its_account)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	ledger.outlet_count = 1;
	ledger.outlet_names[0] = "stdout";
	ledger.outlets[0].offered = ledger.outlets[0].written = ledger.account.shown;
	assert_no(&ledger, "offered");
	ledger.outlet_count = 2;
	ledger.outlet_names[1] = "ndjson:/tmp/\033[2J";
	ledger.outlets[1] = (struct outlet_account){
		.offered = 9,
		.written = 2,
		.skipped = 3,
		.lost = { [OUTLET_LOSS_FULL] = 3, [OUTLET_LOSS_LATE] = 1 },
	};
	assert_line(&ledger, "ledger: ndjson:/tmp/\\x1b[2J: 9 endings offered = 2 written + 3 that "
			     "have no place there + 4 lost (3: its queue was full; 1: still in its "
			     "queue at the end)");
}

TEST(skipped_runs_and_waiting_closes_are_named)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	assert_no(&ledger, "not shown");
	ledger.skipped_runs = 7;
	ledger.counters.counts[COUNTER_TRANSITION_MISSED] = 5;
	ledger.waiting = 2;
	assert_line(&ledger,
		    "not shown by the kernel: 5 state changes, made up for by later events; 7 "
		    "program runs skipped (recursion)");
	assert_line(&ledger,
		    "note: 2 closes still waited for the peer and are not among the endings");
}

TEST(grouped_endings_are_a_part_of_their_own)
{
	struct ledger ledger = ledger_of_a_quiet_day();

	assert_no(&ledger, "grouped");
	ledger.counters.verdicts[CLOSE_LOCAL_REFUSED] = 1001;
	ledger.counters.counts[COUNTER_CLOSE_GROUPED] = 1000;
	ledger.account.taken = 1000;
	ledger.account.grouped = 1000;
	ledger.account.storms = 2;
	assert_line(&ledger,
		    "ledger: 1004 endings = 3 shown + 1000 grouped + 1 normal + 0 filtered "
		    "out + 0 lost");
	assert_no(&ledger, "add up");
	/* A group that made room took its count with it: it is not lost, but in no record. */
	ledger.account.taken = ledger.account.grouped = 990;
	assert_line(&ledger,
		    "ledger: 1004 endings = 3 shown + 1000 grouped + 1 normal + 0 filtered "
		    "out + 0 lost");
	assert_line(&ledger,
		    "note: grouped_untold 10 (grouped endings that are in no record: their "
		    "groups made room for others)");
	assert_no(&ledger, "add up");
}

TEST(rows_are_the_lines_and_every_equation_holds)
{
	static struct ledger_row rows[LEDGER_ROWS_MOST];
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	_cleanup_(form_close) struct form *form = NULL;
	uint64_t total[LEDGER_EQUATION_COUNT] = { 0 }, sum[LEDGER_EQUATION_COUNT] = { 0 };
	struct ledger ledger = {};
	size_t count;

	ledger.counters.verdicts[CLOSE_PEER_RESET] = 9;
	ledger.counters.verdicts[CLOSE_FIN_NORMAL] = 4;
	ledger.counters.counts[COUNTER_CLOSE_LOST] = 2;
	ledger.counters.counts[COUNTER_CLOSE_NORMAL] = 4;
	ledger.account.shown = 7;
	ledger.counters.counts[COUNTER_RST_IN_SOCKET] = 8;
	ledger.counters.counts[COUNTER_RST_ACCEPTED] = 5;
	ledger.counters.counts[COUNTER_RST_IN_FORWARDED] = 1;
	ledger.counters.counts[COUNTER_RST_OUT_STACK] = 3;
	count = ledger_rows(&ledger, rows);
	assert_int_equal(count, LEDGER_LINE_COUNT + CLOSE_VERDICT_COUNT - 1 + COUNTER_COUNT);
	for (size_t i = 0; i < count; i++) {
		uint64_t *place = rows[i].is_total ? total : sum;

		assert_true(rows[i].name[0] && rows[i].meaning[0]);
		/* The database knows a row by its name. */
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(rows[i].name, rows[other].name);
		place[rows[i].equation] += rows[i].value;
	}
	for (int i = 1; i < LEDGER_EQUATION_COUNT; i++)
		assert_int_equal(total[i], sum[i]);
	assert_int_equal(total[LEDGER_EQUATION_ENDINGS], 13);
	assert_int_equal(total[LEDGER_EQUATION_RSTS_IN], 9);
	assert_int_equal(form_open(&ndjson_form_ops,
				   &(struct form_options){ .type = &ledger_row_type }, &form),
			 0);
	form_append(form, &b, &rows[LEDGER_SHOWN]);
	assert_string_equal(b.data, "{\"name\":\"shown\",\"value\":7,\"equation\":\"endings\","
				    "\"meaning\":\"written by themselves\"}\n");
}

TEST_MAIN()
