# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Sourced: the one table of the architectures that a guest may have.

# architecture_set KERNEL, which is [ARCHITECTURE-]LINE[:ARGUMENT], amd64 where none is named. Sets
# architecture (Debian's name for it), line, arguments, and how the guest is run. pauth-impdef: the
# architecture's own algorithm for signed pointers is slow under tcg. tools: what the names of the
# compiler and its like begin with on an amd64 host.
architecture_set() {
	line=${1%%:*} arguments=""
	case $1 in *:*) arguments=${1#*:} ;; esac
	architecture=amd64
	case $line in *-*) architecture=${line%%-*} line=${line#*-} ;; esac
	case $architecture in
	amd64) qemu=qemu-system-x86_64 machine="-M pc -cpu max" console=ttyS0 tools="" ;;
	arm64)
		qemu=qemu-system-aarch64 machine="-M virt -cpu max,pauth-impdef=on"
		console=ttyAMA0 tools=aarch64-linux-gnu- ;;
	*) return 1 ;;
	esac
}

# The file name of a kernel's label.
label_of() {
	echo "${1//[:\/]/_}"
}
