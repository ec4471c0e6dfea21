#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a host does to a tool that runs for months. After each: nothing left attached, nothing lost
# uncounted. FAULT_ROUNDS=1000 for the long form of the tests that repeat something.

load helpers

BUILT=$(dirname "$CLOSETRACE")
CONNLOAD=${CONNLOAD:-$BUILT/tests/bench/connload}
ROUNDS=${FAULT_ROUNDS:-40}

setup() {
	common_setup
	need_root
	[ -x "$CONNLOAD" ] || skip "connload was not built"
	netns_make
	group=
}

teardown() {
	common_teardown
	[ -z "$group" ] || rmdir "$group" 2>/dev/null || :
	mountpoint -q "$BATS_TEST_TMPDIR/small" && umount "$BATS_TEST_TMPDIR/small" || :
}

veth_make() {
	ip -n "$netns" link add ctv0 type veth peer name ctv1
	ip -n "$netns" link set ctv0 up
	ip -n "$netns" link set ctv1 up
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

has_tcx() {
	[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ]
}

# remember NAME; then nothing_left: after its death nothing of it is loaded or attached.
remember() {
	programs=$(bpf_ids prog "$1") links=$(bpf_ids link "$1")
	[ -n "$programs" ]
}

nothing_left() {
	# clsact filters are no links: the next start tidies up after a kill.
	has_tcx || { closetrace_start tidy trace --netns "$netns" && closetrace_stop tidy; }
	await 10 none_left prog $programs
	await 10 none_left link $links
	ip netns exec "$netns" bpftool net show >"$BATS_TEST_TMPDIR/net"
	refute grep -E 'ct_|closetrace' "$BATS_TEST_TMPDIR/net"
}

# Every ending of the ledger is a line, or has another place; nothing that does not add up.
adds_up() { # adds_up NAME
	local name=$1 shown
	cat "$BATS_TEST_TMPDIR/$name.err"
	refute grep -E 'add up|more RSTs were accepted' "$BATS_TEST_TMPDIR/$name.err"
	shown=$(sed -n 's/^closetrace: ledger: [0-9]* endings = \([0-9]*\) shown + .*/\1/p' "$BATS_TEST_TMPDIR/$name.err")
	[ "$(wc -l <"$BATS_TEST_TMPDIR/$name.out")" = "$shown" ]
}

load_run() { # load_run ARGUMENTS OF CONNLOAD
	ip netns exec "$netns" timeout 60 "$CONNLOAD" "$@" >"$BATS_TEST_TMPDIR/load"
}

@test "faults: SIGSTOP for a while under load, then SIGCONT" {
	closetrace_start one trace --all --storm-rate 0 -o ndjson --ring 256K --netns "$netns"
	remember one
	kill -STOP "${pids[one]}"
	load_run --mode mixed --count 5000 --threads 2
	kill -CONT "${pids[one]}"
	refused ct_after
	await 10 grep -q '"comm":"ct_after"' "$BATS_TEST_TMPDIR/one.out"
	closetrace_stop one
	[ "$status" = 0 ]
	adds_up one
	refute grep -E 'difference -?[1-9]' "$BATS_TEST_TMPDIR/one.err"
	grep -q '^closetrace: ledger: 10002 endings = ' "$BATS_TEST_TMPDIR/one.err"
	# What the ring could not hold has a name and a number.
	grep -q '^closetrace: lost: close_lost [1-9]' "$BATS_TEST_TMPDIR/one.err"
	nothing_left
}

@test "faults: the ring and the maps as small as can be, under load" {
	closetrace_start one trace --all --storm-rate 0 -o ndjson --ring 4K --max-flows 16 --netns "$netns"
	remember one
	load_run --mode mixed --count 5000 --threads 2
	closetrace_stop one
	[ "$status" = 0 ]
	adds_up one
	grep -q '^closetrace: ledger: 10000 endings = ' "$BATS_TEST_TMPDIR/one.err"
	nothing_left
}

# A memory limit on a cgroup of its own, in either hierarchy; sets $group.
group_make() {
	if [ -d /sys/fs/cgroup/memory ]; then
		group=/sys/fs/cgroup/memory/ct-faults-$$-$BATS_TEST_NUMBER
		limit_file=memory.limit_in_bytes
	elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
		group=/sys/fs/cgroup/ct-faults-$$-$BATS_TEST_NUMBER
		limit_file=memory.max
	else
		skip "no memory controller for cgroups"
	fi
	mkdir "$group" 2>/dev/null || { group= && skip "no rights to make a cgroup"; }
}

@test "faults: out of memory in its cgroup" {
	group_make
	closetrace_start one trace --all -o ndjson --netns "$netns"
	remember one
	echo 64M >"$group/$limit_file"
	echo "${pids[one]}" >"$group/cgroup.procs"
	echo 1000 >"/proc/${pids[one]}/oom_score_adj"
	# Somebody in the same cgroup takes all there is; the tracer is the one to die.
	bash -c "echo \$\$ >$group/cgroup.procs; head -c 80M /dev/zero | tail -c 80M >/dev/null" 3>&- || :
	closetrace_wait one
	[ "$status" = 137 ]
	nothing_left
	# And the next one starts as if nothing had been.
	closetrace_start two trace --all -o ndjson --netns "$netns"
	refused
	await_records two 2
	closetrace_stop two
	[ "$status" = 0 ]
}

@test "faults: too little memory to start is one sentence, or a kill, and nothing stays" {
	group_make
	echo 3M >"$group/$limit_file"
	before=$(bpftool -j prog show | jq '[.[] | select(.name // "" | startswith("ct_"))] | length')
	status=0
	bash -c "echo \$\$ >$group/cgroup.procs && exec $CLOSETRACE trace --netns $netns -d 1s" \
		>/dev/null 2>"$BATS_TEST_TMPDIR/one.err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 137 ] || { [ "$status" = 1 ] && grep -q '^closetrace: .*' "$BATS_TEST_TMPDIR/one.err"; }
	await 10 eval '[ "$(bpftool -j prog show | jq "[.[] | select(.name // \"\" | startswith(\"ct_\"))] | length")" -le '"$before"' ]'
}

descriptors() {
	ls "/proc/${pids[$1]}/fd" | wc -l
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/${pids[$1]}/status"
}

@test "faults: interfaces come and go, again and again" {
	closetrace_start one trace --all -o ndjson --netns "$netns"
	remember one
	refused
	await_records one 2
	fds=$(descriptors one) resident=$(resident_kb one)
	for ((i = 0; i < ROUNDS; i++)); do
		ip -n "$netns" link add ctv0 type veth peer name ctv1
		ip -n "$netns" link set ctv0 up
		ip -n "$netns" link del ctv0
	done
	refused ct_after
	await 20 grep -q '"comm":"ct_after"' "$BATS_TEST_TMPDIR/one.out"
	await 20 eval '[ "$(descriptors one)" = '"$fds"' ]'
	[ "$(resident_kb one)" -lt $((resident + 2048)) ]
	closetrace_stop one
	[ "$status" = 0 ]
	adds_up one
	refute grep -Ei 'cannot|failed|error|taken off' "$BATS_TEST_TMPDIR/one.err"
	nothing_left
}

@test "faults: namespaces are made and deleted under it" {
	closetrace_start one trace --all -o ndjson --comm ct_refused
	remember one
	fds=$(descriptors one)
	for ((i = 0; i < ROUNDS; i++)); do
		ip netns add "$netns-$i"
		ip -n "$netns-$i" link set lo up
		ip netns exec "$netns-$i" bash -c 'exec 4<>/dev/tcp/127.0.0.1/1' 2>/dev/null || :
		ip netns del "$netns-$i"
	done
	refused
	await 20 grep -q '"verdict":"peer_refused"' "$BATS_TEST_TMPDIR/one.out"
	await 20 eval '[ "$(descriptors one)" -le '$((fds + 2))' ]'
	closetrace_stop one
	[ "$status" = 0 ]
	refute grep -E 'add up' "$BATS_TEST_TMPDIR/one.err"
	nothing_left
}

@test "faults: more interfaces than descriptors are allowed at first" {
	for i in {1..10}; do
		ip -n "$netns" link add "ctd$i" type veth peer name "cte$i"
	done
	(ulimit -Sn 64 && exec "$CLOSETRACE" trace --all -o ndjson --netns "$netns") \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	grep -q 'packets of 21 interfaces' "$BATS_TEST_TMPDIR/one.err"
	closetrace_stop one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 0 ]
	refute grep -q 'Too many open files' "$BATS_TEST_TMPDIR/one.err"
}

@test "faults: ten at once" {
	for i in {0..9}; do
		"$CLOSETRACE" trace --all -o ndjson --netns "$netns" \
			>"$BATS_TEST_TMPDIR/$i.out" 2>"$BATS_TEST_TMPDIR/$i.err" 3>&- &
		pids[$i]=$!
	done
	all_programs= all_links=
	for i in {0..9}; do
		closetrace_await_ready "$i"
		all_programs+=" $(bpf_ids prog "$i")" all_links+=" $(bpf_ids link "$i")"
	done
	refused
	for i in {0..9}; do
		await_records "$i" 2
	done
	# Half of them die in an ugly way; the others do not notice.
	for i in {0..4}; do closetrace_stop "$i" KILL; done
	refused
	for i in {5..9}; do
		await_records "$i" 4
		closetrace_stop "$i"
		[ "$status" = 0 ]
		adds_up "$i"
	done
	programs=$all_programs links=$all_links
	nothing_left
}

@test "faults: the disk fills up" {
	mkdir "$BATS_TEST_TMPDIR/small"
	mount -t tmpfs -o size=64k tmpfs "$BATS_TEST_TMPDIR/small"
	"$CLOSETRACE" trace --all --storm-rate 0 -o ndjson --netns "$netns" \
		>"$BATS_TEST_TMPDIR/small/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	remember one
	load_run --mode mixed --count 500
	closetrace_wait one
	cat "$BATS_TEST_TMPDIR/one.err"
	[ "$status" = 1 ]
	[ "$(grep -ci 'no space left' "$BATS_TEST_TMPDIR/one.err")" = 1 ]
	refute grep -E 'add up' "$BATS_TEST_TMPDIR/one.err"
	grep -Eq '^closetrace: ledger: [0-9]+ endings = .* \+ [1-9][0-9]* not written' "$BATS_TEST_TMPDIR/one.err"
	# Whole lines, but for the one that the disk's end has cut.
	head -n -1 "$BATS_TEST_TMPDIR/small/one.out" | jq -e . >/dev/null
	nothing_left
}

pass_program() { # an XDP program of somebody else
	command -v "${CLANG:-clang}" >/dev/null || skip "clang is not installed"
	cat >"$BATS_TEST_TMPDIR/pass.c" <<-END
		__attribute__((section("xdp"), used)) int other_pass(void *context) { return 2; }
		char _license[] __attribute__((section("license"), used)) = "GPL";
	END
	"${CLANG:-clang}" -target bpf -O2 -c "$BATS_TEST_TMPDIR/pass.c" -o "$BATS_TEST_TMPDIR/pass.o"
}

xdp_id() {
	ip -n "$netns" -j -d link show ctv0 | jq -e '.[0].xdp.prog.id // .[0].xdp.attached[0].prog.id'
}

@test "faults: somebody else's XDP program arrives later" {
	pass_program
	veth_make
	closetrace_start one trace --all -o ndjson --netns "$netns"
	remember one
	ip netns exec "$netns" ip link set dev ctv0 xdp obj "$BATS_TEST_TMPDIR/pass.o" sec xdp
	theirs=$(xdp_id)
	refused
	await_records one 2
	[ "$(xdp_id)" = "$theirs" ]
	closetrace_stop one
	[ "$status" = 0 ]
	refute grep -Ei 'cannot|taken off' "$BATS_TEST_TMPDIR/one.err"
	[ "$(xdp_id)" = "$theirs" ]
	nothing_left
}

@test "faults: somebody else's XDP program cannot push ours off, and comes when we are gone" {
	pass_program
	veth_make
	ip netns exec "$netns" "$CLOSETRACE" trace --all -o ndjson --netns self -i ctv0 --hook xdp \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	remember one
	ours=$(xdp_id)
	refute ip netns exec "$netns" ip link set dev ctv0 xdp obj "$BATS_TEST_TMPDIR/pass.o" sec xdp
	[ "$(xdp_id)" = "$ours" ]
	closetrace_stop one KILL
	await 10 none_left link $links
	ip netns exec "$netns" ip link set dev ctv0 xdp obj "$BATS_TEST_TMPDIR/pass.o" sec xdp
	[ "$(xdp_id)" != "$ours" ]
}

# The ids of those links of the process that are on interfaces: the others are on tracepoints.
packet_links() {
	local id
	for id in $(bpf_ids link "$1"); do
		bpftool link show id "$id" | grep -Eq 'raw_tracepoint|tracing' || echo "$id"
	done
}

all_hooks_are_new() { # as many as there were, and none of those that were taken off
	packet_links one | sort >"$BATS_TEST_TMPDIR/links"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/links")" = "$hooks" ] &&
		[ -z "$(comm -12 "$BATS_TEST_TMPDIR/links" - <<<"$taken")" ]
}

@test "faults: somebody takes the packet hooks off: noticed, put on again, and said" {
	has_tcx || skip "filters instead of links: tests/kernels does it there"
	veth_make
	closetrace_start one trace --all -o ndjson --netns "$netns"
	remember one
	taken=$(packet_links one | sort)
	hooks=$(wc -w <<<"$taken")
	[ "$hooks" = 5 ]
	for id in $taken; do
		bpftool link detach id "$id" 2>/dev/null || skip "this bpftool cannot detach such links"
	done
	await 3 all_hooks_are_new
	for name in lo ctv0 ctv1; do
		grep -q "the packet hook on interface $name was taken off by somebody else; it is on again" \
			"$BATS_TEST_TMPDIR/one.err"
	done
	refused
	await_records one 2
	closetrace_stop one
	adds_up one
	grep -q '^closetrace: note: hooks_repaired 5 ' "$BATS_TEST_TMPDIR/one.err"
	# The RST was seen: the hook of lo works.
	grep -q '^closetrace: ledger: 1 RSTs out = 0 active + 1 reply' "$BATS_TEST_TMPDIR/one.err"
	nothing_left
}

@test "faults: in a time namespace the times are right all the same" {
	unshare --time --monotonic 100000 --fork true 2>/dev/null || skip "no time namespaces here"
	unshare --time --monotonic 100000 --fork --kill-child "$CLOSETRACE" trace --all -o ndjson --netns "$netns" \
		>"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
	pids[one]=$!
	closetrace_await_ready one
	before=$(date +%s)
	refused
	await_records one 2
	after=$(date +%s)
	kill -INT "$(pgrep -P "${pids[one]}")"
	closetrace_wait one
	# Seconds since 1970, within the bracket.
	jq -e --argjson a "$before" --argjson b "$after" \
		'.time | sub("\\.[0-9]+Z"; "Z") | fromdate | . >= $a and . <= $b' "$BATS_TEST_TMPDIR/one.out"
}

@test "faults: a processor goes and comes back" {
	cpu=/sys/devices/system/cpu/cpu1/online
	[ -w "$cpu" ] || skip "there is no processor that can be taken away"
	[ -n "${FAULT_CPU_HOTPLUG:-}" ] || skip "it would take a processor from the whole host: FAULT_CPU_HOTPLUG=1"
	closetrace_start one trace --all --storm-rate 0 -o ndjson --netns "$netns"
	remember one
	echo 0 >"$cpu"
	load_run --mode mixed --count 1000
	echo 1 >"$cpu"
	load_run --mode mixed --count 1000 --threads 2
	await_records one 4000
	closetrace_stop one
	adds_up one
	grep -q '^closetrace: ledger: 4000 endings = ' "$BATS_TEST_TMPDIR/one.err"
	nothing_left
}
