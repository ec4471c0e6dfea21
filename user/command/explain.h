/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_COMMAND_EXPLAIN_H
#define USER_COMMAND_EXPLAIN_H

#include "user/option/option_table.h"

extern const struct option_table explain_option_table;

/* What can be explained; NULL when `index` is past the last one. Some names come twice. */
const char *explain_name_at(size_t index);

#endif
