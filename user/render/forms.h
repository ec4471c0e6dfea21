/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The forms in which rows are written: text, appended to a buffer. To add one: a file, its name
 * here, a row in forms.c. Where the text goes is the matter of user/outlet/.
 */
#ifndef USER_RENDER_FORMS_H
#define USER_RENDER_FORMS_H

#include <stdbool.h>
#include <stddef.h>

#include "user/base/strbuf.h"
#include "user/render/columns.h"

/**
 * @type         Of the rows; NULL: connections.
 * @columns      What is shown of them; NULL: what the form shows unasked. Copied.
 * @is_terminal  `table` fits its columns to `width` and cuts its lines there.
 * @colour       Escape sequences are wanted.
 * @width        Cells of the terminal, 0 = unknown: nothing is cut.
 */
struct form_options {
	const struct row_type *type;
	const struct columns *columns;
	bool is_terminal;
	bool colour;
	unsigned int width;
};

struct form_ops;

/* First member of every form's own struct. */
struct form {
	const struct form_ops *ops;
};

/**
 * @open    Sets *ret on success only. 0 or -ENOMEM; -EINVAL for a type that it cannot write.
 * @head    What stands before the first row; NULL = nothing.
 * @fit     Make columns as wide as what is in these rows, for the head and rows that come next:
 *          for people, who read rows that came at one time as one table. NULL: not for people.
 * @append  One row, whole lines. Nothing of it is kept.
 * @tail    What stands behind the last one; NULL = nothing.
 * @close   Free the form and set *form to NULL.
 *
 * Memory that ran out shows in the buffer alone.
 */
struct form_ops {
	const char *name;
	const char *meaning;
	uint8_t columns; /* COLUMN_IN_*: shown unasked; 0 = every field */
	int (*open)(const struct form_options *options, const struct form_ops *ops,
		    struct form **ret);
	void (*head)(struct form *form, struct strbuf *b);
	void (*fit)(struct form *form, const void *const *rows, size_t count);
	void (*append)(struct form *form, struct strbuf *b, const void *row);
	void (*tail)(struct form *form, struct strbuf *b);
	void (*close)(struct form **form);
};

/* *ret is set on success only. What the form's `open` returns. */
static inline int form_open(const struct form_ops *ops, const struct form_options *options,
			    struct form **ret)
{
	return ops->open(options, ops, ret);
}

static inline void form_append(struct form *form, struct strbuf *b, const void *row)
{
	form->ops->append(form, b, row);
}

/* Fit for _cleanup_(form_close). */
static inline void form_close(struct form **form)
{
	if (*form)
		(*form)->ops->close(form);
}

extern const struct form_ops table_form_ops, wide_form_ops, ndjson_form_ops, csv_form_ops,
	zeek_form_ops;

/* The word of --output to its operations; NULL when there is none of that name. */
const struct form_ops *form_ops_find(const char *name);

/* For help, completion and suggestions: NULL when `index` is past the last one. */
const struct form_ops *form_ops_at(size_t index);

/**
 * Set columns as the options ask, or as the form shows them unasked.
 *
 * @ops  Of the form.
 */
void form_columns(const struct form_ops *ops, const struct form_options *options,
		  struct columns *ret);

/**
 * How to write to a descriptor: fitted and in colour where it is a terminal (and NO_COLOR is not
 * set), stable text where it is not.
 */
struct form_options form_options_of(int fd);

/* For --help: what the columns of `table` and `wide` mean, the arrow above all. */
extern const char form_table_help[];

#endif
