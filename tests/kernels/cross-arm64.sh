#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Does closetrace build for arm64? Both sides, on any Debian host: a cross compiler, and the
# libraries of Debian's arm64 in a folder of their own; the system's apt is not touched. What is
# built is not run: build/arm64/closetrace is for an arm64 host.
# Exit 0, 1 it does not build, 77 something is not obtainable, with the sentence.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/closetrace-arm64
root=$cache/root
packages="libbpf-dev libbpf1 libelf-dev libelf1 zlib1g-dev zlib1g libjansson-dev libjansson4
	libpcap0.8-dev libpcap0.8 libzstd-dev libzstd1 libncurses-dev libncursesw6 libtinfo6
	libsqlite3-dev libsqlite3-0 libmicrohttpd-dev libmicrohttpd12"

skip() { echo "skipped: $*" && exit 77; }

apt_private() {
	APT_CONFIG=$cache/apt.conf "$@"
}

libraries_fetch() {
	local package archive
	mkdir -p "$cache"/{lists/partial,archives/partial,root} && : >"$cache/status" || return
	cat >"$cache/apt.conf" <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Sandbox::User "root";
		Dir::State "$cache";
		Dir::State::status "$cache/status";
		Dir::Cache "$cache";
	END
	apt_private apt-get -qq update || return
	# One by one: the names of some differ between releases, and the linker says what it lacks.
	(cd "$cache/archives" && for package in $packages; do
		apt_private apt-get -qq download "$package" 2>/dev/null
	done)
	for archive in "$cache"/archives/*.deb; do
		dpkg-deb -x "$archive" "$root" || return
	done
	touch "$cache/complete"
}

command -v aarch64-linux-gnu-gcc >/dev/null ||
	skip "aarch64-linux-gnu-gcc is missing: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
[ -e "$cache/complete" ] || libraries_fetch || skip "the arm64 libraries cannot be fetched"
libs=$(sed -n 's/^LIBRARIES := //p' Makefile)
flags="-L$root/usr/lib/aarch64-linux-gnu -L$root/lib/aarch64-linux-gnu"
for library in $libs; do
	case $library in
	libbpf | libelf | libpcap | libzstd) flags+=" -l${library#lib}" ;;
	zlib) flags+=" -lz" ;;
	sqlite3) flags+=" -lsqlite3" ;;
	ncursesw) flags+=" -lncursesw -ltinfo" ;;
	*) flags+=" -l${library#lib}" ;;
	esac
done
make BUILD="$BUILD/arm64" CC=aarch64-linux-gnu-gcc BPF_ARCH=arm64 LIB_CFLAGS= \
	CPPFLAGS="-I$root/usr/include -I$root/usr/include/aarch64-linux-gnu" \
	LIBS="$flags -Wl,--unresolved-symbols=ignore-in-shared-libs" all || exit 1
case $(LC_ALL=C od -An -tx1 -j18 -N2 "$BUILD/arm64/closetrace" | tr -d ' ') in
b700) echo "$BUILD/arm64/closetrace: built for arm64" ;;
*) echo "$BUILD/arm64/closetrace is not for arm64" && exit 1 ;;
esac
