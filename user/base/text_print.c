// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/text_print.h"

#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"

int text_print(FILE *stream, const struct strbuf *text)
{
	_cleanup_(strbuf_release) struct strbuf printable = STRBUF_INIT;
	const char *line = text->data, *end;
	size_t left = text->len;

	for (; left && (end = memchr(line, '\n', left)); line = end + 1) {
		text_append_printable(&printable, line, (size_t)(end - line));
		strbuf_append_char(&printable, '\n');
		left -= (size_t)(end - line) + 1;
	}
	text_append_printable(&printable, line, left);
	if (text->failed || printable.failed)
		return -ENOMEM;
	if (fwrite(printable.data, 1, printable.len, stream) != printable.len || fflush(stream))
		return -errno;
	return 0;
}
