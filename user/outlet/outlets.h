/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outlets of a run: how they are opened, what is said when one fails,
 * and how all of them end in time. README.md says how to add one.
 */
#ifndef USER_OUTLET_OUTLETS_H
#define USER_OUTLET_OUTLETS_H

#include <stddef.h>

#include "user/outlet/writer.h"
#include "user/pipeline/ledger.h"
#include "user/render/forms.h"

/* Memory for what waits, of all outlets together. */
#define OUTLETS_QUEUE_BYTES (64u * 1024 * 1024)
#define OUTLETS_QUEUE_BYTES_LEAST (256u * 1024)
/* How long a run that ends waits for its outlets, all together. */
#define OUTLETS_DRAIN_NS (700 * CLOCK_NS_PER_MS)

/**
 * One outlet that is asked for.
 *
 * @form       One of form_ops_at().
 * @path       A file; NULL = stdout. Borrowed.
 * @max_bytes  Begin another file behind so much; 0 = never.
 */
struct outlet_request {
	const struct form_ops *form;
	const char *path;
	uint64_t max_bytes;
};

struct outlets;

/* Whether stdout is coloured. */
enum outlets_color {
	OUTLETS_COLOR_AUTO, /* on a terminal, without NO_COLOR */
	OUTLETS_COLOR_ALWAYS,
	OUTLETS_COLOR_NEVER,
};

/**
 * @queue_bytes  Memory for what waits, of all of them together; 0 = OUTLETS_QUEUE_BYTES. Each has
 *               an equal part, so that one that is stuck takes nothing from another.
 * @source_waits The source can wait, as a capture can: a full queue makes it, and loses nothing.
 * @color        enum outlets_color.
 * @full_time    On a terminal, with date and milliseconds.
 * @parts        Between how many the memory is divided: how many will be opened. 0 = 1.
 */
struct outlets_options {
	uint64_t queue_bytes;
	bool source_waits;
	bool full_time;
	unsigned int color;
	size_t parts;
};

/* *ret is set on success only. 0 or a negative errno. */
int outlets_new(const struct outlets_options *options, struct outlets **ret);

/* Closes them all, at the latest after a tenth of a second. */
void outlets_free(struct outlets **outlets);

/**
 * Open an outlet of text.
 *
 * @columns  What is shown; NULL = what the form shows unasked. Copied.
 * @return  0; a negative errno after a sentence.
 */
int outlets_open(struct outlets *outlets, const struct outlet_request *request,
		 const struct columns *columns);

/**
 * Open an outlet for rows that the command makes itself: user/outlet/rows_outlet.h.
 *
 * @type, @columns  Of the rows; copied.
 * @ret     Stays with the outlets.
 * @return  0; a negative errno after a sentence.
 */
int outlets_open_rows(struct outlets *outlets, const struct outlet_request *request,
		      const struct row_type *type, const struct columns *columns,
		      struct outlet **ret);

/**
 * Take over an outlet, also on failure.
 *
 * @return  0; -E2BIG after a sentence when there are too many.
 */
int outlets_add(struct outlets *outlets, struct outlet *outlet);

/* What a writer needs of its place among the others; path, fd and head are the caller's. */
struct writer_options outlets_writer_options(const struct outlets *outlets);

/* For struct pipeline_options. */
struct outlet *const *outlets_list(const struct outlets *outlets, size_t *ret_count);

/* Whether outlets_tick() is wanted, every OUTLET_TICK_NS. */
bool outlets_want_ticks(const struct outlets *outlets);
void outlets_tick(const struct outlets *outlets);

/* Becomes readable when one has failed: then outlets_check() is due. */
int outlets_event_fd(const struct outlets *outlets);

/**
 * Say which ones have failed, each once, and clear the event.
 *
 * @return  1 when there are outlets and all of them have ended, else 0.
 */
int outlets_check(struct outlets *outlets);

/**
 * After pipeline_finish(): wait until everything is written, at most until `deadline_ns`
 * (UINT64_MAX: for ever, but for writer_interrupt()). What cannot be written is counted.
 *
 * @return  0; the errno of the worst failure: -EPIPE only where nothing else failed.
 */
int outlets_drain(struct outlets *outlets, uint64_t deadline_ns);

/* Now, as they are: at any time. */
void outlets_fill_ledger(const struct outlets *outlets, struct ledger *ledger);

#endif
