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

# -- less than root ----------------------------------------------------------------------------

# works NAME COMMAND...: it gets ready, and tells a refused connection. Messages in NAME.err.
works() {
	local name=$1 end
	shift
	timeout 20 "$@" trace -o ndjson --netns "$watched" -d 10s -n 1 >"$BATS_TEST_TMPDIR/$name.out" \
		2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	pids[$name]=$!
	closetrace_await_ready "$name"
	refused
	closetrace_wait "$name"
	cat "$BATS_TEST_TMPDIR/$name.err"
	[ "$status" = 0 ]
	await_records "$name" 1
	! grep -E 'lost|cannot|ABRT' "$BATS_TEST_TMPDIR/$name.err" | grep -v ' 0 lost'
}

without() { # without CAPABILITY...: root less these, as a command line in ${less[@]}
	local list
	list=$(printf -- ',-%s' "$@")
	less=(setpriv "--bounding-set=${list#,}" "--inh-caps=${list#,}" "$place/closetrace")
}

says() { # says NAME TEXT
	grep -q "^closetrace: $2" "$BATS_TEST_TMPDIR/$1.err"
}

@test "privilege: root less one that something else stands for works as ever" {
	local capability
	netns_make
	watched=$netns
	for capability in bpf perfmon sys_resource setuid setgid setpcap net_broadcast; do
		without $capability
		works "$capability" "${less[@]}"
		refute says "$capability" 'without CAP_'
	done
}

@test "privilege: root less NET_ADMIN cannot" {
	without net_admin
	unable "${less[@]}" trace
}

@test "privilege: root less SYS_PTRACE, or DAC_READ_SEARCH, works and says what is lost" {
	netns_make
	watched=$netns
	without sys_ptrace
	works ptrace "${less[@]}"
	says ptrace 'without CAP_SYS_PTRACE network namespaces'
	without dac_read_search
	works dac "${less[@]}"
	says dac 'without CAP_DAC_READ_SEARCH cgroups'
}

@test "privilege: root less SYS_ADMIN sees sockets everywhere, and says which packets it does not" {
	netns_make
	watched=$netns
	without sys_admin
	works admin "${less[@]}"
	says admin 'without CAP_SYS_ADMIN packets are watched in this network namespace only'
	says admin "the network namespace [0-9]* (.*$netns) is not watched: to enter it takes CAP_SYS_ADMIN"
	says admin 'ready: .* none of 1 other network namespace, '
	says admin 'note: network namespaces not watched: 1,'
}

minimum=bpf,perfmon,net_admin

@test "privilege: exactly the minimum, as root" {
	netns_make
	watched=self
	works minimum nsenter --net="/run/netns/$netns" \
		setpriv --bounding-set="-all,+${minimum//,/,+}" --inh-caps=-all "$place/closetrace"
	says minimum 'ready: .* the packets of 1 interface'
	says minimum 'without CAP_DAC_READ_SEARCH'
}

@test "privilege: exactly the minimum, as root, and a namespace that it cannot enter" {
	netns_make
	watched=$netns
	works minimum setpriv --bounding-set="-all,+${minimum//,/,+}" --inh-caps=-all "$place/closetrace"
	says minimum 'ready: .* none of 1 other network namespace, '
}

@test "privilege: exactly the minimum, as an ordinary user" {
	netns_make
	watched=self
	works minimum nsenter --net="/run/netns/$netns" setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps="+${minimum//,/,+}" --ambient-caps="+${minimum//,/,+}" "$place/closetrace"
	says minimum 'ready: .* the packets of 1 interface'
}

@test "privilege: measuring the cost takes more than the minimum" {
	netns_make
	unable nsenter --net="/run/netns/$netns" setpriv --bounding-set="-all,+${minimum//,/,+}" \
		--inh-caps=-all "$place/closetrace" doctor --cost --netns self -d 1s
}

@test "privilege: every live command works with exactly the minimum" {
	local command
	netns_make
	for command in "flows --netns self -d 1s" doctor \
		"trace --stacks --netns self -d 1s" "trace --hook xdp-generic --netns self -d 1s"; do
		# shellcheck disable=SC2086
		timeout 20 nsenter --net="/run/netns/$netns" setpriv --bounding-set="-all,+${minimum//,/,+}" \
			--inh-caps=-all "$place/closetrace" $command >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- ||
			{ status=$?; cat "$BATS_TEST_TMPDIR/out"; echo "$command: $status"; return 1; }
	done
}

# -- what it keeps -----------------------------------------------------------------------------

rows_of_docs() { # COMMAND|CAPABILITIES, of docs/privileges.md
	sed -n 's/^| `\([a-z].*\)` | \([a-z_ ]*\) *|$/\1|\2/p' "$BATS_TEST_DIRNAME/../../docs/privileges.md" |
		grep -E '^(trace|flows|top|doctor|replay)'
}

sorted() {
	tr ' ,' '\n\n' | sed '/^$/d; s/^cap_//' | sort | tr '\n' ' '
}

@test "privilege: what each thread of each command keeps is what docs/privileges.md says" {
	local line command kept arguments task name=0
	netns_make
	mkfifo "$BATS_TEST_TMPDIR/FIFO"
	[ "$(rows_of_docs | wc -l)" -ge 10 ]
	while IFS='|' read -r command kept; do
		name=$((name + 1))
		arguments=${command//FILE/$BATS_TEST_TMPDIR/FILE}
		arguments=${arguments//FIFO/$BATS_TEST_TMPDIR/FIFO}
		case $command in
		replay*) ;;
		*"--netns self"*) ;;
		*) arguments="$arguments --netns $netns" ;;
		esac
		if [[ $command == *self* ]]; then
			# shellcheck disable=SC2086
			nsenter --net="/run/netns/$netns" "$CLOSETRACE" $arguments \
				>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- </dev/null &
		else
			# shellcheck disable=SC2086
			"$CLOSETRACE" $arguments >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- </dev/null &
		fi
		pids[$name]=$!
		await 20 is_settled "${pids[$name]}"
		for task in /proc/"${pids[$name]}"/task/*; do
			if [ "$(<"$task/comm")" = closetrace-out ]; then
				writer_keeps_nothing "$task" "$command"
				continue
			fi
			echo "$command: $(grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' "$task/status" | tr '\n\t' '  ')"
			[ "$(capsh --decode="$(status_of "$task" CapEff)" | sed 's/.*=//' | sorted)" = "$(sorted <<< "$kept")" ]
			[ "$(status_of "$task" CapPrm)" = "$(status_of "$task" CapEff)" ]
			[ "$(status_of "$task" CapBnd)$(status_of "$task" CapInh)$(status_of "$task" CapAmb)" = \
				"$(printf '%048d' 0)" ]
			[ "$(status_of "$task" NoNewPrivs)" = 1 ]
			[ "$(status_of "$task" Seccomp)" = 2 ]
			[ "$(status_of "$task" Uid)" != 0 ] && [ "$(status_of "$task" Gid)" != 0 ]
			[ -z "$(status_of "$task" Groups)" ]
		done
		kill -INT "${pids[$name]}"
		closetrace_wait "$name"
	done < <(rows_of_docs)
}

# It may stay the user whose files it renames, without any capability.
writer_keeps_nothing() { # writer_keeps_nothing TASK COMMAND
	echo "$2, a writer: $(grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' "$1/status" | tr '\n\t' '  ')"
	[ "$(status_of "$1" CapEff)$(status_of "$1" CapPrm)$(status_of "$1" CapBnd)" = "$(printf '%048d' 0)" ]
	[ "$(status_of "$1" NoNewPrivs)$(status_of "$1" Seccomp)" = 12 ]
	[[ $2 == *FILE* ]] || [ "$(status_of "$1" Uid)" != 0 ]
}

status_of() { # status_of FOLDER NAME: the first word
	awk -v name="$2:" '$1 == name { print $2 }' "$1/status"
}

is_settled() {
	[ "$(status_of "/proc/$1" Seccomp)" = 2 ]
}

@test "privilege: a changed user cannot open /proc/self of its own, and names cgroups all the same" {
	netns_make
	closetrace_start one trace -o ndjson --netns "$netns" -n 1
	# Not dumpable: what is root's there stays root's.
	[ "$(stat -c %u "/proc/${pids[one]}/mem")" = 0 ]
	refute setpriv --reuid="$(status_of "/proc/${pids[one]}" Uid)" --regid=65534 --clear-groups \
		cat "/proc/${pids[one]}/environ"
	refused
	closetrace_wait one
	[ "$status" = 0 ]
	await_records one 1
}

# -- files -------------------------------------------------------------------------------------

@test "privilege: files are made for nobody else, and never in place of another user's, or through a link" {
	local folder=$BATS_TEST_TMPDIR/files file
	netns_make
	mkdir "$folder"
	echo kept >"$folder/target"
	ln -s target "$folder/link"
	ln "$folder/target" "$folder/second"
	echo kept >"$folder/other"
	chown 65534 "$folder/other"
	mkfifo "$folder/fifo"
	chown 65534 "$folder/fifo"
	for file in link second other fifo target; do
		status=0
		timeout 20 "$CLOSETRACE" trace --netns "$netns" -d 1s -w "$folder/$file" \
			>/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
		one_sentence "$BATS_TEST_TMPDIR/err"
		grep -q "cannot write packets to .*/$file: it " "$BATS_TEST_TMPDIR/err"
		[ "$status" = 1 ]
		[ "$(cat "$folder/target")" = kept ] && [ "$(cat "$folder/other")" = kept ]
	done
	"$CLOSETRACE" trace --netns "$netns" -d 1s -w "$folder/new" >/dev/null 2>&1 3>&-
	[ "$(stat -c %a "$folder/new")" = 640 ]
}

@test "privilege: root can replay a file that is only root's" {
	printf '\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00' \
		>"$BATS_TEST_TMPDIR/empty.pcap"
	chmod 600 "$BATS_TEST_TMPDIR/empty.pcap"
	"$CLOSETRACE" replay "$BATS_TEST_TMPDIR/empty.pcap" 3>&-
	"$CLOSETRACE" replay <(cat "$BATS_TEST_TMPDIR/empty.pcap") 3>&-
	"$CLOSETRACE" replay - <"$BATS_TEST_TMPDIR/empty.pcap" 3>&-
}
