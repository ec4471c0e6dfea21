#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The worked questions of docs/questions.md, on real traffic of three clients against nginx and two
# services that behave badly. Each is answered by the command that the page shows.

load helpers
load flow_lab

setup() {
	common_setup
	labs=()
	cgroup=
	need_lab
	lab_make
}

teardown() {
	common_teardown
	lab_remove
	[ -z "$cgroup" ] || await 10 rmdir "$cgroup"
}

# A day of a small office in a second.
office() {
	client 1 get 40
	client 2 get 12
	client 2 ask 8 8081
	client 3 get 3
	client 3 refused 25 81
	client 1 refused 2 81
	await 20 lab_is_quiet
}

answer() { # answer NAME: what it printed, for whoever wants to see it
	closetrace_stop "$1"
	[ "$status" = 0 ]
	echo "--- $1"
	cat "$BATS_TEST_TMPDIR/$1.out"
}

line_is() { # line_is NAME NUMBER PATTERN
	sed -n "$2p" "$BATS_TEST_TMPDIR/$1.out" | grep -Eq "$3"
}

@test "which clients get the most resets from servers?" {
	nginx_start
	aborter_start 8081
	closetrace_start clients flows --netns "$server" --once -d 1h --by client --sort rst_count_srv --top 3
	office
	answer clients
	line_is clients 2 '^10\.77\.3\.2 +28 +28 +3 +3 +3 +3 +0 +25 +0\.89$'
	line_is clients 3 '^10\.77\.2\.2 +20 +20 +20 +20 +12 +12 +0 +8 +0\.40$'
	line_is clients 4 '^10\.77\.1\.2 +42 +42 +40 +40 +40 +40 +0 +2 +0\.05$'
}

@test "which service refuses, on which port, and which process?" {
	nginx_start
	aborter_start 8081
	closetrace_start services flows --netns "$server" --once -d 1h --by server_port \
		--sort rst_per_connection -f 'rst.count.srv > 0'
	closetrace_start processes flows --netns "$server" --once -d 1h --by server_port,comm,verdict \
		-f 'rst.count.srv > 0'
	office
	answer services
	answer processes
	line_is services 2 '^ *81 +27 +27 +0 +0 .* 27 +1\.00$'
	line_is services 3 '^8081 +8 +8 +8 +8 .* 8 +1\.00$'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/services.out")" = 3 ]
	# Nobody listens on the one; on the other a program accepts, and aborts.
	grep -Eq '^ *81 +- +local_refused +27 ' "$BATS_TEST_TMPDIR/processes.out"
	grep -Eq '^8081 +aborter +local_app_abort +8 ' "$BATS_TEST_TMPDIR/processes.out"
}

@test "who gets resets without a connection: a scan" {
	nginx_start
	closetrace_start scan flows --netns "$server" --once -d 1h --by client -f 'rst.count > 0 and ct.count = 0'
	closetrace_start ports flows --netns "$server" --once -d 1h --by client,server_port -o ndjson \
		-f 'rst.count > 0 and ct.count = 0'
	client 1 get 5
	for port in 21 22 23 25 110 143 443 993 3306 5432; do
		client 2 refused 1 $port
	done
	await 20 lab_is_quiet
	answer scan
	answer ports
	[ "$(wc -l <"$BATS_TEST_TMPDIR/scan.out")" = 2 ]
	line_is scan 2 '^10\.77\.2\.2 +10 +10 +0 +0 +0 +0 +0 +10 +1\.00$'
	[ "$(sum "$BATS_TEST_TMPDIR/ports.out" rst_no_ct)" = 10 ]
	[ "$(jq -s 'map(.server_port) | unique | length' "$BATS_TEST_TMPDIR/ports.out")" = 10 ]
}

@test "who closes by RST, and is it a habit?" {
	nginx_start
	aborter_start 8081
	closetrace_start who flows --netns "$server" --once -d 1h --by comm -o wide
	closetrace_start records trace --netns "$server" --all -o ndjson --comm aborter --storm-rate 0
	client 1 get 10
	client 2 ask 40 8081
	await 20 lab_is_quiet
	await_records records 40
	answer who
	closetrace_stop records
	jq -r 'select(.benign) | .explanation' "$BATS_TEST_TMPDIR/records.out" | tail -n 1
	head -n 1 "$BATS_TEST_TMPDIR/who.out" | tr -s ' ' '\n' | grep -nxE 'C.RST|HABIT'
	value_of() { awk -v name="$1" -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
		$1 == name { print $at }' "$BATS_TEST_TMPDIR/who.out"; }
	[ "$(value_of aborter C.RST)" = 40 ]
	[ "$(value_of aborter HABIT)" = 21 ]
	[ "$(value_of nginx C.FIN)" = 10 ]
	[ "$(value_of nginx HABIT)" = 0 ]
	[ "$(jq -s 'map(select(.benign)) | length' "$BATS_TEST_TMPDIR/records.out")" = 21 ]
	jq -r .explanation "$BATS_TEST_TMPDIR/records.out" | grep -q 'it closes so by habit (40 of 40 times)'
}

# A cgroup as podman makes it; the shell goes in, and what it starts.
container_enter() {
	local root
	root=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[ -n "$root" ] || skip "no cgroup2 here"
	id=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	cgroup=$root/libpod-$id
	mkdir "$cgroup" 2>/dev/null || skip "cannot make a cgroup"
	sh -c 'echo $$ >"$1"; sleep 0.01 2>/dev/null; :' sh "$cgroup/cgroup.procs" 2>/dev/null || skip "cannot enter a cgroup"
}

@test "which container's connections die?" {
	nginx_start
	container_enter
	closetrace_start containers flows --netns "$server" --once -d 1h --by container,verdict -o ndjson
	own=$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)
	echo $BASHPID >"$cgroup/cgroup.procs"
	aborter_start 8081
	echo $BASHPID >"${cgroup%/*}$own/cgroup.procs"
	client 1 get 10
	client 2 ask 15 8081
	await 20 lab_is_quiet
	answer containers
	[ "$(sum "$BATS_TEST_TMPDIR/containers.out" connections ".container == \"$id\" and .verdict == \"local_app_abort\"")" = 15 ]
	[ "$(sum "$BATS_TEST_TMPDIR/containers.out" connections ".container == \"$id\"")" = 15 ]
	[ "$(sum "$BATS_TEST_TMPDIR/containers.out" connections '.container == null and .verdict == "fin_normal"')" = 10 ]
}

counted() { [ "$(sum "$BATS_TEST_TMPDIR/$1.out" closed_fin)" = "$2" ]; }

@test "how many resets per connection, over time?" {
	nginx_start
	closetrace_start time flows --netns "$server" --interval 500ms --by server -o ndjson
	client 1 get 20
	await 10 counted time 20
	# The service breaks.
	kill "${pids[nginx]}" && wait "${pids[nginx]}" || :
	unset 'pids[nginx]'
	client 1 get 20
	answer time
	jq -c '[.time, .connections, .rst_per_connection]' "$BATS_TEST_TMPDIR/time.out"
	[ "$(jq -s 'first | .rst_per_connection' "$BATS_TEST_TMPDIR/time.out")" = 0 ]
	[ "$(jq -s 'last | .rst_per_connection' "$BATS_TEST_TMPDIR/time.out")" = 1 ]
	[ "$(sum "$BATS_TEST_TMPDIR/time.out" connections)" = 40 ]
}
