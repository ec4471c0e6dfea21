#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The same traffic, traced live at both ends and captured between them: trace and replay say the same.

load helpers

setup() {
	common_setup
	need_root
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
	client=ctrlc$$-$BATS_TEST_NUMBER
	server=ctrls$$-$BATS_TEST_NUMBER
	ip netns add "$client"
	ip netns add "$server"
	ip -n "$client" link add v0 type veth peer name v0 netns "$server"
	ip -n "$client" addr add 10.79.0.1/24 dev v0
	ip -n "$server" addr add 10.79.0.2/24 dev v0
	ip -n "$client" addr add 2001:db8:79::1/64 dev v0 nodad
	ip -n "$server" addr add 2001:db8:79::2/64 dev v0 nodad
	for netns in "$client" "$server"; do
		ip -n "$netns" link set lo up
		ip -n "$netns" link set v0 up
	done
	netns=
}

teardown() {
	common_teardown
	for name in "${client:-}" "${server:-}"; do
		[ -z "$name" ] || ip netns del "$name" 2>/dev/null || :
	done
}

# What both can know: who ended it and how, in words that do not depend on who tells.
words='
	(if .verdict == "fin_normal" then "fin"
	 elif .verdict == "peer_refused" then "refused"
	 elif (.verdict | IN("peer_reset", "local_app_abort")) then "reset"
	 else .verdict end) as $how
	| (if .initiator | IN("client", "server") then .initiator
	   elif (.initiator | startswith("local")) then .role
	   elif .role == "client" then "server" else "client" end) as $who
	| [.local_addr, .local_port, .peer_addr, .peer_port, $how, $who, .conn_state, .community_id,
	   .syn_count_clt, .syn_count_srv, .fin_count_clt, .fin_count_srv, .rst_count_clt > 0, .rst_count_srv > 0]
	| map(tostring) | join(" ")'

# tcpdump is a little behind.
captured_all() {
	[ "$("$CLOSETRACE" replay -a -o ndjson -f 'verdict != orphan_mid' "$BATS_TEST_TMPDIR/capture" 2>/dev/null | wc -l)" = 60 ]
}

compare() { # compare ADDRESS SEED
	ip netns exec "$client" tcpdump -i v0 --immediate-mode -B 16384 -s 200 -U -w "$BATS_TEST_TMPDIR/capture" tcp 2>"$BATS_TEST_TMPDIR/dump.err" 3>&- &
	pids[tcpdump]=$!
	await 10 grep -q 'listening on' "$BATS_TEST_TMPDIR/dump.err"
	closetrace_start live trace --netns "$client" -a -o ndjson --storm-rate 0
	python3 "$BATS_TEST_DIRNAME/make_endings.py" "$client" "$server" "$1" 60 "$2" > "$BATS_TEST_TMPDIR/done"
	await_records live 60
	closetrace_stop live
	await 10 captured_all || { cat "$BATS_TEST_TMPDIR/dump.err" && return 1; }
	kill -TERM "${pids[tcpdump]}" && wait "${pids[tcpdump]}" && unset 'pids[tcpdump]'
	grep -q '^0 packets dropped by kernel' "$BATS_TEST_TMPDIR/dump.err"
	"$CLOSETRACE" replay -a -o ndjson "$BATS_TEST_TMPDIR/capture" > "$BATS_TEST_TMPDIR/replayed"
	jq -r "$words" "$BATS_TEST_TMPDIR/live.out" | sort > "$BATS_TEST_TMPDIR/live.words"
	jq -r "$words" "$BATS_TEST_TMPDIR/replayed" | sort > "$BATS_TEST_TMPDIR/replay.words"
	diff "$BATS_TEST_TMPDIR/live.words" "$BATS_TEST_TMPDIR/replay.words"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/replay.words")" = 60 ]
	# And that is what was done.
	awk '{ print $2 }' "$BATS_TEST_TMPDIR/done" | sort | uniq -c
	for pair in "client_first fin client" "server_first fin server" "client_aborts reset client" "refused refused server"; do
		set -- $pair
		[ "$(grep -c " $1\$" "$BATS_TEST_TMPDIR/done")" = "$(grep -c " $2 $3 " "$BATS_TEST_TMPDIR/replay.words")" ]
	done
}

@test "replay: the capture of a live run tells the same endings (IPv4)" {
	compare 10.79.0.2 1
}

@test "replay: the capture of a live run tells the same endings (IPv6)" {
	compare 2001:db8:79::2 2
}
