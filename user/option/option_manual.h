/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options as a part of a manual page, in mdoc(7). */
#ifndef USER_OPTION_OPTION_MANUAL_H
#define USER_OPTION_OPTION_MANUAL_H

#include "user/base/strbuf.h"
#include "user/option/option_table.h"

/* Plain text: no word of it is a macro, each sentence has a line of its own. */
void manual_append_text(struct strbuf *b, const char *text);

/* "summary", as a sentence. */
void manual_append_sentence(struct strbuf *b, const char *sentence);

/* The options and words of a command, behind its name in the synopsis. */
void manual_append_synopsis(struct strbuf *b, const struct option_table *table);

/* The list of a command's options. */
void manual_append_options(struct strbuf *b, const struct option_table *table);

#endif
