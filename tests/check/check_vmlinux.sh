#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each type and member of vmlinux/types.list is in the committed header, compiles beside libbpf's
# headers, and is found by CO-RE in the running kernel. The last needs root; the rest does not.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'umount "$work/pins" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export PATH=$PATH:/usr/sbin:/sbin

awk '
BEGIN {
	print "#include \"vmlinux/vmlinux.h\""
	print "#include <bpf/bpf_helpers.h>"
	print "#include <bpf/bpf_core_read.h>"
	print "char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";"
	print "SEC(\"raw_tp/sys_enter\") int members(void *ctx)\n{\n\tvolatile __u64 sum = 0;"
}
{ sub(/#.*/, "") }
$1 == "typedef" {
	name = $2; sub(/:$/, "", name)
	printf "\tsum += sizeof(%s);\n", name
	for (i = 3; i <= NF; i++) member(name, $i)
}
$1 == "enum" && $2 ~ /:$/ { sub(/:$/, "", $2); printf "\tsum += bpf_core_type_exists(enum %s);\n", $2 }
$1 == "enum:" { for (i = 2; i <= NF; i++) if ($i !~ /\*/) printf "\tsum += %s;\n", $i }
$1 ~ /^(struct|union)$/ {
	name = $2; sub(/:$/, "", name); name = $1 " " name
	for (i = 3; i <= NF; i++) {
		if ($i == "*") printf "\tsum += bpf_core_type_size(%s);\n", name
		else member(name, $i)
	}
}
function member(type, name)
{
	if (sub(/^\?/, "", name))
		printf "\tif (bpf_core_field_exists(((%s *)0)->%s))\n\t", type, name
	printf "\tsum += __builtin_preserve_field_info(((%s *)0)->%s, BPF_FIELD_BYTE_OFFSET);\n", type, name
}
END { print "\treturn sum & 1;\n}" }
' vmlinux/types.list > "$work/members.bpf.c"

echo "1..2"
for arch in x86 arm64; do
	${CLANG:-clang} -target bpf -mcpu=v3 -g -O2 -Wall -Werror -I. -D__TARGET_ARCH_$arch \
		-c "$work/members.bpf.c" -o "$work/$arch.o" || bad=1
done
echo "${bad:+not }ok 1 - the header holds the whole list"
[ -z "${bad:-}" ] || { echo "not ok 2 - CO-RE finds it in this kernel"; exit 1; }

if [ "$(id -u)" != 0 ]; then
	echo "ok 2 # SKIP CO-RE finds it in this kernel: needs root"
	exit 0
fi
# bpftool loads only with a pin: it gets a BPF file system of its own.
if mkdir "$work/pins" && mount -t bpf none "$work/pins" &&
	bpftool -d prog load "$work/x86.o" "$work/pins/members" > "$work/log" 2>&1; then
	echo "ok 2 - CO-RE finds it in this kernel"
else
	grep -E 'no matching targets' "$work/log" | head -n 20
	tail -n 5 "$work/log"
	echo "not ok 2 - CO-RE finds it in this kernel"
	exit 1
fi
