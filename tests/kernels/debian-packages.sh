# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced: Debian's packages for an architecture, with an apt configuration of its own, so that the
# system's is not touched.

# The caller sets `cache` (a directory) and `architecture` (Debian's name), whatever this machine is.
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# "URI SUITE" for every source that this machine's apt has, in both file formats.
system_sources() {
	local one_line=/etc/apt/sources.list
	cat "$one_line" /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -nE 's/^deb +(\[[^]]*\] *)?(https?:[^ ]+) +([^ ]+).*/\2 \3/p'
	awk 'function flush(  i) { for (i in suite) print uri, suite[i]; uri = ""; delete suite }
	     FNR == 1 || /^[[:space:]]*$/ { flush() }
	     /^URIs:/ { uri = $2 }
	     /^Suites:/ { for (i = 2; i <= NF; i++) suite[i] = $i }
	     END { flush() }' /etc/apt/sources.list.d/*.sources /dev/null 2>/dev/null
}

# "ID CODENAME" of this machine.
system_release() {
	# shellcheck disable=SC1091
	[ -r /etc/os-release ] && (. /etc/os-release && echo "$ID ${VERSION_CODENAME:-}")
}

# The host that this machine's apt uses for Debian serves the other suites as well.
suite_uri() {
	local suite=$1 id wanted uri=""
	id=$(system_release)
	wanted="${id#* }"
	case $suite in *-security) wanted+=-security ;; esac
	[ "${id%% *}" = debian ] &&
		uri=$(system_sources | awk -v s="$wanted" '$2 == s { print $1; exit }')
	case $suite in
	*-security) echo "${uri:-http://deb.debian.org/debian-security}" ;;
	*) echo "${uri:-http://deb.debian.org/debian}" ;;
	esac
}

# Only the transport settings (proxies and such) are taken over from the system.
apt_configure() {
	# shellcheck disable=SC2154
	local dir=$cache/apt/$1-$architecture
	mkdir -p "$dir/state/lists/partial" "$dir/archives/partial" && : >"$dir/status" || return
	echo "deb [signed-by=$keyring] $(suite_uri "$1") $1 main" >"$dir/sources.list"
	(umask 077 && {
		env -u APT_CONFIG apt-config dump | grep '^Acquire::'
		cat <<-END
			Dir::Etc::parts "/dev/null/"; Dir::Etc::main "/dev/null";
			Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
			Dir::Etc::sourcelist "$dir/sources.list"; Dir::State "$dir/state";
			Dir::State::status "$dir/status"; Dir::Cache "$dir";
			APT::Architecture "$architecture"; APT::Architectures "$architecture";
			APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "2";
		END
	} >"$dir/apt.conf")
}

suite_apt() {
	local suite=$1
	shift
	APT_CONFIG=$cache/apt/$suite-$architecture/apt.conf "$@"
}

# Refresh a suite's index once a day; apt succeeds on dead hosts unless told otherwise.
suite_update() (
	local dir=$cache/apt/$1-$architecture
	mkdir -p "$dir" && exec 9>"$dir/lock" && flock 9 || exit
	[ -n "$(find "$dir/updated" -mtime -1 2>/dev/null)" ] && exit 0
	apt_configure "$1" &&
		suite_apt "$1" apt-get -q=2 -o APT::Update::Error-Mode=any update >&2 &&
		touch "$dir/updated"
)

# Programs and libraries of another architecture as one tree: what is in /bin, /sbin and /lib is in
# /usr in some suites, so here it always is; links stay inside.
tree_arrange() {
	local tree=$1 name link
	for name in bin sbin lib; do
		mkdir -p "$tree/usr/$name" || return
		[ -d "$tree/$name" ] && { cp -a "$tree/$name/." "$tree/usr/$name/" && rm -r "${tree:?}/$name" || return; }
		ln -s "usr/$name" "$tree/$name" || return
	done
	find "$tree" -type l -lname '/*' | while read -r link; do
		ln -sfn "$tree$(readlink "$link")" "$link" || return
	done
}

# packages_tree NAME PACKAGE...: print the directory in which these packages and all they depend on
# are unpacked, of this machine's Debian or of 12. It is made once; what apt said goes to stderr.
packages_tree() (
	local name=$1 suite=bookworm dir=$cache/trees/$1-$architecture download
	shift
	case $(system_release) in "debian "?*) suite=$(system_release) && suite=${suite#* } ;; esac
	mkdir -p "$cache/trees" && exec 7>"$dir.lock" && flock 7 || exit
	if [ "$(cat "$dir/packages" 2>/dev/null)" != "$suite $*" ]; then
		suite_update "$suite" && rm -rf "$dir" && download=$(mktemp -d "$cache/download.XXXXXX") || exit
		trap 'rm -rf "$download"' EXIT
		mkdir -p "$download/partial" "$dir" &&
			suite_apt "$suite" apt-get -q=2 -y -o Dir::Cache::archives="$download" \
				-o APT::Install-Recommends=false --download-only install "$@" >&2 || exit
		for deb in "$download"/*.deb; do dpkg-deb -x "$deb" "$dir" || exit; done
		tree_arrange "$dir" && echo "$suite $*" >"$dir/packages" || exit
	fi
	echo "$dir"
)

# tree_libraries TREE FILE...: what ldd would say: the loader, and the libraries that these programs
# are linked to, as paths in the tree. ldd itself runs the program.
tree_libraries() {
	local tree=$1 file library found=" "
	shift
	while [ $# -gt 0 ]; do
		file=$1
		shift
		for library in $(readelf -ld "$file" |
			sed -nE 's/.*(\(NEEDED\).*\[|interpreter: )([^]]+)\].*/\2/p'); do
			case $library in
			/*) ;;
			*) library=$(cd "$tree" && find ./usr/lib -name "$library" | sed 's/^.//; q') ;;
			esac
			case $found in *" $library "*) continue ;; esac
			found+="$library "
			set -- "$@" "$tree$library"
		done
	done
	echo "$found"
}
