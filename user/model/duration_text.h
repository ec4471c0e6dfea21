/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Durations for people: few digits, one unit. */
#ifndef USER_MODEL_DURATION_TEXT_H
#define USER_MODEL_DURATION_TEXT_H

#include <stdint.h>

#include "user/base/strbuf.h"

/**
 * 0us 740us 3ms 1.2s 350s 7200s 2.7h 27h 12d: below 10 of ms, s and h one decimal, unless it is
 * zero; seconds up to 9999, because timeouts are known by their seconds. Rounded down.
 *
 * @space  What stands between number and unit: "" for columns, " " for sentences.
 */
void duration_append(struct strbuf *b, uint64_t us, const char *space);

#endif
