/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers of the contract to words and back. Words are those of include/verdict.h and
 * include/evidence.h; a number that no list has gives "unknown", never a read out of range.
 */
#ifndef USER_MODEL_NAMES_H
#define USER_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/evidence.h"
#include "include/verdict.h"

/* CLOSE_UNDECIDED, which no record holds, is "unknown" too. */
const char *verdict_name(uint8_t verdict);
const char *class_name(uint8_t class_number);
const char *cause_name(uint8_t cause);
const char *initiator_name(uint8_t initiator);
const char *stage_name(uint8_t stage);
const char *confidence_name(uint8_t confidence);
const char *reset_reason_name(uint8_t reason);
const char *drop_reason_name(uint8_t reason);
const char *tcp_state_name(uint8_t state);
const char *owner_source_name(uint8_t source);

/* @bit  0 to EVIDENCE_BIT_COUNT - 1, not a mask. */
const char *evidence_name(uint8_t bit);

/* ECONNRESET for 104: the errno values that TCP of Linux puts into sk_err; else "unknown". */
const char *error_name(uint16_t error);

/* The sentences of the lists, without a full stop; "" for an unknown number. */
const char *verdict_meaning(uint8_t verdict);
const char *cause_meaning(uint8_t cause);
const char *evidence_meaning(uint8_t bit);

/* enum close_class; CLOSE_CLASS_UNKNOWN for an unknown verdict. */
uint8_t class_of_verdict(uint8_t verdict);

/*
 * The number of a word, exactly as spelled in the lists; -ENOENT when no row has it. Those of the
 * other lists: word_list_find().
 */
int verdict_from_name(const char *name);
int class_from_name(const char *name);
int error_from_name(const char *name);

/**
 * The list of words behind a field or a group, for completion, checking and help.
 *
 * @name   The functions above.
 * @count  Numbers are below it. Number 0 is no word of verdicts, and numbers may be retired:
 *         skip those whose name is "unknown" but were not asked for.
 */
struct word_list {
	const char *(*name)(uint8_t number);
	uint8_t count;
};

/* Whether "unknown" is one of its words, not only the name of what is no word. */
bool word_list_has_unknown(const struct word_list *words);

/* The number of a word, exactly as spelled in the list; -ENOENT when it is none. */
int word_list_find(const struct word_list *words, const char *name);

extern const struct word_list verdict_words, class_words, cause_words, initiator_words, stage_words,
	confidence_words, reset_reason_words, drop_reason_words, tcp_state_words,
	owner_source_words, evidence_words;

#endif
