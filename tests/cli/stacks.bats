#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --stacks on connections that a program with known functions ends: names, files without symbols,
# processes that are gone, and that it costs nothing when it is not asked for.

load helpers

setup() {
	common_setup
	need_root
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	netns_make
	ender_compile
}

teardown() {
	common_teardown
}

# ender WAY [PROGRAM]: connects to itself and ends the connection; then waits, exits, or becomes
# another program.
ender_compile() {
	cat >"$BATS_TEST_TMPDIR/ender.c" <<-'END'
		#include <arpa/inet.h>
		#include <string.h>
		#include <sys/socket.h>
		#include <unistd.h>
		#define OWN_FRAME __attribute__((noinline, noipa))
		void abort_the_connection(int fd);
		void close_the_connection(int fd);
		OWN_FRAME void abort_the_connection(int fd)
		{
			struct linger linger = { 1, 0 };
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
			close(fd);
			__asm__ volatile("" ::: "memory");
		}
		OWN_FRAME void close_the_connection(int fd)
		{
			shutdown(fd, SHUT_WR);
			__asm__ volatile("" ::: "memory");
		}
		int main(int argc, char **argv)
		{
			struct sockaddr_in at = { .sin_family = AF_INET };
			socklen_t len = sizeof(at);
			int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
			int server;
			at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
			if (bind(listener, (void *)&at, len) || listen(listener, 1) ||
			    getsockname(listener, (void *)&at, &len) || connect(client, (void *)&at, len))
				return 1;
			server = accept(listener, 0, 0);
			if (!strcmp(argv[1], "fin")) {
				close_the_connection(client);
				close_the_connection(server);
				close(client);
				close(server);
			} else {
				abort_the_connection(client);
			}
			if (!strcmp(argv[1], "gone"))
				return 0;
			if (argc > 2)
				execl(argv[2], argv[2], "60", (char *)0);
			pause();
			return 0;
		}
	END
	"${CC:-cc}" -O1 -fno-omit-frame-pointer -o "$BATS_TEST_TMPDIR/ender" "$BATS_TEST_TMPDIR/ender.c" ||
		"${CC:-cc}" -O1 -fno-omit-frame-pointer -DOWN_FRAME='__attribute__((noinline))' \
			-o "$BATS_TEST_TMPDIR/ender" "$BATS_TEST_TMPDIR/ender.c"
}

# ender_start [COMMAND...]: in the background and in the namespace, until the test is over.
ender_start() {
	ip netns exec "$netns" "$@" >/dev/null 2>&1 3>&- &
	pids[ender]=$!
}

record_of() { # record_of NAME VERDICT [FILTER]: of the first record with the verdict
	jq -es "[.[] | select(.verdict == \"$2\")][0] | ${3:-.}" "$BATS_TEST_TMPDIR/$1.out"
}

# Each prints what it looks at, for a test that fails.
kernel_has() {
	record_of one "$1" .kernel_stack
	record_of one "$1" ".kernel_stack | any(test(\"$2\"))" | grep -qx true
}

user_has() {
	record_of one "$1" .user_stack
	record_of one "$1" ".user_stack | any(test(\"$2\"))" | grep -qx true
}

@test "stacks: who aborted, by name, in the kernel and in the program" {
	closetrace_start one trace --stacks -o ndjson --netns "$netns"
	ender_start "$BATS_TEST_TMPDIR/ender" abort
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	kernel_has local_app_abort '^(tcp_disconnect|__tcp_close|tcp_close)[+]0x'
	refute kernel_has local_app_abort 'bpf_prog|bpf_trace_run|traceiter'
	user_has local_app_abort '^abort_the_connection[+]0x[0-9a-f]+ \\[ender\\]$'
	user_has local_app_abort '^main[+]0x'
	# The other end did nothing.
	record_of one peer_reset '.kernel_stack == null and .user_stack == null'
	refute grep -q 'lost: stack' "$BATS_TEST_TMPDIR/one.err"
}

@test "stacks: who closed by FIN" {
	closetrace_start one trace --all --stacks -o ndjson --netns "$netns"
	ender_start "$BATS_TEST_TMPDIR/ender" fin
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	user_has fin_normal '^close_the_connection[+]0x[0-9a-f]+ \\[ender\\]$'
	kernel_has fin_normal '^tcp_shutdown[+]0x'
}

@test "stacks: a program without symbols is a file and an address that addr2line takes" {
	command -v strip >/dev/null || skip "strip is not installed"
	strip -o "$BATS_TEST_TMPDIR/bare" "$BATS_TEST_TMPDIR/ender"
	closetrace_start one trace --stacks -o ndjson --netns "$netns"
	ender_start "$BATS_TEST_TMPDIR/bare" abort
	await_records one 2
	closetrace_stop one
	refute user_has local_app_abort 'abort_the_connection'
	user_has local_app_abort '^bare[+]0x[0-9a-f]+$'
	at=$(record_of one local_app_abort '[.user_stack[] | select(startswith("bare+0x"))][0]' | tr -d '"')
	[ "$(addr2line -f -e "$BATS_TEST_TMPDIR/ender" "${at#bare+}" | head -n 1)" = abort_the_connection ]
}

@test "stacks: a program that is nowhere in our file system" {
	closetrace_start one trace --stacks -o ndjson --netns "$netns"
	# shellcheck disable=SC2016
	ender_start unshare --mount sh -c 'mount -t tmpfs inside /mnt && cp "$1" /mnt/inside &&
		exec /mnt/inside abort' sh "$BATS_TEST_TMPDIR/ender"
	await_records one 2
	closetrace_stop one
	[ ! -e /mnt/inside ]
	user_has local_app_abort '^abort_the_connection[+]0x[0-9a-f]+ \\[inside\\]$'
}

@test "stacks: the process is gone: the record is there, without a user stack" {
	closetrace_start one trace --stacks -o ndjson --netns "$netns"
	kill -STOP "${pids[one]}"
	ip netns exec "$netns" "$BATS_TEST_TMPDIR/ender" gone
	kill -CONT "${pids[one]}"
	await_records one 2
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	record_of one local_app_abort '.user_stack == null'
	kernel_has local_app_abort '^(tcp_disconnect|__tcp_close|tcp_close)[+]0x'
	grep -q 'lost: stack_unnamed 1 ' "$BATS_TEST_TMPDIR/one.err"
}

@test "stacks: the process has become another program" {
	closetrace_start one trace --stacks -o ndjson --netns "$netns"
	kill -STOP "${pids[one]}"
	ender_start "$BATS_TEST_TMPDIR/ender" abort "$(command -v sleep)"
	await 10 grep -qx sleep "/proc/${pids[ender]}/comm"
	kill -CONT "${pids[one]}"
	await_records one 2
	closetrace_stop one
	record_of one local_app_abort '.user_stack == null'
	record_of one local_app_abort .kernel_stack
}

@test "stacks: a table has them below the line" {
	closetrace_start one trace --stacks --netns "$netns"
	ender_start "$BATS_TEST_TMPDIR/ender" abort
	await 10 grep -q local_app_abort "$BATS_TEST_TMPDIR/one.out"
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.out"
	grep -Eq '^    kernel  (tcp_disconnect|__tcp_close|tcp_close)[+]0x' "$BATS_TEST_TMPDIR/one.out"
	grep -Eq '^    user    abort_the_connection[+]0x[0-9a-f]+ \[ender\]$' "$BATS_TEST_TMPDIR/one.out"
}

# Programs of closetrace NAME that can take a stack.
taking_stacks() {
	local id count=0
	for id in $(cat /proc/"${pids[$1]}"/fdinfo/* 2>/dev/null | sed -n 's/^prog_id:[[:space:]]*//p' | sort -un); do
		bpftool prog dump xlated id "$id" >"$BATS_TEST_TMPDIR/program" || return 1
		[ -s "$BATS_TEST_TMPDIR/program" ] || return 1
		! grep -q bpf_get_stack "$BATS_TEST_TMPDIR/program" || count=$((count + 1))
	done
	echo $count
}

@test "stacks: not asked for, there is no code and no map for them" {
	closetrace_start one trace -o ndjson --netns "$netns"
	[ "$(taking_stacks one)" = 0 ]
	map=$(cat /proc/"${pids[one]}"/fdinfo/* | sed -n 's/^map_id:[[:space:]]*//p' | sort -un |
		while read -r id; do bpftool -j map show id "$id"; done |
		jq -s '[.[] | select(.name == "ct_stacks")][0].max_entries')
	[ "$map" = 1 ]
	ender_start "$BATS_TEST_TMPDIR/ender" abort
	await_records one 2
	closetrace_stop one
	record_of one local_app_abort '.user_stack == null and .kernel_stack == null'
	closetrace_start two trace --stacks -o ndjson --netns "$netns"
	[ "$(taking_stacks two)" -ge 2 ]
	closetrace_stop two
}
