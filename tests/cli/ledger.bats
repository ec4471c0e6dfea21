#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The ledger adds up, exactly: with what was done, with the kernel's own counters, with those of
# nftables, when the ring is too small, and when flows are evicted.

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
	[ -z "${other:-}" ] || ip netns del "$other" 2>/dev/null || :
}

# load ARGUMENTS...: connections in the namespace; sets $aborted, $refused, ... as made.
load_make() {
	local pair
	ip netns exec "$netns" timeout 120 "$CONNLOAD" "$@" >"$BATS_TEST_TMPDIR/load"
	cat "$BATS_TEST_TMPDIR/load"
	for pair in $(cat "$BATS_TEST_TMPDIR/load"); do
		declare -g "${pair%%=*}=${pair#*=}"
	done
}

# Waits until the file has stopped growing.
await_quiet() {
	local before=-1 now
	for _ in {1..100}; do
		now=$(wc -l <"$1")
		[ "$now" != "$before" ] || return 0
		before=$now
		read -rt 0.4 <> <(:) || :
	done
	return 1
}

ledger_shows() { # ledger_shows NAME LINE: word for word, after "closetrace: "
	grep -qxF "closetrace: $2" "$BATS_TEST_TMPDIR/$1.err" || {
		echo "missing: $2"
		cat "$BATS_TEST_TMPDIR/$1.err"
		return 1
	}
}

ledger_agrees() { # no difference to the kernel, and nothing that does not add up
	refute grep -E 'difference -?[1-9]|add up|more RSTs were accepted' "$BATS_TEST_TMPDIR/$1.err"
}

snmp_of() { # snmp_of COUNTER: of the namespace, which is new
	ip netns exec "$netns" cat /proc/net/snmp /proc/net/netstat | awk -v name="$1" '
		$1 == group && col { print $col; exit }
		{ group = $1; col = 0; for (i = 2; i <= NF; i++) if ($i == name) col = i }'
}

nft_packets() {
	ip netns exec "$netns" nft -j list counter inet t "$1" | jq '.nftables[] | .counter? | .packets? // empty'
}

mixed_run() { # mixed_run ARGUMENTS OF CLOSETRACE: 5,000 connections of every ending
	ip netns exec "$netns" nft -f - <<-END
		table inet t {
			counter out {}
			counter in {}
			chain o { type filter hook output priority 100; tcp flags & rst == rst counter name out; }
			chain i { type filter hook input priority -200; tcp flags & rst == rst counter name in; }
		}
	END
	closetrace_start one trace --all --storm-rate 0 -o ndjson --netns "$netns" "$@"
	load_make --mode mixed --count 5000 --threads 2 --addr "$addr"
	# When some do not come, the ledger says more than 10,000 records would.
	await 10 lines_at_least "$BATS_TEST_TMPDIR/one.out" 10000 || :
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
}

mixed_agrees() {
	local rsts=$((aborted + refused + unread))
	[ "$connections" = 5000 ]
	ledger_shows one "ledger: 10000 endings = 10000 shown + 0 normal + 0 filtered out + 0 lost"
	ledger_shows one "ledger: $rsts RSTs in = $rsts accepted + 0 ignored + 0 half-open + 0 TIME_WAIT + 0 no socket + 0 forwarded"
	ledger_shows one "ledger: $rsts RSTs out = $((aborted + unread)) active + $refused reply + 0 netfilter + 0 forwarded"
	ledger_shows one "kernel: OutRsts $rsts = $((aborted + unread)) active + $refused reply, difference 0"
	# Both ends of an abort go from ESTABLISHED to CLOSE.
	ledger_shows one "kernel: EstabResets $((2 * (aborted + unread))), here $((2 * (aborted + unread))), difference 0"
	ledger_shows one "kernel: AttemptFails $refused, here $refused, difference 0"
	ledger_shows one "kernel: TCPAbortOnData $aborted, here $aborted, difference 0"
	ledger_shows one "kernel: TCPAbortOnClose $unread, here $unread, difference 0"
	ledger_agrees one
	# And so say the kernel and nftables when asked from outside.
	[ "$(snmp_of OutRsts)" = "$rsts" ]
	[ "$(snmp_of EstabResets)" = $((2 * (aborted + unread))) ]
	[ "$(snmp_of TCPAbortOnData)" = "$aborted" ]
	[ "$(nft_packets out)" = "$rsts" ]
	[ "$(nft_packets in)" = "$rsts" ]
}

@test "ledger: a mixed run agrees with the kernel and nftables, IPv4" {
	addr=127.0.0.1
	mixed_run
	mixed_agrees
}

@test "ledger: a mixed run agrees with the kernel and nftables, IPv6" {
	addr=::1
	mixed_run
	mixed_agrees
}

@test "ledger: other namespaces are in no line of it" {
	other=$netns-o
	ip netns add "$other"
	ip -n "$other" link set lo up
	ip netns exec "$other" "$CONNLOAD" --mode mixed --seconds 60 >/dev/null 3>&- &
	pids[noise]=$!
	addr=127.0.0.1
	mixed_run
	mixed_agrees
}

@test "ledger: without packets, the kernel's counters are still held against the endings" {
	addr=127.0.0.1
	mixed_run --hook none
	rsts=$((aborted + refused + unread))
	ledger_shows one "ledger: 10000 endings = 10000 shown + 0 normal + 0 filtered out + 0 lost"
	ledger_shows one "kernel: OutRsts $rsts (packets are not watched)"
	ledger_shows one "kernel: EstabResets $((2 * (aborted + unread))), here $((2 * (aborted + unread))), difference 0"
	ledger_shows one "kernel: AttemptFails $refused, here $refused, difference 0"
	refute grep 'RSTs in' "$BATS_TEST_TMPDIR/one.err"
	ledger_agrees one
}

@test "ledger: not all interfaces: no equality is claimed" {
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip netns exec "$netns" "$CLOSETRACE" trace --all -i ctv0 --netns self \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	refused
	await_records one 2
	closetrace_stop one
	ledger_shows one "kernel: OutRsts 1 (not all interfaces are watched)"
}

@test "ledger: the ring is too small and nobody reads it: every ending is shown or counted lost" {
	closetrace_start one trace --all --storm-rate 0 -o ndjson --ring 4K --netns "$netns"
	kill -STOP "${pids[one]}"
	load_make --mode mixed --count 5000
	kill -CONT "${pids[one]}"
	await_quiet "$BATS_TEST_TMPDIR/one.out"
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	shown=$(wc -l <"$BATS_TEST_TMPDIR/one.out")
	[ "$shown" -gt 0 ]
	ledger_shows one "ledger: 10000 endings = $shown shown + 0 normal + 0 filtered out + $((10000 - shown)) lost"
	ledger_shows one "lost: close_lost $((10000 - shown)) (endings that found the ring buffer full)"
	# The verdicts of the lost are counted, too.
	ledger_shows one "ledger: by verdict: $((2 * (graceful_client + graceful_server))) fin_normal, $((aborted + unread)) local_app_abort, $refused local_refused, $refused peer_refused, $((aborted + unread)) peer_reset"
	ledger_agrees one
}

# 300 connections that are open at the same time: a third each is aborted by the client, closed by
# it with unread data, closed cleanly. Prints what must be said of both ends.
open_at_once='
import socket, struct
listener = socket.create_server(("127.0.0.1", 0), backlog=512)
pairs = []
for i in range(300):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
for i, (client, server) in enumerate(pairs):
    ends = [client.getsockname(), server.getsockname()]
    if i % 3 == 0:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        told = "local_app_abort", "peer_reset"
    elif i % 3 == 1:
        server.send(b"x")
        client.recv(1, socket.MSG_PEEK)
        told = "local_app_abort", "peer_reset"
    else:
        told = "fin_normal", "fin_normal"
    client.close()
    try:
        server.recv(1)
    except ConnectionResetError:
        pass
    server.close()
    for verdict, (here, there) in zip(told, (ends, ends[::-1])):
        print(verdict, *here, *there, sep="\t")
'

@test "ledger: a flow map of 16: evictions are noted, verdicts are right all the same" {
	closetrace_start one trace --all --storm-rate 0 -o ndjson --max-flows 16 --netns "$netns"
	ip netns exec "$netns" python3 -c "$open_at_once" | sort >"$BATS_TEST_TMPDIR/wanted"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/wanted")" = 600 ]
	await_records one 600
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	grep -q '^closetrace: note: flows_evicted [1-9]' "$BATS_TEST_TMPDIR/one.err"
	jq -r '[.verdict, .local_addr, .local_port, .peer_addr, .peer_port] | @tsv' \
		"$BATS_TEST_TMPDIR/one.out" | sort >"$BATS_TEST_TMPDIR/got"
	diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
	ledger_agrees one
}

@test "ledger: --count: what came after it is counted, and no packet is missing" {
	closetrace_start one trace --all --storm-rate 0 -o ndjson -n 3 --netns "$netns"
	load_make --mode mixed --count 5000 --threads 2
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" = 3 ]
	grep -q '^closetrace: ledger: [0-9]* endings = 3 shown + ' "$BATS_TEST_TMPDIR/one.err"
	refute grep -E 'add up|more RSTs were accepted' "$BATS_TEST_TMPDIR/one.err"
}

@test "ledger: the disk is full: what was not written is not called shown" {
	"$CLOSETRACE" trace --all --storm-rate 0 -o ndjson --netns "$netns" >/dev/full 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	refused
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 1 ]
	ledger_shows one "ledger: 2 endings = 0 shown + 0 normal + 0 filtered out + 2 not written + 0 lost"
}

@test "ledger: a RST that a rule keeps here is counted apart" {
	ip netns exec "$netns" nft -f - <<-END
		table inet t {
			chain o { type filter hook output priority 0; tcp flags & rst == rst drop; }
		}
	END
	closetrace_start one trace --all --storm-rate 0 -o ndjson --netns "$netns"
	ip netns exec "$netns" timeout 0.5 bash -c 'exec 4<>/dev/tcp/127.0.0.1/1' 2>/dev/null || :
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	sent=$(snmp_of OutRsts)
	[ "$sent" -ge 1 ]
	if grep -q 'that never left' "$BATS_TEST_TMPDIR/one.err"; then
		ledger_shows one "kernel: OutRsts $sent = 0 active + 0 reply + $sent that never left, difference 0"
	else
		# Before 6.10 nothing traces a reply before it leaves.
		ledger_shows one "kernel: OutRsts $sent = 0 active + 0 reply, difference $sent"
		grep -q 'replies that a rule kept here' "$BATS_TEST_TMPDIR/one.err"
	fi
}

@test "ledger: a namespace that goes is named as the reason of a difference" {
	other=$netns-o
	ip netns add "$other"
	ip -n "$other" link set lo up
	closetrace_start one trace --all --storm-rate 0 -o ndjson --netns "$netns,$other"
	ip netns exec "$other" "$CONNLOAD" --mode aborted --count 10
	await_records one 20
	ip netns del "$other"
	refused
	await_records one 22
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	ledger_shows one "kernel: EstabResets 0, here 20, difference -20"
	ledger_shows one "kernel: AttemptFails 1, here 1, difference 0"
	grep -q 'known reasons for a difference: 1 namespaces that went' "$BATS_TEST_TMPDIR/one.err"
}
