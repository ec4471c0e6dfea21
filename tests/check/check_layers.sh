#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may include whom: every #include "..." against layers.txt. Proves on a small bad tree of its
# own that it can fail.
cd "$(dirname "$0")/../.." || exit 1
list=$PWD/tests/check/layers.txt

check_layers() { # check_layers DIR: print each forbidden include; fail if there is one
	(cd "$1" && find include bpf vmlinux user tests -name '*.[ch]' 2>/dev/null | sort | awk -v list="$list" '
	function layer(path,   dir) { # the longest listed folder that holds the path
		for (dir = path; sub(/\/[^\/]*$/, "", dir); ) if (dir in allowed) return dir
		return ""
	}
	BEGIN {
		while ((getline line < list) > 0) {
			sub(/#.*/, "", line)
			if (split(line, part, ":") == 2) { gsub(/ /, "", part[1]); allowed[part[1]] = part[2] " " }
		}
	}
	{
		from = layer($0); number = 0
		if (from == "") { print $0 ": is in no layer of layers.txt"; bad = 1; next }
		while ((getline line < $0) > 0) {
			number++
			if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/) continue
			split(line, quoted, "\""); to = layer(quoted[2])
			if (to == "") { print $0 ":" number ": " quoted[2] " is not a path from the project root"; bad = 1 }
			else if (to != from && index(allowed[from], " " to " ") == 0) {
				print $0 ":" number ": " from " must not include " to; bad = 1
			}
		}
		close($0)
	}
	END { exit bad }')
}

echo "1..2"
check_layers . && echo "ok 1 - the tree keeps its layers" || { echo "not ok 1 - the tree keeps its layers"; status=1; }

bad=$(mktemp -d)
trap 'rm -rf "$bad"' EXIT
mkdir -p "$bad/user/base" "$bad/user/filter" "$bad/user/kernel" "$bad/user/odd" "$bad/include"
echo '#include "user/model/fields.h"' > "$bad/user/base/log.c"
echo '#include "user/kernel/loader.h"' > "$bad/user/filter/filter.c"
echo '#include "user/base/log.h"' > "$bad/include/verdict.h"
echo '#include "loader.h"' > "$bad/user/kernel/loader.c"
echo '#include "user/base/log.h"' > "$bad/user/filter/good.c"
found=$(check_layers "$bad")
expected='include/verdict.h:1: include must not include user/base
user/base/log.c:1: user/base must not include user/model
user/filter/filter.c:1: user/filter must not include user/kernel
user/kernel/loader.c:1: loader.h is not a path from the project root'
if [ "$found" = "$expected" ]; then
	echo "ok 2 - forbidden includes are found"
else
	echo "$found"
	echo "not ok 2 - forbidden includes are found"
	status=1
fi
exit "${status:-0}"
