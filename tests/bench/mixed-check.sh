#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Makes a known mix of endings in a namespace of its own and compares, side by side, what
# `closetrace trace -o ndjson --all` says of them with what was done. Exit 0 all the same,
# 1 any difference, 77 cannot run here.
#   mixed-check.sh [--count N] [--threads T] [--addr 127.0.0.1|::1] [--keep DIR]
# Paths come from BUILD, CLOSETRACE and CONNLOAD (default build, build/closetrace, ...).
set -u
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/bench/bench-lib.sh
. "$here/bench-lib.sh"

count=100000
threads=2
addr=127.0.0.1
keep=
while (($#)); do
	case $1 in
	--count) count=$2 ;;
	--threads) threads=$2 ;;
	--addr) addr=$2 ;;
	--keep) keep=$2 ;;
	*)
		sed -n '3,8s/^# *//p' "$0" >&2
		exit 2
		;;
	esac
	shift 2 || exit 2
done

# Records may come after the grace time of their verdict: wait until there is one per line of
# expectation, or until none has come for 5 s.
records_await() {
	local wanted=$1 now before=-1 idle=0
	while ((idle < 50)); do
		now=$(wc -l <"$bench_dir/tool.out")
		((now >= wanted)) && break
		if ((now == before)); then idle=$((idle + 1)); else idle=0; fi
		before=$now
		sleep 0.1
	done
	# Whatever comes beyond is a difference too, and must have the time to come.
	sleep 1
}

# shellcheck disable=SC2016 # awk text
# Did the kernel end the connections as connload claims? Its counters of this namespace are new.
kernel_agrees() {
	local line=$1 resets sent
	resets=$(($(value_of aborted <<<"$line") + $(value_of refused <<<"$line") +
		$(value_of unread <<<"$line")))
	sent=$(ns_run "$NS" awk '/^Tcp:/ { if (!head) { for (i = 1; i <= NF; i++)
		if ($i == "OutRsts") col = i; head = 1 } else print $col }' /proc/net/snmp)
	((sent == resets)) && return 0
	echo "the kernel has sent $sent RSTs, $resets were meant: the load itself is not exact"
	return 1
}

bench_open
tool_missing closetrace >/dev/null && bench_skip "$CLOSETRACE is not built"
ns_new
tool_start closetrace-ndjson "$NS" || exit 1
line=$(ns_run "$NS" timeout 300 "$CONNLOAD" --mode mixed --count "$count" --threads "$threads" \
	--addr "$addr" --expect "$bench_dir/expect") || exit 1
echo "$line"
records_await "$(wc -l <"$bench_dir/expect")"
tool_stop
failed=0
kernel_agrees "$line" || failed=1
awk -f "$here/mixed-compare.awk" "$bench_dir/expect" "$bench_dir/tool.out" || failed=1
if ((TOOL_STATUS)); then
	echo "closetrace ended with $TOOL_STATUS"
	failed=1
fi
if ((failed)); then
	echo "closetrace said on stderr:"
	tail -n 20 "$bench_dir/tool.err" | sed 's/^/  /'
fi
if [[ -n $keep ]]; then
	mkdir -p "$keep" && cp "$bench_dir"/expect "$bench_dir"/tool.* "$keep/"
fi
exit $failed
