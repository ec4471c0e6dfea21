#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# churn.sh [SECONDS]: a day's worth of namespaces, interfaces, cgroups that look like containers and
# programs that come and go, compressed into minutes, before one closetrace. Every 10 s a line: what has
# come so far, endings, descriptors, resident memory, and processor time per ending since the last line.
# The last line compares the last third with the first. Run by hand (docs/performance.md); root.
cd "$(dirname "$0")/../.." || exit 1
closetrace=${CLOSETRACE:-build/closetrace} seconds=${1:-180}
work=$(mktemp -d)
cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
name=ctchurn$$
trap 'kill "$pid" 2>/dev/null; wait 2>/dev/null; ip netns del $name 2>/dev/null; ip netns del $name-x 2>/dev/null; rm -rf "$work"' EXIT
ip netns add "$name" && ip -n "$name" link set lo up || exit 77
"$closetrace" trace -a -o ndjson --netns "$name" --stacks >"$work/out" 2>"$work/err" &
pid=$!
until grep -q '^closetrace: ready' "$work/err"; do kill -0 $pid || exit 1; sleep 0.05; done

round() { # one namespace, two interfaces, one cgroup, some programs, each with an ending
	local id group=
	id=$(printf '%064x' $((RANDOM * 32768 + RANDOM)))
	ip netns add "$name-x"
	ip -n "$name" link add "v$1" type veth peer name "w$1"
	ip -n "$name" link set "v$1" up
	if [ -n "$cgroups" ] && mkdir "$cgroups/docker-$id.scope" 2>/dev/null; then group=$cgroups/docker-$id.scope; fi
	ln -sf "$(command -v bash)" "$work/p$1"
	(
		[ -z "$group" ] || echo "$BASHPID" >"$group/cgroup.procs"
		for _ in 1 2 3; do
			ip netns exec "$name" "$work/p$1" -c 'for i in {1..20}; do exec 4<>/dev/tcp/127.0.0.1/9; done' 2>/dev/null
		done
	)
	[ -z "$group" ] || rmdir "$group" 2>/dev/null
	rm -f "$work/p$1"
	ip -n "$name" link del "v$1"
	ip netns del "$name-x"
}

ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
measure() {
	endings=$(wc -l <"$work/out") descriptors=$(ls "/proc/$pid/fd" | wc -l)
	resident=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status") used=$(ticks)
	each=$(((used - used_before) * 1000000 / $(getconf CLK_TCK) / (endings - endings_before + 1)))
	used_before=$used endings_before=$endings
	echo "$rounds namespaces, interfaces, cgroups; $endings endings; $descriptors descriptors; $resident kB; $each us per ending"
	echo "$descriptors $resident $each" >>"$work/figures"
}

rounds=0 endings_before=0 used_before=$(ticks) end=$((SECONDS + seconds)) next=$((SECONDS + 10))
while [ $SECONDS -lt $end ]; do
	round $((rounds % 10000))
	rounds=$((rounds + 1))
	[ $SECONDS -lt $next ] || { measure; next=$((SECONDS + 10)); }
done
kill -INT $pid
wait $pid
grep -E '^closetrace: (ledger: [0-9]+ endings|lost)' "$work/err"
awk '{ d[NR] = $1; m[NR] = $2; t[NR] = $3 } END { n = int(NR / 3); if (!n) exit
	for (i = 1; i <= n; i++) { d1 += d[i]; m1 += m[i]; t1 += t[i]; d2 += d[NR - n + i]; m2 += m[NR - n + i]; t2 += t[NR - n + i] }
	printf "last third / first third: descriptors %.2f, memory %.2f, time per ending %.2f\n", d2 / d1, m2 / m1, t2 / t1 }' "$work/figures"
