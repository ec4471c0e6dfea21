# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034 # awk and sh text; what is left in variables is for the caller
# Sourced by bench.sh and mixed-check.sh: namespaces, tracers by name, medians. Nothing here touches
# an interface outside the namespaces that it made, or a process that it did not start.

BUILD=${BUILD:-build}
CLOSETRACE=${CLOSETRACE:-$BUILD/closetrace}
CONNLOAD=${CONNLOAD:-$BUILD/tests/bench/connload}
RST_FILTER='tcp[tcpflags] & (tcp-fin|tcp-rst) != 0'

# So that even a killed script leaves no tracer behind.
die_with_us=(setpriv --pdeathsig TERM)
bench_dir=
bench_namespaces=()
bench_pids=()
bench_count=0

bench_say() { printf '%s\n' "$*" >&2; }

# Leaves: ends the script with 77 and a sentence.
bench_skip() {
	bench_say "skipped: $*"
	exit 77
}

bench_open() {
	[[ $(id -u) == 0 ]] || bench_skip "needs root (network namespaces)"
	command -v ip >/dev/null || bench_skip "needs ip (package iproute2)"
	[[ -x $CONNLOAD ]] || bench_skip "$CONNLOAD is not built"
	ns_sweep
	bench_dir=$(mktemp -d "${TMPDIR:-/tmp}/closetrace-bench.XXXXXX")
	trap bench_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# Also runs on every kind of exit that bash can see.
bench_close() {
	local item
	for item in "${bench_pids[@]}"; do
		kill -KILL "$item" 2>/dev/null
	done
	for item in "${bench_namespaces[@]}"; do
		ip netns del "$item" 2>/dev/null
	done
	umount "$bench_dir/bpf" 2>/dev/null
	[[ -n ${BENCH_KEEP:-} ]] || rm -rf "$bench_dir"
}

# Removes what a run that was killed outright has left: its pid is in the name.
ns_sweep() {
	local name pid
	while read -r name _; do
		[[ $name =~ ^ctb([0-9]+)-[0-9]+$ ]] || continue
		pid=${BASH_REMATCH[1]}
		[[ -d /proc/$pid ]] || ip netns del "$name"
	done < <(ip netns list)
}

# ns_new: makes a namespace and leaves its name in NS.
ns_new() {
	NS=ctb$$-$((bench_count++))
	ip netns add "$NS" || exit 1
	bench_namespaces+=("$NS")
	ip -n "$NS" link set lo up
	# Else a busy minute fills TIME_WAIT, and what follows would not end as it says.
	nsenter --net="/run/netns/$NS" sysctl -qw net.ipv4.tcp_max_tw_buckets=4000000
}

ns_del() {
	ip netns del "$1"
	local kept=() item
	for item in "${bench_namespaces[@]}"; do
		[[ $item == "$1" ]] || kept+=("$item")
	done
	bench_namespaces=("${kept[@]}")
}

pid_remember() { bench_pids+=("$1"); }

pid_forget() {
	local kept=() item
	for item in "${bench_pids[@]}"; do
		[[ $item == "$1" ]] || kept+=("$item")
	done
	bench_pids=("${kept[@]}")
}

ns_run() {
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# --- tracers: one name, one command. stdout and stderr go to $bench_dir/tool.{out,err} ---

# tool_missing TOOL: succeeds, and says what is missing, when the tool cannot run here.
tool_missing() {
	local program
	case $1 in
	untraced) return 1 ;;
	closetrace*) program=$CLOSETRACE ;;
	tcpdump*) program=tcpdump ;;
	*) program=$1 ;;
	esac
	command -v "$program" >/dev/null && return 1
	echo "$program"
}

# tool_command TOOL NS: does not return; NS may be a list (closetrace) and is where tcpdump runs.
tool_command() {
	local run=("${die_with_us[@]}") trace
	trace=("${run[@]}" "$CLOSETRACE" trace --storm-rate 0 --netns "$2")
	local dump=("${run[@]}" nsenter --net="/run/netns/${2%%,*}" tcpdump -Z root -n -i any)
	case $1 in
	closetrace-ndjson) exec "${trace[@]}" --all -o ndjson ;;
	closetrace-table) exec "${trace[@]}" --all -o table >/dev/null ;;
	closetrace-default) exec "${trace[@]}" >/dev/null ;;
	closetrace-xdp) exec "${trace[@]}" --all -o ndjson --hook xdp-generic >/dev/null ;;
	closetrace-hook-clsact) exec "${trace[@]}" --hook none >/dev/null ;;
	# Not on lo, which has no driver to run it in.
	closetrace-hook-xdp-native) exec "${trace[@]}" --hook xdp-native -i v0 >/dev/null ;;
	closetrace-hook-tcx) exec "${trace[@]}" --hook tc >/dev/null ;;
	closetrace-hook-*) exec "${trace[@]}" --hook "${1#closetrace-hook-}" >/dev/null ;;
	closetrace-packets) exec "${trace[@]}" --hook tc -w "$bench_dir/tool.pcapng" >/dev/null ;;
	closetrace-tc) exec "${trace[@]}" --all -o ndjson --hook tc >/dev/null ;;
	tcplife | tcpstates)
		# These need a tracefs, which minimal hosts have not mounted.
		exec "${run[@]}" unshare --mount sh -c '[ -e /sys/kernel/tracing/events ] ||
			mount -t tracefs tracefs /sys/kernel/tracing; exec "$0"' "$1" ;;
	tcpdump-text) exec "${dump[@]}" "$RST_FILTER" ;;
	tcpdump-write) exec "${dump[@]}" -w "$bench_dir/tool.pcap" "$RST_FILTER" ;;
	esac
	bench_say "no such tool: $1"
	exit 2
}

tool_is_ready() {
	case $1 in
	closetrace*) grep -q '^closetrace: ready' "$bench_dir/tool.err" ;;
	tcpdump*) grep -q 'listening on' "$bench_dir/tool.err" ;;
	# These print nothing before their first block of output is full.
	*) (($2 >= 30)) ;;
	esac
}

# tool_start TOOL NS: leaves the pid in TOOL_PID; fails, with what the tool said, if it ends early.
tool_start() {
	local tick
	rm -f "$bench_dir"/tool.*
	tool_command "$1" "$2" >"$bench_dir/tool.out" 2>"$bench_dir/tool.err" &
	TOOL_PID=$!
	pid_remember "$TOOL_PID"
	for tick in {1..200}; do
		sleep 0.05
		if ! kill -0 "$TOOL_PID" 2>/dev/null; then
			bench_say "$1 ended before it was ready:"
			tail -n 3 "$bench_dir/tool.err" >&2
			return 1
		fi
		tool_is_ready "$1" "$tick" && return 0
	done
	bench_say "$1 is not ready after 10 s"
	tool_stop
	return 1
}

# tool_stop: asks, waits for the flush, insists after 20 s; leaves the exit code in TOOL_STATUS.
tool_stop() {
	local tick
	kill -INT "$TOOL_PID" 2>/dev/null
	for tick in {1..200}; do
		kill -0 "$TOOL_PID" 2>/dev/null || break
		((tick == 200)) && kill -KILL "$TOOL_PID"
		sleep 0.1
	done
	wait "$TOOL_PID" 2>/dev/null
	TOOL_STATUS=$?
	pid_forget "$TOOL_PID"
}

# tool_cpu_us: CPU time of the running tool so far, in microseconds.
tool_cpu_us() {
	local stat fields
	stat=$(<"/proc/$TOOL_PID/stat") 2>/dev/null || { echo 0; return; }
	read -ra fields <<<"${stat##*) }"
	echo $(((fields[11] + fields[12]) * 1000000 / $(getconf CLK_TCK)))
}

tool_rss_kb() { awk '/^VmRSS:/ { print $2 }' "/proc/$TOOL_PID/status"; }

# tool_events TOOL: how many events of connload the stopped tool has told, - when it does not tell.
tool_events() {
	case $1 in
	closetrace-ndjson)
		awk '{ n = 1; if (match($0, /"repeated": ?[0-9]+/)) {
				n = substr($0, RSTART, RLENGTH); sub(/.*: ?/, "", n)
				if (n < 1) n = 1 }
			total += n } END { print total + 0 }' "$bench_dir/tool.out" ;;
	tcplife | tcpstates) grep -c '127\.' "$bench_dir/tool.out" ;;
	tcpdump*)
		awk '/packets? captured/ { n = $1 } END { print n + 0 }' "$bench_dir/tool.err" ;;
	*) echo - ;;
	esac
}

# tool_expected TOOL MODE: events per connection when nothing is lost. closetrace and tcplife: one
# per socket (closetrace also for the side of a refusal that has none); tcpstates: one per change of
# state; tcpdump: one per FIN and RST.
tool_expected() {
	case $1:$2 in
	closetrace*) echo 2 ;;
	tcplife:refused) echo 1 ;;
	tcplife:*) echo 2 ;;
	tcpstates:refused) echo 2 ;;
	tcpstates:graceful) echo 10 ;;
	tcpstates:*) echo 6 ;;
	tcpdump*:graceful) echo 2 ;;
	tcpdump*) echo 1 ;;
	*) echo 0 ;;
	esac
}

# tool_lost TOOL: what the stopped tool itself says it lost.
tool_lost() {
	case $1 in
	tcplife | tcpstates)
		awk '/^[Ll]ost/ { n += $2 } END { print n + 0 }' "$bench_dir/tool.err" ;;
	tcpdump*) awk '/dropped by kernel/ { n = $1 } END { print n + 0 }' "$bench_dir/tool.err" ;;
	closetrace*) echo "ledger" ;;
	*) echo - ;;
	esac
}

# --- numbers ---

# value_of KEY: from a line of key=value on stdin.
value_of() { tr ' ' '\n' | awk -F= -v key="$1" '$1 == key { print $2 }'; }

median() { sort -g | awk '{ v[NR] = $1 } END { if (!NR) print "-"
	else if (NR % 2) print v[(NR + 1) / 2]
	else print (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

lowest() { sort -g | head -n 1; }

spread() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[1] ".." v[NR]; else print "-" }'; }

divide() { awk -v a="$1" -v b="$2" -v f="${3:-%.3f}" 'BEGIN {
	if (a == "-" || b == "-" || b + 0 == 0) print "-"; else printf f "\n", a / b }'; }
