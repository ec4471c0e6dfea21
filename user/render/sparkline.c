// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/sparkline.h"

#define LEVELS 8

void history_add(struct history *history, uint64_t sample)
{
	history->samples[history->count++ % HISTORY_SAMPLES] = sample;
}

bool history_get(const struct history *history, size_t ago, uint64_t *ret)
{
	if (ago >= history->count || ago >= HISTORY_SAMPLES)
		return false;
	*ret = history->samples[(history->count - 1 - ago) % HISTORY_SAMPLES];
	return true;
}

void sparkline_append(struct strbuf *b, const struct history *history, size_t cells, bool unicode)
{
	static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char plain[LEVELS] = { '.', ':', '-', '=', '+', '*', '%', '#' };
	uint64_t highest = 0, sample;
	size_t level;

	for (size_t i = 0; i < cells; i++)
		if (history_get(history, i, &sample) && sample > highest)
			highest = sample;
	for (size_t i = cells; i-- > 0;) {
		if (!history_get(history, i, &sample)) {
			strbuf_append_char(b, ' ');
			continue;
		}
		/* 1 to 7 for what is above 0, rounded up. */
		level = sample ?
				((unsigned __int128)sample * (LEVELS - 1) + highest - 1) / highest :
				0;
		if (unicode)
			strbuf_append_str(b, blocks[level]);
		else
			strbuf_append_char(b, plain[level]);
	}
}
