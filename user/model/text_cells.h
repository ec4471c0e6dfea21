/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many cells of a terminal a text fills. Independent of the locale. */
#ifndef USER_MODEL_TEXT_CELLS_H
#define USER_MODEL_TEXT_CELLS_H

#include <stddef.h>

/**
 * @s  Valid UTF-8 without controls, as text_append_escaped() makes it. A byte that is neither
 *     counts as one cell.
 */
size_t text_cells(const char *s, size_t len);

/* The longest part of `s` from its start, in bytes, that fills at most `cells` cells. */
size_t text_cells_fit(const char *s, size_t len, size_t cells);

#endif
