#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Boot Debian cloud kernels in qemu and run a payload directory on each of them.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/closetrace-kernels
# shellcheck source=tests/kernels/architectures.sh
. "$here/architectures.sh"
# shellcheck source=tests/kernels/debian-packages.sh
. "$here/debian-packages.sh"
# shellcheck source=tests/kernels/kernel-packages.sh
. "$here/kernel-packages.sh"

usage() {
	cat <<-END
		usage: kernel-matrix.sh -p PAYLOADS -o OUT [-k KERNELS] [-r KERNELS] [-j JOBS]
		                        [-t SECONDS]
		  -k  kernels, default "5.10 6.1 6.12 6.18 latest"; arm64-NAME is the same for
		      another architecture, arm64-16k-NAME with pages of 16 KB; NAME:ARGUMENT adds ARGUMENT to the command line
		  -r  kernels whose skip is a failure
		  -t  longest life of a guest, default 180
		PAYLOADS/ARCHITECTURE/run (amd64, arm64) runs as root in the guest. Its status is
		the verdict, 77 means skipped; what it leaves in out/ comes back in OUT/KERNEL/.
		Status: 0, 1 a failure, 2 usage, 77 nothing ran.
	END
}

tools_missing() {
	local tool
	[ "$(uname -m)" = x86_64 ] || echo -n " an x86_64 host"
	for tool in busybox cpio gzip xz zstd apt-get dpkg-deb flock; do
		command -v "$tool" >/dev/null || echo -n " $tool"
	done
	for tool in /sbin/ip /sbin/tc /usr/sbin/nft /usr/bin/ss; do
		[ -x "$tool" ] || echo -n " $tool"
	done
	[ -r "$keyring" ] || echo -n " debian-archive-keyring"
}

# A program of this machine, or of the tree if there is one, at the same path in the guest, with all
# libraries that it needs.
program_copy() {
	local root=$1 program=$2 library libraries
	mkdir -p "$root${program%/*}" && cp -L "$tree$program" "$root$program" || return
	[ -n "$tree" ] && libraries=$(tree_libraries "$tree" "$tree$program") ||
		libraries=$(ldd "$program" | grep -oE '/[^ )]+')
	for library in $libraries; do
		mkdir -p "$root${library%/*}" && cp -L "$tree$library" "$root$library" || return
	done
}

initramfs_build() {
	local kernel=$1 root=$2 image=$3 program busybox
	mkdir -p "$root"/{bin,sbin,proc,sys,dev,run,tmp,etc,modules,payload} || return
	[ -n "$tree" ] && busybox=$tree/bin/busybox || busybox=$(command -v busybox)
	cp "$busybox" "$root/bin/busybox" && ln -s busybox "$root/bin/sh" || return
	for program in /sbin/ip /sbin/tc /usr/sbin/nft /usr/bin/ss; do
		program_copy "$root" "$program" || return
	done
	cp "$here/guest-init" "$root/init" && cp "$kernel"/modules/* "$root/modules/" || return
	cp -rL "$payloads/$architecture/." "$root/payload/" || return
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$image"
}

# Always tcg: where /dev/kvm opens and does not work, qemu does not fall back and the guest hangs.
# One processor: patching code across processors is not reliable under tcg.
guest_run() {
	local kernel=$1 out=$2 arguments=$3 pid status
	rm -f "$out/console" "$out/out.tar"
	# shellcheck disable=SC2086
	timeout -k 5 "$limit" $qemu $machine -accel tcg,thread=multi -smp 1 -m 768 \
		-nodefaults -no-user-config -display none -no-reboot -serial "file:$out/console" \
		-device virtio-serial-pci -chardev "file,id=out,path=$out/out.tar" \
		-device virtserialport,chardev=out,name=out -kernel "$kernel/vmlinuz" \
		-initrd "$work/$label/initramfs" -append "console=$console quiet panic=-1 $arguments" \
		</dev/null >"$out/qemu" 2>&1 &
	pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid; exit 1" TERM
	wait "$pid"
	status=$?
	tr -d '\r' <"$out/console" >"$out/console.text" && mv "$out/console.text" "$out/console"
	return $status
}

console_field() {
	awk -v mark="$2" -v n="$3" '$1 == mark { print $n; exit }' "$1/console"
}

# From what the guest said to one line: PASS, SKIP or FAIL, the kernel, the reason.
guest_verdict() {
	local out=$1 version=$2 status=$3 boot exit_status warning times
	boot=$(console_field "$out" matrix-boot 2)
	exit_status=$(console_field "$out" matrix-exit 2)
	warning=$(sed -n 's/^matrix-warning //p' "$out/console")
	times="boot $boot s, payload $(awk -v a="$boot" -v b="$(console_field "$out" matrix-exit 3)" \
		'BEGIN { printf "%.1f", b - a }') s"
	if [ -z "$boot" ]; then
		echo "FAIL $version did not boot:" \
			"$(tail -qn 1 "$out/qemu" "$out/console" | tail -n 1)"
	elif [ -z "$exit_status" ] && [ "$status" = 124 ]; then
		echo "FAIL $version timeout after $limit s"
	elif [ -z "$exit_status" ]; then
		echo "FAIL $version no exit line:" \
			"$(grep -m1 -E 'panic|Oops|BUG' "$out/console")"
	elif [ -n "$warning" ]; then
		echo "FAIL $version kernel warning: $warning"
	elif [ "$exit_status" = 77 ]; then
		echo "SKIP $version the payload skipped, $times"
	elif [ "$exit_status" != 0 ]; then
		echo "FAIL $version rc=$exit_status, $times"
	else
		echo "PASS $version $times"
	fi
}

# The error that says most: apt's last one only counts the others.
apt_error() {
	{ grep '^E: Failed' "$1/apt" || tail -n 1 "$1/apt"; } | head -n 1
}

# What the guest of a kernel is made of: sets tree, kernel and note, or prints why not.
guest_prepare() {
	local out=$1 status
	tree="" note=""
	if ! command -v "$qemu" >/dev/null; then
		echo "$qemu is missing"
	elif ! [ -x "$payloads/$architecture/run" ]; then
		echo "no payload for $architecture"
	elif [ "$architecture" != "$(dpkg --print-architecture)" ] &&
		! tree=$(packages_tree guest busybox-static iproute2 nftables 2>"$out/apt"); then
		echo "programs of $architecture not obtainable: $(apt_error "$out")"
	else
		kernel=$(kernel_fetch "$line" 2>"$out/apt")
		status=$?
		[ $status = 3 ] && note=", from the cache: $(apt_error "$out")"
		[ -n "$kernel" ] || echo "kernel not obtainable: $(apt_error "$out")"
	fi
}

# One kernel from download to verdict, which goes to OUT/LABEL/verdict.
kernel_run() {
	local line arguments architecture flavour tools qemu machine console tree kernel="" note out status began verdict
	guest_kind_set "$1"
	out=$outputs/$label
	rm -rf "$out" && mkdir -p "$out" "$work/$label" || return
	guest_prepare "$out" >"$out/lacking"
	if [ -z "$kernel" ]; then
		echo "SKIP $1 $(cat "$out/lacking")" >"$out/verdict"
		return
	fi
	if ! initramfs_build "$kernel" "$work/$label/root" "$work/$label/initramfs" \
		2>"$out/qemu"; then
		echo "FAIL $1 no initramfs: $(tail -n 1 "$out/qemu")" >"$out/verdict"
		return
	fi
	began=$(date +%s%N)
	for attempt in 1 2; do
		guest_run "$kernel" "$out" "kernel_name=$1 ${arguments//:/ }"
		status=$?
		# A guest that never reached /init has not run the payload; that runs once.
		[ -n "$(console_field "$out" matrix-boot 2)" ] && break
		note+=", attempt $attempt did not boot"
	done
	[ -s "$out/out.tar" ] && tar -xf "$out/out.tar" -C "$out" && rm "$out/out.tar"
	verdict=$(guest_verdict "$out" "$(sed 's/[-+~].*//' "$kernel/version")" $status)
	echo "$verdict${arguments:+, $arguments}, guest $((($(date +%s%N) - began) / 1000000)) ms," \
		"${kernel##*/} $(cat "$kernel/version")$note" >"$out/verdict"
}

# Print a kernel's verdict; a required kernel has no right to be skipped.
verdict_print() {
	local name=$1 verdict
	verdict=$(cat "$outputs/$label/verdict" 2>/dev/null || echo "FAIL $name no verdict")
	case " $required " in *" $name "*) verdict=${verdict/#SKIP/FAIL (required)} ;; esac
	echo "$verdict" | tee "$outputs/$label/verdict"
}

main() {
	local kernels="5.10 6.1 6.12 6.18 latest" kernel jobs=2 missing line arguments
	local architecture flavour tools qemu machine console
	payloads="" outputs="" required="" limit=180
	while getopts p:k:r:o:j:t:h option; do
		case $option in
		p) payloads=$OPTARG ;; o) outputs=$OPTARG ;;
		k) kernels=$OPTARG ;; r) required=$OPTARG ;;
		j) jobs=$OPTARG ;; t) limit=$OPTARG ;;
		h) usage && exit 0 ;; *) usage >&2 && exit 2 ;;
		esac
	done
	if ! [ -d "$payloads" ] || [ -z "$outputs" ]; then usage >&2 && exit 2; fi
	for kernel in $kernels $required; do
		guest_kind_set "$kernel" && kernel_suites "$line" >/dev/null && continue
		echo "kernel-matrix.sh: no suite is known for kernel $kernel" >&2
		exit 2
	done
	missing=$(tools_missing)
	if [ -n "$missing" ]; then
		echo "SKIP all kernels, missing:$missing"
		[ -z "$required" ] && exit 77 || exit 1
	fi
	work=$(mktemp -d) && mkdir -p "$cache" "$outputs" || exit 1
	# shellcheck disable=SC2046
	trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
	for kernel in $kernels; do
		[ "$(jobs -rp | wc -l)" -lt "$jobs" ] || wait -n
		label=$(label_of "$kernel")
		{ kernel_run "$kernel"; verdict_print "$kernel"; } &
	done
	wait
	for kernel in $kernels; do
		cat "$outputs/$(label_of "$kernel")/verdict"
	done >"$outputs/verdicts"
	grep -q '^FAIL' "$outputs/verdicts" && exit 1
	grep -q '^PASS' "$outputs/verdicts" || exit 77
}

main "$@"
