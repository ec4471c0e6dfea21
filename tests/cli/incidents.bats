#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The incidents of docs/incidents.md, played with nginx, HAProxy and PostgreSQL and with small programs:
# the line that ends each of them is the one that the page shows.

load helpers

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	mkdir -p "$BATS_FILE_TMPDIR/played"
	python3 "$BATS_TEST_DIRNAME/incidents.py" "$CLOSETRACE" "$BATS_FILE_TMPDIR/played" \
		3>&- </dev/null >"$BATS_FILE_TMPDIR/said" 2>"$BATS_FILE_TMPDIR/errors" || :
}

setup() {
	common_setup
	need_root
}

teardown() {
	common_teardown
}

# says INCIDENT END PATTERN: one of its lines at that end (c: client, s: server) has it.
says() {
	local reason
	reason=$(awk -F '\t' -v name="$1" '$1 == name && $3 == "skip" { print $4 }' "$BATS_FILE_TMPDIR/said")
	[ -z "$reason" ] || skip "$reason"
	awk -F '\t' -v name="$1" -v end="$2" '$1 == name && $2 == end { print $4 }' \
		"$BATS_FILE_TMPDIR/said" | grep -E -- "$3" && return
	grep "^$1" "$BATS_FILE_TMPDIR/said" || cat "$BATS_FILE_TMPDIR/errors"
	return 1
}

@test "stale pool: nginx had closed before the pool handed the connection out" {
	says stale_pool c 'after 10\.77\.2\.2:8080 had closed .*safe to send it again'
}

@test "an upload is refused: the server's unread bytes, and the answer that the client did not read" {
	says upload_unread s 'closed with [0-9,]+ bytes unread, so the kernel sent RST'
	says upload_unread c '34 bytes were still unread'
}

@test "a proxy's leg ends because the other one was refused" {
	says proxy_legs s '^haproxy.*because its connection to 10\.77\.2\.2:9 was refused'
}

@test "FIN and RST of a proxy" {
	says fin_and_rst s 'sent RST after its own FIN'
}

@test "a health check of HAProxy resets the handshake" {
	says health_check s 'sent RST instead of finishing the handshake with 10\.77\.2\.2:8082'
}

@test "a backend of PostgreSQL is killed" {
	says killed s '^postgres\[[0-9]+\] was killed \(SIGKILL by python3\[[0-9]+\]\)'
}

@test "the host's own firewall drops the SYN" {
	says own_firewall c 'never left this host: a rule of this host drops it \(NETFILTER_DROP\)'
}

@test "the address moves to another host" {
	says address_moves c 'keepalive probes .* never left this host .*10\.77\.1\.2 is no longer an address'
}

@test "an ICMP reject that a connect which does not block has read" {
	says icmp_reject c 'was answered by ICMP port unreachable \(type 3, code 3\) of the peer itself'
}

@test "a full accept queue" {
	says accept_queue s 'is full: it holds 2 connections, its limit is 1, the backlog'
}

@test "a slow reader" {
	says slow_reader s 'bytes were never sent; the peer read too slowly'
}

@test "a worker closes its listener" {
	says reuseport_reload s 'stopped listening on 10\.77\.2\.2:5008 before it accepted'
}

@test "data of a connection that this host does not know" {
	says restart s 'of 10\.77\.1\.2:[0-9]+ .* 10\.77\.2\.2:5009 .*so the kernel sent RST'
}

@test "no local port is free" {
	says port_exhaustion c 'no local port was free \(EADDRNOTAVAIL\); all 4 of'
}
