#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The numbers of a record, to the byte: tests/cli/figures.py makes the connections and knows them.

load helpers

setup() {
	common_setup
	need_root
	command -v python3 >/dev/null || skip "python3 is not installed"
	netns_make
}

teardown() {
	common_teardown
}

# figures SCENARIO ADDRESS: every field of every record that the scenario names.
figures() {
	local local_port peer_port field least most got bad=0 records
	closetrace_start one trace --all -o ndjson --netns "$netns"
	ip netns exec "$netns" python3 "$BATS_TEST_DIRNAME/figures.py" "$@" >"$BATS_TEST_TMPDIR/wanted"
	[ -s "$BATS_TEST_TMPDIR/wanted" ]
	records=$(cut -f 1,2 "$BATS_TEST_TMPDIR/wanted" | sort -u | wc -l)
	await_records one "$records"
	closetrace_stop one
	[ "$status" = 0 ]
	while IFS=$'\t' read -r local_port peer_port field least most; do
		got=$(jq -r "select(.local_port == $local_port and .peer_port == $peer_port) | .$field" "$BATS_TEST_TMPDIR/one.out")
		echo "$field is $got, must be $least to $most"
		[[ $got =~ ^[0-9]+$ ]] && [ "$got" -ge "$least" ] && [ "$got" -le "$most" ] || bad=1
	done <"$BATS_TEST_TMPDIR/wanted"
	[ $bad = 0 ] || { cat "$BATS_TEST_TMPDIR/one.out" && return 1; }
}

@test "figures: unread data, IPv4" {
	figures unread 127.0.0.1
}

@test "figures: unread data, IPv6" {
	figures unread ::1
}

@test "figures: unread data with the peer's FIN behind it" {
	figures unread_with_fin 127.0.0.1
}

@test "figures: a closed window: unsent and unacknowledged bytes" {
	figures window 127.0.0.1
}

@test "figures: data that is never acknowledged, and how often it was sent" {
	figures unacked 127.0.0.1
}

@test "figures: idle time, within a tick" {
	figures idle 127.0.0.1
}

@test "figures: round-trip time" {
	least=1
	# 20 ms each way, where the kernel can.
	ip netns exec "$netns" tc qdisc add dev lo root netem delay 20ms 2>/dev/null && least=40000
	figures rtt 127.0.0.1
	jq -e "select(.verdict == \"local_app_abort\") | .rtt_us >= $least and .rtt_us < $least + 20000" \
		"$BATS_TEST_TMPDIR/one.out"
}
