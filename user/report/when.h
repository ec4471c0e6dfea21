/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Times as people say them: how long ago, a time of day, a day, or all of it. */
#ifndef USER_REPORT_WHEN_H
#define USER_REPORT_WHEN_H

#include <stdint.h>

/**
 * `90s`, `1h`, `1d`: so long ago. `02:40`, `02:40:11`: the last time that the clock showed that, in
 * the time zone of the process. `2026-11-27`, `2026-11-27 02:40`, with or without seconds: there,
 * in that zone. With a zone of its own (`2026-11-27T02:40:00Z`) as parse_time_ns() reads it.
 *
 * @now_ns  Wall time.
 * @ret     Wall time.
 * @return  0; -EINVAL; -ERANGE before 1970 and after 2261.
 */
int when_parse(const char *text, uint64_t now_ns, uint64_t *ret);

#endif
