// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/brief_lines.h"

#include <string.h>
#include <time.h>

#include "include/flow_key.h"
#include "user/base/cleanup.h"
#include "user/model/duration_text.h"
#include "user/model/names.h"
#include "user/model/text_cells.h"

#define COLOUR_OFF "\033[0m"
#define COLOUR_FAINT "\033[2m"
#define COLOUR_BOLD "\033[1m"
#define INDENT_CELLS 9
#define VERDICT_CELLS 15
#define WIDE_WHO_CELLS 100 /* where the sentence begins in a wide line */

const char *class_colour(uint8_t class_number)
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

/* -- words ----------------------------------------------------------------------------------- */
static void spaces_append(struct strbuf *b, size_t count)
{
	while (count--)
		strbuf_append_char(b, ' ');
}

static size_t word_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] != ' ')
		i++;
	return i;
}

/* Where wrapped text stands: cells used of the line, and newlines so far. */
struct wrap {
	struct strbuf *b;
	size_t width;
	size_t indent;
	size_t used;
	size_t lines;
};

static void wrap_newline(struct wrap *wrap)
{
	strbuf_append_char(wrap->b, '\n');
	spaces_append(wrap->b, wrap->indent);
	wrap->used = wrap->indent;
	wrap->lines++;
}

/* A word that is longer than a line, from the start of one. */
static void wrap_put_long(struct wrap *wrap, const char *word, size_t len)
{
	while (wrap->used + text_cells(word, len) > wrap->width) {
		size_t part = text_cells_fit(word, len, wrap->width - wrap->used);

		/* A character that is wider than the line. */
		if (!part)
			break;
		strbuf_append(wrap->b, word, part);
		word += part;
		len -= part;
		wrap_newline(wrap);
	}
	strbuf_append(wrap->b, word, len);
	wrap->used += text_cells(word, len);
}

size_t text_append_wrapped(struct strbuf *b, const char *text, size_t len, size_t width,
			   size_t indent, size_t used)
{
	struct wrap wrap = { .b = b, .width = width, .indent = indent, .used = used };
	size_t gap = 0, word;

	for (; len; text += word, len -= word) {
		while (len && *text == ' ') {
			text++;
			len--;
		}
		word = word_len(text, len);
		if (wrap.used + gap + text_cells(text, word) <= width) {
			spaces_append(b, gap);
			strbuf_append(b, text, word);
			wrap.used += gap + text_cells(text, word);
		} else {
			if (wrap.used > indent)
				wrap_newline(&wrap);
			wrap_put_long(&wrap, text, word);
		}
		gap = 1;
	}
	return wrap.lines;
}

void brief_append_times(struct strbuf *b, const struct brief *brief)
{
	uint64_t span_us = (brief->wall_ns - brief->first_wall_ns) / CLOCK_NS_PER_US;

	if (brief->repeated < 2)
		return;
	strbuf_append_char(b, 'x');
	strbuf_append_u64_grouped(b, brief->repeated);
	if (brief->wall_ns > brief->first_wall_ns) {
		strbuf_append_str(b, " in ");
		duration_append(b, span_us, " ");
	}
}

/* -- the parts of the first line ------------------------------------------------------------- */
/**
 * A line that is being filled.
 *
 * @used   Cells of the current line.
 * @lines  Newlines so far.
 */
struct brief_line {
	struct strbuf *b;
	const struct brief_style *style;
	struct strbuf part;
	size_t width;
	size_t used;
	size_t lines;
};

/* Put the part into the line, or into the next one, filled up to `cells`; then it is empty again. */
static void line_put(struct brief_line *line, const char *colour, size_t cells)
{
	struct strbuf *part = &line->part;
	size_t has = text_cells(part->data ? part->data : "", part->len);
	size_t gap = line->used ? 1 : 0;

	if (!part->len)
		return;
	if (line->used > INDENT_CELLS && line->used + gap + has > line->width) {
		strbuf_append_char(line->b, '\n');
		spaces_append(line->b, INDENT_CELLS);
		line->lines++;
		line->used = INDENT_CELLS;
		gap = 0;
	}
	spaces_append(line->b, gap);
	line->used += gap;
	if (line->style->colour && colour)
		strbuf_append_str(line->b, colour);
	if (line->used + has <= line->width) {
		strbuf_append(line->b, part->data, part->len);
		line->used += has;
	} else {
		line->lines += text_append_wrapped(line->b, part->data, part->len, line->width,
						   INDENT_CELLS, line->used);
		line->used = line->width;
	}
	if (line->style->colour && colour)
		strbuf_append_str(line->b, COLOUR_OFF);
	if (has < cells && line->used + cells - has < line->width) {
		spaces_append(line->b, cells - has);
		line->used += cells - has;
	}
	strbuf_reset(part);
}

static void date_append(struct strbuf *b, uint64_t wall_ns)
{
	time_t second = (time_t)(wall_ns / CLOCK_NS_PER_SECOND);
	char text[16];
	struct tm tm;

	if (localtime_r(&second, &tm) && strftime(text, sizeof(text), "%Y-%m-%d", &tm)) {
		strbuf_append_str(b, text);
		strbuf_append_char(b, ' ');
	}
}

static const char *arrow_of(const struct brief *brief, bool unicode)
{
	switch (brief->initiator) {
	case CLOSE_BY_LOCAL_FIREWALL:
		if (brief->is_forwarded)
			return unicode ? "✕" : "x";
		return unicode ? "→" : ">";
	case CLOSE_BY_LOCAL_APP:
	case CLOSE_BY_LOCAL_KERNEL:
	case CLOSE_BY_CLIENT:
		return unicode ? "→" : ">";
	case CLOSE_BY_PEER:
	case CLOSE_BY_SERVER:
		return unicode ? "←" : "<";
	case CLOSE_BY_PATH:
		return unicode ? "✕" : "x";
	default:
		return unicode ? "─" : "-";
	}
}

/* A port alone is this host's own; a client's is of no interest once several are meant. */
static void local_append(struct strbuf *b, const struct brief *brief)
{
	if (brief->is_forwarded) {
		endpoint_append(b, brief->local_addr, brief->local_port);
	} else if (brief->local_port && !(brief->repeated > 1 && brief->local_is_client)) {
		strbuf_append_char(b, ':');
		strbuf_append_u64(b, brief->local_port);
	}
}

static void peer_append(struct strbuf *b, const struct brief *brief)
{
	if (brief->peers_differ)
		strbuf_append_str(b, "several peers");
	else if (brief->repeated > 1 && !brief->local_is_client)
		strbuf_append_ip(b, brief->peer_addr);
	else
		endpoint_append(b, brief->peer_addr, brief->peer_port);
}

static void line_put_who(struct brief_line *line, const struct brief *brief, bool is_wide)
{
	strbuf_append_str(&line->part, verdict_name(brief->verdict));
	line_put(line, class_colour(brief->class_number), is_wide ? 21 : VERDICT_CELLS);
	strbuf_append_str(&line->part, brief->processes_differ ? brief->program : brief->process);
	line_put(line, COLOUR_BOLD, is_wide ? 20 : 0);
	local_append(&line->part, brief);
	line_put(line, NULL, is_wide ? 6 : 0);
	/* The sign stays with the peer that it points from or to. */
	strbuf_append_str(&line->part, arrow_of(brief, line->style->unicode));
	strbuf_append_char(&line->part, ' ');
	peer_append(&line->part, brief);
	line_put(line, NULL, is_wide ? 23 : 0);
	strbuf_append_str(&line->part, brief->peer_process);
	line_put(line, NULL, 0);
}

static void line_put_head(struct brief_line *line, const struct brief *brief,
			  struct clock_format_cache *cache)
{
	if (line->style->full_time)
		date_append(&line->part, brief->wall_ns);
	clock_append_local_hms(&line->part, cache, brief->wall_ns, line->style->full_time);
	line_put(line, COLOUR_FAINT, 0);
	if (brief->frame) {
		strbuf_append_str(&line->part, "frame ");
		strbuf_append_u64(&line->part, brief->frame);
		line_put(line, COLOUR_FAINT, 0);
	}
	line_put_who(line, brief, line->width < line->style->width);
	if (brief->has_age && brief->repeated == 1) {
		duration_append(&line->part, brief->age_us, "");
		line_put(line, COLOUR_FAINT, 0);
	}
	brief_append_times(&line->part, brief);
	line_put(line, COLOUR_BOLD, 0);
}

size_t brief_append_lines(struct strbuf *b, const struct brief *brief,
			  const struct brief_style *style, struct clock_format_cache *cache)
{
	size_t width = style->width < BRIEF_CELLS_MIN ? BRIEF_CELLS_MIN : style->width;
	size_t wide = width >= BRIEF_WIDE_CELLS ? WIDE_WHO_CELLS : 0, indent = INDENT_CELLS;
	struct brief_line line = { .b = b, .style = style, .width = wide ? wide : width };

	line_put_head(&line, brief, cache);
	if (wide && line.used < wide && !line.lines) {
		spaces_append(b, wide - line.used + 1);
		line.used = indent = wide + 1;
	} else {
		strbuf_append_char(b, '\n');
		spaces_append(b, indent);
		line.lines++;
		line.used = indent;
	}
	line.lines += text_append_wrapped(b, brief->sentence, strlen(brief->sentence), width,
					  indent, line.used);
	strbuf_append_char(b, '\n');
	strbuf_release(&line.part);
	return line.lines + 1;
}

size_t brief_append_total(struct strbuf *b, const struct brief *brief, const char *sentence,
			  const struct brief_style *style)
{
	size_t width = style->width < BRIEF_CELLS_MIN ? BRIEF_CELLS_MIN : style->width;
	struct brief_line line = { .b = b, .style = style, .width = width };
	struct strbuf count = STRBUF_INIT;

	strbuf_append_u64_grouped(&count, brief->repeated);
	if (count.len < INDENT_CELLS - 1)
		spaces_append(&line.part, INDENT_CELLS - 1 - count.len);
	strbuf_append(&line.part, count.data, count.len);
	line_put(&line, COLOUR_BOLD, 0);
	line_put_who(&line, brief, false);
	strbuf_append_char(b, '\n');
	spaces_append(b, INDENT_CELLS);
	line.lines += text_append_wrapped(b, sentence, strlen(sentence), width, INDENT_CELLS,
					  INDENT_CELLS);
	strbuf_append_char(b, '\n');
	strbuf_release(&line.part);
	strbuf_release(&count);
	return line.lines + 2;
}
