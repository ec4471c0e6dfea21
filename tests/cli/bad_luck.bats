#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What goes wrong in the middle: readers and disks that end, kill -9, a second instance, names full
# of control characters, interfaces that go or that belong to somebody else.

load helpers

setup() {
	common_setup
	need_root
	netns_make
}

teardown() {
	common_teardown
}

# Refused connections until the process is gone; then its status, in $status.
refused_until_gone() {
	local name=$1 end=$((SECONDS + 20))
	while kill -0 "${pids[$name]}" 2>/dev/null; do
		[ $SECONDS -lt $end ] || { echo "it still runs" && return 1; }
		refused
	done
	closetrace_wait "$name"
}

@test "bad luck: the reader of stdout goes" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	head -n 1 <"$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/head" 3>&- &
	"$CLOSETRACE" trace --all -o ndjson --netns "$netns" \
		>"$BATS_TEST_TMPDIR/pipe" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	refused_until_gone one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/head")" = 1 ]
	[ "$status" = 0 ] || [ "$status" = 141 ]
	refute grep -Eqi 'broken pipe|error|cannot' "$BATS_TEST_TMPDIR/one.err"
}

@test "bad luck: the disk is full" {
	"$CLOSETRACE" trace --all -o ndjson --netns "$netns" \
		>/dev/full 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	refused_until_gone one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 1 ]
	[ "$(grep -ci 'no space left' "$BATS_TEST_TMPDIR/one.err")" = 1 ]
}

bpf_ids() { # bpf_ids KIND NAME: ids of the links, programs or maps that the process holds
	cat /proc/"${pids[$2]}"/fdinfo/* 2>/dev/null | sed -n "s/^$1_id:[[:space:]]*//p" | sort -un
}

none_left() { # none_left OBJECT ID...
	local object=$1 id
	shift
	for id; do
		bpftool "$object" show id "$id" 2>/dev/null | refute grep . || return 1
	done
}

nothing_attached() {
	ip netns exec "$netns" bpftool net show >"$BATS_TEST_TMPDIR/net"
	refute grep -E 'ct_|closetrace' "$BATS_TEST_TMPDIR/net"
}

@test "bad luck: kill -9 leaves nothing attached" {
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip -n "$netns" link set ctv0 up
	ip -n "$netns" link set ctv1 up
	closetrace_start one trace --all -o ndjson --netns "$netns"
	programs=$(bpf_ids prog one) links=$(bpf_ids link one)
	echo "programs" $programs "links" $links
	[ -n "$programs" ] && [ -n "$links" ]
	for id in $programs; do
		bpftool -j prog show id "$id" | jq -e '.name | startswith("ct_")'
	done
	closetrace_stop one KILL
	[ "$status" = 137 ]
	if [ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.6 ]; then
		# clsact has no links: the next start tidies up.
		closetrace_start next trace --netns "$netns"
		closetrace_stop next
	fi
	await 10 none_left prog $programs
	await 10 none_left link $links
	nothing_attached
}

@test "bad luck: an ordinary end leaves nothing attached" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	programs=$(bpf_ids prog one)
	closetrace_stop one TERM
	[ "$status" = 0 ]
	await 10 none_left prog $programs
	nothing_attached
}

@test "bad luck: two instances report the same" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	closetrace_start two trace --all -o ndjson --netns "$netns"
	refused
	await_records one 2
	await_records two 2
	closetrace_stop one
	[ "$status" = 0 ]
	# The other goes on.
	refused
	await_records two 4
	closetrace_stop two
	[ "$status" = 0 ]
	for name in one two; do
		head -n 2 "$BATS_TEST_TMPDIR/$name.out" |
			jq -r '[.verdict, .local_port, .peer_port] | @tsv' | sort >"$BATS_TEST_TMPDIR/$name.seen"
	done
	grep -q '^peer_refused' "$BATS_TEST_TMPDIR/one.seen"
	grep -q '^local_refused' "$BATS_TEST_TMPDIR/one.seen"
	diff "$BATS_TEST_TMPDIR/one.seen" "$BATS_TEST_TMPDIR/two.seen"
}

# Escape, newline, a lone byte of UTF-8, C1, a quote and a backslash; 15 bytes at most.
evil=$'\e[31m\n\xff"\\\xc2\x9bend'

@test "bad luck: control characters in a name, NDJSON" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	refused "$evil"
	await_records one 2
	closetrace_stop one
	od -c "$BATS_TEST_TMPDIR/one.out" | head -n 60
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" = 2 ]
	iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/one.out" >/dev/null
	refute env LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/one.out"
	while read -r line; do
		jq -e 'type == "object"' <<<"$line"
	done <"$BATS_TEST_TMPDIR/one.out"
	jq -e 'select(.verdict == "peer_refused") | .comm | startswith("\u001b[31m\n")' "$BATS_TEST_TMPDIR/one.out"
}

@test "bad luck: control characters in a name, table" {
	closetrace_start one trace --all --netns "$netns"
	refused "$evil"
	await 10 grep -q peer_refused "$BATS_TEST_TMPDIR/one.out"
	closetrace_stop one
	[ "$status" = 0 ]
	cat -v "$BATS_TEST_TMPDIR/one.out"
	iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/one.out" >/dev/null
	refute env LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/one.out"
	refute env LC_ALL=C grep -q $'\xc2[\x80-\x9f]' "$BATS_TEST_TMPDIR/one.out"
}

@test "bad luck: a watched interface goes, and comes again" {
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip -n "$netns" link set ctv0 up
	closetrace_start one trace --all -o ndjson --netns "$netns"
	ip -n "$netns" link del ctv0
	refused
	await_records one 2
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip -n "$netns" link del ctv0
	refused
	await_records one 4
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	refute grep -Eqi 'cannot|failed|error' "$BATS_TEST_TMPDIR/one.err"
}

@test "bad luck: the only watched interface goes" {
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip -n "$netns" link set ctv0 up
	ip netns exec "$netns" "$CLOSETRACE" trace --all -o ndjson -i ctv0 --netns self \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	ip -n "$netns" link del ctv0
	# The sockets are still watched.
	refused
	await_records one 1
	closetrace_stop one
	[ "$status" = 0 ]
}

@test "bad luck: the namespace goes" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	refused
	await_records one 2
	ip netns del "$netns"
	kill -0 "${pids[one]}"
	closetrace_stop one
	[ "$status" = 0 ]
}

@test "bad luck: a namespace is made anew under its name" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	ip netns del "$netns"
	await 10 grep -q "network namespace $netns is gone" "$BATS_TEST_TMPDIR/one.err"
	netns_make
	await 10 grep -q "network namespace $netns was made anew" "$BATS_TEST_TMPDIR/one.err"
	refused
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
}

@test "bad luck: the number of a namespace that is gone is given to another" {
	number=$(stat -Lc %i "/run/netns/$netns")
	closetrace_start one trace --all -o ndjson --netns "$number"
	closetrace_start all trace --all -o ndjson
	ip netns del "$netns"
	await 10 grep -q "network namespace $number is gone" "$BATS_TEST_TMPDIR/one.err"
	for others in {1..50}; do
		netns_make
		[ "$(stat -Lc %i "/run/netns/$netns")" != "$number" ] || break
		ip netns del "$netns"
	done
	[ "$(stat -Lc %i "/run/netns/$netns")" = "$number" ] || skip "the kernel does not give its number again"
	refused
	await 10 grep -q "\"netns\":$number" "$BATS_TEST_TMPDIR/all.out"
	closetrace_stop one
	closetrace_stop all
	[ ! -s "$BATS_TEST_TMPDIR/one.out" ]
}

xdp_id() {
	ip -n "$netns" -j -d link show ctv0 | jq -e '.[0].xdp.prog.id // .[0].xdp.attached[0].prog.id'
}

@test "bad luck: the interface has somebody else's XDP program" {
	command -v "${CLANG:-clang}" >/dev/null || skip "clang is not installed"
	cat >"$BATS_TEST_TMPDIR/pass.c" <<-END
		__attribute__((section("xdp"), used)) int other_pass(void *context) { return 2; }
		char _license[] __attribute__((section("license"), used)) = "GPL";
	END
	"${CLANG:-clang}" -target bpf -O2 -c "$BATS_TEST_TMPDIR/pass.c" -o "$BATS_TEST_TMPDIR/pass.o"
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip -n "$netns" link set ctv0 up
	ip -n "$netns" link set ctv1 up
	ip netns exec "$netns" ip link set dev ctv0 xdp obj "$BATS_TEST_TMPDIR/pass.o" sec xdp
	before=$(xdp_id)
	closetrace_start one trace --all -o ndjson --netns "$netns"
	[ "$(xdp_id)" = "$before" ]
	refused
	await_records one 2
	closetrace_stop one
	[ "$status" = 0 ]
	[ "$(xdp_id)" = "$before" ]
	# Told to take the place, it must not.
	ip netns exec "$netns" timeout -s INT 5 "$CLOSETRACE" trace --netns self -i ctv0 --hook xdp \
		>/dev/null 2>"$BATS_TEST_TMPDIR/forced.err" 3>&- || :
	cat "$BATS_TEST_TMPDIR/forced.err"
	[ "$(xdp_id)" = "$before" ]
}

@test "lifetime: --duration ends it with status 0" {
	"$CLOSETRACE" trace --duration 300ms --netns "$netns" \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	grep -q '^closetrace: ready' "$BATS_TEST_TMPDIR/one.err"
}

@test "lifetime: --count ends it after that many records" {
	closetrace_start one trace --all -o ndjson --count 3 --netns "$netns"
	refused
	refused
	refused
	closetrace_wait one
	[ "$status" = 0 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.out")" = 3 ]
}

@test "lifetime: SIGTERM ends it with status 0 and a ledger" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	refused
	await_records one 2
	closetrace_stop one TERM
	[ "$status" = 0 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one.err")" -gt 1 ]
	refute grep -v '^{.*}$' "$BATS_TEST_TMPDIR/one.out"
}
