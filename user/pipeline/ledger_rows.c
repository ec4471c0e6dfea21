// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/ledger_rows.h"

#include <string.h>

#include "user/model/names.h"

struct line_info {
	const char *name;
	const char *words;
	const char *meaning;
	bool is_optional;
	uint8_t equation;
};

#define LINE_INFO(id, name, words, is_optional, equation, meaning)                                 \
	[LEDGER_##id] = { name, words, meaning, is_optional, LEDGER_EQUATION_##equation },
static const struct line_info lines[] = { LEDGER_LINES(LINE_INFO) };

static const uint8_t totals[LEDGER_EQUATION_COUNT] = {
	[LEDGER_EQUATION_ENDINGS] = LEDGER_ENDINGS,
	[LEDGER_EQUATION_RSTS_IN] = LEDGER_RSTS_IN,
	[LEDGER_EQUATION_RSTS_OUT] = LEDGER_RSTS_OUT,
};

static bool is_total(unsigned int line)
{
	return totals[lines[line].equation] == line;
}

/* -- values ------------------------------------------------------------------------------------ */
/* What the first outlet made of what it was offered; it is all shown where there is none. */
static void values_of_shown(const struct ledger *ledger, uint64_t *values)
{
	const struct outlet_account *first = &ledger->outlets[0];

	values[LEDGER_SHOWN] = ledger->account.shown;
	values[LEDGER_GROUPED] = ledger->account.grouped;
	if (ledger->outlet_count) {
		values[LEDGER_SHOWN] = first->written + first->skipped - first->grouped;
		values[LEDGER_GROUPED] = first->grouped;
		values[LEDGER_UNWRITTEN] = outlet_account_lost(first);
	}
	values[LEDGER_GROUPED] += ledger_grouped_untold(ledger);
}

static void values_of_endings(const struct ledger *ledger, uint64_t *values)
{
	const __u64 *counts = ledger->counters.counts;

	for (int i = 1; i < CLOSE_VERDICT_COUNT; i++)
		values[LEDGER_ENDINGS] += ledger_verdict_total(ledger, i);
	values_of_shown(ledger, values);
	values[LEDGER_NORMAL] = counts[COUNTER_CLOSE_NORMAL] + ledger->account.normal;
	values[LEDGER_FILTERED] = counts[COUNTER_CLOSE_FILTERED] + ledger->account.filtered;
	values[LEDGER_BEYOND] = ledger->account.beyond;
	values[LEDGER_LOST] = ledger_lost(ledger);
}

/*
 * Packets are counted between the two looks, when all programs were in place: while they are
 * put on or taken off, some see what others do not.
 */
static uint64_t packet_count(const struct ledger *ledger, enum tracer_counter id)
{
	const struct kernel_account *kernel = &ledger->kernel;

	return kernel->is_known ? kernel->after.counts[id] - kernel->before.counts[id] :
				  ledger->counters.counts[id];
}

static void values_of_resets(const struct ledger *ledger, uint64_t *values)
{
	uint64_t sockets = packet_count(ledger, COUNTER_RST_IN_SOCKET);
	uint64_t accepted = packet_count(ledger, COUNTER_RST_ACCEPTED);

	values[LEDGER_RSTS_ACCEPTED] = accepted;
	values[LEDGER_RSTS_IGNORED] = sockets > accepted ? sockets - accepted : 0;
	values[LEDGER_RSTS_HALF_OPEN] = packet_count(ledger, COUNTER_RST_IN_REQUEST);
	values[LEDGER_RSTS_TIME_WAIT] = packet_count(ledger, COUNTER_RST_IN_TIME_WAIT);
	values[LEDGER_RSTS_NO_SOCKET] = packet_count(ledger, COUNTER_RST_IN_NO_SOCKET);
	values[LEDGER_RSTS_IN_FORWARDED] = packet_count(ledger, COUNTER_RST_IN_FORWARDED);
	values[LEDGER_RSTS_IN] = sockets + values[LEDGER_RSTS_HALF_OPEN] +
				 values[LEDGER_RSTS_TIME_WAIT] + values[LEDGER_RSTS_NO_SOCKET] +
				 values[LEDGER_RSTS_IN_FORWARDED];
	values[LEDGER_RSTS_ACTIVE] = packet_count(ledger, COUNTER_RST_OUT_SOCKET);
	values[LEDGER_RSTS_REPLY] = packet_count(ledger, COUNTER_RST_OUT_STACK);
	values[LEDGER_RSTS_NETFILTER] = packet_count(ledger, COUNTER_RST_OUT_FIREWALL);
	values[LEDGER_RSTS_OUT_FORWARDED] = packet_count(ledger, COUNTER_RST_OUT_FORWARDED);
	values[LEDGER_RSTS_OUT] = values[LEDGER_RSTS_ACTIVE] + values[LEDGER_RSTS_REPLY] +
				  values[LEDGER_RSTS_NETFILTER] + values[LEDGER_RSTS_OUT_FORWARDED];
}

void ledger_values(const struct ledger *ledger, uint64_t ret[LEDGER_LINE_COUNT])
{
	memset(ret, 0, LEDGER_LINE_COUNT * sizeof(*ret));
	values_of_endings(ledger, ret);
	values_of_resets(ledger, ret);
}

void ledger_append_equation(struct strbuf *b, const uint64_t values[LEDGER_LINE_COUNT],
			    enum ledger_equation equation)
{
	const char *sign = " = ";

	for (unsigned int i = 0; i < LEDGER_LINE_COUNT; i++) {
		if (lines[i].equation != equation || (lines[i].is_optional && !values[i]))
			continue;
		if (!is_total(i)) {
			strbuf_append_str(b, sign);
			sign = " + ";
		}
		strbuf_append_u64(b, values[i]);
		strbuf_append_char(b, ' ');
		strbuf_append_str(b, lines[i].words);
	}
}

int64_t ledger_difference(const uint64_t values[LEDGER_LINE_COUNT], enum ledger_equation equation)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < LEDGER_LINE_COUNT; i++)
		if (lines[i].equation == equation && !is_total(i))
			sum += values[i];
	return (int64_t)(values[totals[equation]] - sum);
}

/* -- rows -------------------------------------------------------------------------------------- */
size_t ledger_rows(const struct ledger *ledger, struct ledger_row *rows)
{
#define COUNTER_ROW(id, word, kind, words)                                                         \
	rows[count++] = (struct ledger_row){                                                       \
		.name = (word),                                                                    \
		.meaning = (words),                                                                \
		.value = ledger->counters.counts[COUNTER_##id],                                    \
	};
	uint64_t values[LEDGER_LINE_COUNT];
	size_t count = 0;

	ledger_values(ledger, values);
	for (; count < LEDGER_LINE_COUNT; count++)
		rows[count] = (struct ledger_row){
			.name = lines[count].name,
			.meaning = lines[count].meaning,
			.value = values[count],
			.equation = lines[count].equation,
			.is_total = is_total((unsigned int)count),
		};
	for (int i = 1; i < CLOSE_VERDICT_COUNT; i++)
		rows[count++] = (struct ledger_row){
			.name = verdict_name((uint8_t)i),
			.meaning = "endings with this verdict",
			.value = ledger_verdict_total(ledger, i),
		};
	TRACER_COUNTERS(COUNTER_ROW)
	return count;
}

#define FIELD_ENUM(name, ...) FIELD_##name,
enum { LEDGER_FIELDS(FIELD_ENUM) LEDGER_FIELD_COUNT };
#define FIELD_ROW(field, kind, unit_of, words_of, meaning_of)                                      \
	[FIELD_##field] = { .name = #field,                                                        \
			    .unit = unit_of,                                                       \
			    .meaning = meaning_of,                                                 \
			    .words = words_of,                                                     \
			    .type = FIELD_##kind,                                                  \
			    .id = FIELD_##field },
static const struct field fields[] = { LEDGER_FIELDS(FIELD_ROW) };

static bool give_text(struct field_value *ret, const char *text)
{
	ret->text = text;
	ret->len = strlen(text);
	return true;
}

static bool ledger_get(const void *data, unsigned int field, struct strbuf *scratch,
		       struct field_value *ret)
{
	const struct ledger_row *row = data;

	(void)scratch;
	switch (field) {
	case FIELD_name:
		return give_text(ret, row->name);
	case FIELD_value:
		ret->number = row->value;
		return true;
	case FIELD_meaning:
		return give_text(ret, row->meaning);
	default:
		return row->equation && give_text(ret, lines[totals[row->equation]].name);
	}
}

const struct row_type ledger_row_type = {
	.name = "ledger",
	.what = "a line of the ledger",
	.fields = fields,
	.field_count = LEDGER_FIELD_COUNT,
	.rest = ROW_NO_FIELD,
	.get = ledger_get,
};
