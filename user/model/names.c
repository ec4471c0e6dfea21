// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/names.h"

#include <errno.h>
#include <string.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One column of a list, indexed by number. Retired numbers are NULL. */
#define NAME_OF(id, number, name, ...) [number] = name,
#define VERDICT_CLASS_OF(id, number, name, class, meaning) [number] = CLOSE_CLASS_##class,
#define VERDICT_MEANING_OF(id, number, name, class, meaning) [number] = meaning,
#define MEANING_OF(id, number, name, meaning) [number] = meaning,

static const char *const verdict_names[] = { CLOSE_VERDICTS(NAME_OF) };
static const char *const class_names[] = { CLOSE_CLASSES(NAME_OF) };
static const char *const cause_names[] = { CLOSE_CAUSES(NAME_OF) };
static const char *const initiator_names[] = { CLOSE_INITIATORS(NAME_OF) };
static const char *const stage_names[] = { CLOSE_STAGES(NAME_OF) };
static const char *const confidence_names[] = { CLOSE_CONFIDENCES(NAME_OF) };
static const char *const reset_reason_names[] = { RESET_REASONS(NAME_OF) };
static const char *const drop_reason_names[] = { DROP_REASONS(NAME_OF) };
static const char *const tcp_state_names[] = { TCP_STATES(NAME_OF) };
static const char *const owner_source_names[] = { OWNER_SOURCES(NAME_OF) };
static const char *const evidence_names[] = { EVIDENCE_OBSERVATIONS(NAME_OF) };

static const char *const verdict_meanings[] = { CLOSE_VERDICTS(VERDICT_MEANING_OF) };
static const char *const cause_meanings[] = { CLOSE_CAUSES(MEANING_OF) };
static const char *const evidence_meanings[] = { EVIDENCE_OBSERVATIONS(MEANING_OF) };
static const uint8_t verdict_classes[] = { CLOSE_VERDICTS(VERDICT_CLASS_OF) };

/* What TCP, routing and icmp_err_convert[] of Linux put into sk_err and sk_err_soft. */
#define ERROR_NAMES(X)                                                                             \
	X(EPERM)                                                                                   \
	X(EINTR)                                                                                   \
	X(EIO)                                                                                     \
	X(EAGAIN)                                                                                  \
	X(ENOMEM)                                                                                  \
	X(EACCES)                                                                                  \
	X(EFAULT)                                                                                  \
	X(ENODEV)                                                                                  \
	X(EINVAL)                                                                                  \
	X(EPIPE)                                                                                   \
	X(ENONET)                                                                                  \
	X(EPROTO)                                                                                  \
	X(EBADMSG)                                                                                 \
	X(EMSGSIZE)                                                                                \
	X(ENOPROTOOPT)                                                                             \
	X(EOPNOTSUPP)                                                                              \
	X(EADDRINUSE)                                                                              \
	X(EADDRNOTAVAIL)                                                                           \
	X(ENETDOWN)                                                                                \
	X(ENETUNREACH)                                                                             \
	X(ENETRESET)                                                                               \
	X(ECONNABORTED)                                                                            \
	X(ECONNRESET)                                                                              \
	X(ENOBUFS)                                                                                 \
	X(EISCONN)                                                                                 \
	X(ENOTCONN)                                                                                \
	X(ESHUTDOWN)                                                                               \
	X(ETIMEDOUT)                                                                               \
	X(ECONNREFUSED)                                                                            \
	X(EHOSTDOWN)                                                                               \
	X(EHOSTUNREACH)                                                                            \
	X(EALREADY)                                                                                \
	X(EINPROGRESS)                                                                             \
	X(EKEYREJECTED)

#define ERROR_ROW(name) { name, #name },
static const struct {
	uint16_t number;
	const char *name;
} error_names[] = { ERROR_NAMES(ERROR_ROW) };

static const char *word_at(const char *const *words, size_t count, uint8_t number,
			   const char *otherwise)
{
	return number < count && words[number] ? words[number] : otherwise;
}

#define DEFINE_WORDS(list)                                                                         \
	_Static_assert(ARRAY_COUNT(list##_names) < 256, "numbers fit eight bits");                 \
	const char *list##_name(uint8_t number)                                                    \
	{                                                                                          \
		return word_at(list##_names, ARRAY_COUNT(list##_names), number, "unknown");        \
	}                                                                                          \
	const struct word_list list##_words = { list##_name, ARRAY_COUNT(list##_names) };

DEFINE_WORDS(verdict)
DEFINE_WORDS(class)
DEFINE_WORDS(cause)
DEFINE_WORDS(initiator)
DEFINE_WORDS(stage)
DEFINE_WORDS(confidence)
DEFINE_WORDS(reset_reason)
DEFINE_WORDS(drop_reason)
DEFINE_WORDS(tcp_state)
DEFINE_WORDS(owner_source)
DEFINE_WORDS(evidence)

bool word_list_has_unknown(const struct word_list *words)
{
	return words == &class_words || words == &initiator_words || words == &confidence_words;
}

int word_list_find(const struct word_list *words, const char *name)
{
	int number;

	if (strcmp(name, "unknown") == 0 && !word_list_has_unknown(words))
		return -ENOENT;
	for (number = 0; number < words->count; number++) {
		if (strcmp(words->name((uint8_t)number), name) == 0)
			return number;
	}
	return -ENOENT;
}

int verdict_from_name(const char *name)
{
	return word_list_find(&verdict_words, name);
}

int class_from_name(const char *name)
{
	return word_list_find(&class_words, name);
}

const char *verdict_meaning(uint8_t verdict)
{
	return word_at(verdict_meanings, ARRAY_COUNT(verdict_meanings), verdict, "");
}

const char *cause_meaning(uint8_t cause)
{
	return word_at(cause_meanings, ARRAY_COUNT(cause_meanings), cause, "");
}

const char *evidence_meaning(uint8_t bit)
{
	return word_at(evidence_meanings, ARRAY_COUNT(evidence_meanings), bit, "");
}

uint8_t class_of_verdict(uint8_t verdict)
{
	if (verdict >= ARRAY_COUNT(verdict_classes) || !verdict_names[verdict])
		return CLOSE_CLASS_UNKNOWN;
	return verdict_classes[verdict];
}

const char *error_name(uint16_t error)
{
	size_t i;

	for (i = 0; i < ARRAY_COUNT(error_names); i++) {
		if (error_names[i].number == error)
			return error_names[i].name;
	}
	return "unknown";
}

int error_from_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_COUNT(error_names); i++) {
		if (strcmp(error_names[i].name, name) == 0)
			return error_names[i].number;
	}
	return -ENOENT;
}
