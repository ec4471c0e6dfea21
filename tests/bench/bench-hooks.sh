# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154 # the settings and helpers of bench.sh, which sources this
# Which packet hook costs least on which kind of link? Every hook with the product's own programs,
# and what --hook auto has chosen, next to no program in the same round.

HOOKS='auto tcx clsact xdp-generic xdp-native'
LINKS='veth jumbo vlan lo bridge'

# link_make LINK: two namespaces, server_ns and client_ns, and the server's address in link_address.
link_make() {
	local server=v0
	ns_new
	server_ns=$NS
	ns_new
	client_ns=$NS
	link_address=10.77.0.1
	if [[ $1 == lo ]]; then
		client_ns=$server_ns
		link_address=127.0.0.1
		return
	fi
	ip -n "$server_ns" link add v0 type veth peer name v0 netns "$client_ns"
	[[ $1 != jumbo ]] || ip -n "$server_ns" link set v0 mtu 9000
	[[ $1 != jumbo ]] || ip -n "$client_ns" link set v0 mtu 9000
	ip -n "$server_ns" link set v0 up
	ip -n "$client_ns" link set v0 up
	if [[ $1 == bridge ]]; then
		server=br0
		ip -n "$server_ns" link add br0 type bridge || return 1
		ip -n "$server_ns" link set v0 master br0
		ip -n "$server_ns" link set br0 up
	elif [[ $1 == vlan ]]; then
		server=v0.5
		ip -n "$server_ns" link add link v0 name v0.5 type vlan id 5 2>/dev/null || return 1
		ip -n "$client_ns" link add link v0 name v0.5 type vlan id 5 || return 1
		ip -n "$server_ns" link set v0.5 up
		ip -n "$client_ns" link set v0.5 up
	fi
	ip -n "$server_ns" addr add 10.77.0.1/24 dev "$server"
	ip -n "$client_ns" addr add 10.77.0.2/24 dev "$([[ $1 == vlan ]] && echo v0.5 || echo v0)"
}

# clsact_attach: the programs of the running tool, which has put them nowhere, as filters.
clsact_attach() {
	local id name ns interface
	mkdir -p "$bench_dir/bpf"
	mountpoint -q "$bench_dir/bpf" || mount -t bpf bpf "$bench_dir/bpf" || return 1
	for id in $(sed -n 's/^prog_id:[[:space:]]*//p' "/proc/$TOOL_PID"/fdinfo/* 2>/dev/null | sort -un); do
		name=$(bpftool -j prog show id "$id" | sed -n 's/.*"name":"\([a-z_0-9]*\)".*/\1/p')
		case $name in
		ct_tc_in | ct_tc_out) bpftool prog pin id "$id" "$bench_dir/bpf/${name}_$TOOL_PID" || return 1 ;;
		esac
	done
	for ns in $(printf '%s\n' "$server_ns" "$client_ns" | sort -u); do
		for interface in $(ip -n "$ns" -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do
			ns_run "$ns" tc qdisc add dev "$interface" clsact || return 1
			ns_run "$ns" tc filter add dev "$interface" egress bpf da pinned \
				"$bench_dir/bpf/ct_tc_out_$TOOL_PID" || return 1
			[[ $interface == lo ]] || ns_run "$ns" tc filter add dev "$interface" ingress bpf da \
				pinned "$bench_dir/bpf/ct_tc_in_$TOOL_PID" || return 1
		done
	done
}

clsact_detach() {
	local ns interface
	for ns in $(printf '%s\n' "$server_ns" "$client_ns" | sort -u); do
		for interface in $(ip -n "$ns" -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do
			ns_run "$ns" tc qdisc del dev "$interface" clsact 2>/dev/null
		done
	done
	rm -f "$bench_dir"/bpf/ct_*
}

# hook_once HOOK: Mbit/s with the hook in place; fails when the link cannot have it.
hook_once() {
	local speed
	if [[ $1 == none ]]; then
		iperf_once "$server_ns" "$client_ns" "$link_address"
		return
	fi
	tool_start "closetrace-hook-$1" "$server_ns,$client_ns" 2>/dev/null || return 1
	if [[ $1 == clsact ]] && ! clsact_attach; then
		clsact_detach
		tool_stop
		return 1
	fi
	speed=$(iperf_once "$server_ns" "$client_ns" "$link_address")
	[[ $1 != clsact ]] || clsact_detach
	tool_stop
	[[ -n $speed ]] && echo "$speed"
}

# One round: no program first and last, so that a drift of the machine falls on both sides.
hooks_round() {
	local link=$1 round=$2 hook order first last speed
	mapfile -t order < <(tr ' ' '\n' <<<"$HOOKS")
	((round % 2)) || mapfile -t order < <(tr ' ' '\n' <<<"$HOOKS" | tac)
	first=$(hook_once none) || return 1
	for hook in "${order[@]}"; do
		speed=$(hook_once "$hook") && echo "$hook $speed" >>"$bench_dir/hooks.round"
	done
	last=$(hook_once none) || return 1
	awk -v plain="$first" -v last="$last" '{ printf "%d %d %.3f\n", $2, (plain + last) / 2, 2 * $2 / (plain + last) >> file "." $1 }' \
		file="$bench_dir/hooks.$link" "$bench_dir/hooks.round"
	rm -f "$bench_dir/hooks.round"
}

hooks_rows() {
	local link=$1 hook file best
	for hook in $HOOKS; do
		file=$bench_dir/hooks.$link.$hook
		if [[ ! -s $file ]]; then
			printf '%-7s %-12s %10s %10s %7s\n' "$link" "$hook" - - "no such hook here"
			continue
		fi
		printf '%-7s %-12s %10s %10s %7s %s\n' "$link" "$hook" "$(column 2 "$file" | median)" \
			"$(column 1 "$file" | median)" "$(column 3 "$file" | median)" \
			"$(column 3 "$file" | spread)"
	done
	best=$(for hook in tcx clsact xdp-generic xdp-native; do
		[[ -s $bench_dir/hooks.$link.$hook ]] && echo "$(column 3 "$bench_dir/hooks.$link.$hook" | median) $hook"
	done | sort -gr | head -n 1)
	[[ ! -s $bench_dir/hooks.$link.auto ]] || printf '%-7s auto is %s of the best, %s\n' "$link" \
		"$(divide "$(column 3 "$bench_dir/hooks.$link.auto" | median)" "${best% *}" %.2f)" "${best#* }"
}

section_hooks() {
	local server_ns client_ns link_address link round
	command -v iperf3 >/dev/null || {
		bench_say "hooks: skipped, needs iperf3"
		return
	}
	heading "TCP throughput by hook, Mbit/s, iperf3, $rounds rounds of $iperf_seconds s each, next to" \
		"no program at both ends of the round (to hold: auto 0.97 of the best hook)"
	printf '%-7s %-12s %10s %10s %7s %s\n' link hook none hooked ratio min..max
	for link in $LINKS; do
		rm -f "$bench_dir"/hooks.*
		if link_make "$link"; then
			for ((round = 1; round <= rounds; round++)); do
				hooks_round "$link" "$round" || bench_say "hooks: $link failed in round $round"
			done
			hooks_rows "$link"
		else
			bench_say "hooks: no row for $link: this kernel has no such interfaces"
		fi
		[[ $client_ns == "$server_ns" ]] || ns_del "$client_ns"
		ns_del "$server_ns"
	done
	umount "$bench_dir/bpf" 2>/dev/null
}
