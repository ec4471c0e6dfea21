#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Differential: conn_state, history and packets of real captures, against what Zeek says of them.
# The captures are not part of the tree.

load helpers

# Beside the top of the tree, or of the repository that a worktree belongs to.
captures() {
	local top common folder
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	common=$(git -C "$top" rev-parse --git-common-dir 2>/dev/null) || common=$top/.git
	for folder in ${CLOSETRACE_CAPTURES:+"$CLOSETRACE_CAPTURES"} "$top/../shared/captures" "$top/../../shared/captures" \
		"$common/../../shared/captures"; do
		[ -e "$folder/EXPECTED.tsv" ] && realpath "$folder" && return
	done
	return 1
}

@test "zeek: every difference has a reason" {
	folder=$(captures) || skip "no captures beside the tree"
	run python3 "$BATS_TEST_DIRNAME/zeek_compare.py" "$CLOSETRACE" "$folder" "$BATS_TEST_DIRNAME/zeek-known.tsv"
	echo "$output"
	[ "$status" = 0 ]
}

@test "zeek: a wrong expectation is found" {
	folder=$(captures) || skip "no captures beside the tree"
	mkdir "$BATS_TEST_TMPDIR/c"
	ln -s "$folder/zeek" "$BATS_TEST_TMPDIR/c/zeek"
	sed 's/\tRSTOS0\t/\tSF\t/' "$folder/EXPECTED.tsv" > "$BATS_TEST_TMPDIR/c/EXPECTED.tsv"
	run python3 "$BATS_TEST_DIRNAME/zeek_compare.py" "$CLOSETRACE" "$BATS_TEST_TMPDIR/c" "$BATS_TEST_DIRNAME/zeek-known.tsv"
	[ "$status" != 0 ]
	grep -q 'conn_state.*SF.*RSTOS0' <<< "$output"
}

@test "zeek: SYN, FIN and RST are those of tshark in every capture without tunnels" {
	folder=$(captures) || skip "no captures beside the tree"
	command -v tshark >/dev/null || skip "tshark is not installed"
	python3 "$BATS_TEST_DIRNAME/tshark_compare.py" "$CLOSETRACE" $(find "$folder/zeek" -name '*.pcap*' -not -path '*/tunnels/*' \
		-not -name 'retransmit-timeout.pcapng' -not -name 'optional-service-name.pcap')
}
