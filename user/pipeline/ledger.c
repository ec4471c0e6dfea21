// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/ledger.h"

#include <string.h>

#include "user/base/json_text.h"
#include "user/model/names.h"
#include "user/pipeline/ledger_rows.h"

enum counter_kind { KIND_LOSS, KIND_WIRE, KIND_CLOSE, KIND_NOTE };

struct counter_info {
	const char *name;
	enum counter_kind kind;
	const char *meaning;
};

#define COUNTER_INFO(id, name, kind, meaning) [COUNTER_##id] = { name, KIND_##kind, meaning },
static const struct counter_info counter_infos[] = { TRACER_COUNTERS(COUNTER_INFO) };

#define SNMP_NAME(id, name) [SNMP_##id] = name,
static const char *const snmp_names[SNMP_COUNT] = { SNMP_OF_ENDINGS(SNMP_NAME)
							    SNMP_OTHERS(SNMP_NAME) };

#define PREFIX "closetrace: "

uint64_t ledger_verdict_total(const struct ledger *ledger, int verdict)
{
	return ledger->counters.verdicts[verdict] + ledger->account.verdicts[verdict];
}

uint64_t ledger_grouped_untold(const struct ledger *ledger)
{
	return ledger->counters.counts[COUNTER_CLOSE_GROUPED] - ledger->account.taken;
}

unsigned long long ledger_lost(const struct ledger *ledger)
{
	return ledger->counters.counts[COUNTER_CLOSE_LOST] + ledger->account.bad;
}

static void append_line(struct strbuf *b, const uint64_t *values, enum ledger_equation equation)
{
	strbuf_append_str(b, PREFIX "ledger: ");
	ledger_append_equation(b, values, equation);
	strbuf_append_char(b, '\n');
}

static void append_endings(struct strbuf *b, const struct ledger *ledger, const uint64_t *values)
{
	int64_t missing = ledger_difference(values, LEDGER_EQUATION_ENDINGS);
	unsigned long long untold = ledger_grouped_untold(ledger);

	append_line(b, values, LEDGER_EQUATION_ENDINGS);
	if (missing)
		strbuf_appendf(b,
			       PREFIX "note: the endings do not add up: %lld not accounted for\n",
			       (long long)missing);
	if (untold)
		strbuf_appendf(b,
			       PREFIX "note: grouped_untold %llu (grouped endings that are in no "
				      "record: their groups made room for others)\n",
			       untold);
	if (ledger->waiting)
		strbuf_appendf(b,
			       PREFIX "note: %llu closes still waited for the peer and are not "
				      "among the endings\n",
			       (unsigned long long)ledger->waiting);
}

#define LOSS_WORDS(id, words) [OUTLET_LOSS_##id] = words,
static const char *const loss_words[] = { OUTLET_LOSSES(LOSS_WORDS) };

static void append_outlet(struct strbuf *b, const char *name, const struct outlet_account *account)
{
	const char *separator = " (";

	strbuf_append_str(b, PREFIX "ledger: ");
	text_append_printable(b, name, strlen(name));
	strbuf_appendf(b, ": %llu endings offered = %llu written",
		       (unsigned long long)account->offered, (unsigned long long)account->written);
	if (account->skipped)
		strbuf_appendf(b, " + %llu that have no place there",
			       (unsigned long long)account->skipped);
	strbuf_appendf(b, " + %llu lost", (unsigned long long)outlet_account_lost(account));
	for (int i = 0; i < OUTLET_LOSS_COUNT; i++) {
		if (!account->lost[i])
			continue;
		strbuf_appendf(b, "%s%llu: %s", separator, (unsigned long long)account->lost[i],
			       loss_words[i]);
		separator = "; ";
	}
	strbuf_append_str(b, *separator == ';' ? ")\n" : "\n");
}

void ledger_append_outlets(struct strbuf *b, const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->outlet_count; i++)
		append_outlet(b, ledger->outlet_names[i], &ledger->outlets[i]);
}

static void append_not_watched(struct strbuf *b, const struct ledger *ledger)
{
	unsigned long long hooked = ledger->interfaces_hooked, waiting = ledger->interfaces_waiting,
			   failed = ledger->interfaces_failed;

	if (waiting || failed)
		strbuf_appendf(b,
			       PREFIX
			       "note: watched %llu of %llu interfaces: %llu were still to be "
			       "hooked, %llu could not be\n",
			       hooked, hooked + waiting + failed, waiting, failed);
	if (ledger->namespaces_closed)
		strbuf_appendf(b,
			       PREFIX "note: network namespaces not watched: %llu, because to "
				      "enter them takes CAP_SYS_ADMIN\n",
			       (unsigned long long)ledger->namespaces_closed);
}

static void append_resets(struct strbuf *b, const uint64_t *values)
{
	int64_t more = -ledger_difference(values, LEDGER_EQUATION_RSTS_IN);

	append_line(b, values, LEDGER_EQUATION_RSTS_IN);
	if (more)
		strbuf_appendf(b,
			       PREFIX "note: %lld more RSTs were accepted than were seen "
				      "coming in for a socket\n",
			       (long long)more);
	append_line(b, values, LEDGER_EQUATION_RSTS_OUT);
}

static void append_verdicts(struct strbuf *b, const struct ledger *ledger)
{
	const char *separator = PREFIX "ledger: by verdict: ";

	for (int i = 1; i < CLOSE_VERDICT_COUNT; i++) {
		unsigned long long total = ledger_verdict_total(ledger, i);

		if (!total)
			continue;
		strbuf_appendf(b, "%s%llu %s", separator, total, verdict_name(i));
		separator = ", ";
	}
	if (*separator == ',')
		strbuf_append_char(b, '\n');
}

static void append_losses(struct strbuf *b, const struct ledger *ledger)
{
	const __u64 *counts = ledger->counters.counts;
	unsigned long long kept = ledger->flows_present + counts[COUNTER_FLOWS_DELETED];
	unsigned long long evicted =
		counts[COUNTER_FLOWS_INSERTED] > kept ? counts[COUNTER_FLOWS_INSERTED] - kept : 0;

	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counter_infos[i].kind == KIND_LOSS && counts[i])
			strbuf_appendf(b, PREFIX "lost: %s %llu (%s)\n", counter_infos[i].name,
				       counts[i], counter_infos[i].meaning);
	if (ledger->account.bad)
		strbuf_appendf(b, PREFIX "lost: bad_record %llu (records that made no sense)\n",
			       ledger->account.bad);
	if (ledger->hooks_repaired)
		strbuf_appendf(b,
			       PREFIX "note: hooks_repaired %llu (packet hooks that somebody else "
				      "took off; what passed until they were on again was not "
				      "seen)\n",
			       (unsigned long long)ledger->hooks_repaired);
	if (evicted)
		strbuf_appendf(b,
			       PREFIX "note: flows_evicted %llu (oldest flows that made room; "
				      "their packet counts are incomplete; --max-flows)\n",
			       evicted);
}

static long long gained_here(const struct ledger *ledger, enum tracer_counter id)
{
	return ledger->kernel.after.counts[id] - ledger->kernel.before.counts[id];
}

static bool snmp_has(const struct kernel_account *kernel, enum snmp_counter id)
{
	return kernel->present >> id & 1;
}

/*
 * OutRsts: what left, and what the kernel counted but a firewall rule, a missing route or a
 * lack of memory kept here. Replies are traced before they leave, from 6.10 on.
 */
static long long append_out_rsts(struct strbuf *b, const struct ledger *ledger)
{
	const struct kernel_account *kernel = &ledger->kernel;
	long long counted = kernel->gained[SNMP_OUT_RSTS];
	long long active = gained_here(ledger, COUNTER_RST_OUT_SOCKET);
	long long reply = gained_here(ledger, COUNTER_RST_OUT_STACK);
	long long kept = kernel->gained[SNMP_ABORT_FAILED];
	long long traced = gained_here(ledger, COUNTER_RST_REPLY_TRACED), off;

	if (!snmp_has(kernel, SNMP_OUT_RSTS) || (!counted && !active && !reply))
		return 0;
	strbuf_appendf(b, PREFIX "kernel: OutRsts %lld", counted);
	if (!ledger->wire_hooked || ledger->wire_partly) {
		strbuf_append_str(b, ledger->wire_hooked ? " (not all interfaces are watched)\n" :
							   " (packets are not watched)\n");
		return 0;
	}
	if (traced > reply)
		kept += traced - reply;
	off = counted - active - reply - kept;
	strbuf_appendf(b, " = %lld active + %lld reply", active, reply);
	if (kept)
		strbuf_appendf(b, " + %lld that never left", kept);
	strbuf_appendf(b, ", difference %lld\n", off);
	return off;
}

/* Those that endings raise: theirs, ours, and the difference. True when there is one. */
static bool append_snmp_of_endings(struct strbuf *b, const struct ledger *ledger)
{
	const struct kernel_account *kernel = &ledger->kernel;
	bool is_off = false;

	for (int i = 0; i < SNMP_OF_ENDINGS_COUNT; i++) {
		long long theirs = kernel->gained[i];
		long long ours =
			kernel->after.snmp[i] - kernel->before.snmp[i] + ledger->account.snmp[i];

		if (!snmp_has(kernel, i) || (!theirs && !ours))
			continue;
		strbuf_appendf(b, PREFIX "kernel: %s %lld, here %lld, difference %lld\n",
			       snmp_names[i], theirs, ours, theirs - ours);
		is_off |= theirs != ours;
	}
	return is_off;
}

static void append_snmp_others(struct strbuf *b, const struct ledger *ledger)
{
	const struct kernel_account *kernel = &ledger->kernel;
	unsigned long long overflows = kernel->gained[SNMP_LISTEN_OVERFLOWS];
	unsigned long long timeouts = kernel->gained[SNMP_TIMEOUTS];

	if (overflows)
		strbuf_appendf(b,
			       PREFIX
			       "kernel: ListenOverflows %llu (SYNs and final ACKs that full accept "
			       "queues dropped; told in %llu endings)\n",
			       overflows,
			       (unsigned long long)ledger_verdict_total(
				       ledger, CLOSE_LOCAL_LISTEN_OVERFLOW));
	if (timeouts)
		strbuf_appendf(b,
			       PREFIX
			       "kernel: TCPTimeouts %llu, of connections that went on, too\n",
			       timeouts);
}

/* What is known to make a difference, and was the case here. */
static void append_reasons(struct strbuf *b, const struct ledger *ledger, long long rsts_off)
{
	const struct kernel_account *kernel = &ledger->kernel;
	const __u64 *counts = ledger->counters.counts;
	size_t begin;

	strbuf_append_str(b, PREFIX "kernel: known reasons for a difference:");
	begin = b->len;
	if (rsts_off > 0 && !ledger->counters.counts[COUNTER_RST_REPLY_TRACED])
		strbuf_append_str(b, " replies that a rule kept here, not traced before 6.10;");
	if (kernel->is_moving)
		strbuf_append_str(b, " connections that ended while the counters were read;");
	if (kernel->came)
		strbuf_appendf(b, " %u namespaces that came later, counted from their first sight;",
			       kernel->came);
	if (kernel->went)
		strbuf_appendf(b, " %u namespaces that went, whose counters went with them;",
			       kernel->went);
	if (kernel->unread)
		strbuf_appendf(b, " %u namespaces that cannot be read;", kernel->unread);
	if (ledger->hooks_repaired)
		strbuf_append_str(b, " packet hooks that somebody took off;");
	if (ledger->skipped_runs)
		strbuf_append_str(b, " program runs that the kernel skipped;");
	if (counts[COUNTER_TRANSITION_MISSED])
		strbuf_appendf(b, " %llu state changes that the kernel did not show;",
			       (unsigned long long)counts[COUNTER_TRANSITION_MISSED]);
	if (counts[COUNTER_SOCKET_UNKNOWN] || counts[COUNTER_SOCKET_STORAGE_FAILED])
		strbuf_append_str(b, " sockets that were not known;");
	if (ledger->waiting)
		strbuf_append_str(b, " closes that still wait;");
	if (counts[COUNTER_CLOSE_GROUPED] && ledger->account.amend_late)
		strbuf_append_str(b, " endings that were grouped before all was known of them;");
	if (b->len == begin)
		strbuf_append_str(b, " none");
	else
		b->len--, b->data[b->len] = '\0';
	strbuf_append_char(b, '\n');
}

static void append_kernel(struct strbuf *b, const struct ledger *ledger)
{
	long long rsts_off;
	bool is_off;

	if (!ledger->kernel.is_known)
		return;
	rsts_off = append_out_rsts(b, ledger);
	is_off = append_snmp_of_endings(b, ledger);
	append_snmp_others(b, ledger);
	if (rsts_off || is_off)
		append_reasons(b, ledger, rsts_off);
}

static void append_not_shown(struct strbuf *b, const struct ledger *ledger)
{
	unsigned long long missed = ledger->counters.counts[COUNTER_TRANSITION_MISSED];

	if (ledger->skipped_runs || missed)
		strbuf_appendf(b,
			       PREFIX "not shown by the kernel: %llu state changes, made up for by "
				      "later events; %llu program runs skipped (recursion)\n",
			       missed, (unsigned long long)ledger->skipped_runs);
}

void ledger_append(struct strbuf *b, const struct ledger *ledger)
{
	uint64_t values[LEDGER_LINE_COUNT];

	ledger_values(ledger, values);
	append_endings(b, ledger, values);
	if (ledger->outlet_count > 1 ||
	    (ledger->outlet_count && outlet_account_lost(&ledger->outlets[0])))
		ledger_append_outlets(b, ledger);
	append_verdicts(b, ledger);
	if (ledger->wire_hooked) {
		append_resets(b, values);
		append_not_watched(b, ledger);
	}
	append_kernel(b, ledger);
	append_not_shown(b, ledger);
	append_losses(b, ledger);
}

void ledger_append_counters(struct strbuf *b, const struct tracer_counters *counters)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counters->counts[i])
			strbuf_appendf(b, PREFIX "counter: %s %llu (%s)\n", counter_infos[i].name,
				       counters->counts[i], counter_infos[i].meaning);
}
