#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The layout of what kernel and user side hand each other: every struct of include/ that has an
# ABI_SIZE line, its members, offsets and types, against abi.expected. When a change is meant:
# raise RECORD_ABI_VERSION and run `tests/check/check_abi.sh --update`.
cd "$(dirname "$0")/../.." || exit 1
export PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

structs=$(sed -n 's/^ABI_SIZE(struct \([a-z0-9_]*\),.*/\1/p' include/*.h | sort)
for header in include/*.h; do echo "#include \"$header\""; done > "$work/abi.c"
for name in $structs; do echo "struct $name abi_$name;"; done >> "$work/abi.c"
echo '#ifdef RECORD_ABI_VERSION
char abi_version_is[RECORD_ABI_VERSION];
#endif' >> "$work/abi.c"

echo "1..1"
${CLANG:-clang} -target bpf -g -O2 -I. -idirafter "/usr/include/$(uname -m)-linux-gnu" -c "$work/abi.c" -o "$work/abi.o" &&
	bpftool btf dump file "$work/abi.o" > "$work/abi.btf" || { echo "not ok 1 - abi"; exit 1; }

awk -v structs="$structs" '
function text(id) { # the name of a type, as C would say it
	if (kind[id] == "ARRAY") return text(of[id]) "[" count[id] "]"
	if (kind[id] == "PTR") return "pointer"
	return name[id]
}
function value(key,   i, found) {
	for (i = 1; i <= NF; i++)
		if (index($i, key "=") == 1) { found = substr($i, length(key) + 2); sub(/,$/, "", found); return found }
	return ""
}
/^\[/ {
	id = substr($1, 2, length($1) - 2); kind[id] = $2; name[id] = $3; gsub("\047", "", name[id])
	of[id] = value("type_id"); count[id] = value("nr_elems"); size[id] = value("size")
	if ($2 == "STRUCT" || $2 == "UNION") record[name[id]] = id
	if ($2 == "VAR" && name[id] == "abi_version_is") version = of[id]
	next
}
{ member[id, ++members[id]] = $1; type[id, members[id]] = value("type_id"); bits[id, members[id]] = value("bits_offset") }
END {
	if (version) print "RECORD_ABI_VERSION " count[version]
	n = split(structs, wanted, "\n")
	for (i = 1; i <= n; i++) {
		id = record[wanted[i]]
		print "struct " wanted[i] " " size[id]
		for (m = 1; m <= members[id]; m++) {
			field = member[id, m]; gsub("\047", "", field)
			printf "\t%d\t%s\t%s\n", bits[id, m] / 8, text(type[id, m]), field
		}
	}
}' "$work/abi.btf" > "$work/abi.now" && [ -s "$work/abi.now" ] || { echo "not ok 1 - abi"; exit 1; }

[ "${1:-}" = --update ] && cp "$work/abi.now" tests/check/abi.expected
if diff -u tests/check/abi.expected "$work/abi.now"; then
	echo "ok 1 - the layout of include/ is the expected one"
else
	echo "not ok 1 - the layout of include/ is the expected one (see the head of check_abi.sh)"
	exit 1
fi
