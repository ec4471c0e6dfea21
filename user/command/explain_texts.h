/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `explain` has to say, one row per word of the contract. */
#ifndef USER_COMMAND_EXPLAIN_TEXTS_H
#define USER_COMMAND_EXPLAIN_TEXTS_H

#include <stddef.h>

#include "user/model/names.h"

/**
 * Lines are broken by hand, at most 76 characters, and end without a newline.
 *
 * @means   Never NULL for a word of the lists.
 * @causes  What usually brings it about; NULL for words that say it all.
 * @check   Commands to run next, one per line; NULL as above.
 */
struct explain_text {
	const char *means;
	const char *causes;
	const char *check;
};

/**
 * @noun   "verdict": how a word of the group is called.
 * @texts  Indexed by the number of the word; `words->count` rows.
 * @first  Smallest number that is a word.
 */
struct explain_group {
	const char *noun;
	const char *plural;
	const struct word_list *words;
	const struct explain_text *texts;
	uint8_t first;
};

extern const struct explain_text explain_verdicts[CLOSE_VERDICT_COUNT];
extern const struct explain_text explain_classes[CLOSE_CLASS_COUNT];
extern const struct explain_text explain_causes[CLOSE_CAUSE_COUNT];
extern const struct explain_text explain_reasons[RESET_REASON_COUNT];
extern const struct explain_text explain_drops[DROP_REASON_COUNT];
extern const struct explain_text explain_states[TCP_STATE_COUNT];
extern const struct explain_text explain_initiators[CLOSE_INITIATOR_COUNT];
extern const struct explain_text explain_stages[CLOSE_STAGE_COUNT];
extern const struct explain_text explain_confidences[CLOSE_CONFIDENCE_COUNT];
extern const struct explain_text explain_owner_sources[OWNER_SOURCE_COUNT];
extern const struct explain_text explain_evidence[EVIDENCE_BIT_COUNT];

/* In the order of the listing; NULL when `index` is past the last one. */
const struct explain_group *explain_group_at(size_t index);

#endif
