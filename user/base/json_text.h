/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text from outside (names of processes, paths, containers) made safe for JSON and terminals. */
#ifndef USER_BASE_JSON_TEXT_H
#define USER_BASE_JSON_TEXT_H

#include <stddef.h>

#include "user/base/strbuf.h"

/**
 * Append `s` as a JSON string, quotes included. Valid JSON for any bytes.
 *
 * Invalid UTF-8 becomes U+FFFD, one per maximal invalid part. Beyond what JSON demands, DEL, C1
 * controls, line separators and bidi controls are written as \uNNNN, so that a record shown by
 * cat(1) cannot drive the terminal. A reader gets the same characters back.
 *
 * @s    `len` bytes, no NUL needed, NUL bytes allowed. May be NULL when `len` is 0.
 * Source: RFC 8259 section 7; Unicode 15 section 3.9, table 3-7 and "U+FFFD substitution".
 */
void json_append_string(struct strbuf *b, const char *s, size_t len);

/**
 * Append `s` for a terminal. Controls below 0x20, DEL and each byte of invalid UTF-8 become \xNN;
 * C1 controls, line separators and bidi controls become \u{NNNN}; a backslash becomes two, so the
 * result says without doubt which bytes came in.
 */
void text_append_escaped(struct strbuf *b, const char *s, size_t len);

/* The same, with backslashes left as they are: may be applied to text that is escaped already. */
void text_append_printable(struct strbuf *b, const char *s, size_t len);

#endif
