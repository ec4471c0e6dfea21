// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/screen_outlet.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"

#define WIDTH_DEFAULT 80
#define ROWS_DEFAULT 24
/* Bytes of a frame's record in the writer: it stands for no endings, those are counted here. */
#define FRAME 0

/**
 * @offered @lost_memory  In endings. A frame that found no room is drawn again later: nothing is
 *                        lost but time, and the summary has it all.
 */
struct screen_outlet {
	struct outlet outlet;
	int fd;
	size_t width, rows;
	struct writer *writer;
	struct brief_screen *screen;
	uint64_t offered;
	uint64_t grouped;
	uint64_t lost_memory;
};

static void size_of(int fd, size_t *ret_width, size_t *ret_rows)
{
	struct winsize size;

	*ret_width = WIDTH_DEFAULT;
	*ret_rows = ROWS_DEFAULT;
	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return;
	*ret_width = size.ws_col;
	*ret_rows = size.ws_row ?: ROWS_DEFAULT;
}

struct brief_screen_options screen_options_of(int fd, bool colour, bool full_time)
{
	const char *term = getenv("TERM"), *locale = setlocale(LC_CTYPE, "");
	struct brief_screen_options options = {
		.style = { .colour = colour,
			   .full_time = full_time,
			   .unicode = locale && !strcmp(nl_langinfo(CODESET), "UTF-8") },
		/* All that call themselves something else know how to go up and to clear. */
		.rewrites = term && *term && strcmp(term, "dumb") != 0,
	};

	size_of(fd, &options.style.width, &options.rows);
	return options;
}

static void screen_draw(struct screen_outlet *self)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct strbuf *frame;

	if (brief_screen_due_ns(self->screen) > now_ns)
		return;
	/* A terminal that is slow gets fewer frames, not a longer queue. */
	if (!writer_is_idle(self->writer))
		return;
	frame = writer_begin(self->writer, FRAME);
	if (!frame)
		return;
	brief_screen_draw(self->screen, now_ns, frame);
	writer_end(self->writer, FRAME, false);
	writer_flush(self->writer);
}

static void screen_offer(struct outlet *outlet, const struct closed_connection *c)
{
	struct screen_outlet *self = (struct screen_outlet *)outlet;
	struct brief brief;

	self->offered += c->repeated;
	if (brief_from_connection(c, &brief)) {
		self->lost_memory += c->repeated;
		return;
	}
	if (c->first_wall_ns)
		self->grouped += c->repeated;
	brief_screen_add(self->screen, &brief, clock_monotonic_ns());
}

static void screen_flush(struct outlet *outlet)
{
	screen_draw((struct screen_outlet *)outlet);
}

static void screen_tick(struct outlet *outlet)
{
	struct screen_outlet *self = (struct screen_outlet *)outlet;
	size_t width, rows;

	size_of(self->fd, &width, &rows);
	if (width != self->width || rows != self->rows) {
		self->width = width;
		self->rows = rows;
		brief_screen_resize(self->screen, width, rows);
	}
	screen_draw(self);
}

static void screen_finish(struct outlet *outlet)
{
	struct screen_outlet *self = (struct screen_outlet *)outlet;
	struct strbuf *frame = writer_begin(self->writer, FRAME);

	if (!frame)
		return;
	brief_screen_finish(self->screen, frame);
	writer_end(self->writer, FRAME, false);
	writer_flush(self->writer);
}

static void screen_drain(struct outlet *outlet, uint64_t deadline_ns)
{
	writer_drain(((struct screen_outlet *)outlet)->writer, deadline_ns);
}

static void screen_account(const struct outlet *outlet, struct outlet_account *ret)
{
	const struct screen_outlet *self = (const struct screen_outlet *)outlet;

	writer_account(self->writer, ret);
	ret->offered = self->offered;
	ret->lost[OUTLET_LOSS_MEMORY] += self->lost_memory;
	/* On the screen, folded into a line of it, or in the summary. */
	ret->written = ret->has_ended ? 0 : self->offered - self->lost_memory;
	ret->grouped = self->grouped < ret->written ? self->grouped : ret->written;
	if (ret->has_ended)
		ret->lost[OUTLET_LOSS_FAILED] = self->offered - self->lost_memory;
}

static void screen_close(struct outlet **outlet)
{
	struct screen_outlet *self = (struct screen_outlet *)*outlet;

	if (!self)
		return;
	writer_close(&self->writer);
	brief_screen_free(&self->screen);
	free(self);
	*outlet = NULL;
}

static const struct outlet_ops screen_outlet_ops = {
	.kind = "screen",
	.offer = screen_offer,
	.flush = screen_flush,
	.tick = screen_tick,
	.finish = screen_finish,
	.drain = screen_drain,
	.account = screen_account,
	.close = screen_close,
};

int screen_outlet_open(const struct brief_screen_options *options,
		       const struct writer_options *writer, struct outlet **ret)
{
	struct screen_outlet *self = calloc(1, sizeof(*self));
	struct outlet *outlet = &self->outlet;
	int err;

	if (!self)
		return -ENOMEM;
	self->outlet.ops = &screen_outlet_ops;
	self->outlet.name = "stdout";
	self->fd = writer->fd;
	self->width = options->style.width;
	self->rows = options->rows;
	err = brief_screen_new(options, &self->screen);
	err = err ?: writer_open(writer, &self->writer);
	if (err)
		screen_close(&outlet);
	else
		*ret = outlet;
	return err;
}
