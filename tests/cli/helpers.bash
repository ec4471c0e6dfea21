# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the bats files: a closetrace in the background, a namespace of its own, and refused
# connections on that namespace's loopback as the event to wait for. Nothing sleeps a fixed time.

CLOSETRACE=${CLOSETRACE:-$BATS_TEST_DIRNAME/../../build/closetrace}
PATH=$PATH:/usr/sbin:/sbin

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# await SECONDS COMMAND...: until the command succeeds.
await() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "in vain: $*" && return 1; }
		read -rt 0.05 <> <(:) || :
	done
}

# In place of "!", which bats does not see.
refute() {
	if "$@"; then
		echo "unexpected: $*"
		return 1
	fi
}

# Also when it is a zombie, which it is until wait.
has_ended() {
	grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

netns_make() {
	netns=ctcli$$-$BATS_TEST_NUMBER
	ip netns add "$netns"
	ip -n "$netns" link set lo up
}

# refused [COMM]: one connection to a closed port of the namespace, by a process of that name: the
# kernel takes it from the name of the file.
refused() {
	local program=$BATS_TEST_TMPDIR/${1:-ct_refused}
	[ -L "$program" ] || ln -s "$(command -v bash)" "$program"
	ip netns exec "$netns" "$program" -c 'exec 4<>/dev/tcp/127.0.0.1/1' 2>/dev/null || :
}

# closetrace_start NAME ARGUMENTS...: in the background; NAME.out and NAME.err in $BATS_TEST_TMPDIR.
closetrace_start() {
	local name=$1
	shift
	"$CLOSETRACE" "$@" >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	pids[$name]=$!
	closetrace_await_ready "$name"
}

closetrace_await_ready() {
	await 30 grep -q '^closetrace: ready' "$BATS_TEST_TMPDIR/$1.err" ||
		{ cat "$BATS_TEST_TMPDIR/$1.err" && return 1; }
}

# closetrace_stop NAME [SIGNAL]: sets $status.
closetrace_stop() {
	kill -"${2:-INT}" "${pids[$1]}"
	closetrace_wait "$1"
}

closetrace_wait() {
	status=0
	await 15 has_ended "${pids[$1]}" || { cat "$BATS_TEST_TMPDIR/$1.err" && return 1; }
	wait "${pids[$1]}" || status=$?
	unset "pids[$1]"
}

# await_records NAME COUNT: until it has written that many lines.
await_records() {
	await 10 lines_at_least "$BATS_TEST_TMPDIR/$1.out" "$2" || { cat "$BATS_TEST_TMPDIR/$1".* && return 1; }
}

lines_at_least() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# The names of all commands.
commands() {
	"$CLOSETRACE" help help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

# one_sentence FILE: exactly one line, by closetrace, that is more than the name.
one_sentence() {
	cat "$1"
	[ "$(wc -l <"$1")" = 1 ] && grep -Eq '^closetrace: .{10,}' "$1"
}

common_setup() {
	declare -gA pids=()
	netns=
}

common_teardown() {
	local pid
	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	[ -z "$netns" ] || ip netns del "$netns" 2>/dev/null || :
}
