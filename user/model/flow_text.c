// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/flow_text.h"

#include "user/base/clock.h"
#include "user/base/json_text.h"
#include "user/model/field_text.h"
#include "user/model/text_cells.h"

#define COLUMN_GAP 2
#define CELL_MAX 40 /* of a text; longer ones are cut in the table, never in JSON */
#define REST_TEXT "(others)"

const char flow_table_help[] =
	"The columns of the table: what groups the rows, then\n"
	"  CONN      connections begun (a new SYN)\n"
	"  SYN> <SYN CT  SYN of the client, SYN-ACK of the server, handshakes completed\n"
	"  FIN> <FIN RST> <RST  sent by the client, sent by the server\n"
	"  RST/CONN  RST per connection\n"
	"wide adds SYN/CONN, SYN, FIN and RST per second, and how connections closed: FIN of both\n"
	"(C.FIN), FIN then RST (C.F+R), RST alone (C.RST), RST without connection (NO.CT), half closed\n"
	"(HALF), timed out (TIME), client RST after its own FIN (OWN), RST by habit (HABIT); FOUND\n"
	"counts flows met without their SYN, GUESS packets whose client is a guess by the lower port.\n";

/* In the order of FLOW_KEYS. */
static const char *const key_titles[FLOW_KEY_COUNT] = {
	[FLOW_KEY_CLIENT] = "CLIENT",
	[FLOW_KEY_CLIENT_PORT] = "CPORT",
	[FLOW_KEY_SERVER] = "SERVER",
	[FLOW_KEY_SERVER_PORT] = "PORT",
	[FLOW_KEY_COMM] = "COMM",
	[FLOW_KEY_CONTAINER] = "CONTAINER",
	[FLOW_KEY_POD] = "POD",
	[FLOW_KEY_VERDICT] = "VERDICT",
	[FLOW_KEY_ZONE_CLIENT] = "ZONE.CLT",
	[FLOW_KEY_ZONE_SERVER] = "ZONE.SRV",
	[FLOW_KEY_INTERFACE] = "INTERFACE",
	[FLOW_KEY_NETNS] = "NETNS",
};

static const struct {
	enum flow_field field;
	const char *title;
	bool wide_only;
} count_columns[] = {
	{ FLOW_FIELD_connections, "CONN", false },
	{ FLOW_FIELD_syn_count_clt, "SYN>", false },
	{ FLOW_FIELD_syn_count_srv, "<SYN", false },
	{ FLOW_FIELD_ct_count, "CT", false },
	{ FLOW_FIELD_fin_count_clt, "FIN>", false },
	{ FLOW_FIELD_fin_count_srv, "<FIN", false },
	{ FLOW_FIELD_rst_count_clt, "RST>", false },
	{ FLOW_FIELD_rst_count_srv, "<RST", false },
	{ FLOW_FIELD_rst_per_connection, "RST/CONN", false },
	{ FLOW_FIELD_syn_per_connection, "SYN/CONN", true },
	{ FLOW_FIELD_syn_rate, "SYN/S", true },
	{ FLOW_FIELD_fin_rate, "FIN/S", true },
	{ FLOW_FIELD_rst_rate, "RST/S", true },
	{ FLOW_FIELD_closed_fin, "C.FIN", true },
	{ FLOW_FIELD_closed_fin_rst, "C.F+R", true },
	{ FLOW_FIELD_closed_rst, "C.RST", true },
	{ FLOW_FIELD_rst_no_ct, "NO.CT", true },
	{ FLOW_FIELD_half_closed, "HALF", true },
	{ FLOW_FIELD_timed_out, "TIME", true },
	{ FLOW_FIELD_rst_own_fin, "OWN", true },
	{ FLOW_FIELD_rst_habit, "HABIT", true },
	{ FLOW_FIELD_found, "FOUND", true },
	{ FLOW_FIELD_guessed, "GUESS", true },
};

size_t flow_columns(uint32_t by, bool wide, struct flow_column *ret)
{
	size_t count = 0;

	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (by & 1u << key)
			ret[count++] = (struct flow_column){
				.field = flow_key_field(key),
				.title = key_titles[key],
				.is_left =
					key != FLOW_KEY_CLIENT_PORT && key != FLOW_KEY_SERVER_PORT,
			};
	for (size_t i = 0; i < sizeof(count_columns) / sizeof(count_columns[0]); i++)
		if (wide || !count_columns[i].wide_only)
			ret[count++] = (struct flow_column){
				.field = count_columns[i].field,
				.title = count_columns[i].title,
			};
	return count;
}

static void ratio_append_cell(struct strbuf *b, uint64_t thousandths)
{
	uint64_t hundredths = (thousandths + 5) / 10;

	strbuf_append_u64(b, hundredths / 100);
	strbuf_append_char(b, '.');
	strbuf_append_char(b, (char)('0' + hundredths / 10 % 10));
	strbuf_append_char(b, (char)('0' + hundredths % 10));
}

void flow_append_cell(struct strbuf *b, const struct flow_row *row, enum flow_field field)
{
	struct field_value value;
	size_t start = b->len;

	if (!flow_row_get(row, field, NULL, &value)) {
		strbuf_append_str(b, row->is_rest && flow_field_is_key(field) ? REST_TEXT : "-");
		return;
	}
	switch (flow_fields[field].type) {
	case FIELD_STRING:
		text_append_escaped(b, value.text, value.len);
		if (!b->failed && text_cells(b->data + start, b->len - start) > CELL_MAX) {
			b->len = start + text_cells_fit(b->data + start, b->len - start, CELL_MAX);
			b->data[b->len] = '\0';
		}
		break;
	case FIELD_RATIO:
		ratio_append_cell(b, value.number);
		break;
	default:
		field_append_text(b, &flow_fields[field], &value, NULL);
	}
}

struct flow_table {
	struct strbuf *b;
	struct flow_column columns[FLOW_COLUMNS_MAX];
	size_t widths[FLOW_COLUMNS_MAX];
	size_t column_count;
	size_t width;
};

static void spaces_append(struct strbuf *b, size_t count)
{
	while (count--)
		strbuf_append_char(b, ' ');
}

/* `row` NULL: the head. */
static void table_append_line(struct flow_table *table, const struct flow_row *row)
{
	struct strbuf *b = table->b;
	size_t line = b->len, start, cells;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct flow_column *column = &table->columns[i];

		start = b->len;
		if (row)
			flow_append_cell(b, row, column->field);
		else
			strbuf_append_str(b, column->title);
		if (b->failed)
			return;
		cells = text_cells(b->data + start, b->len - start);
		if (column->is_left) {
			spaces_append(b, table->widths[i] - cells + COLUMN_GAP);
			continue;
		}
		if (strbuf_reserve(b, table->widths[i] - cells))
			return;
		memmove(b->data + start + (table->widths[i] - cells), b->data + start,
			b->len - start);
		memset(b->data + start, ' ', table->widths[i] - cells);
		b->len += table->widths[i] - cells;
		b->data[b->len] = '\0';
		if (i + 1 < table->column_count)
			spaces_append(b, COLUMN_GAP);
	}
	if (table->width && !b->failed) {
		b->len = line + text_cells_fit(b->data + line, b->len - line, table->width);
		b->data[b->len] = '\0';
	}
	strbuf_append_char(b, '\n');
}

void flow_append_table(struct strbuf *b, const void *const *rows, size_t count, uint32_t by,
		       bool wide, size_t width)
{
	struct flow_table table = { .b = b, .width = width };
	struct strbuf cell = STRBUF_INIT;

	table.column_count = flow_columns(by, wide, table.columns);
	for (size_t i = 0; i < table.column_count; i++) {
		table.widths[i] = strlen(table.columns[i].title);
		for (size_t n = 0; n < count; n++) {
			size_t cells;

			strbuf_reset(&cell);
			flow_append_cell(&cell, rows[n], table.columns[i].field);
			cells = cell.failed ? 0 : text_cells(cell.data, cell.len);
			if (cells > table.widths[i])
				table.widths[i] = cells;
		}
	}
	strbuf_release(&cell);
	table_append_line(&table, NULL);
	for (size_t n = 0; n < count; n++)
		table_append_line(&table, rows[n]);
}

void flow_append_json(struct strbuf *b, const struct flow_row *row, uint32_t by)
{
	struct field_value value;
	bool is_known;

	strbuf_append_char(b, '{');
	for (unsigned int i = 0; i < FLOW_FIELD_COUNT; i++) {
		if (flow_field_is_key(i) && !(by & 1u << (i - flow_key_field(0))))
			continue;
		if (i == FLOW_FIELD_rest && !row->is_rest)
			continue;
		strbuf_append_str(b, i ? ",\"" : "\"");
		strbuf_append_str(b, flow_fields[i].name);
		strbuf_append_str(b, "\":");
		is_known = flow_row_get(row, i, NULL, &value);
		field_append_json(b, &flow_fields[i], is_known ? &value : NULL, NULL);
	}
	strbuf_append_str(b, "}\n");
}
