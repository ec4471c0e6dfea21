#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A program whose file is on a file system that has stopped (FUSE, and FUSE below an overlay): its
# connections are told without the names of its functions, and nothing waits for them.

load helpers

setup() {
	common_setup
	need_root
	[ -c /dev/fuse ] || skip "this host has no /dev/fuse"
	[ -x /usr/bin/python3 ] || skip "this host has no /usr/bin/python3"
	netns_make
	server= program=
	mkdir "$BATS_TEST_TMPDIR/fuse" "$BATS_TEST_TMPDIR/other" "$BATS_TEST_TMPDIR/overlay"
}

teardown() {
	common_teardown
	[ -z "$program" ] || kill -KILL "$program" 2>/dev/null || :
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
	umount -l "$BATS_TEST_TMPDIR/overlay" 2>/dev/null || :
	umount -l "$BATS_TEST_TMPDIR/fuse" 2>/dev/null || :
}

serve() {
	python3 "$BATS_TEST_DIRNAME/one_file_fuse.py" "$BATS_TEST_TMPDIR/fuse" "$(readlink -f /usr/bin/python3)" \
		>"$BATS_TEST_TMPDIR/server" 2>&1 3>&- &
	server=$!
	await 10 grep -q . "$BATS_TEST_TMPDIR/server"
	grep -q ready "$BATS_TEST_TMPDIR/server" || skip "no FUSE here: $(cat "$BATS_TEST_TMPDIR/server")"
}

# run_program FILE: all of it in memory, so that it goes on without its file; each line of the FIFO
# `go` makes it abort a connection.
run_program() {
	mkfifo "$BATS_TEST_TMPDIR/go"
	ip netns exec "$netns" "$1" -c '
import ctypes, socket, struct, sys
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(9)
def abort():
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.close()
abort()
if ctypes.CDLL(None).mlockall(3): sys.exit("mlockall failed")
print("ready", flush=True)
for line in sys.stdin: abort()
' <>"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/program" 2>&1 3>&- &
	program=$!
	await 20 grep -q . "$BATS_TEST_TMPDIR/program"
	cat "$BATS_TEST_TMPDIR/program"
	grep -q ready "$BATS_TEST_TMPDIR/program"
}

aborts() { # aborts N: so many, by the program
	for _ in $(seq "$1"); do echo; done >"$BATS_TEST_TMPDIR/go"
}

stopped() { # stopped FILE: its file system stops; what is told then, and how it ends
	run_program "$1"
	closetrace_start one trace --stacks -o ndjson --storm-rate 0 --netns "$netns"
	kill -STOP "$server"
	aborts 5
	# Both ends of each, at once: none waits for a name.
	await_records one 10
	begin_ms=$(($(date +%s%N) / 1000000))
	closetrace_stop one TERM
	took_ms=$(($(date +%s%N) / 1000000 - begin_ms))
	echo "ended after $took_ms ms"
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ] && [ $took_ms -le 2000 ]
	[ "$(jq -r 'select(.verdict == "local_app_abort") | .kernel_stack | length > 0' "$BATS_TEST_TMPDIR/one.out" | sort -u)" = true ]
	refute grep 'add up' "$BATS_TEST_TMPDIR/one.err"
}

@test "stopped files: a program on FUSE" {
	serve
	stopped "$BATS_TEST_TMPDIR/fuse/program"
}

@test "stopped files: a program on an overlay over FUSE" {
	serve
	mount -t overlay overlay -o "lowerdir=$BATS_TEST_TMPDIR/fuse:$BATS_TEST_TMPDIR/other" "$BATS_TEST_TMPDIR/overlay" ||
		skip "no overlay over FUSE here"
	stopped "$BATS_TEST_TMPDIR/overlay/program"
	grep -q 'stack_unnamed' "$BATS_TEST_TMPDIR/one.err"
}

@test "stopped files: names come while the file system is well" {
	serve
	mount -t overlay overlay -o "lowerdir=$BATS_TEST_TMPDIR/fuse:$BATS_TEST_TMPDIR/other" "$BATS_TEST_TMPDIR/overlay" ||
		skip "no overlay over FUSE here"
	run_program "$BATS_TEST_TMPDIR/overlay/program"
	closetrace_start one trace --stacks -o ndjson --storm-rate 0 --netns "$netns"
	aborts 5
	await_records one 10
	closetrace_stop one TERM
	jq -r 'select(.verdict == "local_app_abort") | .user_stack[]?' "$BATS_TEST_TMPDIR/one.out" | grep -F '[program]'
}
