/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text for people, in lines, to stdout or stderr: what comes from outside cannot drive the terminal. */
#ifndef USER_BASE_TEXT_PRINT_H
#define USER_BASE_TEXT_PRINT_H

#include <stdio.h>

#include "user/base/strbuf.h"

/**
 * Print every line escaped (text_append_printable), and flush. Whoever prints in another way must be
 * named in tests/check/check_output.sh.
 *
 * @return  0; -ENOMEM also for a text that has failed; another negative errno.
 */
int text_print(FILE *stream, const struct strbuf *text);

#endif
