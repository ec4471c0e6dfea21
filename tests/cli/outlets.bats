#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Several outlets at once, each with its own fate; and the end comes in time, whatever blocks.

load helpers

# From the signal to the end; the bound is a second, the rest is for a machine that does much else.
END_MS=1000
SLACK_MS=${OUTLETS_SLACK_MS:-1000}

setup() {
	common_setup
	need_root
	netns_make
	holder=
}

teardown() {
	common_teardown
	[ -z "$holder" ] || kill -KILL "$holder" 2>/dev/null || :
}

# A FIFO that is open for reading, and that nobody reads.
fifo_make() {
	mkfifo "$BATS_TEST_TMPDIR/$1"
	sleep 1000 <>"$BATS_TEST_TMPDIR/$1" 3>&- &
	holder=$!
}

# load N: that many refused connections.
load() {
	ip netns exec "$netns" python3 - "$1" <<-'END'
		import socket, sys
		for _ in range(int(sys.argv[1])):
		    s = socket.socket()
		    try: s.connect(("127.0.0.1", 1))
		    except OSError: pass
		    s.close()
	END
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# ends_in_time NAME SIGNAL
ends_in_time() {
	local begin_ms=$(now_ms) took_ms
	closetrace_stop "$1" "$2"
	took_ms=$(($(now_ms) - begin_ms))
	echo "ended after $took_ms ms with status $status"
	cat "$BATS_TEST_TMPDIR/$1.err"
	[ $took_ms -le $((END_MS + SLACK_MS)) ]
}

account_of() { # account_of NAME OUTLET: "offered written lost"
	sed -n "s|^closetrace: ledger: $2: \([0-9]*\) endings offered = \([0-9]*\) written .*+ \([0-9]*\) lost.*|\1 \2 \3|p;
		s|^closetrace: ledger: $2: \([0-9]*\) endings offered = \([0-9]*\) written + \([0-9]*\) lost.*|\1 \2 \3|p" \
		"$BATS_TEST_TMPDIR/$1.err" | head -n 1
}

@test "outlets: one fails, one blocks, one works: each has its own account, exactly" {
	fifo_make fifo
	file=$BATS_TEST_TMPDIR/file
	"$CLOSETRACE" trace --all --storm-rate 0 --netns "$netns" --queue 8M \
		-o table -o ndjson:/dev/full -o "ndjson:$BATS_TEST_TMPDIR/fifo" -o "csv:$file" \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	load 1000
	# Two endings each: the one that works is not held up by the others.
	await 20 lines_at_least "$file" 2001
	await 20 lines_at_least "$BATS_TEST_TMPDIR/one.out" 2001
	ends_in_time one TERM
	[ "$status" = 1 ]
	[ "$(grep -c 'No space left' "$BATS_TEST_TMPDIR/one.err")" = 1 ]
	grep -q '^closetrace: ledger: 2000 endings = 2000 shown + 0 normal + 0 filtered out + 0 lost' "$BATS_TEST_TMPDIR/one.err"
	[ "$(account_of one stdout)" = "2000 2000 0" ]
	[ "$(account_of one ndjson:/dev/full)" = "2000 0 2000" ]
	[ "$(account_of one "csv:$file")" = "2000 2000 0" ]
	# The blocked one has what the FIFO holds, whole records, and the rest is counted.
	read -r offered written lost <<<"$(account_of one "ndjson:$BATS_TEST_TMPDIR/fifo")"
	[ "$offered" = 2000 ] && [ $((written + lost)) = 2000 ] && [ "$written" -gt 0 ] && [ "$lost" -gt 0 ]
	timeout 2 cat <>"$BATS_TEST_TMPDIR/fifo" >"$BATS_TEST_TMPDIR/read" || :
	[ "$(grep -c '}$' "$BATS_TEST_TMPDIR/read")" = "$written" ]
	head -n "$written" "$BATS_TEST_TMPDIR/read" | jq -e .verdict >/dev/null
	refute grep 'add up' "$BATS_TEST_TMPDIR/one.err"
}

@test "outlets: a reader that goes ends its outlet alone" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	head -n 1 <"$BATS_TEST_TMPDIR/pipe" >/dev/null 3>&- &
	"$CLOSETRACE" trace --all --storm-rate 0 --netns "$netns" -o ndjson -o "ndjson:$BATS_TEST_TMPDIR/file" \
		>"$BATS_TEST_TMPDIR/pipe" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	until grep -q 'its reader has gone' "$BATS_TEST_TMPDIR/one.err"; do load 10; done
	before=$(wc -l <"$BATS_TEST_TMPDIR/file")
	load 10
	await 10 lines_at_least "$BATS_TEST_TMPDIR/file" $((before + 20))
	ends_in_time one INT
	[ "$status" = 0 ]
}

@test "outlets: stdout that nobody reads: SIGTERM, SIGINT and -d end it in time" {
	fifo_make fifo
	for how in TERM INT duration; do
		words=()
		[ $how != duration ] || words=(-d 2s)
		rm -f "$BATS_TEST_TMPDIR/one.err"
		"$CLOSETRACE" trace --all --storm-rate 0 -o ndjson --netns "$netns" "${words[@]}" \
			>"$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
		pids[one]=$!
		closetrace_await_ready one
		load 300
		if [ $how = duration ]; then
			begin_ms=$(now_ms)
			closetrace_wait one
			cat "$BATS_TEST_TMPDIR/one.err"
			[ $(($(now_ms) - begin_ms)) -le $((2000 + END_MS + SLACK_MS)) ]
		else
			ends_in_time one $how
		fi
		[ "$status" = 0 ]
		grep -q 'still waiting to be written and are lost' "$BATS_TEST_TMPDIR/one.err"
		grep -Eq '^closetrace: ledger: 600 endings = .* not written' "$BATS_TEST_TMPDIR/one.err"
		refute grep 'add up' "$BATS_TEST_TMPDIR/one.err"
	done
}

@test "outlets: a FIFO at -w: without reader, and with one that does not read" {
	mkfifo "$BATS_TEST_TMPDIR/packets"
	closetrace_start one trace --all --storm-rate 0 -o ndjson --netns "$netns" -w "$BATS_TEST_TMPDIR/packets"
	load 20
	await_records one 40
	ends_in_time one TERM
	[ "$status" = 0 ]
	[ "$(account_of one "packets:$BATS_TEST_TMPDIR/packets" | cut -d ' ' -f 2)" = 0 ]
	fifo_make held
	rm -f "$BATS_TEST_TMPDIR/one."*
	closetrace_start one trace --all --storm-rate 0 -o ndjson --netns "$netns" -w "$BATS_TEST_TMPDIR/held"
	load 500
	await_records one 1000
	ends_in_time one TERM
	[ "$status" = 0 ]
	read -r offered written lost <<<"$(account_of one "packets:$BATS_TEST_TMPDIR/held")"
	[ "$offered" = 1000 ] && [ "$written" -gt 0 ] && [ "$lost" -gt 0 ]
}

@test "outlets: stdout and stderr are one pipe that nobody reads" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	# Reads as far as it is ready, and then no more.
	{ sed -u '/ready/q' && : >"$BATS_TEST_TMPDIR/ready" && exec sleep 1000; } <"$BATS_TEST_TMPDIR/fifo" >/dev/null 3>&- &
	holder=$!
	"$CLOSETRACE" trace --all --storm-rate 0 -o ndjson --netns "$netns" --debug \
		>"$BATS_TEST_TMPDIR/fifo" 2>&1 3>&- &
	pids[one]=$!
	await 30 test -e "$BATS_TEST_TMPDIR/ready"
	load 300
	: >"$BATS_TEST_TMPDIR/one.err"
	ends_in_time one TERM
	[ "$status" = 0 ]
}

@test "outlets: flows and replay too" {
	fifo_make fifo
	"$CLOSETRACE" flows --netns "$netns" --interval 100ms -o ndjson -o "csv:$BATS_TEST_TMPDIR/rows" \
		>"$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	until lines_at_least "$BATS_TEST_TMPDIR/rows" 20; do load 20; done
	ends_in_time one TERM
	[ "$status" = 0 ]
	capture=$BATS_TEST_TMPDIR/many.pcap
	python3 "$BATS_TEST_DIRNAME/make_capture.py" $(seq -f '%g:refused' 1024 4023) >"$capture"
	"$CLOSETRACE" replay -a -o ndjson "$capture" >"$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/two.err" 3>&- &
	pids[two]=$!
	# It waits for its reader, and loses nothing to it, until it is told to end.
	await 20 grep -q 'futex\|poll\|pipe' "/proc/${pids[two]}/wchan" || :
	refute has_ended "${pids[two]}"
	ends_in_time two INT
	[ "$status" = 0 ]
	"$CLOSETRACE" replay -a -o ndjson -o "csv:$BATS_TEST_TMPDIR/csv" "$capture" >"$BATS_TEST_TMPDIR/json" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/csv")" = $(($(wc -l <"$BATS_TEST_TMPDIR/json") + 1)) ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/json")" = 3000 ]
}

@test "outlets: kill -9 in the middle of a blocked write leaves nothing" {
	fifo_make fifo
	"$CLOSETRACE" trace --all --storm-rate 0 -o ndjson --netns "$netns" -w "$BATS_TEST_TMPDIR/fifo" \
		>"$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	programs=$(cat /proc/"${pids[one]}"/fdinfo/* 2>/dev/null | sed -n 's/^prog_id:[[:space:]]*//p' | sort -un)
	[ -n "$programs" ]
	load 300
	closetrace_stop one KILL
	[ "$status" = 137 ]
	for id in $programs; do
		await 10 eval "! bpftool prog show id $id"
	done
}

@test "outlets: mistakes" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	for words in "-o ndjson -o table" "-o nothing:x" "-o ndjson:" "-o ndjson:$BATS_TEST_TMPDIR/no/such/file" "-o ndjson:$BATS_TEST_TMPDIR" "--queue 1"; do
		status=0
		timeout 20 "$CLOSETRACE" trace -d 1s --netns "$netns" $words >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		[ $status = 1 ] || [ $status = 2 ]
		one_sentence "$BATS_TEST_TMPDIR/err"
	done
}
