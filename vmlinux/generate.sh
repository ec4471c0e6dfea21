#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Write the trimmed kernel header from BTF: only the types and members named in types.list.
# A build does not run this; it is run by hand when types.list changes, and the result committed.
#
#   vmlinux/generate.sh                     BTF of the running kernel -> <arch>/vmlinux_types.h
#   vmlinux/generate.sh -b FILE -o FILE     BTF of another kernel, another output (- is stdout)
#   vmlinux/generate.sh -b FILE -c          write nothing; list what that kernel lacks
#
# Needs bpftool and python3.
set -eu -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
btf=/sys/kernel/btf/vmlinux
out=
check=
while getopts b:o:ch opt; do
	case $opt in
	b) btf=$OPTARG ;;
	o) out=$OPTARG ;;
	c) check=1 ;;
	*) sed -n 's/^# \{0,1\}//; 4,11p' "$0"; exit 2 ;;
	esac
done
if [ -z "$out" ]; then
	case $(uname -m) in
	x86_64) out=$here/x86/vmlinux_types.h ;;
	aarch64) out=$here/arm64/vmlinux_types.h ;;
	*) echo "generate.sh: say where to write with -o" >&2; exit 2 ;;
	esac
fi
[ -r "$btf" ] || { echo "generate.sh: no BTF at $btf" >&2; exit 1; }
PATH=$PATH:/usr/sbin

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bpftool -j btf dump file "$btf" > "$work/btf.json"
python3 "$here/trim_btf.py" "$here/types.list" "$work/btf.json" ${check:+--check} > "$work/types.h"
[ -n "$check" ] && exit 0
if [ "$out" = - ]; then
	cat "$work/types.h"
else
	cp "$work/types.h" "$out"
	echo "$out: $(wc -l < "$out") lines"
fi
