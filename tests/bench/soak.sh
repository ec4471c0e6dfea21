#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One closetrace under millions of connections that end in every way: is its memory flat, and is
# every ending accounted for at the end? Not a part of CI: 10 million take a quarter of an hour.
#   soak.sh [--connections N] [--round N] [--storm-rate N] [--max-flows N]
# Prints a row per round. Exit 0; 1 when memory or descriptors grow, or the ledger does not add up;
# 77 cannot run here. Paths come from BUILD, CLOSETRACE and CONNLOAD.
set -u
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/bench/bench-lib.sh
. "$here/bench-lib.sh"

connections=1000000
round=100000
options=()
while (($#)); do
	case $1 in
	--connections) connections=$2 ;;
	--round) round=$2 ;;
	--storm-rate | --max-flows) options+=("$1" "$2") ;;
	*)
		sed -n '3,8s/^# *//p' "$0" >&2
		exit 2
		;;
	esac
	shift 2 || exit 2
done

status_kb() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$tracer/status"; }
descriptors() { find "/proc/$tracer/fd" -mindepth 1 | wc -l; }
cpu_seconds() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$tracer/stat"; }

# Kernel memory of its maps: what the kernel says of each descriptor.
maps_kb() {
	cat "/proc/$tracer"/fdinfo/* 2>/dev/null |
		awk '/^memlock:/ { bytes = $2 } /^map_id:/ { if (!($2 in seen)) sum += bytes; seen[$2] }
			END { print int(sum / 1024) }'
}

row() { printf '%12s %10s %10s %10s %6s %10s\n' "$@"; }

bench_open
[[ -x $CLOSETRACE ]] || bench_skip "$CLOSETRACE is not built"
ns_new
mkfifo "$bench_dir/records"
wc -lc <"$bench_dir/records" >"$bench_dir/written" &
"${die_with_us[@]}" "$CLOSETRACE" trace --all -o ndjson --netns "$NS" "${options[@]}" \
	>"$bench_dir/records" 2>"$bench_dir/err" &
tracer=$!
pid_remember "$tracer"
until grep -q '^closetrace: ready' "$bench_dir/err"; do
	kill -0 "$tracer" || { cat "$bench_dir/err" && exit 1; }
	sleep 0.05
done

row connections "RSS KB" "peak KB" "maps KB" fds "CPU s"
row 0 "$(status_kb VmRSS)" "$(status_kb VmHWM)" "$(maps_kb)" "$(descriptors)" "$(cpu_seconds)"
made=0
while ((made < connections)); do
	line=$(nsenter --net="/run/netns/$NS" "$CONNLOAD" --mode mixed --count "$round" --threads 2) || exit 1
	made=$((made + $(value_of connections <<<"$line")))
	row "$made" "$(status_kb VmRSS)" "$(status_kb VmHWM)" "$(maps_kb)" "$(descriptors)" "$(cpu_seconds)"
	# From the first round on: by then every table has been used.
	[[ -n ${first_kb:-} ]] || first_kb=$(status_kb VmRSS) first_fds=$(descriptors)
done
last_kb=$(status_kb VmRSS) last_fds=$(descriptors)
sleep 1
kill -INT "$tracer"
wait "$tracer" || { cat "$bench_dir/err" && exit 1; }
wait
grep -v '^closetrace: ready' "$bench_dir/err"
read -r lines bytes <"$bench_dir/written"
echo "$lines records, $bytes bytes"

failed=0
if ((last_kb > first_kb + 1024 || last_fds > first_fds)); then
	echo "memory or descriptors grew: $first_kb to $last_kb KB, $first_fds to $last_fds"
	failed=1
fi
if ! grep -q "^closetrace: ledger: $((2 * made)) endings = .* + 0 lost$" "$bench_dir/err" ||
	grep -Eq 'add up|difference -?[1-9]|grouped_untold' "$bench_dir/err"; then
	echo "the ledger does not say what was done"
	failed=1
fi
exit $failed
