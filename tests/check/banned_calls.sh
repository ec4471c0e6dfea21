#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Calls with a better replacement in this tree, or none at all. One row each:
# name of the rule, files it holds for, files it excepts, calls (a regular expression).
cd "$(dirname "$0")/../.." || exit 1
. tests/check/sources.inc

rules=(
	'unbounded string writes|*.c *.h|^$|strcpy|strcat|sprintf|vsprintf|gets'
	'numbers are parsed by parse_number|user/*.c user/*.h|^user/base/parse_number\.c$|strto(l|ul|ll|ull|d|imax|umax)|ato(i|l|ll|f)|[fs]?scanf'
	'the program starts no shell|user/*.c user/*.h|^$|system|popen'
	'names are not truncated in silence|user/*.c user/*.h|^$|strncpy|strncat'
	'offsetof does not compile for BPF here|include/*.h|^$|offsetof'
)

number=0
echo "1..$((${#rules[@]} + 1))"
for rule in "${rules[@]}"; do
	IFS='|' read -r name where except calls <<< "$rule"
	number=$((number + 1))
	# shellcheck disable=SC2086
	set -f; list=$(sources $where | grep -vE "$except"); set +f
	found=$([ -n "$list" ] && printf '%s\n' "$list" | xargs grep -nHE "(^|[^a-zA-Z0-9_>.])($calls)[ ]?\(" |
		grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)')
	if [ -n "$found" ]; then
		printf '%s\nnot ok %d - %s\n' "$found" "$number" "$name"
		status=1
	else
		echo "ok $number - $name"
	fi
done

# The rule's own test: the expression finds a call, and spares a longer name.
number=$((number + 1))
hits=$(printf '\tstrcpy(a, b);\n\tmy_strcpy(a, b);\n\tx = sprintf (a);\n\tsnprintf(a);\n' |
	grep -cE '(^|[^a-zA-Z0-9_>.])(strcpy|strcat|sprintf|vsprintf|gets)[ ]?\(')
if [ "$hits" = 2 ]; then
	echo "ok $number - the search finds calls and only calls"
else
	echo "not ok $number - the search finds calls and only calls"
	status=1
fi
exit "${status:-0}"
