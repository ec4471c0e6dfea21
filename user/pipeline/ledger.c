// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/ledger.h"

#include <string.h>

#include "user/model/names.h"

enum counter_kind { KIND_LOSS, KIND_WIRE, KIND_CLOSE, KIND_NOTE };

struct counter_info {
	const char *name;
	enum counter_kind kind;
	const char *meaning;
};

#define COUNTER_INFO(id, name, kind, meaning) [COUNTER_##id] = { name, KIND_##kind, meaning },
static const struct counter_info counter_infos[] = { TRACER_COUNTERS(COUNTER_INFO) };

#define PREFIX "closetrace: "

static unsigned long long verdict_total(const struct ledger *ledger, int verdict)
{
	return ledger->counters.verdicts[verdict] + ledger->account.verdicts[verdict];
}

static unsigned long long endings_total(const struct ledger *ledger)
{
	unsigned long long total = 0;

	for (int i = 1; i < CLOSE_VERDICT_COUNT; i++)
		total += verdict_total(ledger, i);
	return total;
}

unsigned long long ledger_lost(const struct ledger *ledger)
{
	return ledger->counters.counts[COUNTER_CLOSE_LOST] + ledger->account.bad;
}

static void append_endings(struct strbuf *b, const struct ledger *ledger)
{
	const __u64 *counts = ledger->counters.counts;
	unsigned long long normal = counts[COUNTER_CLOSE_NORMAL] + ledger->account.normal;
	unsigned long long filtered = counts[COUNTER_CLOSE_FILTERED] + ledger->account.filtered;

	strbuf_appendf(b,
		       PREFIX "ledger: %llu endings = %llu shown + %llu"
			      " normal + %llu filtered out + %llu lost\n",
		       endings_total(ledger), ledger->account.shown, normal, filtered,
		       ledger_lost(ledger));
}

static void append_resets(struct strbuf *b, const struct ledger *ledger)
{
	const __u64 *c = ledger->counters.counts;
	unsigned long long sockets = c[COUNTER_RST_IN_SOCKET];
	unsigned long long accepted = c[COUNTER_RST_ACCEPTED];
	unsigned long long in = sockets + c[COUNTER_RST_IN_REQUEST] + c[COUNTER_RST_IN_TIME_WAIT] +
				c[COUNTER_RST_IN_NO_SOCKET] + c[COUNTER_RST_IN_FORWARDED];
	unsigned long long out = c[COUNTER_RST_OUT_SOCKET] + c[COUNTER_RST_OUT_STACK] +
				 c[COUNTER_RST_OUT_FIREWALL] + c[COUNTER_RST_OUT_FORWARDED];

	strbuf_appendf(b,
		       PREFIX "ledger: %llu RSTs in = %llu accepted + %llu"
			      " ignored + %llu half-open + %llu TIME_WAIT + %llu"
			      " no socket + %llu forwarded\n",
		       in, accepted, sockets > accepted ? sockets - accepted : 0,
		       c[COUNTER_RST_IN_REQUEST], c[COUNTER_RST_IN_TIME_WAIT],
		       c[COUNTER_RST_IN_NO_SOCKET], c[COUNTER_RST_IN_FORWARDED]);
	strbuf_appendf(b,
		       PREFIX "ledger: %llu RSTs out = %llu active + %llu"
			      " reply + %llu netfilter + %llu forwarded\n",
		       out, c[COUNTER_RST_OUT_SOCKET], c[COUNTER_RST_OUT_STACK],
		       c[COUNTER_RST_OUT_FIREWALL], c[COUNTER_RST_OUT_FORWARDED]);
}

static void append_verdicts(struct strbuf *b, const struct ledger *ledger)
{
	const char *separator = PREFIX "ledger: by verdict: ";

	for (int i = 1; i < CLOSE_VERDICT_COUNT; i++) {
		if (!verdict_total(ledger, i))
			continue;
		strbuf_appendf(b, "%s%llu %s", separator, verdict_total(ledger, i),
			       verdict_name(i));
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
	if (evicted)
		strbuf_appendf(b,
			       PREFIX "note: flows_evicted %llu (oldest flows that made room; "
				      "their packet counts are incomplete; --max-flows)\n",
			       evicted);
}

void ledger_append(struct strbuf *b, const struct ledger *ledger)
{
	append_endings(b, ledger);
	append_verdicts(b, ledger);
	if (ledger->wire_hooked)
		append_resets(b, ledger);
	append_losses(b, ledger);
}
