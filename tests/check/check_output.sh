#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What comes from outside is printed by those who escape it, and by nobody else: each writer of a
# terminal or a file is a row here, with what makes it safe.
cd "$(dirname "$0")/../.." || exit 1
. tests/check/sources.inc

writers=(
	'user/base/log.c|messages, each escaped as a whole'
	'user/base/text_print.c|lines, each escaped'
	'user/enrich/user_namer.c|questions and answers of its process, through pipes'
	'user/outlet/writer.c|an eventfd'
	'user/outlet/writer_file.c|text of a form (user/render), whose cells are escaped, and packets'
	'user/replay/annotator.c|packets as they were, and comments, escaped'
	'user/report/report_output.c|text of a form'
	'user/tui/terminal.c|frames of user/tui, whose cells are escaped, and what messages wrote meanwhile'
	'user/command/replay.c|progress: numbers'
	'user/store/|the database'
)
calls='v?f?printf|v?dprintf|f?puts|f?putc|putchar|fwrite|perror|p?writev?|psignal|addn?str|mvaddn?str|printw'

listed=$(printf '%s\n' "${writers[@]}" | cut -d '|' -f 1 | sed 's/[.]/\\./g; s/^/^/' | paste -sd '|')
search() { # search FILE...: calls that are no comments
	grep -nHE "(^|[^a-zA-Z0-9_>.])($calls)[ ]?\(" "$@" | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)' |
		grep -vE 'write\((2|\(2\))'
}

echo "1..3"
found=$(sources 'user/*.c' 'user/*.h' | grep -vE "$listed" | xargs grep -lE "($calls)" | while read -r file; do search "$file"; done)
if [ -z "$found" ]; then
	echo "ok 1 - only the listed files write"
else
	printf '%s\nnot ok 1 - only the listed files write (text_print(), log_*() and the forms escape)\n' "$found"
	status=1
fi

gone=$(for row in "${writers[@]}"; do [ -e "${row%%|*}" ] || echo "${row%%|*}"; done)
if [ -z "$gone" ]; then
	echo "ok 2 - the listed files exist"
else
	printf '%s\nnot ok 2 - the listed files exist\n' "$gone"
	status=1
fi

hits=$(printf '\tprintf("%%s", name);\n\tsnprintf(a);\n\tstrbuf_appendf(b);\n\tfwrite(x);\n/* printf() */\n' | search /dev/stdin | wc -l)
if [ "$hits" = 2 ]; then
	echo "ok 3 - the search finds writers and only writers"
else
	echo "not ok 3 - the search finds writers and only writers: $hits"
	status=1
fi
exit "${status:-0}"
