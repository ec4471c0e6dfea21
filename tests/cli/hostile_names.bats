#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names that others give, wherever they are printed: none drives the terminal, begins a line, or
# breaks a form.

load helpers

# An interface's has no space and no slash, and at most 15 bytes; the others have a line of their own.
interface=$'x\033[31m\302\233"\\\''
evil=$'e\033]0;pwn\007\nclosetrace: forged\r\302\233\342\200\256\377"\\'

setup() {
	common_setup
	need_root
	netns_make
	folder=$BATS_TEST_TMPDIR/f
	mkdir "$folder"
	ip -n "$netns" link add "$interface" type veth peer name cty0
	ip -n "$netns" link set "$interface" up
	ip -n "$netns" link set cty0 up
	touch "/run/netns/$evil"
	mount --bind "/run/netns/$netns" "/run/netns/$evil"
}

teardown() {
	umount "/run/netns/$evil"
	rm -f "/run/netns/$evil"
	[ -z "${cgroup:-}" ] || rmdir "$cgroup"
	common_teardown
}

# harmless FILE...: no control but the ends of lines (and what csv writes), no C1, no bidi, valid UTF-8, no forged line.
harmless() {
	local file
	for file; do
		[ -s "$file" ] || continue
		python3 - "$file" <<-'END' || { echo "in $file:" && cat -v "$file" && return 1; }
			import sys, unicodedata
			text = open(sys.argv[1], "rb").read().decode("utf-8")
			text = text.replace("\r\n", "\n") if sys.argv[1].endswith("csv.out") else text # RFC 4180
			bad = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
			assert not bad, bad
			assert not any(line.startswith("closetrace: forged") for line in text.split("\n"))
		END
	done
}

# said COMMAND...: what it prints is harmless, whatever becomes of it.
said() {
	timeout 30 "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- </dev/null || :
	cat -v "$BATS_TEST_TMPDIR/err"
	harmless "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"
}

@test "hostile names: doctor names interfaces and namespaces" {
	said "$CLOSETRACE" doctor
	grep -Fq 'x\x1b[31m\u{009b}"\\' "$BATS_TEST_TMPDIR/out"
	said "$CLOSETRACE" doctor --debug
	said "$CLOSETRACE" doctor --clean
	said "$CLOSETRACE" doctor --cost -d 1s --netns "$netns"
}

@test "hostile names: messages about what does not exist" {
	local name
	for name in "$evil" "$interface"; do
		said "$CLOSETRACE" "$name"
		said "$CLOSETRACE" trace --netns "$netns" -i "$name.x" -d 1s
		said "$CLOSETRACE" trace --netns "$name.x"
		said "$CLOSETRACE" trace --hook "$name"
		said "$CLOSETRACE" trace -o "$name"
		said "$CLOSETRACE" trace -o "ndjson:/$name/x" --netns "$netns"
		said "$CLOSETRACE" trace -w "/$name/x" --netns "$netns"
		said "$CLOSETRACE" trace -f "comm = $name"
		said "$CLOSETRACE" trace -f "$name = 1"
		said "$CLOSETRACE" trace --explain-filter -f "comm = \"${name//[\"\\]/}\""
		said "$CLOSETRACE" trace --zones "/$name"
		said "$CLOSETRACE" trace --container "$name" --netns "$netns" -d 1s
		said "$CLOSETRACE" "trace" "--$name"
		said "$CLOSETRACE" explain "$name"
		said "$CLOSETRACE" help "$name"
		said "$CLOSETRACE" replay "/$name"
		said "$CLOSETRACE" flows --by "$name"
	done
}

@test "hostile names: files that are no captures, and no zones" {
	printf 'no capture' >"$folder/${evil//\//}"
	said "$CLOSETRACE" replay "$folder/${evil//\//}"
	said "$CLOSETRACE" replay "$folder"
	printf '%s 10.0.0.0/8\n%s\n' "$evil" "$evil" >"$folder/zones"
	said "$CLOSETRACE" replay --zones "$folder/zones" "$folder/${evil//\//}"
}

@test "hostile names: an ending on such an interface, of such a program, in such a cgroup, in every form" {
	local root form comm
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	comm=$'c\033[31m\r\n\302\233"'
	ip -n "$netns" addr add 198.18.70.1/24 dev "$interface"
	ip -n "$netns" route add 198.18.71.0/24 via 198.18.70.2
	for form in table wide ndjson csv; do
		closetrace_start $form trace -a -o $form --netns "$netns" --debug
	done
	closetrace_start flows flows --netns "$netns" --by comm,interface,container
	if [ -n "$root" ]; then
		cgroup=${evil//\//}
		cgroup=$root/${cgroup//$'\n'/}
		mkdir "$cgroup"
	fi
	ln -s "$(command -v bash)" "$folder/$comm"
	(
		[ -z "$cgroup" ] || echo "$BASHPID" >"$cgroup/cgroup.procs"
		ip netns exec "$netns" "$folder/$comm" -c 'exec 4<>/dev/tcp/127.0.0.1/1' 2>/dev/null || :
		ip netns exec "$netns" "$folder/$comm" -c 'exec 4<>/dev/tcp/198.18.70.1/1' 2>/dev/null || :
	)
	await_records ndjson 2
	for form in table wide ndjson csv flows; do
		closetrace_stop $form
		harmless "$BATS_TEST_TMPDIR/$form.out" "$BATS_TEST_TMPDIR/$form.err"
	done
	jq -es 'all(.[]; type == "object")' "$BATS_TEST_TMPDIR/ndjson.out"
	jq -es --arg comm "${comm:0:15}" 'any(.[]; (.comm // "") | startswith("c\u001b[31m"))' "$BATS_TEST_TMPDIR/ndjson.out"
}
