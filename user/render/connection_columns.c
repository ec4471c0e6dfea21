// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How tables show closed connections. */
#include <string.h>
#include <time.h>

#include "user/base/json_text.h"
#include "user/model/capture_story.h"
#include "user/model/fields.h"
#include "user/model/names.h"
#include "user/render/brief_lines.h"
#include "user/render/forms.h"

const char form_table_help[] =
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

#define MADE(name)                                                                                 \
	static void make_##name(const struct column *column, struct cell_maker *maker,             \
				struct strbuf *b, const void *row)

static void append_escaped(struct strbuf *b, const struct strbuf *text)
{
	text_append_escaped(b, text->data, text->len);
}

MADE(by)
{
	const struct closed_connection *c = row;
	const char *name = initiator_name(c->record.decision.initiator);

	(void)column;
	(void)maker;
	if (c->record.decision.initiator == CLOSE_BY_UNKNOWN)
		name = "-";
	strbuf_append_str(b, strncmp(name, "local_", 6) == 0 ? name + 6 : name);
}

static void append_owner(struct cell_maker *maker, struct strbuf *b,
			 const struct closed_connection *c,
			 void (*append)(struct strbuf *b, const struct closed_connection *c))
{
	if (!c->record.owner.pid) {
		strbuf_append_char(b, '-');
		return;
	}
	strbuf_reset(&maker->scratch);
	append(&maker->scratch, c);
	append_escaped(b, &maker->scratch);
}

MADE(process)
{
	(void)column;
	append_owner(maker, b, row, connection_append_owner);
}

static void append_task(struct strbuf *b, const struct closed_connection *c)
{
	task_append(b, &c->record.owner);
}

MADE(task)
{
	(void)column;
	append_owner(maker, b, row, append_task);
}

MADE(container)
{
	const struct closed_connection *c = row;

	(void)column;
	if (!c->container) {
		strbuf_append_char(b, '-');
		return;
	}
	strbuf_reset(&maker->scratch);
	container_append(&maker->scratch, c->container);
	append_escaped(b, &maker->scratch);
}

MADE(local)
{
	(void)column;
	(void)maker;
	connection_append_local(b, row);
}

MADE(peer)
{
	(void)column;
	(void)maker;
	connection_append_peer(b, row);
}

MADE(arrow)
{
	const struct closed_connection *c = row;
	char arrow = '-';

	(void)column;
	(void)maker;
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

/* With its day: a capture is seldom of today. */
MADE(when)
{
	const struct closed_connection *c = row;
	time_t second = (time_t)(c->wall_ns / CLOCK_NS_PER_SECOND);
	char text[40];
	struct tm tm;

	(void)column;
	if (localtime_r(&second, &tm) && strftime(text, sizeof(text), "%Y-%m-%d ", &tm))
		strbuf_append_str(b, text);
	clock_append_local_hms(b, &maker->cache, c->wall_ns, true);
}

/* Since the capture's first packet, as Wireshark counts by default. */
MADE(since)
{
	const struct closed_connection *c = row;

	(void)column;
	(void)maker;
	if (c->capture)
		strbuf_appendf(b, "%llu.%06llu",
			       (unsigned long long)(c->capture->since_ns / CLOCK_NS_PER_SECOND),
			       (unsigned long long)(c->capture->since_ns % CLOCK_NS_PER_SECOND /
						    CLOCK_NS_PER_US));
	else
		strbuf_append_char(b, '-');
}

MADE(reason)
{
	const struct closed_connection *c = row;
	static const struct column plain = { .fields = { FIELD_ID_reason }, .field_count = 1 };

	(void)column;
	if (c->record.decision.reason_derived)
		strbuf_append_char(b, '~');
	column_append_cell(b, &connection_row_type, &plain, maker, row);
}

static const char *verdict_colour(const void *row)
{
	const struct closed_connection *c = row;

	return class_colour(class_of_verdict(c->record.decision.verdict));
}

#define TABLE COLUMN_IN_TABLE
#define WIDE COLUMN_IN_WIDE
#define BOTH (TABLE | WIDE)
#define FIELDS(...) .fields = { __VA_ARGS__ }
#define FIELD(name) FIELDS(FIELD_ID_##name), .field_count = 1
#define THREE(a, b, c) FIELDS(FIELD_ID_##a, FIELD_ID_##b, FIELD_ID_##c), .field_count = 3
#define FOUR(a, b, c, d)                                                                           \
	FIELDS(FIELD_ID_##a, FIELD_ID_##b, FIELD_ID_##c, FIELD_ID_##d), .field_count = 4

/* clang-format off */
static const struct column columns[] = {
	{ .title = "TIME", .cells = 8, .dropped_at = 4, .in = BOTH, FIELD(time) },
	{ .title = "VERDICT", .cells = 21, .in = BOTH, FIELD(verdict), .colour = verdict_colour },
	{ .name = "by", .title = "BY", .cells = 8, .dropped_at = 3, .in = BOTH, .append = make_by },
	{ .name = "process", .title = "PROCESS", .cells = 20, .dropped_at = 5, .in = TABLE, .append = make_process },
	{ .name = "task", .title = "PROCESS", .cells = 20, .in = WIDE, .append = make_task },
	{ .name = "container", .title = "CONTAINER", .cells = 14, .in = WIDE, .append = make_container },
	{ .title = "ROLE", .cells = 6, .in = WIDE, FIELD(role) },
	{ .name = "local", .title = "LOCAL", .cells = 21, .in = BOTH, .append = make_local },
	{ .name = "arrow", .title = " ", .cells = 1, .in = BOTH, .append = make_arrow },
	{ .name = "peer", .title = "PEER", .cells = 21, .in = BOTH, .append = make_peer },
	{ .title = "AGE", .cells = 6, .dropped_at = 2, .in = BOTH, FIELD(duration_us) },
	{ .title = "IDLE", .cells = 6, .dropped_at = 1, .in = BOTH, FIELD(idle_us) },
	{ .title = "STATE", .cells = 12, .in = WIDE, FIELD(state) },
	{ .title = "CAUSE", .cells = 21, .in = WIDE, FIELD(cause) },
	{ .name = "why_reset", .title = "REASON", .cells = 25, .in = WIDE, .append = make_reason },
	{ .title = "CONFIDENCE", .cells = 10, .in = WIDE, FIELD(confidence) },
	{ .name = "bytes", .title = "BYTES", .cells = 20, .in = WIDE, FOUR(bytes_sent, bytes_received, bytes_unread, bytes_unsent) },
	{ .name = "packets", .title = "SYN/FIN/RST", .cells = 11, .in = WIDE, THREE(syn_count, fin_count, rst_count) },
	{ .title = "NETNS", .cells = 10, .in = WIDE, FIELD(netns) },
	{ .name = "when", .title = "TIME", .cells = 23, .append = make_when },
	{ .name = "since", .title = "TIME", .cells = 12, .append = make_since, .is_right = true },
	{ .title = "FRAME", .cells = 7, FIELD(frame), .is_right = true },
	{ .title = "WHY", .in = BOTH, FIELD(explanation) },
};
/* clang-format on */

static const struct column_below below[] = {
	{ FIELD_ID_kernel_stack, "    kernel  " },
	{ FIELD_ID_user_stack, "    user    " },
};

const struct table_layout connection_layout = {
	.type = &connection_row_type,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.below = below,
	.below_count = sizeof(below) / sizeof(below[0]),
};
