// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/duration_text.h"

#define US_PER_MS UINT64_C(1000)
#define US_PER_S (1000 * US_PER_MS)
#define US_PER_HOUR (3600 * US_PER_S)
#define US_PER_DAY (24 * US_PER_HOUR)

static void scaled_append(struct strbuf *b, uint64_t us, uint64_t unit_us, const char *space,
			  const char *unit)
{
	uint64_t whole = us / unit_us, tenth = us % unit_us * 10 / unit_us;

	strbuf_append_u64(b, whole);
	if (whole < 10 && tenth && unit_us > 1) {
		strbuf_append_char(b, '.');
		strbuf_append_u64(b, tenth);
	}
	strbuf_append_str(b, space);
	strbuf_append_str(b, unit);
}

void duration_append(struct strbuf *b, uint64_t us, const char *space)
{
	if (us < US_PER_MS)
		scaled_append(b, us, 1, space, "us");
	else if (us < US_PER_S)
		scaled_append(b, us, US_PER_MS, space, "ms");
	else if (us < 10000 * US_PER_S)
		scaled_append(b, us, US_PER_S, space, "s");
	else if (us < 100 * US_PER_HOUR)
		scaled_append(b, us, US_PER_HOUR, space, "h");
	else
		scaled_append(b, us, US_PER_DAY, space, "d");
}
