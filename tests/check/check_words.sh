#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nothing in the tree depends on, or speaks of, one developer's machine; no notes to self are left.
cd "$(dirname "$0")/../.." || exit 1
. tests/check/sources.inc
mapfile -t files < <(sources '*' | grep -v '^tests/check/check_words.sh$')

number=0
absent() { # absent WHAT REGEX: no file has it
	local found
	number=$((number + 1))
	if found=$(grep -nIE -e "$2" -- "${files[@]}" | cut -c 1-160) && [ -n "$found" ]; then
		printf '%s\nnot ok %d - %s\n' "$found" "$number" "$1"
		status=1
	else
		echo "ok $number - $1"
	fi
}

echo "1..3"
absent "no path of a developer's machine" "(^|[^a-zA-Z0-9_.])/(root|work|home/[a-z]+)/"
absent "not the path of this checkout" "$(printf '%s' "$PWD/" | sed 's/[][().*+?{}|^$\\]/\\&/g')"
absent "no unfinished marks" '\b(TODO|FIXME|XXX)\b'
exit "${status:-0}"
