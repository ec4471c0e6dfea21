/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options as text for people. */
#ifndef USER_OPTION_OPTION_HELP_H
#define USER_OPTION_OPTION_HELP_H

#include "user/base/strbuf.h"
#include "user/option/option_table.h"

#define OPTION_HELP_WIDTH 80

/* The options of a table by section. */
void option_append_help(struct strbuf *b, const struct option_table *table);

#endif
