#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Resets that the other end really sent, through a router and through NAT: none may be called
# injected, and each has its right verdict at both ends and at the router. HONEST_RESETS=100000 for
# more of them.

load helpers

CONNLOAD=${CONNLOAD:-$(dirname "$CLOSETRACE")/tests/bench/connload}
COUNT=${HONEST_RESETS:-6000}

setup() {
	common_setup
	need_root
	[ -x "$CONNLOAD" ] || skip "connload was not built"
	names=$BATS_SUITE_TEST_NUMBER-$$
	client=cthc-$names router=cthr-$names server=cths-$names
	for netns in $client $router $server; do
		ip netns add "$netns"
		ip -n "$netns" link set lo up
	done
	join "$client" 10.91.1.2/24 "$router" 10.91.1.1/24
	join "$server" 10.91.2.2/24 "$router" 10.91.2.1/24
	ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1
}

# join NETNS ADDRESS ROUTER ADDRESS: by a link, with a default route
join() {
	ip -n "$1" link add up0 type veth peer name "to_${1%%-*}" netns "$3"
	ip -n "$1" addr add "$2" dev up0
	ip -n "$1" link set up0 up
	ip -n "$3" addr add "$4" dev "to_${1%%-*}"
	ip -n "$3" link set "to_${1%%-*}" up
	ip -n "$1" route add default via "${4%/*}"
}

teardown() {
	common_teardown
	for netns in $client $router $server; do
		ip netns del "$netns" 2>/dev/null || :
	done
}

# records_of NAME: how many of each verdict and initiator, storms counted in full
records_of() {
	jq -rs 'group_by(.verdict + " " + .initiator)[] |
		"\(.[0].verdict) \(.[0].initiator) \(map(.repeated) | add)"' "$BATS_TEST_TMPDIR/$1.out" | sort
}

records_complete() { # records_complete NAME COUNT
	[ "$(jq -s 'map(.repeated) | add' "$BATS_TEST_TMPDIR/$1.out")" -ge "$2" ]
}

# trace_resets [CONNLOAD-OPTION...]: makes COUNT endings of three kinds, seen at three places.
trace_resets() {
	local place third=$((COUNT / 3))
	for place in client router server; do
		closetrace_start $place --netns "${!place}" -o ndjson --storm-rate 0
	done
	ip netns exec "$client" timeout 300 "$CONNLOAD" --mode resets --count $((third * 3)) \
		--server-netns "/run/netns/$server" --addr 10.91.2.2 "$@"
	for place in client router server; do
		await 20 records_complete $place $((third * 3))
		closetrace_stop $place
		[ "$status" = 0 ]
		grep -q ' 0 lost' "$BATS_TEST_TMPDIR/$place.err"
	done
	diff <(records_of client) - <<-END
		local_app_abort local_app $third
		peer_refused peer $third
		peer_reset peer $third
	END
	diff <(records_of server) - <<-END
		local_app_abort local_app $third
		local_refused local_kernel $third
		peer_reset peer $third
	END
	diff <(records_of router) - <<-END
		peer_refused server $third
		peer_reset client $third
		peer_reset server $third
	END
}

@test "honest resets: through a router" {
	trace_resets
	refute grep -q path_reset "$BATS_TEST_TMPDIR"/*.out
}

# translate RULE...: of the router, "prerouting: ..." or "postrouting: ..."
translate() {
	local rule
	ip netns exec "$router" nft -f - <<-END || skip "this kernel has no NAT"
		table ip honest {
			chain prerouting { type nat hook prerouting priority dstnat; }
			chain postrouting { type nat hook postrouting priority srcnat; }
		}
	END
	for rule; do
		# shellcheck disable=SC2086 # words
		ip netns exec "$router" nft add rule ip honest ${rule%%:*} ${rule#*:}
	done
}

@test "honest resets: through a router that masquerades" {
	translate 'postrouting: oifname to_cths masquerade'
	trace_resets
	refute grep -q path_reset "$BATS_TEST_TMPDIR"/*.out
}

@test "honest resets: to a published port" {
	translate 'prerouting: ip daddr 10.91.1.1 dnat to 10.91.2.2'
	trace_resets --via 10.91.1.1
	refute grep -q path_reset "$BATS_TEST_TMPDIR"/*.out
}

@test "honest resets: to a published port, masqueraded" {
	translate 'prerouting: ip daddr 10.91.1.1 dnat to 10.91.2.2' 'postrouting: oifname to_cths masquerade'
	trace_resets --via 10.91.1.1
	refute grep -q path_reset "$BATS_TEST_TMPDIR"/*.out
}
