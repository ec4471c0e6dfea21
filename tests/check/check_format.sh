#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# clang-format agrees with every C file; the SPDX line comes first.
cd "$(dirname "$0")/../.." || exit 1
. tests/check/sources.inc
files=$(sources '*.c' '*.h' | grep -v '^vmlinux/.*/')

echo "1..2"
if ! command -v clang-format >/dev/null; then
	echo "ok 1 # SKIP format: clang-format is not installed"
elif ! clang-format --version | grep -q 'version 14\.'; then
	echo "ok 1 # SKIP format: not clang-format 14, others lay out some lines differently"
else
	said=$(printf '%s\n' "$files" | xargs clang-format --dry-run 2>&1) || ill="clang-format: failed"
	ill=${ill:-$(sed -n 's/^\([^:]*:[0-9]*\):.*Wclang-format-violations.*/\1/p' <<< "$said" | uniq)}
fi
if [ -n "${ill+set}" ] && [ -z "$ill" ]; then
	echo "ok 1 - format"
elif [ -n "${ill+set}" ]; then
	printf '%s\n' "$ill" | awk -F: '{ n[$1]++; at[$1] = at[$1] (n[$1] < 9 ? " " $2 : "") }
		END { for (file in n) print file ": lines" at[file] (n[file] > 8 ? " ..." : "") }' | sort
	echo "not ok 1 - format (clang-format -i FILE mends it)"
	status=1
fi

without=$(for file in $files; do
	head -n 1 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause' || echo "$file"
done)
if [ -z "$without" ]; then
	echo "ok 2 - licence lines"
else
	printf '%s: no SPDX line\n' $without
	echo "not ok 2 - licence lines"
	status=1
fi
exit "${status:-0}"
