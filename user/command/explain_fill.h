/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a record has, put into the commands of `explain`: PEER=10.0.0.7 on the command line. */
#ifndef USER_COMMAND_EXPLAIN_FILL_H
#define USER_COMMAND_EXPLAIN_FILL_H

#include "user/base/strbuf.h"

/* The words in capitals that commands may have. */
#define EXPLAIN_PLACES(X)                                                                          \
	X(PEER)                                                                                    \
	X(PORT)                                                                                    \
	X(PID)                                                                                     \
	X(CLOSER_PID)                                                                              \
	X(IFACE)                                                                                   \
	X(UNIT)

#define EXPLAIN_PLACE_ID(name) EXPLAIN_PLACE_##name,
enum explain_place { EXPLAIN_PLACES(EXPLAIN_PLACE_ID) EXPLAIN_PLACE_COUNT };

/**
 * @values  By enum explain_place; NULL: the word in capitals stays. Borrowed.
 */
struct explain_fill {
	const char *values[EXPLAIN_PLACE_COUNT];
};

/**
 * Take PLACE=VALUE. A value goes into commands that somebody will paste into a shell, so it has
 * letters, digits and . : _ / @ % - only, and no - in front.
 *
 * @error   One sentence when -EINVAL is returned; may hold bytes of `word`.
 * @return  1 when it was taken; 0 when `word` has no =; -EINVAL.
 */
int explain_fill_take(struct explain_fill *fill, const char *word, struct strbuf *error);

/* `text` with the places that have a value filled in. */
void explain_fill_append(const struct explain_fill *fill, struct strbuf *b, const char *text);

#endif
