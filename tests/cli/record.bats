#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# record and report on real endings: what is played is what is told, also over a kill, on a full disk,
# and for who may only read.

load helpers

setup() {
	need_root
	common_setup
	netns_make
	db=$BATS_TEST_TMPDIR/closes.db
	mounted= open=
}

teardown() {
	common_teardown
	[ -z "$open" ] || rm -rf "$open"
	[ -z "$mounted" ] || umount "$mounted"
}

record_start() { closetrace_start record record --to "$db" --netns "$netns" "$@"; }

# play COUNT: so many connections that a server closes with data unread, and as many clean ones.
play() {
	ip netns exec "$netns" python3 - "$1" <<-'END'
		import socket, sys
		listener = socket.socket()
		listener.bind(("127.0.0.1", 8080))
		listener.listen()
		def connect():
		    client = socket.create_connection(("127.0.0.1", 8080))
		    return client, listener.accept()[0]
		for _ in range(int(sys.argv[1])):
		    client, server = connect()
		    client.send(b"x" * 1000)
		    while len(server.recv(1000, socket.MSG_PEEK)) < 1000: pass
		    server.close(); client.close()
		    client, server = connect()
		    client.close(); server.recv(1); server.close()
	END
}

sql() { python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())' "$db" "$1"; }
has_written() { [ "$(sql 'SELECT sum(coalesce(repeated, 1)) FROM ending')" -ge "$1" ]; }
report() { "$CLOSETRACE" report "$@" --from "$db" 3>&-; }

@test "record: what was played is what is told, by records, counts and incidents" {
	record_start
	play 7
	for _ in 1 2 3; do refused; done
	closetrace_stop record
	[ "$status" = 0 ]
	report records --all -o ndjson >"$BATS_TEST_TMPDIR/records"
	[ "$(jq -r .verdict "$BATS_TEST_TMPDIR/records" | sort | uniq -c | tr -s ' \n' ' ')" = \
		" 7 local_app_abort 3 local_refused 3 peer_refused 7 peer_reset " ]
	report counts --by server_port -o ndjson | jq -s -c 'map([.server_port, .connections, .ct_count, .rst_count_srv])' >"$BATS_TEST_TMPDIR/counts"
	cat "$BATS_TEST_TMPDIR/counts"
	[ "$(cat "$BATS_TEST_TMPDIR/counts")" = '[[8080,14,14,7],[1,3,0,3]]' ]
	# Clean closes, too, so that there is a ratio.
	report counts --by comm,verdict -o ndjson | jq -e 'select(.verdict == "fin_normal").connections == 14'
	report >"$BATS_TEST_TMPDIR/incidents"
	grep -q 'python3 aborts: 7 connections were reset' "$BATS_TEST_TMPDIR/incidents"
	grep -q 'nothing listens on port 1, and 127.0.0.1 called it 3 times' "$BATS_TEST_TMPDIR/incidents"
	report counts --over 1m --by server_port >"$BATS_TEST_TMPDIR/over"
	grep -q 'RST/CONN' "$BATS_TEST_TMPDIR/over"
}

ledger_of() { sql "SELECT value FROM ledger WHERE name = '$1'"; }

@test "record: the ledger at the end is in the database, line by line" {
	record_start
	play 7
	for _ in 1 2 3; do refused; done
	closetrace_stop record
	sed -n 's/^closetrace: ledger: //p' "$BATS_TEST_TMPDIR/record.err"
	grep -q "^closetrace: ledger: $(ledger_of endings) endings = $(ledger_of shown) shown + .* $(ledger_of lost) lost" "$BATS_TEST_TMPDIR/record.err"
	[ "$(ledger_of endings)" = 34 ]
	[ "$(sql "SELECT sum(value) FROM ledger WHERE name IN
		('shown', 'grouped', 'normal', 'filtered_out', 'beyond_count', 'not_written', 'lost')")" = 34 ]
	[ "$(ledger_of peer_reset) $(ledger_of local_refused) $(ledger_of close_lost)" = "7 3 0" ]
	grep -q "^closetrace: ledger: $(ledger_of rsts_in) RSTs in = $(ledger_of rsts_accepted) accepted" "$BATS_TEST_TMPDIR/record.err"
}

@test "record: a record that is read back is the one that live output showed" {
	record_start
	closetrace_start live trace --netns "$netns" -o ndjson
	play 3
	refused
	await_records live 8
	closetrace_stop live
	closetrace_stop record
	# Two tracers have two clocks and two zones; the other end is named by whoever saw the first one first.
	for of in live report; do
		[ $of = live ] && cat "$BATS_TEST_TMPDIR/live.out" || report records -o ndjson
	done | jq -c 'del(.time, .first_time, .peer_pid, .peer_comm, .peer_container_name, .zone_client, .zone_server) |
		with_entries(if .key | endswith("_us") then .value |= (. != null) else . end) |
		.explanation |= gsub("[0-9.]+ (us|ms|s)\\b"; "T")' | sort | uniq -c | awk '{ print $1 }' | sort -u >"$BATS_TEST_TMPDIR/twice"
	cat "$BATS_TEST_TMPDIR/twice"
	[ "$(cat "$BATS_TEST_TMPDIR/twice")" = 2 ]
}

@test "record: kill -9 loses the last second at most, and the next run goes on" {
	record_start
	play 5
	await 10 has_written 10
	closetrace_stop record KILL
	record_start
	play 4
	closetrace_stop record
	[ "$(sql 'SELECT sum(coalesce(repeated, 1)) FROM ending')" = 18 ]
	[ "$(sql 'PRAGMA integrity_check')" = ok ]
	[ "$(sql 'SELECT count(*), count(ended) FROM run')" = "2 1" ]
}

@test "record: a full disk stops nothing, is told, and is a row once it can be" {
	mounted=$BATS_TEST_TMPDIR/small
	mkdir "$mounted"
	mount -t tmpfs -o size=1m tmpfs "$mounted" || { mounted= && skip "no tmpfs here"; }
	db=$mounted/closes.db
	record_start
	head -c 1m /dev/zero >"$mounted/filler" 2>/dev/null || :
	play 300
	await 10 grep -q 'cannot be written (disk full)' "$BATS_TEST_TMPDIR/record.err"
	rm "$mounted/filler"
	await 10 grep -q 'is written again' "$BATS_TEST_TMPDIR/record.err"
	closetrace_stop record
	[ "$status" = 0 ]
	[ "$(sql 'SELECT sum(coalesce(repeated, 1)) FROM ending')" = 600 ]
}

@test "report: also for who may only read, while it is recorded and after" {
	open=$(mktemp -d)
	chmod 755 "$open"
	db=$open/closes.db
	record_start
	refused
	await 10 has_written 2
	chmod 644 "$db" "$db"-wal "$db"-shm
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CLOSETRACE" report --from "$db" 3>&- | grep 'nothing listens on port 1'
	closetrace_stop record
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CLOSETRACE" report --from "$db" 3>&- | grep 'nothing listens on port 1'
	rm -f "$db"-wal "$db"-shm
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CLOSETRACE" report --from "$db" 3>&- | grep 'nothing listens on port 1'
}

@test "record: two at once, a file that is none, a folder that is not there" {
	record_start
	run "$CLOSETRACE" record --to "$db" --netns "$netns" 3>&-
	[ "$status" = 1 ]
	[[ $output == *"is in use by another closetrace"* ]]
	echo hello >"$BATS_TEST_TMPDIR/letter"
	run "$CLOSETRACE" record --to "$BATS_TEST_TMPDIR/letter" --netns "$netns" 3>&-
	[ "$status" = 1 ]
	[[ $output == *"is no database of closetrace"* ]]
	[ "$(cat "$BATS_TEST_TMPDIR/letter")" = hello ]
	run "$CLOSETRACE" report --from /nowhere/closes.db 3>&-
	[ "$status" = 1 ]
	[[ $output == *"closetrace record"* ]]
}

@test "report: bad times and questions are one sentence" {
	local words
	while IFS= read -r words; do
		# shellcheck disable=SC2086
		run "$CLOSETRACE" report $words 3>&-
		echo "$words: $output"
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 1 ]
	done <<-'END'
		--since tomorrow
		--since 25:00
		--until 2026-02-30
		--since 1h --until 2h
		--at 02:40 --since 1h
		--against 1h --since 2h
		--columns nothing
		--over 1s
		incident
		records counts
		-o xml
		-f nothing=1
	END
}
