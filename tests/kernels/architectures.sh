# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Sourced: the one table of the kinds of guests.

# guest_kind_set KERNEL, which is [KIND-]LINE[:ARGUMENT], kind amd64 where none is named. Sets
# line, arguments, architecture (Debian's name for it), flavour (of Debian's kernels), how the guest is
# run, and what the names of the compiler and its like begin with on an amd64 host.
#
# pauth-impdef: the architecture's own algorithm for signed pointers is slow under tcg.
guest_kind_set() {
	local kind=amd64
	line=${1%%:*} arguments=""
	case $1 in *:*) arguments=${1#*:} ;; esac
	case $line in *-*) kind=${line%-*} line=${line##*-} ;; esac
	case $kind in
	amd64) flavour=cloud-amd64 ;;
	arm64) flavour=cloud-arm64 ;;
	arm64-16k) flavour=arm64-16k ;; # pages of 16 KB
	*) return 1 ;;
	esac
	architecture=${kind%%-*}
	case $architecture in
	amd64) qemu=qemu-system-x86_64 machine="-M pc -cpu max" console=ttyS0 tools="" ;;
	arm64)
		qemu=qemu-system-aarch64 machine="-M virt -cpu max,pauth-impdef=on"
		console=ttyAMA0 tools=aarch64-linux-gnu- ;;
	esac
}

# The file name of a kernel's label.
label_of() {
	echo "${1//[:\/]/_}"
}
