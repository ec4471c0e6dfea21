#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# closetrace top on a terminal of tmux: what it shows, its keys, sizes and ways to end.

load helpers
load flow_lab

setup() {
	common_setup
	labs=()
	socket=ct$$-$BATS_TEST_NUMBER
}

teardown() {
	tmux -L "$socket" kill-server 2>/dev/null || :
	common_teardown
	lab_remove
}

need_tmux() {
	need_root
	command -v tmux >/dev/null || skip "tmux is not installed"
}

# top_start COLUMNS LINES [ENVIRONMENT...] -- ARGUMENTS...: in a shell, which tells the status and
# the terminal's settings afterwards.
top_start() {
	local columns=$1 rows=$2 environment=()
	shift 2
	while [ "$1" != -- ]; do environment+=("$1") && shift; done
	shift
	cat >"$BATS_TEST_TMPDIR/session" <<-END
		stty -g >"$BATS_TEST_TMPDIR/before"
		env -u NO_COLOR LANG=C.UTF-8 ${environment[*]} "$CLOSETRACE" top $(printf '%q ' "$@")
		echo "status \$?"
		stty -g >"$BATS_TEST_TMPDIR/after"
		read -r
	END
	tmux -L "$socket" -f /dev/null new-session -d -x "$columns" -y "$rows" "bash $BATS_TEST_TMPDIR/session" 3>&-
}

screen() { tmux -L "$socket" capture-pane -p; }
keys() { tmux -L "$socket" send-keys "$@"; }
shows() { screen | grep -qE -- "$1"; }
await_screen() { await 15 shows "$1" || { screen && return 1; }; }
pid_of_top() { pgrep -P "$(tmux -L "$socket" list-panes -F '#{pane_pid}')" -x closetrace; }

ended_cleanly() { # ended_cleanly STATUS
	await_screen "^status $1"
	[ "$(cat "$BATS_TEST_TMPDIR/before")" = "$(cat "$BATS_TEST_TMPDIR/after")" ]
	[ "$(tmux -L "$socket" display-message -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
}

@test "from a client down to the explanation, and back" {
	need_lab
	need_tmux
	lab_make
	nginx_start
	top_start 80 24 -- --netns "$server" --interval 200ms
	await_screen '^closetrace top .* by client'
	client 1 get 2
	client 3 refused 7 81
	await_screen '^10\.77\.3\.2 +7 +7 +0 +0 +0 +0 +0 +7 +1\.00'
	await_screen '^10\.77\.1\.2 +2 +2 +2 +2 +2 +2 +0 +0 +0\.00'
	await_screen '^connections 9  handshakes 2  FIN 4  RST 7'
	# The most resets are first, and selected.
	keys Enter
	await_screen 'by conversation client 10\.77\.3\.2'
	await_screen '^10\.77\.3\.1 +81 +7 '
	refute shows '10\.77\.1\.2'
	keys Enter
	await_screen 'by connection'
	await_screen '^[0-9]+ .*local_refused '
	keys Enter
	await_screen 'last records'
	await_screen 'local_refused'
	await_screen 'nothing listens on 10\.77\.3\.1:81'
	keys Escape
	await_screen 'by connection'
	keys BSpace
	await_screen 'by conversation'
	keys Left
	await_screen '^10\.77\.1\.2 '
	keys q
	ended_cleanly 0
}

@test "filter line, completion, order, groups, units, freeze and help" {
	need_lab
	need_tmux
	lab_make
	nginx_start
	top_start 100 24 NO_COLOR=1 -- --netns "$server" --interval 200ms
	await_screen '^closetrace top '
	client 1 get 2
	client 3 refused 7 81
	await_screen '^10\.77\.3\.2 '
	keys / rst.c Tab
	await_screen '^filter: rst\.count'
	await_screen '^rst_count rst_count_clt rst_count_srv'
	keys '_srv > ten' Enter
	await_screen 'column 17: rst_count_srv takes a whole number'
	keys BSpace BSpace BSpace 5 Enter
	await_screen '^filter: rst\.count_srv > 5$'
	await_screen '^10\.77\.3\.2 '
	refute shows '^10\.77\.1\.2 '
	keys / C-u Enter
	await_screen '^10\.77\.1\.2 '
	keys b b b
	await_screen 'by conversation'
	keys b
	await_screen 'by comm'
	await_screen '^nginx +2 '
	keys u
	await_screen 'interval by comm'
	keys u
	await_screen 'per second by comm'
	keys u B
	await_screen 'total by conversation'
	keys Space
	await_screen 'FROZEN'
	keys Space
	keys '?'
	await_screen 'Ctrl-L +draw anew'
	keys x
	await_screen 'total by conversation'
	keys C-c
	ended_cleanly 0
}

@test "sizes: 80x24, smaller, too small, larger again" {
	need_tmux
	netns_make
	top_start 80 24 TERM=vt100 -- --netns "$netns"
	await_screen 'q quit|\? help'
	tmux -L "$socket" resize-window -x 45 -y 12
	await_screen '^closetrace top '
	tmux -L "$socket" resize-window -x 20 -y 5
	await_screen 'too small'
	tmux -L "$socket" resize-window -x 120 -y 40
	await_screen 'q quit$'
	[ "$(screen | head -n 40 | awk 'length > 120' | wc -l)" = 0 ]
	keys q
	ended_cleanly 0
}

@test "the terminal is as before after every signal, also a crash" {
	need_tmux
	netns_make
	for signal in TERM HUP SEGV ABRT; do
		top_start 80 24 -- --netns "$netns"
		await_screen '^closetrace top '
		kill -$signal "$(pid_of_top)"
		case $signal in
		SEGV) ended_cleanly 139 ;;
		ABRT) ended_cleanly 134 ;;
		*) ended_cleanly 0 ;;
		esac
		server_pid=$(tmux -L "$socket" display-message -p '#{pid}')
		tmux -L "$socket" kill-server
		await 10 has_ended "$server_pid"
	done
}

# refused_with SENTENCE COMMAND: on a terminal, one sentence and status 2.
refused_with() {
	run script -qec "$2" /dev/null
	[ "$status" = 2 ] && [ "${#lines[@]}" = 1 ] && [[ ${lines[0]} == *"$1"* ]]
}

@test "a terminal that cannot: one sentence" {
	command -v script >/dev/null || skip "script is not installed"
	refused_with 'a terminal of 20x5 is too small' "stty cols 20 rows 5; TERM=xterm '$CLOSETRACE' top"
	refused_with 'TERM is not set' "unset TERM; '$CLOSETRACE' top"
	refused_with '"dumb" is unknown or cannot move its cursor' "TERM=dumb '$CLOSETRACE' top"
	refused_with '"nonsense" is unknown' "TERM=nonsense '$CLOSETRACE' top"
	refused_with 'did you mean rst_count?' "TERM=xterm '$CLOSETRACE' top --sort rst_cuont"
	run "$CLOSETRACE" top
	[ "$status" = 2 ]
	[[ ${lines[0]} == *"top needs a terminal"* ]]
}
