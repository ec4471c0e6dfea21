#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# closetrace flows: counts of real traffic of several clients against nginx, and bad input.

load helpers
load flow_lab

setup() {
	common_setup
	labs=()
}

teardown() {
	common_teardown
	lab_remove
}

# usage_error SENTENCE ARGUMENTS...: one sentence with that in it, and status 2.
usage_error() {
	local said=$1 code=0
	shift
	"$CLOSETRACE" flows "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
	[ "$code" = 2 ] || { echo "status $code" && cat "$BATS_TEST_TMPDIR/err" && return 1; }
	one_sentence "$BATS_TEST_TMPDIR/err" && grep -qF -- "$said" "$BATS_TEST_TMPDIR/err" &&
		[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "bad input gets one sentence that says what to do" {
	usage_error 'did you mean server?' --by servr
	usage_error 'not "moon"' --by client,moon
	usage_error 'not ""' --by client,
	usage_error 'connection is the finest level' --by client,connection
	usage_error 'did you mean rst_count?' --sort rstcount
	usage_error '100ms to 24h, not "1ms"' --interval 1ms
	usage_error '100ms to 24h, not "99d"' --interval 99d
	usage_error 'a number of rows from 1 up' --top 0
	usage_error 'from 1 to 16777216' --max-conversations 0
	usage_error 'there is nothing to count' --hook none
	usage_error 'did you mean' -f 'rst.cont > 0'
	usage_error 'column' -f 'rst.count > ten'
	usage_error 'column' -f 'client_addr > 5'
	usage_error 'add comm to --by' -f 'comm = "nginx"'
	usage_error 'add connection to --by' -f 'client_port = 5'
}

@test "a zone file with errors in three lines: all three are told" {
	printf 'a 10.0.0.0/8\nb 10.0.0.0/99\nc\n# fine\n!d 10.1.0.0/16\n' >"$BATS_TEST_TMPDIR/zones"
	for command in flows trace; do
		run "$CLOSETRACE" $command --zones "$BATS_TEST_TMPDIR/zones"
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 3 ]
		[[ ${lines[0]} == *"zones:2: \"10.0.0.0/99\" is no network"* ]]
		[[ ${lines[1]} == *"zones:3: zone c has no network"* ]]
		[[ ${lines[2]} == *"zones:5: \"!d\" is no name"* ]]
	done
	run "$CLOSETRACE" flows --zones /nonexistent
	[ "$status" = 2 ]
	[ "${#lines[@]}" = 1 ]
}

# traffic: each kind of ending, different numbers for each client.
traffic() {
	client 1 get 7
	client 2 get 3
	client 3 refused 11 81
	client 2 refused 2 81
	client 1 abort 5
	client 3 late 4
	client 2 ask 6 8081
	await 20 lab_is_quiet
}

@test "the counts are those of tshark on the same packets, per direction, exactly" {
	need_lab
	command -v tshark >/dev/null && command -v tcpdump >/dev/null || skip "tshark or tcpdump is not installed"
	lab_make
	nginx_start
	aborter_start 8081
	capture=$BATS_TEST_TMPDIR/capture.pcap
	ip netns exec "$server" tcpdump -i any -B 16384 -s 128 -U -w "$capture" tcp 2>"$BATS_TEST_TMPDIR/tcpdump.err" 3>&- &
	pids[tcpdump]=$!
	await 10 grep -q 'listening on' "$BATS_TEST_TMPDIR/tcpdump.err"
	closetrace_start flows flows --netns "$server" --once -d 1h -o ndjson
	traffic
	# The capture has everything when it has the last connection.
	client 1 refused 1 9
	await 10 captured 'tcp.flags.reset == 1 && tcp.srcport == 9'
	kill -TERM "${pids[tcpdump]}" && wait "${pids[tcpdump]}" && unset 'pids[tcpdump]'
	grep -q '^0 packets dropped by kernel' "$BATS_TEST_TMPDIR/tcpdump.err"
	closetrace_stop flows
	[ "$status" = 0 ]
	out=$BATS_TEST_TMPDIR/flows.out
	tshark -r "$capture" -T fields -e ip.src -e tcp.srcport -e ip.dst -e tcp.dstport -e tcp.flags \
		>"$BATS_TEST_TMPDIR/packets" 2>/dev/null
	for i in 1 2 3; do
		for port in 80 81 9 8081; do
			for flag in syn fin reset; do
				field=${flag/reset/rst}_count
				select=".client_addr == \"10.77.$i.2\" and .server_port == $port"
				equal "$(sum "$out" "${field}_clt" "$select")" \
					"$(count_packets "$flag" src "10.77.$i.2" "$port")" \
					"$flag of client $i to $port"
				equal "$(sum "$out" "${field}_srv" "$select")" \
					"$(count_packets "$flag" dst "10.77.$i.2" "$port")" \
					"$flag to client $i from $port"
			done
		done
	done
	[ "$(sum "$out" rst_count)" = "$(count_packets reset)" ]
	[ "$(sum "$out" rst_count)" -ge 28 ]
	[ "$(sum "$out" connections)" = 39 ]
	[ "$(sum "$out" ct_count)" = 25 ]
	[ "$(sum "$out" guessed)" = 0 ]
}

captured() { [ "$(count_captured "$1")" -gt 0 ]; }
count_captured() { tshark -r "$capture" -Y "$1" 2>/dev/null | wc -l; }
# count_packets FLAG [src|dst ADDRESS PORT]: of those from (or to) an address, to (or from) a port.
count_packets() {
	awk -v flag="$1" -v end="${2:-}" -v address="${3:-}" -v port="${4:-}" '
	function has(flags, bit) { return int((index("0123456789abcdef", substr(flags, length(flags))) - 1) / bit) % 2 }
	has($5, flag == "fin" ? 1 : flag == "syn" ? 2 : 4) &&
		(end == "" || (end == "src" ? $1 == address && $4 == port : $3 == address && $2 == port)) { n++ }
	END { print n + 0 }' "$BATS_TEST_TMPDIR/packets"
}
equal() { [ "$1" = "$2" ] || { echo "$3: counted $1, captured $2" && return 1; }; }

@test "how connections closed, and who resets by habit" {
	need_lab
	lab_make
	nginx_start
	aborter_start 8081
	closetrace_start flows flows --netns "$server" --once -d 1h -o ndjson
	traffic
	client 1 ask 30 8081
	await 20 lab_is_quiet
	closetrace_stop flows
	out=$BATS_TEST_TMPDIR/flows.out
	cat "$out" # shown when something below fails
	[ "$(sum "$out" closed_fin '.server_port == 80')" = 10 ]
	[ "$(sum "$out" rst_no_ct '.server_port == 81')" = 13 ]
	[ "$(sum "$out" closed_rst '.server_port == 80')" = 5 ]
	[ "$(sum "$out" closed_fin_rst)" = 4 ]
	[ "$(sum "$out" rst_own_fin)" = 4 ]
	[ "$(sum "$out" closed_rst '.server_port == 8081')" = 36 ]
	# 20 closes make the habit: the 20th and what followed.
	[ "$(sum "$out" rst_habit '.server_port == 8081')" = 17 ]
	[ "$(sum "$out" rst_habit '.server_port != 8081')" = 0 ]
	opened=$(sum "$out" connections)
	closed=$(jq -s '[.[] | .closed_fin + .closed_fin_rst + .closed_rst + .rst_no_ct + .half_closed + .timed_out] | add' "$out")
	[ "$opened" = "$closed" ]
}

@test "a connection of two namespaces counts once, and evicted flows stay counted" {
	need_lab
	lab_make
	nginx_start
	aborter_start 8081
	closetrace_start flows flows --once -d 1h -o ndjson --max-flows 16 \
		--netns "$server,$server-1,$server-2,$server-3"
	traffic
	closetrace_stop flows
	out=$BATS_TEST_TMPDIR/flows.out
	cat "$out"
	[ "$(sum "$out" connections)" = 38 ]
	[ "$(sum "$out" rst_count_srv '.server_port == 81')" = 13 ]
	[ "$(sum "$out" rst_count_srv '.server_port == 8081')" = 6 ]
	[ "$(sum "$out" fin_count_srv '.server_port == 80')" -ge 10 ]
	[ "$(sum "$out" fin_count_clt '.server_port == 80')" -ge 10 ]
}

@test "intervals add up to the whole" {
	need_lab
	lab_make
	nginx_start
	closetrace_start flows flows --netns "$server" --interval 100ms -o ndjson
	for i in 1 2 3 4 5; do
		client 1 get 2
		client 3 refused 3 81
	done
	await 20 lab_is_quiet
	closetrace_stop flows
	out=$BATS_TEST_TMPDIR/flows.out
	[ "$(sum "$out" connections)" = 25 ]
	[ "$(sum "$out" rst_count_srv)" = 15 ]
	[ "$(jq -s '[.[].time] | unique | length' "$out")" -ge 2 ]
}

@test "a reader that goes away, and a disk that is full" {
	need_root
	netns_make
	"$CLOSETRACE" flows --netns "$netns" --interval 100ms -o ndjson 2>"$BATS_TEST_TMPDIR/pipe.err" 3>&- |
		head -n 1 >"$BATS_TEST_TMPDIR/pipe.out" 3>&- &
	reader=$!
	closetrace_await_ready pipe
	refused
	await 10 lines_at_least "$BATS_TEST_TMPDIR/pipe.out" 1
	until has_ended "$reader"; do refused; done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/pipe.err")" = 1 ]
	"$CLOSETRACE" flows --netns "$netns" --once -d 1h -o ndjson >/dev/full 2>"$BATS_TEST_TMPDIR/full.err" 3>&- &
	pids[full]=$!
	closetrace_await_ready full
	refused
	closetrace_stop full
	[ "$status" = 1 ]
	grep -q 'cannot write to stdout: No space left' "$BATS_TEST_TMPDIR/full.err"
}

@test "a map that fills: the rest is one row, nothing is missing, and it is said" {
	need_lab
	lab_make
	closetrace_start flows flows --netns "$server" --once -d 1h -o ndjson --max-conversations 2
	for port in 81 82 83 84 85; do
		client 1 refused 2 $port
	done
	closetrace_stop flows
	out=$BATS_TEST_TMPDIR/flows.out
	[ "$(sum "$out" rst_count_srv)" = 10 ]
	[ "$(jq -s 'map(select(.rest)) | length' "$out")" = 1 ]
	[ "$(jq -s 'length' "$out")" = 3 ]
	[ "$(grep -c 'the map of conversations is full' "$BATS_TEST_TMPDIR/flows.err")" = 1 ]
}

@test "groups, order, the first rows and filters" {
	need_lab
	lab_make
	nginx_start
	aborter_start 8081
	printf 'office 10.77.1.0/24 10.77.2.0/24\nlab 10.77.3.2\n' >"$BATS_TEST_TMPDIR/zones"
	closetrace_start zones flows --netns "$server" --once -d 1h --zones "$BATS_TEST_TMPDIR/zones" --by zone_client
	closetrace_start comm flows --netns "$server" --once -d 1h -o ndjson --by comm,verdict
	closetrace_start first flows --netns "$server" --once -d 1h --by client --sort connections --top 1 -o ndjson
	closetrace_start resets flows --netns "$server" --once -d 1h -o ndjson -f 'rst.count > 0 and fin.count = 0'
	closetrace_start ratio flows --netns "$server" --once -d 1h -o ndjson -f 'rst_per_connection > 0.4 and ct.count > 0'
	closetrace_start single flows --netns "$server" --once -d 1h -o ndjson --by connection
	traffic
	for name in zones comm first resets ratio single; do
		closetrace_stop $name
		[ "$status" = 0 ]
	done
	cat "$BATS_TEST_TMPDIR/zones.out"
	grep -Eq '^office +23 ' "$BATS_TEST_TMPDIR/zones.out"
	grep -Eq '^lab +15 ' "$BATS_TEST_TMPDIR/zones.out"
	[ "$(sum "$BATS_TEST_TMPDIR/comm.out" connections '.comm == "aborter" and .verdict == "local_app_abort"')" = 6 ]
	[ "$(sum "$BATS_TEST_TMPDIR/comm.out" connections '.comm == "nginx" and .verdict == "fin_normal"')" = 10 ]
	[ "$(jq -s 'length' "$BATS_TEST_TMPDIR/first.out")" = 1 ]
	[ "$(jq -r .client_addr "$BATS_TEST_TMPDIR/first.out")" = 10.77.3.2 ]
	[ "$(jq -s '[.[].server_port] | unique' -c "$BATS_TEST_TMPDIR/resets.out")" = '[81,8081]' ]
	# 5 of 12, 4 of 4 and 6 of 6; not 0 of 3, and not where there was no handshake.
	[ "$(jq -s 'map(.connections) | add' "$BATS_TEST_TMPDIR/ratio.out")" = 22 ]
	[ "$(jq -s 'length' "$BATS_TEST_TMPDIR/single.out")" = 38 ]
}

@test "endings that no packet tells: half closed, timed out" {
	need_lab
	command -v nft >/dev/null || skip "nft is not installed"
	lab_make
	on_server nft -f - <<-'END'
		table ip mute {
			chain in {
				type filter hook input priority 0
				tcp dport 99 drop
			}
		}
	END
	on_client 1 sysctl -qw net.ipv4.tcp_fin_timeout=1
	cat >"$BATS_TEST_TMPDIR/mute.py" <<-'END'
		import socket
		s = socket.create_server(("", 98))
		kept = []
		while True:
		    kept.append(s.accept())
	END
	ip netns exec "$server" python3 "$BATS_TEST_TMPDIR/mute.py" 3>&- &
	pids[mute]=$!
	await 10 listens 98
	closetrace_start flows flows --netns "$server-1" --once -d 1h -o ndjson
	closetrace_start trace trace --netns "$server-1" -o ndjson
	on_client 1 python3 - <<-'END'
		import socket
		s = socket.create_connection(("10.77.1.1", 98))
		s.close() # FIN, and nobody closes the other way
		s = socket.socket()
		s.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
		try:
		    s.connect(("10.77.1.1", 99))
		except OSError:
		    pass
	END
	await_records trace 2
	closetrace_stop trace
	closetrace_stop flows
	out=$BATS_TEST_TMPDIR/flows.out
	cat "$out"
	[ "$(sum "$out" half_closed '.server_port == 98')" = 1 ]
	[ "$(sum "$out" timed_out '.server_port == 99')" = 1 ]
	[ "$(sum "$out" connections)" = 2 ]
	[ "$(jq 'select(.server_port == 99) | .syn_per_connection > 1' "$out")" = true ]
	[ "$(jq -s 'map(.closed_fin + .closed_fin_rst + .closed_rst + .rst_no_ct) | add' "$out")" = 0 ]
}

@test "two threads, 40,000 connections, a flow map of 64: every packet is counted" {
	need_root
	connload=$BATS_TEST_DIRNAME/../../build/tests/bench/connload
	[ -x "$connload" ] || skip "connload is not built"
	netns_make
	closetrace_start flows flows --netns "$netns" --once -d 1h -o ndjson --by netns --max-flows 64
	for mode in aborted graceful refused; do
		ip netns exec "$netns" "$connload" --mode $mode --count 13000 --threads 2 >>"$BATS_TEST_TMPDIR/load"
	done
	[ "$(grep -c 'connections=13000 ' "$BATS_TEST_TMPDIR/load")" = 3 ]
	closetrace_stop flows
	out=$BATS_TEST_TMPDIR/flows.out
	cat "$out" "$BATS_TEST_TMPDIR/flows.err"
	for wanted in connections=39000 syn_count_clt=39000 syn_count_srv=26000 ct_count=26000 \
		fin_count=26000 rst_count=26000 closed_fin=13000 closed_rst=13000 rst_no_ct=13000 found=0; do
		[ "$(sum "$out" "${wanted%=*}")" = "${wanted#*=}" ] || { echo "not $wanted" && return 1; }
	done
}

@test "zones are in the records of trace, and in its filters" {
	need_lab
	lab_make
	printf 'office 10.77.1.0/24\nlab 10.77.3.2\n' >"$BATS_TEST_TMPDIR/zones"
	closetrace_start file trace --netns "$server" -o ndjson --zones "$BATS_TEST_TMPDIR/zones" -f 'zone_client = "lab"'
	closetrace_start builtin trace --netns "$server" -o ndjson -f 'zone_client = "private" and zone_server = "private"'
	client 1 refused 1 81
	client 3 refused 2 81
	await_records file 2
	await_records builtin 3
	closetrace_stop file
	closetrace_stop builtin
	[ "$(jq -r '[.zone_client, .zone_server] | join(" ")' "$BATS_TEST_TMPDIR/file.out" | sort -u)" = "lab private" ]
}

@test "through a router, IPv4 and IPv6: once in all namespaces, and in the router alone" {
	need_lab
	lab_make
	on_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for i in 1 2; do
		ip -n "$server" addr add "fd77:$i::1/64" dev "v$i" nodad
		ip -n "$server-$i" addr add "fd77:$i::2/64" dev eth0 nodad
		ip -n "$server-$i" -6 route add default via "fd77:$i::1"
	done
	cat >"$BATS_TEST_TMPDIR/echo.py" <<-'END'
		import socket
		s = socket.create_server(("::", 90), family=socket.AF_INET6, dualstack_ipv6=True)
		while True:
		    c, _ = s.accept()
		    c.recv(9)
		    c.close()
	END
	ip netns exec "$server-2" python3 "$BATS_TEST_TMPDIR/echo.py" 3>&- &
	pids[echo]=$!
	await 10 ip netns exec "$server-2" sh -c 'ss -Hltn "sport = :90" | grep -q LISTEN'
	# Neighbours are found, and addresses are no longer tentative, before the count.
	await 10 on_client 1 bash -c 'exec 3<>/dev/tcp/fd77:2::2/90'
	closetrace_start all flows --once -d 1h -o ndjson --netns "$server,$server-1,$server-2,$server-3" --by server,server_port
	closetrace_start router flows --once -d 1h -o ndjson --netns "$server" --by server,server_port
	on_client 1 python3 - <<-'END'
		import socket
		for addr in ("10.77.2.2", "fd77:2::2"):
		    for port, count in ((90, 5), (91, 3)):
		        for _ in range(count):
		            try:
		                with socket.create_connection((addr, port)) as s:
		                    s.sendall(b"x")
		                    s.recv(1)
		            except OSError:
		                pass
	END
	await 10 ip netns exec "$server-2" sh -c '! ss -Htn state established state last-ack | grep -q .'
	closetrace_stop all
	closetrace_stop router
	for name in all router; do
		out=$BATS_TEST_TMPDIR/$name.out
		cat "$out"
		for addr in 10.77.2.2 fd77:2::2; do
			select=".server_addr == \"$addr\" and .server_port == "
			[ "$(sum "$out" connections "${select}90")" = 5 ]
			[ "$(sum "$out" ct_count "${select}90")" = 5 ]
			[ "$(sum "$out" closed_fin "${select}90")" = 5 ]
			[ "$(sum "$out" connections "${select}91")" = 3 ]
			[ "$(sum "$out" rst_count_srv "${select}91")" = 3 ]
			[ "$(sum "$out" rst_no_ct "${select}91")" = 3 ]
		done
		[ "$(sum "$out" syn_count_clt)" = 16 ]
		[ "$(sum "$out" found)" = 0 ]
		[ "$(sum "$out" guessed)" = 0 ]
	done
}
