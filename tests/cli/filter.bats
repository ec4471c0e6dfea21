#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --filter on real endings: what it takes is shown, the rest is counted, in the kernel or behind it;
# mistakes are told with their column.

load helpers

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# says STATUS WORDS ARGUMENTS...: exits with STATUS, after one sentence on stderr that has WORDS.
says() {
	local wanted=$1 words=$2 status=0
	shift 2
	timeout 20 "$CLOSETRACE" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	echo "status $status"
	one_sentence "$BATS_TEST_TMPDIR/err"
	grep -qF -e "$words" "$BATS_TEST_TMPDIR/err"
	[ "$status" = "$wanted" ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "filter: a mistake is told with its column and the nearest name" {
	says 2 'column 1: a closed connection has no field "durration"; did you mean duration?' -f 'durration > 5s'
	says 2 'column 20: verdict has no word "peer_rest"; did you mean peer_reset?' trace -f 'pid = 5 && verdict=peer_rest'
	says 2 'column 12' --filter 'duration > 5'
	says 2 'number 2, column 7' -f benign -f 'pid > five'
	says 2 'column 1: the filter is empty' -f ''
}

# words_are ARGUMENTS... -- FILTER: the words are read as this filter.
words_are() {
	local words=()
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	"$CLOSETRACE" "${words[@]}" --explain-filter >"$BATS_TEST_TMPDIR/words" 3>&-
	"$CLOSETRACE" -f "$2" --explain-filter >"$BATS_TEST_TMPDIR/filter" 3>&-
	diff "$BATS_TEST_TMPDIR/words" "$BATS_TEST_TMPDIR/filter"
}

@test "filter: words as one would tell tcpdump, with and without the command" {
	words_are port 443 -- 'port = 443'
	words_are trace host 10.0.0.7 and port 5432 -- 'addr in 10.0.0.7 and port = 5432'
	words_are 'not (port 80 or port 443)' -- 'not (port = 80 or port = 443)'
	words_are nginx -- 'comm = nginx or container = nginx or pod = nginx'
	words_are peer_reset -- 'verdict = peer_reset'
	words_are 'rst.count > 0' -- 'rst.count > 0'
	says 2 'did you mean "flows"?' flwos
	says 2 'names are not looked up' host web
	says 2 'column 6: here a port is wanted, 1 to 65535' port http
	says 2 'column 5' port
	says 2 'is an option of flows' port 443 --by client
}

@test "filter: control characters of a mistake do not reach the terminal" {
	says 2 'column 6' -f $'comm\t\x1b[2J'
	refute grep -q $'\x1b' "$BATS_TEST_TMPDIR/err"
}

@test "filter: one that is too long, too deep, too many" {
	says 2 'at most 4096 bytes' -f "pid = $(printf '5%.0s' {1..5000})"
	says 2 'inside each other' -f "$(printf '(%.0s' {1..1000})"
	says 2 'at most 128 tests' -f "benign$(printf ' or benign%.0s' {1..200})"
	says 2 'more than 128 tests' -f "benign$(printf ' or pid=1%.0s' {1..120})" -f "benign$(printf ' or pid=1%.0s' {1..120})"
	says 2 '32 times' $(printf -- '-fbenign %.0s' {1..33})
}

@test "filter: explained without privilege and without a trace" {
	local run=("$CLOSETRACE")
	[ "$(id -u)" != 0 ] || run=(setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$CLOSETRACE")
	"${run[@]}" --explain-filter -f 'class = path and port = 443' -f 'rst.count > 0' >"$BATS_TEST_TMPDIR/out" 3>&-
	diff "$BATS_TEST_TMPDIR/out" - <<-'END'
		filter:
		  and
		    class = path  [word]
		    or
		      local_port = 443  [port]
		      peer_port = 443  [port]
		    rst_count > 0  [u64]
		decided in the kernel:
		  verdict local_firewall, path_reset, path_icmp
		  port 443 at either end
		decided in user space:
		  rst_count > 0
	END
	says 2 'needs a --filter' --explain-filter
}

# verdicts NAME: of the records, sorted, on one line.
verdicts() {
	jq -r .verdict "$BATS_TEST_TMPDIR/$1.out" | sort | xargs
}

ledger_shows() { # ledger_shows NAME LINE
	grep -qF "closetrace: ledger: $2" "$BATS_TEST_TMPDIR/$1.err" || { cat "$BATS_TEST_TMPDIR/$1.err" && return 1; }
}

# Both ends of three refused connections, by two programs; then an end that every filter here lets
# pass, so that all before it has been seen. Arguments: of closetrace.
three_refused() {
	netns_make
	closetrace_start one trace -o ndjson --storm-rate 0 --netns "$netns" "$@"
	refused ct_first
	refused ct_second
	refused ct_second
}

@test "filter: what it does not take is counted as filtered out" {
	need_root
	# In user space alone: a pattern of a name.
	three_refused -f 'comm ~ *second'
	await_records one 2
	closetrace_stop one
	[ "$(verdicts one)" = "peer_refused peer_refused" ]
	[ "$(jq -r .comm "$BATS_TEST_TMPDIR/one.out" | sort -u)" = ct_second ]
	ledger_shows one "6 endings = 2 shown + 0 normal + 4 filtered out + 0 lost"
}

@test "filter: what the kernel decides is the same, and the ledger adds up" {
	need_root
	three_refused -f 'comm = ct_second and verdict = peer_refused'
	await_records one 2
	closetrace_stop one
	[ "$(jq -r '[.comm, .verdict] | join(" ")' "$BATS_TEST_TMPDIR/one.out" | sort -u)" = "ct_second peer_refused" ]
	ledger_shows one "6 endings = 2 shown + 0 normal + 4 filtered out + 0 lost"
	refute grep -q "add up" "$BATS_TEST_TMPDIR/one.err"
}

@test "filter: either end's port, the server's port, and a network" {
	need_root
	three_refused -f 'port = 1 and server_port = 1 and client_addr in 127.0.0.0/8 and role = client'
	await_records one 3
	closetrace_stop one
	[ "$(verdicts one)" = "peer_refused peer_refused peer_refused" ]
	ledger_shows one "6 endings = 3 shown + 0 normal + 3 filtered out + 0 lost"
}

# One connection that ends cleanly, and one whose client resets it.
clean_and_aborted() {
	ip netns exec "$netns" python3 - <<-'END'
		import socket, struct
		server = socket.create_server(("127.0.0.1", 7000))
		for linger in (False, True):
		    client = socket.create_connection(("127.0.0.1", 7000))
		    accepted = server.accept()[0]
		    if linger:
		        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    client.close()
		    try:
		        accepted.recv(1)
		    except ConnectionResetError:
		        pass
		    accepted.close()
	END
}

@test "filter: only resets, and resets without a connection" {
	need_root
	netns_make
	closetrace_start only trace --all -o ndjson --netns "$netns" -f 'rst.count > 0 and fin.count = 0'
	closetrace_start without trace --all -o ndjson --netns "$netns" -f 'rst.count > 0 and ct.count = 0'
	closetrace_start clean trace --all -o ndjson --netns "$netns" -f 'fin.count.clt > 0 and fin.count.srv > 0'
	clean_and_aborted
	refused
	await_records only 4
	await_records without 2
	await_records clean 2
	closetrace_stop only
	closetrace_stop without
	closetrace_stop clean
	[ "$(verdicts only)" = "local_app_abort local_refused peer_refused peer_reset" ]
	[ "$(verdicts without)" = "local_refused peer_refused" ]
	[ "$(verdicts clean)" = "fin_normal fin_normal" ]
	for name in only without clean; do
		refute grep -q "add up" "$BATS_TEST_TMPDIR/$name.err"
		grep -q "closetrace: ledger: 6 endings" "$BATS_TEST_TMPDIR/$name.err"
	done
}

@test "filter: one that names clean endings shows none without --all, and says so" {
	need_root
	netns_make
	closetrace_start one trace -o ndjson --netns "$netns" -f 'verdict in (fin_normal, peer_refused)'
	grep -q -- '--all' "$BATS_TEST_TMPDIR/one.err"
	clean_and_aborted
	refused
	await_records one 1
	closetrace_stop one
	[ "$(verdicts one)" = "peer_refused" ]
	ledger_shows one "6 endings = 1 shown + 2 normal + 3 filtered out + 0 lost"
}

# Eleven connections over the loopback, with nineteen endings, some of them amended by late evidence: data
# after shutdown() and after close(), a firewall that answers, IPv6 without a listener.
many_kinds() {
	ip netns exec "$netns" nft add table inet t
	ip netns exec "$netns" nft 'add chain inet t o { type filter hook output priority 0; tcp dport 7100 reject with tcp reset; }'
	ip netns exec "$netns" nft 'add chain inet t i { type filter hook input priority 0; tcp dport 7200 reject with tcp reset; }'
	ip netns exec "$netns" python3 - <<-'END'
		import socket, struct
		server = socket.create_server(("127.0.0.1", 7000))
		def pair():
		    client = socket.create_connection(("127.0.0.1", 7000))
		    return client, server.accept()[0]
		def wait_reset(s):
		    try:
		        while s.recv(100): pass
		    except OSError: pass
		server.listen(9)
		for end in ("linger2", "clean", "linger", "unread", "late_close", "late_shutdown"):
		    client, accepted = pair()
		    if end == "linger":
		        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		        client.close(); wait_reset(accepted)
		    elif end == "unread":
		        client.sendall(b"x" * 100); accepted.recv(1); accepted.close(); wait_reset(client)
		    elif end == "late_close":
		        accepted.close(); client.sendall(b"late"); wait_reset(client)
		    elif end == "linger2":
		        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, struct.pack("i", -1))
		        client.close(); wait_reset(accepted)
		    elif end == "late_shutdown":
		        accepted.shutdown(socket.SHUT_RDWR); client.sendall(b"late"); wait_reset(client)
		    client.close(); accepted.close()
		for where in (("::1", 1), ("127.0.0.1", 1), ("127.0.0.1", 7100), ("127.0.0.1", 7200), ("::1", 7200)):
		    try: socket.create_connection(where)
		    except OSError: pass
	END
}

@test "filter: on real endings of many kinds it takes what the same question to the JSON takes" {
	need_root
	netns_make
	local name question filter number=0
	local -A filters=() questions=()
	while IFS='|' read -r filter question; do
		number=$((number + 1))
		filters[f$number]=$filter questions[f$number]=$question
	done <<-'END'
		verdict = local_late_data_rst|.verdict == "local_late_data_rst"
		verdict in (local_refused, local_firewall)|.verdict == "local_refused" or .verdict == "local_firewall"
		class != reset_peer and server_port = 7000|.class != "reset_peer" and .server_port == 7000
		not (verdict = fin_normal or rst.count.srv = 0)|(.verdict == "fin_normal" or .rst_count_srv == 0) | not
		local_port = 7100 or peer_port = 7100|.local_port == 7100 or .peer_port == 7100
		peer_addr in ::1/128 or verdict ~ local_app*|.peer_addr == "::1" or (.verdict | startswith("local_app"))
		evidence has unread_data and bytes_unread > 0|(.evidence | index("unread_data")) and .bytes_unread > 0
	END
	closetrace_start all trace --all --storm-rate 0 -o ndjson --netns "$netns"
	for name in "${!filters[@]}"; do # all at once: each takes a while to load
		"$CLOSETRACE" trace --all --storm-rate 0 -o ndjson --netns "$netns" -f "${filters[$name]}" \
			>"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
		pids[$name]=$!
	done
	for name in "${!filters[@]}"; do
		closetrace_await_ready "$name"
	done
	many_kinds
	await_records all 19
	for name in all "${!filters[@]}"; do
		closetrace_stop "$name"
		[ "$status" = 0 ]
		refute grep -E "add up|[1-9][0-9]* lost" "$BATS_TEST_TMPDIR/$name.err"
	done
	jq -r .verdict "$BATS_TEST_TMPDIR/all.out" | sort | uniq -c
	for name in "${!filters[@]}"; do
		echo "${filters[$name]}"
		jq -r "select(${questions[$name]}) | [.verdict, .local_port, .peer_port] | @tsv" "$BATS_TEST_TMPDIR/all.out" |
			sort >"$BATS_TEST_TMPDIR/wanted"
		jq -r '[.verdict, .local_port, .peer_port] | @tsv' "$BATS_TEST_TMPDIR/$name.out" | sort >"$BATS_TEST_TMPDIR/found"
		[ -s "$BATS_TEST_TMPDIR/wanted" ]
		diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/found"
	done
}

# 300 refused connections of one program: one of each end a second is told, the rest counted.
@test "filter: in a storm the kernel asks each ending, user space the one that stands for many" {
	need_root
	[ -x "$(dirname "$CLOSETRACE")/tests/bench/connload" ] || skip "connload was not built"
	netns_make
	closetrace_start kernel trace -o ndjson --storm-rate 1 --netns "$netns" -f 'verdict = peer_refused'
	closetrace_start here trace -o ndjson --storm-rate 1 --netns "$netns" -f 'verdict ~ *_refused and comm ~ conn*'
	ip netns exec "$netns" "$(dirname "$CLOSETRACE")/tests/bench/connload" --mode refused --count 300 --threads 1
	await 10 grep -q '"first_time":"' "$BATS_TEST_TMPDIR/here.out"
	await 10 grep -q '"first_time":"' "$BATS_TEST_TMPDIR/kernel.out"
	closetrace_stop kernel
	closetrace_stop here
	[ "$(jq -s 'map(.repeated) | add' "$BATS_TEST_TMPDIR/kernel.out")" = 300 ]
	[ "$(jq -s 'map(.repeated) | add' "$BATS_TEST_TMPDIR/here.out")" = 300 ]
	refute grep -q 'filter: ' "$BATS_TEST_TMPDIR/kernel.err"
	grep -Eq 'filter: [1-9][0-9]* endings that were only counted in a storm' "$BATS_TEST_TMPDIR/here.err"
	refute grep -q "add up" "$BATS_TEST_TMPDIR/here.err" "$BATS_TEST_TMPDIR/kernel.err"
}
