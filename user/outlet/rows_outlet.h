/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An outlet for rows that a command makes itself, such as counts: it takes no connections, and
 * shares with the other outlets how it waits, fails and ends. Its account counts rows.
 */
#ifndef USER_OUTLET_ROWS_OUTLET_H
#define USER_OUTLET_ROWS_OUTLET_H

#include "user/outlet/writer.h"
#include "user/render/forms.h"

/**
 * @name     Borrowed.
 * @form     One of form_ops_at(), with its options; copied.
 * @ret      Set on success only.
 * @return   0 or a negative errno, of open(2) too.
 */
int rows_outlet_open(const char *name, const struct form_ops *form,
		     const struct form_options *form_options, const struct writer_options *writer,
		     struct outlet **ret);

/**
 * Take rows that were read at one time, and pass them on. For people they are a table of their own,
 * for programs all rows are one.
 *
 * @title  A line above the table; NULL = none.
 */
void rows_outlet_write(struct outlet *outlet, const char *title, const void *const *rows,
		       size_t count);

#endif
