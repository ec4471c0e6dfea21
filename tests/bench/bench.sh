#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What closetrace costs, next to the untraced or empty case of the same run and to other tools.
#   bench.sh [--quick] [packets] [rate] [throughput] [hooks] [start] [stats] [replay] [userside]
#   (default: all)
# packets     ns per packet of the XDP and TC programs, BPF_PROG_TEST_RUN, against an empty program
# rate        connections per second on loopback while a tool watches, and what it lost
# throughput  TCP bytes per second over veth and lo, traced and not
# hooks       TCP bytes per second by hook and kind of link, and whether --hook auto takes the best
# start       time to ready, resident memory
# stats       BPF time per connection, from the kernel's bpf_stats
# replay      packets per second from a capture in the page cache, beside other readers of captures
# userside    records per second of the user side alone: checked, decided, rendered, written
# Measurements alternate (untraced A, untraced B, the other order in the next round) and the figures
# are medians (of what a tool told: the worst round); nothing is asserted, since a time depends on
# what else the machine does.
# Paths: BUILD, CLOSETRACE, CONNLOAD. Everything happens in namespaces of its own.
set -u
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/bench/bench-lib.sh
. "$here/bench-lib.sh"
# shellcheck source=tests/bench/bench-hooks.sh
. "$here/bench-hooks.sh"

TESTRUN=${TESTRUN:-$BUILD/tests/bench/testrun}
PROGSTATS=${PROGSTATS:-$BUILD/tests/bench/progstats}
EMPTY=${EMPTY:-$BUILD/tests/bench/empty.bpf.o}
OBJECT=${OBJECT:-$BUILD/bpf/closetrace.bpf.o}
PEERS='tcplife tcpstates tcpdump-text tcpdump-write'
rounds=3 load_seconds=2 iperf_seconds=3 ready_runs=5
quick=

heading() { printf '\n%s\n' "$*"; }

# --- rate ---

# load_once NS MODE THREADS: the result line of connload.
load_once() {
	ns_run "$1" timeout 120 "$CONNLOAD" --mode "$2" --threads "$3" \
		--seconds "$load_seconds"
}

load_untraced() {
	local line
	ns_new
	line=$(load_once "$NS" "$1" "$2") && value_of rate <<<"$line"
	ns_del "$NS"
}

# load_traced TOOL MODE THREADS: leaves RATE CONNECTIONS EVENTS LOST CPU_US.
load_traced() {
	local line cpu
	ns_new
	if ! tool_start "$1" "$NS"; then
		ns_del "$NS"
		return 1
	fi
	cpu=$(tool_cpu_us)
	line=$(load_once "$NS" "$2" "$3")
	sleep 1
	CPU_US=$(($(tool_cpu_us) - cpu))
	tool_stop
	ns_del "$NS"
	RATE=$(value_of rate <<<"$line")
	CONNECTIONS=$(value_of connections <<<"$line")
	[[ -n $RATE ]] || return 1
	EVENTS=$(tool_events "$1")
	LOST=$(tool_lost "$1")
	[[ $1 != closetrace-ndjson ]] || cp "$bench_dir/tool.err" "$bench_dir/ledger"
}

# One measured pair goes to the file of the tool: untraced, traced, ratio, told %, lost, cpu us.
rate_pair() {
	local tool=$1 mode=$2 threads=$3 round=$4 plain expected told=-
	if ((round % 2)); then
		plain=$(load_untraced "$mode" "$threads")
		load_traced "$tool" "$mode" "$threads" || return 1
	else
		load_traced "$tool" "$mode" "$threads" || return 1
		plain=$(load_untraced "$mode" "$threads")
	fi
	expected=$((CONNECTIONS * $(tool_expected "$tool" "$mode")))
	[[ $EVENTS == - ]] || told=$(divide "${EVENTS}00" "$expected" %.4f)
	printf '%s\n' "$plain $RATE $(divide "$RATE" "$plain") $told $LOST \
		$(divide "$CPU_US" "$CONNECTIONS" %.2f)" >>"$bench_dir/rate.$tool"
}

column() { awk -v c="$1" '{ print $c }' "$2"; }

rate_row() {
	local file=$bench_dir/rate.$1 lost
	[[ -s $file ]] || return 0
	lost=$(column 5 "$file" | tr '\n' ' ')
	printf '%-18s %10s %10s %7s %-13s %9s %8s  %s\n' "$1" \
		"$(column 1 "$file" | median)" "$(column 2 "$file" | median)" \
		"$(column 3 "$file" | median)" "$(column 3 "$file" | spread)" \
		"$(column 4 "$file" | lowest)" "$(column 6 "$file" | median)" "${lost% }"
}

rate_table() {
	local mode=$1 threads=$2 tool round order tools=() missing
	for tool in closetrace-ndjson closetrace-table $PEERS; do
		if missing=$(tool_missing "$tool"); then
			bench_say "rate: no row for $tool: $missing is not there"
		else
			tools+=("$tool")
		fi
	done
	rm -f "$bench_dir"/rate.* "$bench_dir/ledger"
	for ((round = 1; round <= rounds; round++)); do
		order=("${tools[@]}")
		((round % 2)) || mapfile -t order < <(printf '%s\n' "${tools[@]}" | tac)
		for tool in "${order[@]}"; do
			rate_pair "$tool" "$mode" "$threads" "$round" ||
				bench_say "rate: $tool could not be measured in round $round"
		done
	done
	heading "$mode connections per second, $threads thread(s), $rounds rounds of" \
		"$load_seconds s, each next to an untraced one (to hold: 0.90, 100 % told)"
	printf '%-18s %10s %10s %7s %-13s %9s %8s  %s\n' tool untraced traced ratio min..max \
		'told %' 'cpu us/c' 'lost by its own account, each round'
	for tool in "${tools[@]}"; do
		rate_row "$tool"
	done
	if [[ -s $bench_dir/ledger ]]; then
		echo "closetrace on stderr, last round:"
		sed 's/^/  /' "$bench_dir/ledger"
	fi
}

section_rate() {
	rate_table aborted 1
	[[ -z $quick ]] || return 0
	rate_table aborted 2
	rate_table refused 1
	rate_table graceful 1
}

# --- packets ---

packets_print() {
	printf '%-8s %-6s %-12s %9s %9s %7s %9s\n' hook packet method ns empty ratio 'ns more'
	awk -F'\t' '{ printf "%-8s %-6s %-12s %9s %9s %7s %9s\n", $1, $2, $3, $4, $5, $6, $7 }'
}

# packets_live TOOL: the programs of a running closetrace, in the namespace that it watches.
packets_live() {
	ns_new
	if tool_start "closetrace-$1" "$NS"; then
		heading "ns per packet, programs of a running closetrace ($1), BPF_PROG_TEST_RUN x" \
			"$repeat, median of $packet_rounds alternating rounds" \
			"(to hold: data 1.10 x empty, SYN/FIN/RST empty + 120 ns)"
		ns_run "$NS" "$TESTRUN" --empty "$EMPTY" --pid "$TOOL_PID" --repeat "$repeat" \
			--rounds "$packet_rounds" | packets_print
		tool_stop
	fi
	ns_del "$NS"
}

section_packets() {
	local repeat=1000000 packet_rounds=7
	[[ -z $quick ]] || { repeat=200000 packet_rounds=3; }
	if [[ ! -x $TESTRUN || ! -e $EMPTY ]]; then
		bench_say "packets: skipped, $TESTRUN or $EMPTY is not built"
		return
	fi
	if tool_missing closetrace >/dev/null; then
		bench_say "packets: $CLOSETRACE is not built"
	else
		packets_live xdp
		packets_live tc
		packets_live packets
	fi
	[[ -e $OBJECT ]] || return 0
	heading "ns per packet, $OBJECT as it is, BPF_PROG_TEST_RUN x $repeat"
	"$TESTRUN" --empty "$EMPTY" --object "$OBJECT" --repeat "$repeat" \
		--rounds "$packet_rounds" | packets_print
}

# --- throughput ---

# iperf_once SERVER_NS CLIENT_NS ADDRESS: Mbit/s as the receiver counts.
iperf_once() {
	local server speed tick
	ns_run "$1" "${die_with_us[@]}" iperf3 -s -1 -p 5201 >"$bench_dir/iperf.out" 2>&1 &
	server=$!
	pid_remember "$server"
	for tick in {1..40}; do
		grep -q listening "$bench_dir/iperf.out" && break
		sleep 0.05
	done
	speed=$(ns_run "$2" timeout $((iperf_seconds + 20)) iperf3 -c "$3" -p 5201 -f m \
		-t "$iperf_seconds" | awk '/receiver/ { print $(NF - 2) }')
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	pid_forget "$server"
	[[ -n $speed ]] && echo "$speed"
}

# throughput_pair LINK TOOL ROUND SERVER_NS CLIENT_NS ADDRESS
throughput_pair() {
	local link=$1 tool=$2 round=$3 plain traced turn
	shift 3
	for turn in 0 1; do
		if (((round + turn) % 2)); then
			plain=$(iperf_once "$@") || return 1
		else
			tool_start "$tool" "$throughput_names" || return 1
			traced=$(iperf_once "$@")
			tool_stop
			[[ -n $traced ]] || return 1
		fi
	done
	printf '%s\n' "$plain $traced $(divide "$traced" "$plain")" \
		>>"$bench_dir/throughput.$link.$tool"
}

throughput_row() {
	local file=$bench_dir/throughput.$1.$2
	[[ -s $file ]] || return 0
	printf '%-6s %-18s %10s %10s %7s %s\n' "$1" "$2" "$(column 1 "$file" | median)" \
		"$(column 2 "$file" | median)" "$(column 3 "$file" | median)" \
		"$(column 3 "$file" | spread)"
}

throughput_prepare() {
	ns_new
	server_ns=$NS
	ns_new
	client_ns=$NS
	ip -n "$server_ns" link add v0 type veth peer name v0 netns "$client_ns"
	ip -n "$server_ns" addr add 10.77.0.1/24 dev v0
	ip -n "$client_ns" addr add 10.77.0.2/24 dev v0
	ip -n "$server_ns" link set v0 up
	ip -n "$client_ns" link set v0 up
	throughput_names=$server_ns,$client_ns
}

section_throughput() {
	local server_ns client_ns throughput_names tool round tools=() missing
	command -v iperf3 >/dev/null || {
		bench_say "throughput: skipped, needs iperf3"
		return
	}
	for tool in closetrace-default closetrace-packets tcplife tcpdump-write; do
		if missing=$(tool_missing "$tool"); then
			bench_say "throughput: no row for $tool: $missing is not there"
		else
			tools+=("$tool")
		fi
	done
	rm -f "$bench_dir"/throughput.*
	throughput_prepare
	for ((round = 1; round <= rounds; round++)); do
		for tool in "${tools[@]}"; do
			throughput_pair veth "$tool" "$round" "$server_ns" "$client_ns" 10.77.0.1 ||
				bench_say "throughput: $tool over veth failed"
			throughput_pair lo "$tool" "$round" "$server_ns" "$server_ns" 127.0.0.1 ||
				bench_say "throughput: $tool over lo failed"
		done
	done
	ns_del "$client_ns"
	ns_del "$server_ns"
	heading "TCP throughput, Mbit/s, iperf3, $rounds rounds of $iperf_seconds s, each next to an" \
		"untraced one (to hold: 0.97)"
	printf '%-6s %-18s %10s %10s %7s %s\n' link tool untraced traced ratio min..max
	for tool in "${tools[@]}"; do
		throughput_row veth "$tool"
		throughput_row lo "$tool"
	done
}

# --- start ---

# ready_once: milliseconds from the start to the ready line, read from a pipe as it is written.
ready_once() {
	local begin end line stream
	mkfifo "$bench_dir/ready"
	begin=$EPOCHREALTIME
	"${die_with_us[@]}" "$CLOSETRACE" trace --netns "$NS" >/dev/null 2>"$bench_dir/ready" &
	TOOL_PID=$!
	pid_remember "$TOOL_PID"
	exec {stream}<"$bench_dir/ready"
	while read -r -t 10 -u "$stream" line; do
		[[ $line == "closetrace: ready"* ]] && break
	done
	end=$EPOCHREALTIME
	cat <&"$stream" >/dev/null &
	tool_stop
	exec {stream}<&-
	rm "$bench_dir/ready"
	[[ ${line:-} == "closetrace: ready"* ]] || return 1
	awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.1f\n", (b - a) * 1000 }'
}

section_start() {
	local tool rss run
	if ! tool_missing closetrace >/dev/null; then
		ns_new
		: >"$bench_dir/ready.ms"
		for ((run = 0; run < ready_runs; run++)); do
			ready_once >>"$bench_dir/ready.ms" || bench_say "start: no ready line"
		done
		ns_del "$NS"
		heading "start to ready: $(median <"$bench_dir/ready.ms") ms, median of $ready_runs" \
			"(to hold: 300; $(spread <"$bench_dir/ready.ms"))"
	fi
	heading "resident memory (VmRSS), kB (to hold: 16,384)"
	printf '%-18s %12s %30s\n' tool 'when ready' 'after 200,000 connections'
	for tool in closetrace-ndjson $PEERS; do
		tool_missing "$tool" >/dev/null && continue
		ns_new
		if tool_start "$tool" "$NS"; then
			rss=$(tool_rss_kb)
			ns_run "$NS" timeout 120 "$CONNLOAD" --mode aborted --count 200000 >/dev/null
			sleep 1
			printf '%-18s %12s %30s\n' "$tool" "$rss" "$(tool_rss_kb)"
			tool_stop
		fi
		ns_del "$NS"
	done
}

# --- stats ---

# stats_table TOOL MODE
stats_table() {
	local count=50000
	ns_new
	if ! tool_start "$1" "$NS"; then
		ns_del "$NS"
		return 1
	fi
	ns_run "$NS" "$PROGSTATS" "$TOOL_PID" "$CONNLOAD" --mode "$2" --count "$count" \
		>"$bench_dir/stats" || bench_say "stats: $1 could not be measured"
	tool_stop
	ns_del "$NS"
	awk -F'\t' -v tool="$1" -v mode="$2" -v n="$count" '
	$1 == "program" { printf "%-18s %-9s %-16s %8.2f %8.0f %10.0f\n", tool, mode, $2, $3 / n,
		$4 / $3, $4 / n }
	$1 == "total" && $3 { printf "%-18s %-9s %-16s %8.2f %8.0f %10.0f\n", tool, mode, "all",
		$3 / n, $4 / $3, $4 / n }' "$bench_dir/stats"
}

section_stats() {
	local tool mode
	if [[ ! -x $PROGSTATS ]]; then
		bench_say "stats: skipped, $PROGSTATS is not built"
		return
	fi
	heading "BPF time by the kernel's bpf_stats, 50,000 connections on loopback (both ends" \
		"here), the clock itself included (to hold: all programs 1,000 ns per connection)"
	printf '%-18s %-9s %-16s %8s %8s %10s\n' tool mode program 'runs/c' 'ns/run' 'ns/c'
	for tool in closetrace-ndjson tcplife tcpstates; do
		tool_missing "$tool" >/dev/null && continue
		for mode in aborted refused graceful; do
			stats_table "$tool" "$mode"
		done
	done
}

# --- replay ---

CAPTURE=${CAPTURE:-$BUILD/tests/bench/capture}
CAPTURE_READERS='closetrace closetrace-zeek closetrace-in-kernel tshark argus tcpdump-read'

capture_reader() { # capture_reader NAME FILE PACKETS
	case $1 in
	closetrace) "$CLOSETRACE" replay -o ndjson "$2" ;;
	closetrace-zeek) "$CLOSETRACE" replay -o zeek "$2" ;;
	closetrace-in-kernel) "$CLOSETRACE" replay --in-kernel -o ndjson "$2" ;;
	tshark) tshark -q -z conv,tcp -r "$2" ;;
	argus) argus -r "$2" -w - ;;
	tcpdump-read) tcpdump -nn -r "$2" 'tcp[tcpflags] & tcp-rst != 0' ;;
	esac
}

# seconds_of COMMAND...: elapsed, output thrown away.
seconds_of() {
	local begin=$EPOCHREALTIME
	"$@" >/dev/null 2>&1 || return 1
	awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}

section_replay() {
	local packets=4000000 reader round first='' seconds
	[[ -z $quick ]] || packets=500000
	"$CAPTURE" $packets 200 >"$bench_dir/capture.pcap" || return
	heading "replay of $packets packets of 254 bytes, from the page cache (to hold: 3,000,000 packets/s; 5 x tshark)"
	printf '%-22s %10s %14s %22s\n' reader seconds packets/s 'times closetrace takes'
	for reader in $CAPTURE_READERS; do
		command -v "${reader%%-*}" >/dev/null || [[ $reader == closetrace* ]] || continue
		: >"$bench_dir/reader"
		for ((round = 0; round < (rounds > 1 ? 3 : 1); round++)); do
			seconds_of capture_reader "$reader" "$bench_dir/capture.pcap" >>"$bench_dir/reader" ||
				{ bench_say "replay: $reader failed"; break; }
		done
		seconds=$(median <"$bench_dir/reader")
		[[ -n $seconds ]] || continue
		first=${first:-$seconds}
		awk -v r="$reader" -v s="$seconds" -v p="$packets" -v f="$first" \
			'BEGIN { printf "%-22s %10.2f %14.0f %22.1f\n", r, s, p / s, s / f }'
	done
}

# --- userside ---
USERSIDE=${USERSIDE:-$BUILD/tests/bench/userside}

section_userside() {
	local form records=2000000
	[[ -z $quick ]] || records=200000
	heading "the user side alone, $records records into a file in memory (to hold: 500,000 records/s of a processor as NDJSON)"
	for form in ndjson table csv; do
		"$USERSIDE" "$form" "$bench_dir/records" "$records"
		rm -f "$bench_dir/records"
	done
}

sections=()
while (($#)); do
	case $1 in
	--quick) quick=1 load_seconds=0.5 iperf_seconds=1 ready_runs=3 ;;
	packets | rate | throughput | hooks | start | stats | replay | userside) sections+=("$1") ;;
	*)
		sed -n '3,16s/^# *//p' "$0" >&2
		exit 2
		;;
	esac
	shift
done
((${#sections[@]})) || sections=(packets rate throughput hooks start stats replay userside)
bench_open
echo "$(uname -sr), $(nproc) CPUs, load $(cut -d' ' -f1-3 /proc/loadavg)"
for section in "${sections[@]}"; do
	"section_$section"
done
