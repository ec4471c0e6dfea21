#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Floods of endings: grouped, counted exactly, bounded, and no cover for the rare ones beside them.

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

# The attacker's namespace $other, 192.0.2.1, on a link to the victim's, 192.0.2.2.
attacker_make() {
	other=$netns-a
	ip netns add "$other"
	ip -n "$other" link set lo up
	ip -n "$netns" link add cts0 type veth peer name cts1 netns "$other"
	ip -n "$netns" addr add 192.0.2.2/24 dev cts0
	ip -n "$other" addr add 192.0.2.1/24 dev cts1
	ip -n "$netns" link set cts0 up
	ip -n "$other" link set cts1 up
	ip -n "$netns" route add default via 192.0.2.1
	ip netns exec "$netns" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.cts0.rp_filter=0
}

# flood COUNT FLAGS PORT NETWORKS: bare TCP packets to 192.0.2.2 from sources that do not exist, in
# so many networks of 24 bits. PORT 0: a port of its own for each.
flood='
import socket, struct, sys
count, flags, port, networks = map(int, sys.argv[1:])
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
dest = socket.inet_aton("192.0.2.2")
for i in range(count):
    n = i % networks
    source = bytes((10, n >> 8 & 255, n & 255, 1 + i // networks % 250))
    sport, dport = 1024 + i * 7 % 60000, port or 1 + i % 60000
    tcp = struct.pack("!HHIIBBHHH", sport, dport, i + 1, 0, 5 << 4, flags, 1024, 0, 0)
    total = sum(struct.unpack("!10H", tcp)) + sum(struct.unpack("!4H", source + dest)) + 6 + 20
    total = (total & 0xffff) + (total >> 16)
    total = ~((total & 0xffff) + (total >> 16)) & 0xffff
    tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, i & 0xffff, 0, 64, 6, 0, source, dest)
    out.sendto(ip + tcp, ("192.0.2.2", 0))
'
SYN=2 RST=4

# What the victim says while it is flooded, one by one: three of each kind, each by a name of its own.
rare_endings() {
	local i
	for i in 1 2 3; do
		refused "ct_rare$i"
		ip netns exec "$netns" "$CONNLOAD" --mode aborted --count 1 --addr "127.0.0.$((i + 8))" >/dev/null
	done
}

sum_of() { # sum_of JQ-CONDITION: endings of the records for which it holds
	jq -s "[.[] | select($1) | .repeated] | add // 0" "$BATS_TEST_TMPDIR/one.out"
}

# Every ending is in a record, shown or grouped; nothing is lost; the kernel says the same.
storm_adds_up() {
	local endings
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	refute grep -E 'add up|lost:|grouped_untold|difference -?[1-9]' "$BATS_TEST_TMPDIR/one.err"
	endings=$(sed -n 's/^closetrace: ledger: \([0-9]*\) endings = .* + 0 normal + 0 filtered out + 0 lost$/\1/p' \
		"$BATS_TEST_TMPDIR/one.err")
	[ "$(sum_of true)" = "$endings" ]
	# By verdict, too, word for word.
	jq -rs 'group_by(.verdict)[] | "\([.[].repeated] | add) \(.[0].verdict)"' "$BATS_TEST_TMPDIR/one.out" |
		sort >"$BATS_TEST_TMPDIR/told"
	sed -n 's/^closetrace: ledger: by verdict: //p' "$BATS_TEST_TMPDIR/one.err" |
		tr ',' '\n' | sed 's/^ //' | sort | diff - "$BATS_TEST_TMPDIR/told"
	# What stands for itself has no first time, and the others tell of the last few seconds.
	jq -se 'all(.[]; .first_time != null or .repeated == 1)' "$BATS_TEST_TMPDIR/one.out"
	jq -se 'all(.[] | select(.first_time != null); .first_time <= .time)' "$BATS_TEST_TMPDIR/one.out"
}

rare_are_shown() {
	local i
	for i in 1 2 3; do
		[ "$(sum_of ".first_time == null and .verdict == \"peer_refused\" and .comm == \"ct_rare$i\"")" = 1 ]
		[ "$(sum_of ".first_time == null and .verdict == \"local_app_abort\" and .local_addr == \"127.0.0.$((i + 8))\"")" = 1 ] ||
			[ "$(sum_of ".first_time == null and .verdict == \"local_app_abort\" and .peer_addr == \"127.0.0.$((i + 8))\"")" = 1 ]
	done
}

@test "storm: sources that do not exist, a scan of all ports, and RSTs at a listener" {
	attacker_make
	ip netns exec "$netns" python3 -c '
import socket, time
listener = socket.create_server(("192.0.2.2", 8080))
time.sleep(60)' 3>&- &
	pids[listener]=$!
	await 10 ip netns exec "$netns" bash -c 'ss -Hltn "sport = :8080" | grep -q .'
	closetrace_start one trace -o ndjson --netns "$netns"
	ip netns exec "$other" python3 -c "$flood" 20000 $SYN 81 5000 3>&- &
	pids[spoof]=$!
	ip netns exec "$other" python3 -c "$flood" 20000 $SYN 0 1 3>&- &
	pids[scan]=$!
	ip netns exec "$other" python3 -c "$flood" 20000 $RST 8080 5000 3>&- &
	pids[resets]=$!
	rare_endings
	wait "${pids[spoof]}" "${pids[scan]}" "${pids[resets]}"
	unset "pids[spoof]" "pids[scan]" "pids[resets]"
	refused ct_last
	await 10 grep -q '"comm":"ct_last"' "$BATS_TEST_TMPDIR/one.out"
	closetrace_stop one
	storm_adds_up
	# One SYN of the scan met the listener: its client never existed.
	[ "$(sum_of '.verdict == "local_refused" and .local_addr == "192.0.2.2"')" -ge 39998 ]
	rare_are_shown
	# Some hundred lines, not forty thousand.
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" -lt 4000 ]
}

handshakes_told() {
	sum_of '.verdict == "timeout_handshake"'
}

# How many SYN-ACKs the kernel says it has sent again: one for each handshake.
synacks_repeated() {
	ip netns exec "$netns" nstat -asz TcpExtTCPSynRetrans | sed -n 's/^TcpExtTCPSynRetrans *\([0-9]*\).*/\1/p'
}

all_handshakes_are_told() {
	[ "$(handshakes_told)" = "$(synacks_repeated)" ]
}

# The kernel gives up on each after three seconds, and nothing says so but that nothing comes.
@test "storm: handshakes that nobody completes" {
	attacker_make
	ip netns exec "$netns" sysctl -qw net.ipv4.tcp_synack_retries=1 net.ipv4.tcp_syncookies=0 \
		net.core.somaxconn=16384 net.ipv4.tcp_max_syn_backlog=32768
	ip netns exec "$netns" python3 -c '
import socket, time
listener = socket.create_server(("192.0.2.2", 8080), backlog=16384)
time.sleep(60)' 3>&- &
	pids[listener]=$!
	await 10 ip netns exec "$netns" bash -c 'ss -Hltn "sport = :8080" | grep -q .'
	closetrace_start one trace -o ndjson --netns "$netns"
	ip netns exec "$other" python3 -c "$flood" 3000 $SYN 8080 5
	rare_endings
	await 20 ip netns exec "$netns" bash -c '[ -z "$(ss -Htn state syn-recv)" ]'
	# Where the kernel hides a timer from all programs, some are never told.
	await 10 all_handshakes_are_told || [ "$(handshakes_told)" -lt "$(synacks_repeated)" ]
	closetrace_stop one
	storm_adds_up
	rare_are_shown
	refute grep -q 'still waited' "$BATS_TEST_TMPDIR/one.err"
	echo "told $(handshakes_told), SYN-ACKs sent again $(synacks_repeated)"
	# How many of the 3,000 get a SYN-ACK again is the kernel's choice.
	[ "$(handshakes_told)" -gt 500 ]
	# Some ten lines for each of the five networks, not three thousand.
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" -lt 300 ]
}

@test "storm: a backend that crashes in a loop under load" {
	closetrace_start one trace -o ndjson --netns "$netns"
	ip netns exec "$netns" "$CONNLOAD" --mode aborted --seconds 2 --threads 2 >"$BATS_TEST_TMPDIR/load" 3>&- &
	pids[load]=$!
	await_records one 10
	rare_endings
	wait "${pids[load]}"
	unset "pids[load]"
	aborted=$(grep -o 'aborted=[0-9]*' "$BATS_TEST_TMPDIR/load" | cut -d= -f2)
	closetrace_stop one
	storm_adds_up
	[ "$(sum_of '.verdict == "local_app_abort"')" = $((aborted + 3)) ]
	[ "$(sum_of '.verdict == "peer_reset"')" = $((aborted + 3)) ]
	rare_are_shown
	[ "$aborted" -gt 1000 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" -lt 1000 ]
	# Told while it lasted, and at the end.
	[ "$(jq -s '[.[] | select(.first_time != null and .verdict == "peer_reset")] | length' "$BATS_TEST_TMPDIR/one.out")" -ge 2 ]
}

@test "storm: nobody reads for a while, and the ring is as small as can be" {
	closetrace_start one trace -o ndjson --ring 4K --storm-rate 1 --netns "$netns"
	kill -STOP "${pids[one]}"
	ip netns exec "$netns" "$CONNLOAD" --mode aborted --count 5000 --addr 127.0.0.1 >/dev/null
	kill -CONT "${pids[one]}"
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	refute grep -E 'add up|grouped_untold|difference -?[1-9]' "$BATS_TEST_TMPDIR/one.err"
	lost=$(sed -n 's/^closetrace: ledger: 10000 endings = .* + \([0-9]*\) lost$/\1/p' "$BATS_TEST_TMPDIR/one.err")
	[ "$(sum_of true)" = $((10000 - lost)) ]
	# Only those that were sent one by one can be lost: one a second and kind.
	[ "$lost" -lt 100 ]
}

@test "storm: --storm-rate 0 shows every one" {
	closetrace_start one trace -o ndjson --storm-rate 0 --netns "$netns"
	ip netns exec "$netns" "$CONNLOAD" --mode aborted --count 1000 >/dev/null
	await_records one 2000
	closetrace_stop one
	storm_adds_up
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" = 2000 ]
	refute grep -q grouped "$BATS_TEST_TMPDIR/one.err"
}

@test "storm: --count counts lines, and what came after them is counted too" {
	closetrace_start one trace -o ndjson -n 30 --netns "$netns"
	ip netns exec "$netns" "$CONNLOAD" --mode aborted --seconds 3 --threads 2 >/dev/null
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" = 30 ]
	refute grep -E 'add up' "$BATS_TEST_TMPDIR/one.err"
}
