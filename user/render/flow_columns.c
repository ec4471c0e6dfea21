// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How tables show rows of counts. */
#include "user/render/flow_columns.h"

#define CELL_MAX 40 /* of a text */

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

#define BOTH (COLUMN_IN_TABLE | COLUMN_IN_WIDE)
#define COLUMN(field, head, width, where, ...)                                                     \
	{                                                                                          \
		.title = (head), .fields = { FLOW_FIELD_##field }, .field_count = 1,               \
		.cells = (width), .in = (where), __VA_ARGS__                                       \
	}
#define TEXT(field, head) COLUMN(field, head, 20, BOTH, .cells_max = CELL_MAX)
#define NUMBER(field, head) COLUMN(field, head, 8, BOTH, .is_right = true)
#define MORE(field, head) COLUMN(field, head, 8, COLUMN_IN_WIDE, .is_right = true)

#define KEY_ADDR TEXT
#define KEY_PORT NUMBER
#define KEY_NUMBER TEXT
#define KEY_TEXT TEXT
#define KEY_VERDICT TEXT
#define KEY(id, member, kind, field, from, title, ...) KEY_##kind(field, title),

static const struct column columns[] = {
	FLOW_KEYS(KEY) NUMBER(connections, "CONN"),
	NUMBER(syn_count_clt, "SYN>"),
	NUMBER(syn_count_srv, "<SYN"),
	NUMBER(ct_count, "CT"),
	NUMBER(fin_count_clt, "FIN>"),
	NUMBER(fin_count_srv, "<FIN"),
	NUMBER(rst_count_clt, "RST>"),
	NUMBER(rst_count_srv, "<RST"),
	NUMBER(rst_per_connection, "RST/CONN"),
	MORE(syn_per_connection, "SYN/CONN"),
	MORE(syn_rate, "SYN/S"),
	MORE(fin_rate, "FIN/S"),
	MORE(rst_rate, "RST/S"),
	MORE(closed_fin, "C.FIN"),
	MORE(closed_fin_rst, "C.F+R"),
	MORE(closed_rst, "C.RST"),
	MORE(rst_no_ct, "NO.CT"),
	MORE(half_closed, "HALF"),
	MORE(timed_out, "TIME"),
	MORE(rst_own_fin, "OWN"),
	MORE(rst_habit, "HABIT"),
	MORE(found, "FOUND"),
	MORE(guessed, "GUESS"),
};

const struct table_layout flow_layout = {
	.type = &flow_row_type,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};

void flow_columns(const struct form_ops *form, uint32_t by, struct columns *ret)
{
	const struct form_options options = { .type = &flow_row_type };
	size_t kept = 0;

	form_columns(form, &options, ret);
	for (size_t i = 0; i < ret->count; i++) {
		uint8_t field = ret->items[i].fields[0];

		if (!flow_field_is_key(field) || by & 1u << (field - flow_key_field(0)))
			ret->items[kept++] = ret->items[i];
	}
	ret->count = kept;
}
