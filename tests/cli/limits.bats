#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Limits of the host and of the process: each has its own sentence, that says what to do.

load helpers

setup() {
	common_setup
	need_root
	netns_make
}

teardown() {
	[ -z "${group:-}" ] || rmdir "$group" 2>/dev/null || :
	common_teardown
}

# cannot PATTERN COMMAND...: status 77 and that sentence, which is the only one.
cannot() {
	local pattern=$1 status=0
	shift
	timeout 20 "$@" trace --netns "$netns" -d 1s >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	one_sentence "$BATS_TEST_TMPDIR/err"
	grep -q "^closetrace: $pattern" "$BATS_TEST_TMPDIR/err"
	echo "status $status"
	[ "$status" = 77 ]
}

@test "limits: address space" {
	for kilobytes in 20000 25000 30000; do
		cannot 'the address space is limited to [0-9]* MB, and at least 64 are needed; raise' \
			prlimit --as=$((kilobytes * 1024)) "$CLOSETRACE"
	done
}

@test "limits: open files" {
	for files in 12 20 40; do
		cannot "only $files files may be open, and at least 128 are needed, .* raise" \
			setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
			prlimit --nofile=$files:$files "$CLOSETRACE"
	done
}

@test "limits: open files, for the interfaces" {
	[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ] || skip "filters take none"
	seq 80 | sed 's/.*/link add cta& type veth peer name ctb&/' | ip -n "$netns" -batch -
	setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource prlimit --nofile=150:150 \
		"$CLOSETRACE" trace --netns "$netns" >"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	await 60 grep -q 'no file descriptor is left' "$BATS_TEST_TMPDIR/one.err"
	closetrace_stop one
	[ "$status" = 0 ]
	grep -Eq 'note: watched [0-9]+ of 161 interfaces: [0-9]+ were still to be hooked, [1-9][0-9]* could not be' \
		"$BATS_TEST_TMPDIR/one.err"
}

@test "limits: the size of a file is an error of that output, and counted" {
	prlimit --fsize=1000 "$CLOSETRACE" trace -a -o ndjson --netns "$netns" \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	refused
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 1 ]
	grep -q '^closetrace: cannot write to stdout: File too large$' "$BATS_TEST_TMPDIR/one.err"
	grep -Eq 'lost \([0-9]+: could not be written\)$' "$BATS_TEST_TMPDIR/one.err"
}

memory_group() { # of version 1 or 2, with so many bytes
	local root
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	if [ -n "$root" ] && grep -qw memory "$root/cgroup.subtree_control" 2>/dev/null; then
		group=$root/ctlimit$$ && mkdir "$group" && echo "$1" >"$group/memory.max"
	elif [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ]; then
		group=/sys/fs/cgroup/memory/ctlimit$$ && mkdir "$group" && echo "$1" >"$group/memory.limit_in_bytes"
	else
		skip "no memory controller"
	fi || { group='' && skip "no memory controller that may be used"; }
}

@test "limits: a memory cgroup that is too small" {
	memory_group 16777216
	printf '#!/bin/bash\necho $$ >%s/cgroup.procs && exec "$@"\n' "$group" >"$BATS_TEST_TMPDIR/in_group"
	chmod +x "$BATS_TEST_TMPDIR/in_group"
	cannot 'its memory cgroup allows 16 MB, and the maps of these options take some [0-9]* MB .*--max-flows' \
		"$BATS_TEST_TMPDIR/in_group" "$CLOSETRACE"
}

@test "limits: with fewer flows it fits" {
	memory_group 67108864
	timeout 20 bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
		"$CLOSETRACE" trace --netns "$netns" --max-flows 1024 -d 1s >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&-
	grep -q '^closetrace: ready' "$BATS_TEST_TMPDIR/err"
}

@test "limits: bpf() behind a seccomp filter" {
	python3 -c 'import ctypes' || skip "no python3"
	for error in 1 38; do
		cannot 'a seccomp filter refuses bpf(2): run it outside of the container' \
			python3 "$BATS_TEST_DIRNAME/without_bpf.py" $error "$CLOSETRACE"
	done
}

@test "limits: a user namespace" {
	unshare -Ur true || skip "no user namespaces"
	cannot 'this is a user namespace, where no capability counts for BPF: run it as root of the host' \
		unshare -Ur "$CLOSETRACE"
}

@test "limits: a kernel without BTF" {
	[ -d /sys/kernel/btf ] || skip "it is one"
	# shellcheck disable=SC2016
	cannot 'kernel .* cannot be traced: it lacks btf .*CONFIG_DEBUG_INFO_BTF' \
		unshare -m bash -c 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"' "$CLOSETRACE"
}
