#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The flight recorder: trace --packets K -w FILE, and what Wireshark's own tools say of the file.

load helpers

setup() {
	need_root
	netns_make
}

teardown() {
	[ -z "${tracer:-}" ] || kill -KILL "$tracer" 2>/dev/null || :
	[ -z "${netns:-}" ] || ip netns del "$netns" 2>/dev/null || :
}

record() { # record ARGUMENTS...: start, and wait until it is ready
	nsenter --net="/run/netns/$netns" "$CLOSETRACE" trace --netns self "$@" -o ndjson >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	tracer=$!
	await 20 grep -q '^closetrace: ready' "$BATS_TEST_TMPDIR/err"
}

finish() {
	local status=0
	kill -INT "$tracer"
	wait "$tracer" || status=$?
	tracer=
	cat "$BATS_TEST_TMPDIR/err"
	[ $status = 0 ]
}

# ROUNDS round trips of 100 and 1 bytes, then the client resets; and a port where nobody listens.
talk() {
	nsenter --net="/run/netns/$netns" python3 - "$1" <<'END'
import socket, struct, sys
rounds = int(sys.argv[1])
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
for _ in range(rounds):
    server.sendall(b"x" * 100)
    assert client.recv(100, socket.MSG_WAITALL)
    client.sendall(b"y")
    server.recv(1)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
try:
    server.recv(1)
except ConnectionResetError:
    pass
try:
    socket.create_connection(("127.0.0.1", 9))
except ConnectionRefusedError:
    pass
END
}

@test "recorder: the first and the last packets of a reset connection, with the reason as a comment" {
	command -v tshark >/dev/null || skip "tshark is not installed"
	record --packets 8 -w "$BATS_TEST_TMPDIR/file"
	talk 30
	await 10 eval '[ "$(wc -l < "$BATS_TEST_TMPDIR/out")" = 4 ]'
	finish
	grep -q 'packets: 4 closes in' "$BATS_TEST_TMPDIR/err"
	capinfos "$BATS_TEST_TMPDIR/file" > "$BATS_TEST_TMPDIR/infos" 2>/dev/null
	cat "$BATS_TEST_TMPDIR/infos"
	grep -qi 'pcapng' "$BATS_TEST_TMPDIR/infos"
	grep -q 'Raw IP' "$BATS_TEST_TMPDIR/infos"
	tshark -r "$BATS_TEST_TMPDIR/file" -T fields -e tcp.flags.syn -e tcp.flags.reset -e tcp.len -e frame.comment > "$BATS_TEST_TMPDIR/shown" 2>/dev/null
	cat "$BATS_TEST_TMPDIR/shown"
	# One end with all eight, the other with its comment alone; then the refusal, the same way.
	[ "$(wc -l < "$BATS_TEST_TMPDIR/shown")" = $((8 + 1 + 2 + 1)) ]
	head -n 1 "$BATS_TEST_TMPDIR/shown" | grep -q '^1'
	grep -q 'local_app_abort (linger0) by local_app' "$BATS_TEST_TMPDIR/shown"
	grep -q 'peer_reset' "$BATS_TEST_TMPDIR/shown"
	grep -q 'local_refused' "$BATS_TEST_TMPDIR/shown"
	grep -q 'process: python3\[' "$BATS_TEST_TMPDIR/shown"
	grep -q '4 first and 4 last packets of' "$BATS_TEST_TMPDIR/shown"
}

@test "recorder: the file is bounded, and one older is kept" {
	record --packets 16 -w "$BATS_TEST_TMPDIR/file" --write-size 4K
	for round in 1 2 3 4 5 6; do
		talk 10
	done
	await 10 eval '[ "$(wc -l < "$BATS_TEST_TMPDIR/out")" = 24 ]'
	finish
	ls -l "$BATS_TEST_TMPDIR"
	[ -s "$BATS_TEST_TMPDIR/file.1" ]
	[ ! -e "$BATS_TEST_TMPDIR/file.2" ]
	for file in file file.1; do
		[ "$(stat -c %s "$BATS_TEST_TMPDIR/$file")" -le 8192 ]
		"$CLOSETRACE" replay -o ndjson "$BATS_TEST_TMPDIR/$file" > /dev/null
	done
}

@test "recorder: clean closes are not written" {
	record -a --packets 4 -w "$BATS_TEST_TMPDIR/file"
	nsenter --net="/run/netns/$netns" python3 -c '
import socket
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(1)
c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.close(); s.recv(1); s.close()'
	await 10 grep -q fin_normal "$BATS_TEST_TMPDIR/out"
	finish
	"$CLOSETRACE" replay -a -o ndjson "$BATS_TEST_TMPDIR/file" > "$BATS_TEST_TMPDIR/again"
	[ ! -s "$BATS_TEST_TMPDIR/again" ]
}

@test "recorder: mistakes" {
	for words in "--packets 8" "--packets 7 -w x" "--packets 66 -w x" "--write-size 1 -w x" "--write-size 4K" "-w x --hook none" "-w $BATS_TEST_TMPDIR/no/such/file"; do
		status=0
		timeout 20 "$CLOSETRACE" trace -d 1s $words >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[ $status = 2 ] || [ $status = 1 ]
		one_sentence "$BATS_TEST_TMPDIR/err"
	done
}
