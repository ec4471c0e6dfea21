#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Run closetrace on other kernels: run.sh [KERNEL...|all], default: see below. All: with those of arm64,
# for which cross-arm64.sh builds.
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
built=$BUILD/tests/kernels
kernels="5.10 6.1 6.12 6.12:lockdown=confidentiality 6.18 latest"
case $* in
"") ;;
all) kernels+=" arm64-6.1 arm64-6.12 arm64-6.18 arm64-latest arm64-16k-6.12" ;;
*) kernels=$* ;;
esac
# shellcheck source=tests/kernels/architectures.sh
. tests/kernels/architectures.sh

# The programs of the tiers bpf and parity, without the sanitizers, and the libraries they need.
tier_add() {
	local payload=$1 product=$2 test library
	mkdir -p "$payload/tier" "$payload/lib" || return
	for test in "$product"/tests/guest/*; do
		[ -x "$test" ] || continue
		cp "$test" "$payload/tier/" || return
		[ -d "$product/lib" ] && continue
		for library in $(ldd "$test" | grep -oE '/[^ )]+'); do
			cp -L "$library" "$payload/lib/" || return
		done
	done
	[ ! -d "$product/lib" ] || cp -r "$product/lib" "$payload/" || return
	"${tools}strip" "$payload"/tier/* 2>/dev/null || :
}

# payload_build ARCHITECTURE: from what is built for it, in PRODUCT.
payload_build() {
	local payload=$built/payloads/$1 product=$2 program
	mkdir -p "$payload" || return
	cp -r tests/kernels/features tests/kernels/rows tests/kernels/payload/run "$payload/" || return
	for program in closetrace-static tests/kernels/{endings,attached} tests/e2e/battery-static; do
		case $program in *battery*)
			[ "${GUEST_BATTERY:-1}" != 0 ] && [ -x "$product/$program" ] || continue
			limit=2400 ;;
		esac
		cp "$product/$program" "$payload/$(basename "$program" -static)" || return
	done
	"${tools}strip" "$payload"/{closetrace,battery} 2>/dev/null
	! [ -e "$payload/battery" ] || tier_add "$payload" "$product"
}

# One kernel's TAP with the kernel in front, and its verdict as the last case: a guest that stopped
# half way has written no failing line.
kernel_tap() {
	local kernel=$1 out verdict
	out=$built/out/$(label_of "$1")
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

limit=300
rm -rf "$built/payloads"
for kernel in $kernels; do
	guest_kind_set "$kernel" || { echo "run.sh: no such guest is known for $kernel" >&2; exit 1; }
	[ "$architecture" = amd64 ] && product=$BUILD || product=$BUILD/$architecture
	if [ -x "$product/closetrace-static" ]; then
		[ -d "$built/payloads/$architecture" ] || payload_build "$architecture" "$product" || exit 1
	else
		echo "$kernel: $product/closetrace-static is missing: make test-kernels builds it" >&2
	fi
done
mkdir -p "$built/payloads"
required=""
if [ "$STRICT" = 1 ]; then
	for kernel in $kernels; do
		case $kernel in
		6.1 | 6.12) required+=" $kernel" ;;
		esac
	done
fi
tests/kernels/kernel-matrix.sh -p "$built/payloads" -o "$built/out" -k "$kernels" -r "$required" \
	-j "${JOBS:-2}" -t "${KERNEL_TIMEOUT:-$limit}" >&2
[ $? = 2 ] && exit 1
for kernel in $kernels; do kernel_tap "$kernel"; done | tap_renumber
