#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Run closetrace on other kernels: run.sh [KERNEL...], default: see below.
#
# Prints the TAP of every guest as one, and "N passed, N failed, N skipped" last. STRICT=1 (the
# default when CI=true): 6.1 and 6.12 must be obtainable; the others may come and go with their
# suites. GUEST_BATTERY=0 leaves the battery out. Status 0, 1, or 77 when nothing ran.
# What the guests said stays in $BUILD/tests/kernels/out/KERNEL/.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
STRICT=${STRICT:-0}
[ "${CI:-}" = true ] && STRICT=1
CC=${CC:-cc}
built=$BUILD/tests/kernels
kernels=${*:-5.10 6.1 6.12 6.12:lockdown=confidentiality 6.18 latest}

# The programs of the tiers bpf and parity, without the sanitizers, and the libraries they need.
tier_add() {
	local test library
	mkdir -p "$built/payload/tier" "$built/payload/lib" || return
	for test in "$BUILD"/tests/guest/*; do
		[ -x "$test" ] || continue
		cp "$test" "$built/payload/tier/" || return
		for library in $(ldd "$test" | grep -oE '/[^ )]+'); do
			cp -L "$library" "$built/payload/lib/" || return
		done
	done
	strip "$built"/payload/tier/* 2>/dev/null || :
}

payload_build() {
	local name
	rm -rf "$built/payload" && mkdir -p "$built/payload" || return
	for name in endings attached; do
		$CC -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wmissing-prototypes \
			-Wstrict-prototypes -static -o "$built/payload/$name" \
			"tests/kernels/payload/$name.c" || return
	done
	cp tests/kernels/payload/run "$built/payload/run" || return
	cp "$BUILD/closetrace-static" "$built/payload/closetrace" || return
	strip "$built/payload/closetrace" 2>/dev/null
	cp -r tests/kernels/features tests/kernels/rows "$built/payload/" || return
	[ "${GUEST_BATTERY:-1}" != 0 ] && [ -x "$BUILD/tests/e2e/battery-static" ] || return 0
	cp "$BUILD/tests/e2e/battery-static" "$built/payload/battery" && tier_add || return
	limit=2400
}

# One kernel's TAP with the kernel in front, and its verdict as the last case: a guest that stopped
# half way has written no failing line.
kernel_tap() {
	local kernel=$1 out=$built/out/${1//[:\/]/_} verdict
	verdict=$(cat "$out/verdict" 2>/dev/null || echo "FAIL $kernel no verdict")
	[ -e "$out/tap" ] && sed -nE "s/^(ok|not ok) [0-9]+ - /\1 - $kernel: /p; /^#/p" "$out/tap"
	case $verdict in
	PASS*) echo "ok - $kernel: ${verdict#PASS }" ;;
	SKIP*) echo "ok - $kernel # SKIP ${verdict#SKIP }" ;;
	*)
		echo "not ok - $kernel: ${verdict#FAIL }"
		# The cases above say why, unless the guest did not come to its end.
		grep -qs '^matrix-exit' "$out/console" ||
			tail -n 20 "$out/console" "$out/qemu" "$out/apt" 2>/dev/null | sed 's/^/# /'
		;;
	esac
}

tap_renumber() {
	awk '
	/^ok / { number++; sub(/^ok/, "ok " number); if (/# SKIP/) skipped++; else passed++ }
	/^not ok / { number++; failed++; sub(/^not ok/, "not ok " number) }
	{ print }
	END {
		print "1.." number + 0
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed ? 1 : passed ? 0 : 77
	}'
}

if ! [ -x "$BUILD/closetrace-static" ]; then
	echo "$BUILD/closetrace-static is missing: make static" >&2
	[ "$STRICT" = 1 ] && exit 1
	exit 77
fi
limit=300
payload_build || exit 1
required=""
if [ "$STRICT" = 1 ]; then
	for kernel in $kernels; do
		case $kernel in
		6.1 | 6.12) required+=" $kernel" ;;
		esac
	done
fi
tests/kernels/kernel-matrix.sh -p "$built/payload" -o "$built/out" -k "$kernels" -r "$required" \
	-j "${JOBS:-2}" -t "${KERNEL_TIMEOUT:-$limit}" >&2
[ $? = 2 ] && exit 1
for kernel in $kernels; do kernel_tap "$kernel"; done | tap_renumber
