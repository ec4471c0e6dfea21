#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Programs that are not loaded at the start, and are there when the first interface needs them.

load helpers

setup() {
	common_setup
	need_root
	command -v python3 >/dev/null || skip "python3 is not installed"
	[ -c /dev/net/tun ] || skip "no tun interfaces"
	netns_make
}

teardown() {
	common_teardown
}

programs_of() { # programs_of NAME: names of the programs that the process holds
	local id
	for id in $(cat /proc/"${pids[$1]}"/fdinfo/* 2>/dev/null | sed -n "s/^prog_id:[[:space:]]*//p" | sort -un); do
		bpftool -j prog show id "$id" | jq -r .name
	done
}

has_program() {
	programs_of "$1" | grep -qx "$2"
}

# Links are TCX from 6.6; before, filters.
is_hooked() { # is_hooked NAME INTERFACE DIRECTION...
	local name=$1 interface=$2 index direction
	shift 2
	if [ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ]; then
		index=$(<"$BATS_TEST_TMPDIR/$interface.index")
		[ "$(grep -lx "ifindex:[[:space:]]*$index" /proc/"${pids[$name]}"/fdinfo/* 2>/dev/null | wc -l)" = $# ]
	else
		for direction; do
			tc -n "$netns" filter show dev "$interface" "$direction" | grep -q ct_tc || return 1
		done
	fi
}

index_note() { # index_note INTERFACE: once it is up
	ip -n "$netns" -j link show "$1" up | jq '.[0].ifindex // empty' >"$BATS_TEST_TMPDIR/$1.index"
	[ -s "$BATS_TEST_TMPDIR/$1.index" ]
}

tun_make() {
	ip netns exec "$netns" python3 "$BATS_TEST_DIRNAME/tun_peer.py" cttun0 10.77.0.1 10.77.0.2 3>&- &
	pids[peer]=$!
	await 10 index_note cttun0
}

# The host behind it refuses a connection, and has one refused: a RST in each direction.
tun_refuse() {
	ip netns exec "$netns" bash -c 'exec 4<>/dev/tcp/10.77.0.2/9' 2>/dev/null || :
}

tun_is_told() { # tun_is_told NAME: both RSTs were seen on the interface, and no other
	local verdict
	cat "$BATS_TEST_TMPDIR/$1".err "$BATS_TEST_TMPDIR/$1".out
	[ "$(wc -l <"$BATS_TEST_TMPDIR/$1.out")" = 2 ]
	for verdict in local_refused peer_refused; do
		jq -r 'select(.interface == "cttun0" and .confidence == "proved" and .syn_count == 1 and
			.rst_count_srv == 1).verdict' "$BATS_TEST_TMPDIR/$1.out" | grep -qx "$verdict"
	done
	grep -q '^closetrace: ledger: 1 RSTs in = 1 accepted ' "$BATS_TEST_TMPDIR/$1.err"
	grep -q '^closetrace: ledger: 1 RSTs out = 0 active + 1 reply ' "$BATS_TEST_TMPDIR/$1.err"
	grep -q '^closetrace: kernel: OutRsts 1 .* difference 0' "$BATS_TEST_TMPDIR/$1.err"
}

@test "late hooks: an interface without an Ethernet header, made after the start" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	refute has_program one ct_tc_in_l3
	refute has_program one ct_xdp_in
	tun_make
	await 10 is_hooked one cttun0 ingress egress
	has_program one ct_tc_in_l3
	has_program one ct_tc_out_l3
	tun_refuse
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	tun_is_told one
}

@test "late hooks: an interface without an Ethernet header, there at the start" {
	tun_make
	closetrace_start one trace --all -o ndjson --netns "$netns"
	is_hooked one cttun0 ingress egress
	tun_refuse
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	tun_is_told one
}

@test "late hooks: with --hook xdp, both kinds of interface made after the start" {
	closetrace_start one trace --all -o ndjson --hook xdp --netns "$netns"
	has_program one ct_xdp_in
	refute has_program one ct_tc_in_l3
	ip -n "$netns" link add ctv0 up type veth peer name ctv1
	await 10 index_note ctv0
	await 10 is_hooked one ctv0 ingress egress
	tun_make
	await 10 is_hooked one cttun0 ingress egress
	tun_refuse
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	tun_is_told one
}

@test "late hooks: the tun goes and comes back, and its programs stay" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	tun_make
	await 10 is_hooked one cttun0 ingress egress
	loaded=$(programs_of one | wc -l)
	kill "${pids[peer]}"
	wait "${pids[peer]}" || :
	await 10 is_hooked one cttun0
	tun_make
	await 10 is_hooked one cttun0 ingress egress
	[ "$(programs_of one | wc -l)" = "$loaded" ]
	tun_refuse
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	tun_is_told one
}
