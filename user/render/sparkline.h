/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers over time: kept in a ring, shown as one line of bars. */
#ifndef USER_RENDER_SPARKLINE_H
#define USER_RENDER_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"

#define HISTORY_SAMPLES 600

/* Clear it to begin. */
struct history {
	uint64_t samples[HISTORY_SAMPLES];
	size_t count; /* of all, also of those that were overwritten */
};

void history_add(struct history *history, uint64_t sample);

/* `ago` 0 is the last one. False, *ret untouched, before the first. */
bool history_get(const struct history *history, size_t ago, uint64_t *ret);

/**
 * The last `cells` samples, one cell each, the newest at the right; blanks where there is none.
 * Bars are relative to the highest of them; 0 is the lowest bar, and anything above 0 is higher.
 *
 * @unicode  Eighth blocks, else one of " .:-=+*#".
 */
void sparkline_append(struct strbuf *b, const struct history *history, size_t cells, bool unicode);

#endif
