#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Over all endings of the battery: does the reason that the evidence tells agree with the one that
# the kernel names, and does the ledger with the kernel's counters? Prints the table of both reasons.

load helpers

BATTERY=${BATTERY:-$(dirname "$CLOSETRACE")/tests/e2e/battery}

part_make() { # part_make ID...
	"$BATTERY" --closetrace "$CLOSETRACE" --verbose --keep "$BATS_FILE_TMPDIR/part" "$@" 3>&- </dev/null \
		>"$BATS_FILE_TMPDIR/said" || :
}

# Where a softirq runs on top of a task that the kernel shows to no program, a RST in reply may be
# hidden, too, and nothing tells (docs/performance.md). So a part whose ledger differs is made once
# more; then it must be exact.
part_differs() {
	grep -E 'kernel: .* difference -?[1-9]' "$BATS_FILE_TMPDIR/said" | sed 's/^/# made once more: /'
	[ "${PIPESTATUS[0]}" = 0 ]
}

setup_file() {
	[ "$(id -u)" = 0 ] && [ -x "$BATTERY" ] || return 0
	# In parts: one closetrace for some 50 pairs of namespaces each, and a ledger for each.
	"$BATTERY" --list | awk '{ print $1 }' | sort -u | xargs -n 50 echo >"$BATS_FILE_TMPDIR/parts"
	while read -r part; do
		# shellcheck disable=SC2086 # words
		part_make $part
		# shellcheck disable=SC2086
		! part_differs >&3 || part_make $part
		cat "$BATS_FILE_TMPDIR/said" >>"$BATS_FILE_TMPDIR/tap"
		cat "$BATS_FILE_TMPDIR/part" >>"$BATS_FILE_TMPDIR/records"
	done <"$BATS_FILE_TMPDIR/parts"
	jq -r '[.verdict, .cause, (if .reason_source == "kernel" then .reason else "-" end),
		.reason_derived // "-"] | @tsv' "$BATS_FILE_TMPDIR/records" | sort | uniq -c |
		sed 's/^ *\([0-9]*\) /\1\t/' >"$BATS_FILE_TMPDIR/table"
}

setup() {
	common_setup
	need_root
	[ -x "$BATTERY" ] || skip "the battery was not built"
	[ -s "$BATS_FILE_TMPDIR/records" ] || { cat "$BATS_FILE_TMPDIR/tap" && return 1; }
}

teardown() {
	common_teardown
}

kernel_names_reasons() { # "of active resets": 6.12, of replies: 6.10
	[ "$(printf '%s\n%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

# Why both may differ and be right. Everything else is a mistake of one of the two.
# VERDICT CAUSE KERNEL DERIVED
explained() {
	case "$1 $2 $3 $4" in
	# Which segment did not fit is the kernel's secret.
	"local_bad_segment_rst "*" NOT_SPECIFIED") return 0 ;;
	# MPTCP resets a subflow for reasons of its own, beside what the peer did.
	"peer_reset "*" MPTCP_RST_"*" -") return 0 ;;
	"local_refused mptcp_subflow MPTCP_RST_"*) return 0 ;;
	esac
	return 1
}

# What closetrace said, without the parts in which state changes were hidden from it.
parts_shown_whole() {
	awk '/closetrace: ready/ { if (!hidden) printf "%s", part; part = ""; hidden = 0 }
		/not shown by the kernel/ { hidden = 1 }
		/closetrace said/ { part = part $0 "\n" }
		END { if (!hidden) printf "%s", part }' "$BATS_FILE_TMPDIR/tap"
}

@test "agreement: the kernel's reason and the derived one" {
	kernel_names_reasons 6.12 || skip "this kernel does not name its reasons"
	awk 'BEGIN { line = "# %7s  %-22s %-21s %-24s %s\n"; printf line, "records", "verdict", "cause", "kernel", "derived" }
		{ printf line, $1, $2, $3, $4, $5 }' "$BATS_FILE_TMPDIR/table" >&3
	[ "$(awk '$4 != "-"' "$BATS_FILE_TMPDIR/table" | wc -l)" -ge 8 ]
	bad=0
	while IFS=$'\t' read -r count verdict cause kernel derived; do
		[ "$kernel" = "$derived" ] || explained "$verdict" "$cause" "$kernel" "$derived" || {
			echo "$count records of $verdict/$cause: the kernel says $kernel, derived is $derived"
			bad=1
		}
	done <"$BATS_FILE_TMPDIR/table"
	[ $bad = 0 ]
}

@test "agreement: the ledger of all those endings and the kernel's counters" {
	grep 'closetrace said' "$BATS_FILE_TMPDIR/tap"
	[ "$(grep -c 'kernel: OutRsts .* difference' "$BATS_FILE_TMPDIR/tap")" = "$(wc -l <"$BATS_FILE_TMPDIR/parts")" ]
	refute grep -E 'add up|more RSTs were accepted' "$BATS_FILE_TMPDIR/tap"
	# Exact, unless the ledger itself says that the kernel did not show everything.
	refute grep -E 'kernel: .* difference -?[1-9]' <(parts_shown_whole)
}
