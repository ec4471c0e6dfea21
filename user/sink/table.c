// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for people: `table` and `wide`. Columns have fixed places; a value that is too long takes
 * the room of the columns behind it, and only as far as they have any. The last column is WHY.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/json_text.h"
#include "user/model/duration_text.h"
#include "user/model/explanation.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/model/names.h"
#include "user/model/text_cells.h"
#include "user/sink/output.h"
#include "user/sink/sinks.h"

#define WHY_CELLS_MIN 40
#define COLUMN_GAP 2
#define COLUMNS_MAX 24
#define CELLS_UNLIMITED ((size_t)-1)
#define COLOUR_OFF "\033[0m"

const char sink_table_help[] =
	"The columns of table and wide:\n"
	"  TIME      local time of the end\n"
	"  VERDICT   how the connection ended (closetrace explain VERDICT)\n"
	"  BY        who ended it: app, kernel and firewall are this host's; peer; client and\n"
	"            server where both ends are elsewhere; path; timeout\n"
	"  PROCESS   owner of the socket, with its pid and, behind @, its container\n"
	"  LOCAL > PEER   the sign between them points the way the end went:\n"
	"            >  LOCAL ended it    <  PEER ended it    x  something between them did\n"
	"            -  nobody did: a timeout, or unknown\n"
	"  AGE       since the first SYN\n"
	"  IDLE      since the last data in either direction\n"
	"  WHY       the ending in one sentence\n"
	"wide adds the container, the other end's role, TCP state, cause, reset reason (~ derived), confidence,\n"
	"bytes sent/received/unread/unsent, SYN/FIN/RST seen, and the network namespace.\n"
	"A - stands for what is not known.\n";

struct table_sink;

/**
 * @cells      Room in the line, without the gap.
 * @dropped_at Order in which columns go when a terminal is narrow; 0 = never.
 * @append     The value, escaped.
 */
struct column {
	const char *title;
	unsigned int cells;
	unsigned int dropped_at;
	void (*append)(struct table_sink *self, struct strbuf *b,
		       const struct closed_connection *c);
};

struct table_sink {
	struct sink sink;
	struct output output;
	struct strbuf scratch;
	struct clock_format_cache cache;
	const struct column *columns[COLUMNS_MAX];
	size_t column_count;
	size_t width; /* cells of a line, CELLS_UNLIMITED when nothing is cut */
	bool colour;
	bool with_ms;
	bool has_header;
};

/* -- columns --------------------------------------------------------------------------------- */
static void column_field(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c, enum field_id id)
{
	const struct field *field = &connection_fields[id];
	struct field_value value;
	bool is_known = row_get(&connection_row_type, c, id, &self->scratch, &value);

	if (is_known && (field->type == FIELD_STRING || field->type == FIELD_STRING_LIST))
		text_append_escaped(b, value.text, value.len);
	else
		field_append_text(b, field, is_known ? &value : NULL, &self->cache);
}

static void column_time(struct table_sink *self, struct strbuf *b,
			const struct closed_connection *c)
{
	clock_append_local_hms(b, &self->cache, c->wall_ns, self->with_ms);
}

static void column_verdict(struct table_sink *self, struct strbuf *b,
			   const struct closed_connection *c)
{
	(void)self;
	strbuf_append_str(b, verdict_name(c->record.decision.verdict));
}

static void column_by(struct table_sink *self, struct strbuf *b, const struct closed_connection *c)
{
	const char *name = initiator_name(c->record.decision.initiator);

	(void)self;
	if (c->record.decision.initiator == CLOSE_BY_UNKNOWN)
		name = "-";
	strbuf_append_str(b, strncmp(name, "local_", 6) == 0 ? name + 6 : name);
}

static void column_escaped(struct table_sink *self, struct strbuf *b)
{
	text_append_escaped(b, self->scratch.data, self->scratch.len);
}

static void column_process(struct table_sink *self, struct strbuf *b,
			   const struct closed_connection *c)
{
	if (!c->record.owner.pid) {
		strbuf_append_char(b, '-');
		return;
	}
	strbuf_reset(&self->scratch);
	connection_append_owner(&self->scratch, c);
	column_escaped(self, b);
}

static void column_task(struct table_sink *self, struct strbuf *b,
			const struct closed_connection *c)
{
	if (!c->record.owner.pid) {
		strbuf_append_char(b, '-');
		return;
	}
	strbuf_reset(&self->scratch);
	task_append(&self->scratch, &c->record.owner);
	column_escaped(self, b);
}

static void column_container(struct table_sink *self, struct strbuf *b,
			     const struct closed_connection *c)
{
	if (!c->container) {
		strbuf_append_char(b, '-');
		return;
	}
	strbuf_reset(&self->scratch);
	container_append(&self->scratch, c->container);
	column_escaped(self, b);
}

static void column_local(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c)
{
	(void)self;
	connection_append_local(b, c);
}

static void column_peer(struct table_sink *self, struct strbuf *b,
			const struct closed_connection *c)
{
	(void)self;
	connection_append_peer(b, c);
}

static void column_arrow(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c)
{
	char arrow = '-';

	(void)self;
	switch (c->record.decision.initiator) {
	case CLOSE_BY_LOCAL_FIREWALL:
		arrow = c->record.evidence.subject == SUBJECT_FORWARDED ? 'x' : '>';
		break;
	case CLOSE_BY_LOCAL_APP:
	case CLOSE_BY_LOCAL_KERNEL:
	case CLOSE_BY_CLIENT:
		arrow = '>';
		break;
	case CLOSE_BY_PEER:
	case CLOSE_BY_SERVER:
		arrow = '<';
		break;
	case CLOSE_BY_PATH:
		arrow = 'x';
		break;
	default:
		break;
	}
	strbuf_append_char(b, arrow);
}

static void column_duration(struct strbuf *b, bool is_known, uint64_t us)
{
	if (is_known)
		duration_append(b, us, "");
	else
		strbuf_append_char(b, '-');
}

static void column_age(struct table_sink *self, struct strbuf *b, const struct closed_connection *c)
{
	(void)self;
	column_duration(b, connection_has(c, CONNECTION_HAS_DURATION), c->duration_us);
}

static void column_idle(struct table_sink *self, struct strbuf *b,
			const struct closed_connection *c)
{
	(void)self;
	column_duration(b, connection_has(c, CONNECTION_HAS_IDLE), c->idle_us);
}

static void column_role(struct table_sink *self, struct strbuf *b,
			const struct closed_connection *c)
{
	column_field(self, b, c, FIELD_ID_role);
}

static void column_state(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c)
{
	column_field(self, b, c, FIELD_ID_state);
}

static void column_cause(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c)
{
	column_field(self, b, c, FIELD_ID_cause);
}

static void column_reason(struct table_sink *self, struct strbuf *b,
			  const struct closed_connection *c)
{
	if (c->record.decision.reason_derived)
		strbuf_append_char(b, '~');
	column_field(self, b, c, FIELD_ID_reason);
}

static void column_confidence(struct table_sink *self, struct strbuf *b,
			      const struct closed_connection *c)
{
	column_field(self, b, c, FIELD_ID_confidence);
}

/* Several fields as one column: 12/0/4. */
static void column_fields(struct table_sink *self, struct strbuf *b,
			  const struct closed_connection *c, const enum field_id *ids, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct field_value value;

		if (i)
			strbuf_append_char(b, '/');
		if (row_get(&connection_row_type, c, ids[i], &self->scratch, &value))
			strbuf_append_u64(b, value.number);
		else
			strbuf_append_char(b, '-');
	}
}

static void column_bytes(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c)
{
	static const enum field_id ids[] = { FIELD_ID_bytes_sent, FIELD_ID_bytes_received,
					     FIELD_ID_bytes_unread, FIELD_ID_bytes_unsent };

	column_fields(self, b, c, ids, 4);
}

static void column_counts(struct table_sink *self, struct strbuf *b,
			  const struct closed_connection *c)
{
	static const enum field_id ids[] = { FIELD_ID_syn_count, FIELD_ID_fin_count,
					     FIELD_ID_rst_count };

	column_fields(self, b, c, ids, 3);
}

static void column_netns(struct table_sink *self, struct strbuf *b,
			 const struct closed_connection *c)
{
	column_field(self, b, c, FIELD_ID_netns);
}

static void column_why(struct table_sink *self, struct strbuf *b, const struct closed_connection *c)
{
	column_field(self, b, c, FIELD_ID_explanation);
}

static const struct column table_columns[] = {
	{ "TIME", 8, 4, column_time },	  { "VERDICT", 21, 0, column_verdict },
	{ "BY", 8, 3, column_by },	  { "PROCESS", 20, 5, column_process },
	{ "LOCAL", 21, 0, column_local }, { " ", 1, 0, column_arrow },
	{ "PEER", 21, 0, column_peer },	  { "AGE", 6, 2, column_age },
	{ "IDLE", 6, 1, column_idle },	  { "WHY", 0, 0, column_why },
};

static const struct column wide_columns[] = {
	{ "TIME", 12, 0, column_time },
	{ "VERDICT", 21, 0, column_verdict },
	{ "BY", 8, 0, column_by },
	{ "PROCESS", 20, 0, column_task },
	{ "CONTAINER", 14, 0, column_container },
	{ "ROLE", 6, 0, column_role },
	{ "LOCAL", 21, 0, column_local },
	{ " ", 1, 0, column_arrow },
	{ "PEER", 21, 0, column_peer },
	{ "AGE", 6, 0, column_age },
	{ "IDLE", 6, 0, column_idle },
	{ "STATE", 12, 0, column_state },
	{ "CAUSE", 21, 0, column_cause },
	{ "REASON", 25, 0, column_reason },
	{ "CONFIDENCE", 10, 0, column_confidence },
	{ "BYTES", 20, 0, column_bytes },
	{ "SYN/FIN/RST", 11, 0, column_counts },
	{ "NETNS", 10, 0, column_netns },
	{ "WHY", 0, 0, column_why },
};

/* -- a line ---------------------------------------------------------------------------------- */
static const char *class_colour(uint8_t class_number)
{
	switch (class_number) {
	case CLOSE_CLASS_CLOSED:
		return "\033[32m";
	case CLOSE_CLASS_HALF_CLOSED:
	case CLOSE_CLASS_TIMEOUT:
		return "\033[33m";
	case CLOSE_CLASS_REFUSED:
		return "\033[35m";
	case CLOSE_CLASS_RESET_LOCAL:
		return "\033[31m";
	case CLOSE_CLASS_RESET_PEER:
		return "\033[1;31m";
	case CLOSE_CLASS_PATH:
		return "\033[1;35m";
	case CLOSE_CLASS_CANCELLED:
		return "\033[36m";
	default:
		return "\033[90m";
	}
}

static void spaces_append(struct strbuf *b, size_t count)
{
	static const char spaces[] = "                                ";

	while (count) {
		size_t now = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;

		strbuf_append(b, spaces, now);
		count -= now;
	}
}

/**
 * Where a line stands.
 *
 * @used    Cells that are filled.
 * @place   Cells before the next column, had every value its size.
 */
struct line {
	size_t used;
	size_t place;
};

/* From the last value to the place of the next: at least the gap, at most to the line's end. */
static void line_append_gap(struct table_sink *self, struct line *line)
{
	size_t wanted = line->place;

	if (line->place == 0)
		return;
	if (wanted < line->used + COLUMN_GAP)
		wanted = line->used + COLUMN_GAP;
	if (wanted > self->width)
		wanted = self->width;
	if (wanted > line->used)
		spaces_append(&self->output.text, wanted - line->used);
	line->used = wanted;
}

/* The text behind `start` is one value: cut it to what the line has left. */
static void line_take(struct table_sink *self, struct line *line, size_t start, size_t cells)
{
	struct strbuf *b = &self->output.text;
	size_t len;

	if (b->failed)
		return;
	len = b->len - start;
	if (self->width != CELLS_UNLIMITED) {
		len = text_cells_fit(b->data + start, len, self->width - line->used);
		b->len = start + len;
		b->data[b->len] = '\0';
	}
	line->used += text_cells(b->data + start, len);
	line->place += cells + COLUMN_GAP;
}

static void line_append_column(struct table_sink *self, struct line *line,
			       const struct column *column, const struct closed_connection *c)
{
	bool is_coloured = c && self->colour && column->append == column_verdict;
	struct strbuf *b = &self->output.text;
	size_t start;

	line_append_gap(self, line);
	if (is_coloured)
		strbuf_append_str(b, class_colour(class_of_verdict(c->record.decision.verdict)));
	start = b->len;
	if (c)
		column->append(self, b, c);
	else
		strbuf_append_str(b, column->title);
	line_take(self, line, start, column->cells);
	if (is_coloured)
		strbuf_append_str(b, COLOUR_OFF);
}

/* Below the line of its connection, one frame a line. */
static void stack_append(struct table_sink *self, const char *whose,
			 const struct string_list *stack)
{
	struct strbuf *b = &self->output.text;
	const char *at = stack->text;

	for (; stack->len && at < stack->text + stack->len; at += strlen(at) + 1) {
		struct line line = { 0, 0 };
		size_t start = b->len;

		strbuf_append_str(b, whose);
		text_append_escaped(b, at, strlen(at));
		line_take(self, &line, start, 0);
		strbuf_append_char(b, '\n');
	}
}

/* `c` is NULL for the header. */
static int table_append_line(struct table_sink *self, const struct closed_connection *c)
{
	struct line line = { 0, 0 };
	size_t i;

	output_begin(&self->output);
	for (i = 0; i < self->column_count; i++)
		line_append_column(self, &line, self->columns[i], c);
	strbuf_append_char(&self->output.text, '\n');
	if (c) {
		stack_append(self, "    kernel  ", &c->kernel_stack);
		stack_append(self, "    user    ", &c->user_stack);
	}
	return output_end(&self->output);
}

/* -- the sinks ------------------------------------------------------------------------------- */
/* The columns left when the first `dropped` ones are gone, and their cells without WHY. */
static size_t table_choose_columns(struct table_sink *self, const struct column *columns,
				   size_t count, unsigned int dropped)
{
	size_t i, cells = 0;

	self->column_count = 0;
	for (i = 0; i < count; i++) {
		if (columns[i].dropped_at && columns[i].dropped_at <= dropped)
			continue;
		self->columns[self->column_count++] = &columns[i];
		cells += columns[i].cells + COLUMN_GAP;
	}
	return cells - COLUMN_GAP;
}

static int table_open_columns(const struct sink_options *options, const struct sink_ops *ops,
			      const struct column *columns, size_t count, struct sink **ret)
{
	struct table_sink *self = calloc(1, sizeof(*self));
	unsigned int dropped = 0;

	if (!self)
		return -ENOMEM;
	self->sink.ops = ops;
	self->width = CELLS_UNLIMITED;
	/* No terminal has room for all of `wide`: there a line wraps rather than lose its WHY. */
	if (options->is_terminal && options->width && ops == &table_sink_ops)
		self->width = options->width;
	self->colour = options->colour;
	self->with_ms = ops == &wide_sink_ops;
	output_init(&self->output, options);
	while (table_choose_columns(self, columns, count, dropped) + WHY_CELLS_MIN > self->width &&
	       dropped < count)
		dropped++;
	*ret = &self->sink;
	return 0;
}

static int table_open(const struct sink_options *options, struct sink **ret)
{
	return table_open_columns(options, &table_sink_ops, table_columns,
				  sizeof(table_columns) / sizeof(table_columns[0]), ret);
}

static int wide_open(const struct sink_options *options, struct sink **ret)
{
	return table_open_columns(options, &wide_sink_ops, wide_columns,
				  sizeof(wide_columns) / sizeof(wide_columns[0]), ret);
}

/* The header comes with the first line or the first flush: not when the start fails. */
static int table_begin(struct table_sink *self)
{
	int err;

	if (self->has_header)
		return 0;
	err = table_append_line(self, NULL);
	self->has_header = !err;
	return err;
}

static int table_write(struct sink *sink, const struct closed_connection *c)
{
	struct table_sink *self = (struct table_sink *)sink;
	int err = table_begin(self);

	return err ? err : table_append_line(self, c);
}

static int table_flush(struct sink *sink)
{
	struct table_sink *self = (struct table_sink *)sink;
	int err = table_begin(self);

	return err ? err : output_flush(&self->output);
}

static void table_close(struct sink **sink)
{
	struct table_sink *self = (struct table_sink *)*sink;

	if (!self)
		return;
	output_release(&self->output);
	strbuf_release(&self->scratch);
	free(self);
	*sink = NULL;
}

const struct sink_ops table_sink_ops = {
	.name = "table",
	.meaning = "one line per ending, for people",
	.open = table_open,
	.write = table_write,
	.flush = table_flush,
	.close = table_close,
};

const struct sink_ops wide_sink_ops = {
	.name = "wide",
	.meaning = "table with more columns",
	.open = wide_open,
	.write = table_write,
	.flush = table_flush,
	.close = table_close,
};
