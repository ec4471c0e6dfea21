#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No file over 700 lines, no function over 80.
cd "$(dirname "$0")/../.." || exit 1
. tests/check/sources.inc
files=$(sources '*.c' '*.h' '*.sh' '*.py' '*.bats' | grep -v '^vmlinux/.*/')

echo "1..2"
long=$(printf '%s\n' "$files" | xargs wc -l | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 " lines" }')
if [ -z "$long" ]; then
	echo "ok 1 - files are at most 700 lines"
else
	printf '%s\nnot ok 1 - files are at most 700 lines\n' "$long"
	status=1
fi

if ! ctags --version 2>/dev/null | grep -q Universal; then
	echo "ok 2 # SKIP functions are at most 80 lines: universal-ctags is not installed"
	exit "${status:-0}"
fi
long=$(printf '%s\n' "$files" | grep '\.[ch]$' |
	ctags -L - -x --_xformat='%{input} %N %n %{end}' --kinds-C=f -f - 2>/dev/null |
	awk '$4 - $3 + 1 > 80 { print $1 ":" $3 ": " $2 " has " $4 - $3 + 1 " lines" }')
if [ -z "$long" ]; then
	echo "ok 2 - functions are at most 80 lines"
else
	printf '%s\nnot ok 2 - functions are at most 80 lines\n' "$long"
	status=1
fi
exit "${status:-0}"
