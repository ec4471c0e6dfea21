#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Attaching is beside the events: many interfaces, or a user who makes many, delay nobody else.
# The bounds here are far above what is meant (docs/privileges.md), and far below what it was.

load helpers

setup() {
	common_setup
	need_root
	netns_make
}

teardown() {
	common_teardown
}

pairs_make() { # pairs_make COUNT
	seq "$1" | sed 's/.*/link add cta& type veth peer name ctb&/' | ip -n "$netns" -batch -
}

links_of() { # links_of PID: how many links it holds
	grep -lx "ifindex:[[:space:]]*[1-9][0-9]*" /proc/"$1"/fdinfo/* 2>/dev/null | wc -l
}

hooks_in_netns() {
	ip netns exec "$netns" bpftool -j net show | jq '[.. | objects | .name? // empty | select(startswith("ct_tc"))] | length'
}

no_hooks_in_netns() {
	[ "$(hooks_in_netns)" = 0 ]
}

need_tcx() {
	[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ] || skip "filters are fast"
}

@test "many interfaces: ready before all are hooked, told, and all of them later" {
	need_tcx
	pairs_make 150
	local begin=$SECONDS
	closetrace_start one trace -o ndjson --netns "$netns"
	[ $((SECONDS - begin)) -le 5 ]
	grep -Eq '^closetrace: ready: .* of 301 interfaces, the others follow; ' "$BATS_TEST_TMPDIR/one.err"
	refused
	await_records one 1
	refute grep -q '^closetrace: watching all' "$BATS_TEST_TMPDIR/one.err"
	await 60 grep -qx 'closetrace: watching all 301 interfaces' "$BATS_TEST_TMPDIR/one.err"
	# Loopback is looked at once.
	[ "$(links_of "${pids[one]}")" = 601 ]
	begin=$SECONDS
	closetrace_stop one
	[ "$status" = 0 ]
	[ $((SECONDS - begin)) -le 3 ]
	await 60 no_hooks_in_netns
}

@test "many interfaces: an end before all are hooked, and what was not is in the summary" {
	need_tcx
	pairs_make 150
	closetrace_start one trace -o ndjson --netns "$netns"
	local begin=$SECONDS
	closetrace_stop one
	[ "$status" = 0 ]
	[ $((SECONDS - begin)) -le 3 ]
	grep -Eq '^closetrace: note: watched [0-9]+ of 301 interfaces: [1-9][0-9]* were still to be hooked, 0 could not be$' \
		"$BATS_TEST_TMPDIR/one.err"
	await 60 no_hooks_in_netns
}


user_netns_make() { # a namespace of uid 65534's own, held by the process of pids[user]; its number in $user_netns
	setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Urn sleep 120 3>&- &
	pids[user]=$!
	await 10 user_netns_is_made || skip "no user namespaces for ordinary users"
	user_netns=$(stat -Lc %i "/proc/${pids[user]}/ns/net")
}

user_netns_is_made() {
	[ "$(stat -Lc %i "/proc/${pids[user]}/ns/net")" != "$(stat -Lc %i /proc/self/ns/net)" ] &&
		[ "$(<"/proc/${pids[user]}/comm")" = sleep ]
}

is_hooked() {
	grep -qlx "ifindex:[[:space:]]*7777" /proc/"${pids[one]}"/fdinfo/* 2>/dev/null
}

hooks_more_than() {
	[ "$(links_of "${pids[one]}")" -gt "$1" ]
}

@test "many interfaces: those of an ordinary user delay neither another namespace's nor a record" {
	need_tcx
	local begin user_netns
	user_netns_make
	closetrace_start one trace -o ndjson --netns "$netns,$user_netns"
	seq 200 | sed 's/.*/link add cta& type veth peer name ctb&/' |
		nsenter -t "${pids[user]}" -n ip -batch -
	await 10 hooks_more_than 20
	begin=$SECONDS
	ip -n "$netns" link add ctnew index 7777 type veth peer name ctnew1
	await 5 is_hooked
	refused
	await_records one 1
	[ $((SECONDS - begin)) -le 4 ]
	# They were still at it.
	refute hooks_more_than 700
	closetrace_stop one
	[ "$status" = 0 ]
}
