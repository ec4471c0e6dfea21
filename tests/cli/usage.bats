#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A mistake on the command line: status 2, one sentence on stderr that names what was wrong,
# nothing on stdout. Needs no privilege: mistakes are found before anything is tried.

load helpers

# misused WORD ARGUMENTS...: WORD must be in the sentence.
misused() {
	local word=$1 status=0
	shift
	timeout 20 "$CLOSETRACE" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	echo "status $status"
	one_sentence "$BATS_TEST_TMPDIR/err"
	grep -qF -e "$word" "$BATS_TEST_TMPDIR/err"
	[ $status = 2 ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "usage: unknown option" {
	misused --frobnicate trace --frobnicate
}

@test "usage: unknown short option" {
	misused Q trace -Q
}

@test "usage: unknown command" {
	misused 'did you mean "flows"?' flwos
}

@test "usage: option without its value" {
	misused port trace --port
}

@test "usage: output format that is none" {
	misused xml trace -o xml
}

@test "usage: hook that is none" {
	misused sideways trace --hook sideways
}

@test "usage: interface that is none" {
	misused nosuchif0 trace -i nosuchif0
}

@test "usage: interface name of 300 bytes" {
	misused xxxx trace -i "$(printf 'x%.0s' {1..300})"
}

@test "usage: namespace that is none" {
	misused nosuchnetns trace --netns nosuchnetns
}

@test "usage: port too large" {
	misused 65536 trace --port 65536
}

@test "usage: port 0" {
	misused 0 trace --port 0
}

@test "usage: port with letters" {
	misused 80x trace --port 80x
}

@test "usage: negative port" {
	misused -1 trace --port=-1
}

@test "usage: IPv4 prefix too long" {
	misused 10.0.0.0/33 trace --host 10.0.0.0/33
}

@test "usage: IPv6 prefix too long" {
	misused fd00::/129 trace --host fd00::/129
}

@test "usage: address that is none" {
	misused 300.1.1.1 trace --host 300.1.1.1
}

@test "usage: empty prefix" {
	misused 10.0.0.0/ trace --host 10.0.0.0/
}

@test "usage: duration without sense" {
	misused 5parsecs trace --duration 5parsecs
}

@test "usage: negative duration" {
	misused -1s trace --duration=-1s
}

@test "usage: duration beyond all bounds" {
	misused 99999999999999999999d trace --duration 99999999999999999999d
}

@test "usage: count that is no number" {
	misused many trace --count many
}

@test "usage: pid that is none" {
	misused init trace --pid init
}

@test "usage: an option of another command says whose it is" {
	misused "--by is an option of flows, replay, report and top: closetrace flows --by LIST" trace --by client
	misused "closetrace flows --by LIST" --by client
	misused "closetrace flows -b LIST" -b client
	misused "--once is an option of flows" top --once
}

@test "usage: an option of another command is nobody's guess" {
	misused 'did you mean --filter?' trace --filtr 'port = 1'
	misused 'closetrace help explain' explain --wat
}

@test "usage: a word in the wrong place is understood" {
	misused 'comes first: closetrace flows' -d 5s flows
	touch "$BATS_TEST_TMPDIR/a.pcap"
	misused "closetrace replay $BATS_TEST_TMPDIR/a.pcap" "$BATS_TEST_TMPDIR/a.pcap"
	misused 'unexpected word "surplus"' flows surplus
}

@test "usage: two outputs to stdout" {
	misused "only one --output can go to stdout" trace -o table -o ndjson
}

@test "usage: argument too many" {
	misused surplus version surplus
}

@test "usage: control characters of an argument are not printed raw" {
	local status=0
	"$CLOSETRACE" trace -o $'\e[31mred\n' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	[ $status = 2 ]
	one_sentence "$BATS_TEST_TMPDIR/err"
	refute grep -q $'\e' "$BATS_TEST_TMPDIR/err"
}

@test "usage: --help goes to stdout, with status 0" {
	"$CLOSETRACE" --help >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	grep -q trace "$BATS_TEST_TMPDIR/out"
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "usage: every command has --help and -h, the same as its help" {
	local command
	for command in $(commands); do
		"$CLOSETRACE" help $command >"$BATS_TEST_TMPDIR/help"
		grep -q "^Usage: closetrace $command" "$BATS_TEST_TMPDIR/help"
		"$CLOSETRACE" $command --help | diff "$BATS_TEST_TMPDIR/help" -
		"$CLOSETRACE" $command -h | diff "$BATS_TEST_TMPDIR/help" -
	done
}

@test "usage: help into a full disk is an error" {
	local status=0
	"$CLOSETRACE" --help >/dev/full 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	[ $status = 1 ]
	one_sentence "$BATS_TEST_TMPDIR/err"
}

@test "usage: columns that rows do not have" {
	misused "a closed connection has no field \"verdit\"; did you mean verdict?" trace --columns verdit
	misused "a row of counts has no field \"pid\"" replay --by client --columns pid none.pcap
	misused "add comm to --by" flows --columns comm
	misused "columns of its own" trace -o zeek --columns pid
}
