#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Without the privilege that it needs: status 77, one sentence that says what to do.

load helpers

setup() {
	common_setup
	need_root
	# A place that everybody can reach, unlike a checkout in somebody's home.
	place=$(mktemp -d /tmp/ctcli.XXXXXX)
	chmod 755 "$place"
	install -m 755 "$CLOSETRACE" "$place/closetrace"
}

teardown() {
	[ -z "${place:-}" ] || rm -rf "$place"
	common_teardown
}

# unable COMMAND...
unable() {
	local status=0
	timeout 20 "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	echo "status $status"
	one_sentence "$BATS_TEST_TMPDIR/err"
	[ $status = 77 ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "privilege: an ordinary user" {
	unable setpriv --reuid=65534 --regid=65534 --clear-groups "$place/closetrace" trace
}

@test "privilege: an ordinary user without a command" {
	unable setpriv --reuid=65534 --regid=65534 --clear-groups "$place/closetrace"
}

@test "privilege: root without capabilities" {
	unable setpriv --bounding-set=-all --inh-caps=-all "$place/closetrace" trace
}

@test "privilege: root without CAP_BPF and CAP_SYS_ADMIN" {
	unable setpriv --bounding-set=-bpf,-sys_admin --inh-caps=-bpf,-sys_admin "$place/closetrace" trace
}

@test "privilege: usage comes first" {
	local status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups "$place/closetrace" trace --port none \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	[ $status = 2 ]
	one_sentence "$BATS_TEST_TMPDIR/err"
}

@test "privilege: version and help need none" {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$place/closetrace" version
	setpriv --reuid=65534 --regid=65534 --clear-groups "$place/closetrace" --help
}
