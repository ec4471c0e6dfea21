#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is told of options is what they do: every option that help lists is taken by its command, is
# in the man page and is offered by the shells, and nothing else is.

load helpers

setup_file() {
	export CLOSETRACE WORDS=$BATS_FILE_TMPDIR/words # "COMMAND NAME LETTER VALUE", - for none
	local command
	COMMANDS=$(commands) && export COMMANDS
	for command in $COMMANDS; do
		"$CLOSETRACE" help $command | awk -v command=$command '
		/^  (-., |    )--[a-z]/ {
			letter = $1 ~ /^-.,$/ ? substr($1, 2, 1) : "-"
			match($0, /--[a-z-]+/); name = substr($0, RSTART + 2, RLENGTH - 2)
			rest = substr($0, RSTART + RLENGTH)
			print command, name, letter, match(rest, /^ [^ ]+/) ? substr(rest, 2, RLENGTH - 1) : "-"
		}' >>"$WORDS"
	done
	[ "$(wc -l <"$WORDS")" -gt 60 ]
}

# said STATUS WORDS...: what the call printed on stderr.
said() {
	local status=0 wanted=$1
	shift
	timeout 20 "$CLOSETRACE" "$@" >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	[ $status = "$wanted" ] || { echo "status $status of: $*" && cat "$BATS_TEST_TMPDIR/err" && return 1; }
	cat "$BATS_TEST_TMPDIR/err"
}

@test "options: every option of help is one of its command, in both spellings" {
	local command name letter value
	while read -r command name letter value; do
		if [ "$value" = - ]; then
			[ "$(said 0 $command --$name --help)" = "" ]
			[ "$letter" = - ] || [ "$(said 0 $command -$letter --help)" = "" ]
		else
			[[ $(said 2 $command --$name) == "closetrace: --$name needs a value: --$name $value" ]]
			[ "$letter" = - ] || [[ $(said 2 $command -$letter) == "closetrace: --$name needs"* ]]
		fi
	done <"$WORDS"
}

@test "options: what belongs to another command is sent there" {
	local command name owner others
	while read -r name; do
		owner=$(grep -m 1 " $name " "$WORDS" | cut -d ' ' -f 1)
		for command in version doctor trace; do
			! grep -q "^$command $name " "$WORDS" || continue
			others=$(said 2 $command --$name 1)
			[[ $others == "closetrace: --$name is an option of "*": closetrace $owner --$name"* ]]
		done
	done < <(cut -d ' ' -f 2 "$WORDS" | sort -u)
}

@test "options: an example of help is a call that is understood" {
	local command example
	for command in $COMMANDS; do
		while read -r example; do
			eval "set -- ${example#closetrace}"
			[ "$(said 0 "$@" --help)" = "" ]
		done < <("$CLOSETRACE" help $command | sed -n '/^Examples:/,/^$/s/^  \(closetrace[^ ]*\( [^ ]\+\)*\).*/\1/p')
	done
}

@test "options: help without a command is a glance" {
	"$CLOSETRACE" help >"$BATS_TEST_TMPDIR/out"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -le 12 ]
	[ "$(grep -c '^  closetrace' "$BATS_TEST_TMPDIR/out")" = 5 ]
	[ "$(wc -L <"$BATS_TEST_TMPDIR/out")" -le 100 ]
}

# completed WORD...: what bash offers for the last one, which may be empty.
completed() {
	CLOSETRACE=$CLOSETRACE bash -c '. <("$CLOSETRACE" help --completion bash)
		COMP_WORDS=(closetrace "$@") COMP_CWORD=$#
		_closetrace
		printf "%s\n" "${COMPREPLY[@]}"' - "$@" | sort
}

@test "options: bash offers the options of each command" {
	local command
	for command in $COMMANDS; do
		awk -v command=$command '$1 == command { print "--" $2; if ($3 != "-") print "-" $3 }' "$WORDS" |
			sort >"$BATS_TEST_TMPDIR/wanted"
		completed $command - | diff "$BATS_TEST_TMPDIR/wanted" -
	done
	completed --s | diff <(printf '%s\n' --stacks --storm-rate) - # trace is the default
}

@test "options: bash offers commands, words, lists and files" {
	completed fl | diff <(echo flows) -
	completed flows --by cl | diff <(echo client) -
	completed flows --by client,server_ | diff <(echo client,server_port) -
	completed trace --hook = xdp- | diff <(printf '%s\n' xdp-generic xdp-native) -
	completed trace --columns why,cau | diff <(echo why,cause) -
	completed trace -o nd | diff <(echo ndjson) -
	completed flows -o z | diff <(echo) -
	completed -i l | grep -qx lo
	completed explain local_app_a | diff <(echo local_app_abort) -
	completed help --completion z | diff <(echo zsh) -
	cd "$BATS_TEST_TMPDIR" && touch one.pcap
	completed replay one | diff <(echo one.pcap) -
	completed trace -w one | diff <(echo one.pcap) -
}

@test "options: zsh is told the same" {
	"$CLOSETRACE" help --completion zsh >"$BATS_TEST_TMPDIR/_closetrace"
	command -v zsh >/dev/null || skip "zsh is not installed"
	zsh -f -n "$BATS_TEST_TMPDIR/_closetrace"
	local command
	for command in $COMMANDS; do
		# _arguments as it is called, instead of what zsh makes of it.
		zsh -f -c '_arguments() { print -rl -- "$@"; }; _describe() { }; _files() { }
			words=(closetrace '$command' -) CURRENT=3; . "$1"' - "$BATS_TEST_TMPDIR/_closetrace" |
			sed -nE "s/^(\*|\([^)]*\))?(--?[a-z0-9-]+)\[.*/\2/p" | sort >"$BATS_TEST_TMPDIR/found"
		awk -v command=$command '$1 == command { print "--" $2; if ($3 != "-") print "-" $3 }' "$WORDS" |
			sort | diff - "$BATS_TEST_TMPDIR/found"
	done
}

@test "options: make install puts program, man page and completions where they are looked for" {
	local to=$BATS_TEST_TMPDIR/to file
	env -u MAKEFLAGS make -s -C "$BATS_TEST_DIRNAME/../.." install-built BUILD="$(dirname "$CLOSETRACE")" DESTDIR="$to" PREFIX=/usr
	for file in bin/closetrace share/man/man8/closetrace.8 share/bash-completion/completions/closetrace \
		share/zsh/site-functions/_closetrace; do
		[ -s "$to/usr/$file" ]
	done
	"$CLOSETRACE" help --completion bash | diff "$to/usr/share/bash-completion/completions/closetrace" -
	refute grep -n '^@' "$to/usr/share/man/man8/closetrace.8"
}
