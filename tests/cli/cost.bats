#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# doctor --cost measures on the live host and leaves it as it was.

load helpers

BUILT=$(dirname "$CLOSETRACE")
CONNLOAD=${CONNLOAD:-$BUILT/tests/bench/connload}

setup() {
	common_setup
	need_root
	[ -x "$CONNLOAD" ] || skip "connload was not built"
	netns_make
}

teardown() {
	common_teardown
}

@test "cost: programs, sockets and memory, while connections end" {
	stats=$(cat /proc/sys/kernel/bpf_stats_enabled)
	"$CLOSETRACE" doctor --cost -d 1s --netns "$netns" >"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	await 30 grep -q '^closetrace: measuring' "$BATS_TEST_TMPDIR/one.err"
	ip netns exec "$netns" "$CONNLOAD" --mode aborted --count 500 >/dev/null
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.out"
	[ "$status" = 0 ]
	# At least those two ends of each; others may end sockets in other namespaces meanwhile.
	sockets=$(sed -n 's/^  \([0-9]*\) TCP sockets ended: [1-9][0-9]* ns each.*/\1/p' "$BATS_TEST_TMPDIR/one.out")
	[ "$sockets" -ge 1000 ]
	runs=$(awk '$1 == "ct_destroy" { print $2 }' "$BATS_TEST_TMPDIR/one.out")
	[ "$runs" = "$sockets" ]
	grep -Eq '^  ct_flows +32768 +[0-9.]+  [0-9]+ bytes a flow' "$BATS_TEST_TMPDIR/one.out"
	[ "$(cat /proc/sys/kernel/bpf_stats_enabled)" = "$stats" ]
}

@test "cost: SIGINT ends it sooner, with the report" {
	"$CLOSETRACE" doctor --cost -d 1h --netns "$netns" >"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	await 30 grep -q '^closetrace: measuring' "$BATS_TEST_TMPDIR/one.err"
	closetrace_stop one
	[ "$status" = 0 ]
	grep -q '^memory: ' "$BATS_TEST_TMPDIR/one.out"
}
