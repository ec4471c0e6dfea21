/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Filters as fingers know them from tcpdump: `port 443`, `host 10.0.0.7 and port 5432`, `nginx`,
 * `ECONNRESET`. They are rewritten in the filter language; what is written in it already stays.
 */
#ifndef USER_FILTER_FILTER_WORDS_H
#define USER_FILTER_FILTER_WORDS_H

#include "user/filter/filter.h"

/* Whether a filter in this manner may begin so: `port`, `not`, an address, a number, a verdict. */
bool filter_word_is_known(const char *word);

/**
 * Append the filter that a list of words stands for.
 *
 * Primitives are [client|server|local|peer|src|dst] host ADDR | net CIDR | port N | portrange A-B,
 * and pid N, comm NAME, container NAME, pod NAME, verdict WORD; `src` is who opened the connection,
 * `dst` who was called. They are joined by and, or, not, parentheses; side by side means `and`. A
 * word alone is what it looks like: an address, a network, ADDRESS:PORT, a number (a port or a
 * pid), a verdict, class or errno, else the name of a program, container or pod, with * and ?.
 *
 * @words    Joined by blanks: a quoted whole is the same as its parts.
 * @type  What rows have: what it has no field for is refused.
 * @b        Untouched on failure.
 * @error    Set when -EINVAL is returned; the column counts in the words, joined by blanks.
 * @return   0; -EINVAL; -ENOMEM.
 * Source:   pcap-filter(7) for the words.
 */
int filter_words_append(struct strbuf *b, size_t count, char *const words[],
			const struct row_type *type, struct filter_error *error);

#endif
