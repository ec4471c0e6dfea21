/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `explain` has to say, one row per word of the contract. */
#ifndef USER_COMMAND_EXPLAIN_TEXTS_H
#define USER_COMMAND_EXPLAIN_TEXTS_H

#include <stddef.h>

#include "user/model/conn_state.h"
#include "user/model/fields.h"
#include "user/model/names.h"

/**
 * Lines are broken by hand, at most 78 characters, and end without a newline. A part is NULL where
 * its kind of word has none (parts of struct explain_group).
 *
 * @means    Never NULL for a word of the lists.
 * @causes   What usually brings it about, the likeliest first.
 * @check    Commands to run next, one per line. In capitals is what the record has: PEER, PORT, PID.
 * @setting  What to change, and how; NO_SETTING where nothing can be set.
 */
struct explain_text {
	const char *means;
	const char *causes;
	const char *check;
	const char *setting;
};

#define NO_SETTING "" /* thought of, and there is none */

/**
 * @noun   "verdict": how a word of the group is called.
 * @texts  Indexed by the number of the word; `words->count` rows.
 * @first  Smallest number that is a word.
 * @parts  EXPLAIN_ALL: every word of it, but "none", has all four; EXPLAIN_MEANING: the first is enough.
 */
struct explain_group {
	const char *noun;
	const char *plural;
	const struct word_list *words;
	const struct explain_text *texts;
	uint8_t first;
	enum { EXPLAIN_MEANING, EXPLAIN_ALL } parts;
};

/* Rows are errno values; "unknown" where error_name() has none. */
#define EXPLAIN_ERRNO_COUNT 130

extern const struct explain_text explain_verdicts[CLOSE_VERDICT_COUNT];
extern const struct explain_text explain_classes[CLOSE_CLASS_COUNT];
extern const struct explain_text explain_causes[CLOSE_CAUSE_COUNT];
extern const struct explain_text explain_reasons[RESET_REASON_COUNT];
extern const struct explain_text explain_drops[DROP_REASON_COUNT];
extern const struct explain_text explain_errnos[EXPLAIN_ERRNO_COUNT];
extern const struct word_list explain_errno_words;
extern const struct explain_text explain_states[TCP_STATE_COUNT];
extern const struct explain_text explain_conn_states[CONN_STATE_COUNT];
extern const struct explain_text explain_initiators[CLOSE_INITIATOR_COUNT];
extern const struct explain_text explain_stages[CLOSE_STAGE_COUNT];
extern const struct explain_text explain_confidences[CLOSE_CONFIDENCE_COUNT];
extern const struct explain_text explain_owner_sources[OWNER_SOURCE_COUNT];
extern const struct explain_text explain_evidence[EVIDENCE_BIT_COUNT];

/**
 * What the registry does not say of a field. Lines as above.
 *
 * @source   Where its value comes from.
 * @null_if  When it is null.
 * @test     A filter that asks for it; NULL: one of its type is made.
 */
struct explain_field {
	const char *source;
	const char *null_if;
	const char *test;
};

extern const struct explain_field explain_fields[FIELD_COUNT];

/* A column of the table that is not one field under its own name. */
struct explain_column {
	const char *title;
	const char *shows;
};

extern const struct explain_column explain_columns[];
extern const size_t explain_column_count;

/* In the order of the listing; NULL when `index` is past the last one. */
const struct explain_group *explain_group_at(size_t index);

#endif
