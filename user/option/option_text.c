// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_text.h"

#include "user/option/option_value.h"

void option_append_sentence(struct strbuf *b, const struct option_row *row)
{
	const char *hole = strstr(row->help, "{}");

	if (!hole) {
		strbuf_append_str(b, row->help);
		return;
	}
	strbuf_append(b, row->help, (size_t)(hole - row->help));
	option_append_takes(b, row);
	strbuf_append_str(b, hole + 2);
}

void option_append_wrapped(struct strbuf *b, const char *text, size_t column, size_t indent,
			   size_t width)
{
	bool is_first = true;

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		if (!is_first && column + 1 + len > width) {
			strbuf_appendf(b, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!is_first) {
			strbuf_append_char(b, ' ');
			column++;
		}
		strbuf_append(b, text, len);
		column += len;
		text += len;
		is_first = false;
	}
}
