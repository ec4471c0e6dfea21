/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ledger as rows, at any time of a run: each line has a name, a value, a meaning and the
 * equation that it is part of. The text at the end, tables and JSON are made from them.
 */
#ifndef USER_PIPELINE_LEDGER_ROWS_H
#define USER_PIPELINE_LEDGER_ROWS_H

#include "user/model/row.h"
#include "user/pipeline/ledger.h"

/* X(ID, word, what it is called in the text, optional?, equation, meaning). The first is the total. */
#define LEDGER_LINES(X)                                                                            \
	X(ENDINGS, "endings", "endings", 0, ENDINGS, "connections that ended")                     \
	X(SHOWN, "shown", "shown", 0, ENDINGS, "written by themselves")                            \
	X(GROUPED, "grouped", "grouped", 1, ENDINGS, "of storms: one record stands for many")      \
	X(NORMAL, "normal", "normal", 0, ENDINGS, "clean or benign, not asked for")                \
	X(FILTERED, "filtered_out", "filtered out", 0, ENDINGS, "not taken by a filter")           \
	X(BEYOND, "beyond_count", "beyond --count", 1, ENDINGS, "after --count was reached")       \
	X(UNWRITTEN, "not_written", "not written", 1, ENDINGS, "refused by what they go to")       \
	X(LOST, "lost", "lost", 0, ENDINGS, "lost for want of room, or unreadable")                \
	X(RSTS_IN, "rsts_in", "RSTs in", 0, RSTS_IN, "RST that came in")                           \
	X(RSTS_ACCEPTED, "rsts_accepted", "accepted", 0, RSTS_IN, "taken by a socket")             \
	X(RSTS_IGNORED, "rsts_ignored", "ignored", 0, RSTS_IN, "met a socket and ended nothing")   \
	X(RSTS_HALF_OPEN, "rsts_half_open", "half-open", 0, RSTS_IN, "met a handshake")            \
	X(RSTS_TIME_WAIT, "rsts_time_wait", "TIME_WAIT", 0, RSTS_IN, "met a TIME_WAIT")            \
	X(RSTS_NO_SOCKET, "rsts_no_socket", "no socket", 0, RSTS_IN, "met nobody")                 \
	X(RSTS_IN_FORWARDED, "rsts_in_forwarded", "forwarded", 0, RSTS_IN, "on their way through") \
	X(RSTS_OUT, "rsts_out", "RSTs out", 0, RSTS_OUT, "RST that went out")                      \
	X(RSTS_ACTIVE, "rsts_active", "active", 0, RSTS_OUT, "of sockets")                         \
	X(RSTS_REPLY, "rsts_reply", "reply", 0, RSTS_OUT, "of the stack, in reply")                \
	X(RSTS_NETFILTER, "rsts_netfilter", "netfilter", 0, RSTS_OUT, "of the packet filter")      \
	X(RSTS_OUT_FORWARDED, "rsts_out_forwarded", "forwarded", 0, RSTS_OUT, "of other hosts")

#define LEDGER_LINE_ENUM(id, ...) LEDGER_##id,
enum ledger_line { LEDGER_LINES(LEDGER_LINE_ENUM) LEDGER_LINE_COUNT };

enum ledger_equation {
	LEDGER_EQUATION_NONE,
	LEDGER_EQUATION_ENDINGS,
	LEDGER_EQUATION_RSTS_IN,
	LEDGER_EQUATION_RSTS_OUT,
	LEDGER_EQUATION_COUNT,
};

/**
 * One line. Strings are constants.
 *
 * @equation  enum ledger_equation: is_total is the sum of all others of it.
 */
struct ledger_row {
	const char *name;
	const char *meaning;
	uint64_t value;
	uint8_t equation;
	bool is_total;
};

/* X(name, type, unit, list of words or NULL, meaning) */
#define LEDGER_FIELDS(X)                                                                           \
	X(name, STRING, "", NULL, "what was counted")                                              \
	X(value, U64, "", NULL, "how many")                                                        \
	X(equation, STRING, "", NULL, "the total of which it is a part")                           \
	X(meaning, STRING, "", NULL, "what that is")

/* Rows are struct ledger_row. */
extern const struct row_type ledger_row_type;

/* Lines, verdicts and counters of the kernel side. */
#define LEDGER_ROWS_MOST (LEDGER_LINE_COUNT + CLOSE_VERDICT_COUNT + COUNTER_COUNT)

/**
 * Every line, then the endings by verdict, then the kernel side's counters.
 *
 * @rows    Room for LEDGER_ROWS_MOST.
 * @return  How many.
 */
size_t ledger_rows(const struct ledger *ledger, struct ledger_row *rows);

/* The lines alone; values by enum ledger_line. */
void ledger_values(const struct ledger *ledger, uint64_t ret[LEDGER_LINE_COUNT]);

/* "9 endings = 9 shown + 0 normal": a part that is optional is left out where it is 0. */
void ledger_append_equation(struct strbuf *b, const uint64_t values[LEDGER_LINE_COUNT],
			    enum ledger_equation equation);

/* What its parts lack of the total; negative when they are more. */
int64_t ledger_difference(const uint64_t values[LEDGER_LINE_COUNT], enum ledger_equation equation);

#endif
