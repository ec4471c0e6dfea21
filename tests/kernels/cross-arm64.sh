#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Build closetrace, and all that runs in the guests, for arm64 on an amd64 host: `make guests` with
# Debian's cross compiler, and with the libraries of Debian's arm64 as a tree in a folder of their
# own. What is built is in $BUILD/arm64; nothing of it is run here.
# Exit 0, 1 it does not build, 77 something is not obtainable, with the sentence.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/closetrace-kernels
# shellcheck source=tests/kernels/architectures.sh
. tests/kernels/architectures.sh
# shellcheck source=tests/kernels/debian-packages.sh
. tests/kernels/debian-packages.sh
guest_kind_set arm64-latest
packages="libbpf-dev libelf-dev zlib1g-dev libjansson-dev libpcap-dev libzstd-dev
	libncurses-dev uthash-dev libcmocka-dev"

skip() { echo "skipped: $*" && exit 77; }

command -v "${tools}gcc" >/dev/null || skip "${tools}gcc is missing: packaging/install-deps arm64"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
tree=$(packages_tree build $packages 2>"$log") ||
	skip "the libraries of arm64 cannot be fetched: $(tail -n 1 "$log")"
export PKG_CONFIG_SYSROOT_DIR=$tree PKG_CONFIG_LIBDIR=$tree/usr/lib/aarch64-linux-gnu/pkgconfig:$tree/usr/share/pkgconfig
make BUILD="$BUILD/arm64" CC="${tools}gcc --sysroot=$tree" AR="${tools}ar" BPF_ARCH=arm64 \
	guests || exit 1
# What is linked to libraries finds them beside it.
rm -rf "$BUILD/arm64/lib" && mkdir -p "$BUILD/arm64/lib" || exit 1
for library in $(tree_libraries "$tree" "$BUILD"/arm64/tests/guest/*); do
	cp -L "$tree$library" "$BUILD/arm64/lib/" || exit 1
done
case $(LC_ALL=C od -An -tx1 -j18 -N2 "$BUILD/arm64/closetrace-static" | tr -d ' ') in
b700) echo "$BUILD/arm64: built for arm64" ;;
*) echo "$BUILD/arm64/closetrace-static is not for arm64" && exit 1 ;;
esac
