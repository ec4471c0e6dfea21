# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by kernel-matrix.sh after debian-packages.sh: gets Debian kernels as packages and keeps
# only vmlinuz and the modules below. Knows nothing of guests and payloads.

# The caller sets `flavour` ("cloud-amd64") beside what debian-packages.sh wants.

# crc32c_generic comes first: the older nf_tables find it by alias and not as a dependency.
readonly kernel_modules="crc32c_generic virtio_pci virtio_console veth dummy ifb bridge 8021q
	sch_ingress sch_netem cls_bpf inet_diag tcp_diag nf_conntrack nf_tables nft_ct nft_counter
	nft_reject nft_reject_inet nft_reject_ipv4 nft_reject_ipv6 nf_reject_ipv4 nf_reject_ipv6"

# Suites in which a kernel line is looked for, in this order.
kernel_suites() {
	case $1 in
	5.10) echo bullseye-security bullseye ;;
	6.1) echo bookworm-security bookworm ;;
	6.12) echo trixie-security trixie bookworm-security ;;
	6.16 | 6.17 | 6.18) echo trixie-backports ;;
	latest) echo trixie-backports sid ;;
	*) return 1 ;;
	esac
}

# Releases ("6.1.0-56-cloud-amd64") of a line that a suite lists, newest first. From 6.19 the image
# is split: linux-image is an empty package, and the modules vanish before linux-binary does.
suite_releases() {
	local name=$1 suite=$2 prefix
	# shellcheck disable=SC2154
	[ "$name" = latest ] && prefix='[0-9]+[.]' || prefix="${name//./[.]}[.]"
	suite_apt "$suite" apt-cache pkgnames linux- | awk -v p="^${prefix}[0-9].*-$flavour\$" '
		sub(/^linux-image-/, "") && $0 ~ p { image[$0] }
		sub(/^linux-binary-/, "") { binary[$0] }
		sub(/^linux-modules-/, "") && $0 ~ p { modules[$0] }
		END { for (r in image) if (!(r in binary)) print r
		      for (r in modules) if (r in binary) print r }' | sort -rV
}

# Modules with everything they need before them; a module that is not there is built in.
module_list() {
	local dir=$1 name file depends
	shift
	for name in "$@"; do
		case " ${module_order:=} " in *" $name "*) continue ;; esac
		file=$(find "$dir" -name "$name.ko*" -o -name "${name//_/-}.ko*" | head -n 1)
		[ -n "$file" ] || continue
		case $file in
		*.xz) xz -dq "$file" ;;
		*.zst) zstd -dq --rm "$file" ;;
		esac || return
		file=${file%.xz} file=${file%.zst}
		depends=$(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p')
		# shellcheck disable=SC2086
		module_list "$dir" ${depends//,/ } || return
		mv "$file" "$dir/$name.ko"
		module_order="${module_order:+$module_order }$name"
	done
}

# Download one release and keep vmlinuz, the modules, and what it was made of.
release_install() (
	local suite=$1 release=$2 dir=$cache/kernels/$2 packages=linux-image-$2 image
	download=$(mktemp -d "$cache/download.XXXXXX") || exit
	trap 'rm -rf "$download"' EXIT
	cd "$download" || exit
	suite_apt "$suite" apt-cache pkgnames "linux-binary-$release" | grep -q . &&
		packages="linux-binary-$release linux-modules-$release"
	# shellcheck disable=SC2086
	suite_apt "$suite" apt-get -q=2 download $packages >&2 || exit
	mkdir tree kernel kernel/modules || exit
	for deb in *.deb; do dpkg-deb -x "$deb" tree || exit; done
	image=$(find tree -name 'vmlinuz*' | head -n 1)
	# shellcheck disable=SC2086
	mv "$image" kernel/vmlinuz && module_list "$download/tree" $kernel_modules || exit
	for name in $module_order; do mv "tree/$name.ko" kernel/modules/ || exit; done
	[ -e kernel/modules/veth.ko ] || { echo "$release has no veth module" >&2; exit 1; }
	echo "$module_order" >kernel/modules/order
	dpkg-deb -f "$(find . -name "${packages%% *}_*.deb")" Version >kernel/version
	rm -rf "$dir" && mv kernel "$dir"
)

# Print the directory of the newest obtainable kernel of a line. What apt said goes to stderr; with
# nothing to download, the newest kernel in the cache serves, and status 3 says so.
kernel_fetch() (
	local name=$1 suite release
	mkdir -p "$cache/kernels" && exec 8>"$cache/$flavour-$name.lock" && flock 8 || exit 1
	for suite in $(kernel_suites "$name"); do
		suite_update "$suite" || continue
		for release in $(suite_releases "$name" "$suite" | head -n 3); do
			[ -e "$cache/kernels/$release/version" ] ||
				release_install "$suite" "$release" || continue
			echo "$cache/kernels/$release"
			exit 0
		done
		echo "no usable $name kernel in $suite" >&2
	done
	[ "$name" = latest ] && name='*'
	release=$(find "$cache/kernels" -path "*/$name.*-$flavour/version" | sort -V | tail -n 1)
	[ -n "$release" ] && echo "${release%/version}" && exit 3
	exit 1
)
