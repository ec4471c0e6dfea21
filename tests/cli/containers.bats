#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Endings are told with the container of their socket: real containers of podman and of containerd,
# in a namespace of their own, with a storage of their own.
#
# Plain cgroups, also where systemd would not do, and runc if it is there: crun refuses a hybrid
# hierarchy. Limits below what podman asks for, which needs CAP_SYS_RESOURCE. Not `ip netns exec`:
# it hides the cgroups.

load helpers

setup_file() {
	PATH=$PATH:/usr/sbin:/sbin
	export PATH CT_WORK=$BATS_FILE_TMPDIR
	export CONTAINERS_STORAGE_CONF=$CT_WORK/storage.conf
	[ "$(id -u)" = 0 ] || return 0
	busybox=$(command -v busybox) || return 0
	mkdir -p "$CT_WORK/rootfs/bin" "$CT_WORK/rootfs/tmp"
	cp "$busybox" "$CT_WORK/rootfs/bin/busybox"
	for applet in sh nc sleep kill; do ln -s busybox "$CT_WORK/rootfs/bin/$applet"; done
	cat >"$CT_WORK/storage.conf" <<-END
		[storage]
		driver = "vfs"
		graphroot = "$CT_WORK/storage"
		runroot = "$CT_WORK/run"
	END
	podman_import >"$CT_WORK/podman" 2>&1 || echo "cannot import an image: $(tail -n 1 "$CT_WORK/podman")" >"$CT_WORK/skip"
}

podman_import() {
	tar -C "$CT_WORK/rootfs" -cf "$CT_WORK/rootfs.tar" . && podman import "$CT_WORK/rootfs.tar" ct-test
}

teardown_file() {
	[ ! -d "$CT_WORK/storage" ] || podman rm -fa -t 0 >/dev/null 2>&1 || :
	find /sys/fs/cgroup -maxdepth 4 -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || :
	umount -q "$CT_WORK/storage/vfs" "$CT_WORK/storage" 2>/dev/null || :
}

setup() {
	common_setup
	need_root
	containers=()
	containerd_pid=
	netns_make
}

teardown() {
	local name
	for name in "${containers[@]}"; do
		podman_run rm -f -t 0 "$name" >/dev/null 2>&1 3>&-
	done
	[ -z "$containerd_pid" ] || containerd_stop
	common_teardown
}

podman_run() {
	local runtime=
	! command -v runc >/dev/null || runtime='--runtime runc'
	nsenter --net="/run/netns/$netns" podman $runtime --cgroup-manager=cgroupfs "$@"
}

need_podman() {
	command -v podman >/dev/null || skip "podman is not installed"
	command -v busybox >/dev/null || skip "busybox is not installed"
	[ ! -e "$CT_WORK/skip" ] || skip "podman $(cat "$CT_WORK/skip")"
	container probe sh -c : 3>&- || skip "podman cannot run here: $(tail -n 1 "$BATS_TEST_TMPDIR/probe.podman")"
}

# container NAME COMMAND...: runs it to its end, then it is removed.
container() {
	local name=$1
	shift
	containers+=("$name")
	podman_run run --rm --name "$name" --network host --ulimit nofile=1024:1024 \
		--ulimit nproc=1000:1000 localhost/ct-test "$@" >"$BATS_TEST_TMPDIR/${name:0:20}.podman" 2>&1 3>&-
}

# container_start NAME COMMAND...: the same in the background; its id is in $id.
container_start() {
	local name=$1
	shift
	containers+=("$name")
	id=$(podman_run run -d --name "$name" --network host --ulimit nofile=1024:1024 \
		--ulimit nproc=1000:1000 localhost/ct-test "$@" 3>&-)
	[ ${#id} = 64 ]
}

# Its nc finds no listener: a refused connection.
refused_in_container() {
	container "$1" sh -c 'nc 127.0.0.1 1; :'
}

listens() {
	ip netns exec "$netns" ss -Hltn "sport = :$1" | grep -q .
}

connected() {
	ip netns exec "$netns" ss -Htn "sport = :$1" | grep -q ESTAB
}

# server_container NAME PORT: somebody who does not read what he is sent.
server_container() {
	container_start "$1" sh -c "exec nc -l -p $2 -e /bin/sleep 60"
	await 10 listens "$2"
}

# A client of this host that has sent something and stays; its pid is in pids[client].
client_start() {
	ip netns exec "$netns" bash -c "exec 4<>/dev/tcp/127.0.0.1/$1; printf hello >&4; exec sleep 60" 3>&- &
	pids[client]=$!
	await 10 connected "$1"
}

records() {
	jq -c "$@" "$BATS_TEST_TMPDIR/one.out"
}

holds() { # holds JQ_EXPRESSION: for at least one record
	jq -es "any(.[]; $1)" "$BATS_TEST_TMPDIR/one.out"
}

await_record() {
	await 10 holds "$1" || { cat "$BATS_TEST_TMPDIR/one".* && return 1; }
}

@test "containers: a container that lives for a moment only has a name" {
	need_podman
	closetrace_start one -a -o ndjson --netns "$netns"
	refused_in_container short
	await_record '.verdict == "peer_refused" and .comm == "nc"'
	closetrace_stop one
	records 'select(.comm == "nc")'
	holds '. as $r | .verdict == "peer_refused" and .container_name == "short" and
		.container_runtime == "podman" and (.container_id | test("^[0-9a-f]{64}$")) and
		(.cgroup | endswith("/libpod-" + $r.container_id)) and .pod == null and .pod_namespace == null'
}

@test "containers: one that is killed is named in the endings of its connections" {
	need_podman
	closetrace_start one -o ndjson --netns "$netns"
	server_container victim 7100
	client_start 7100
	podman_run kill -s KILL victim 3>&-
	await_record '.local_port == 7100'
	podman_run rm -f -t 0 victim 3>&-
	closetrace_stop one
	records .
	holds '.verdict == "local_app_abort" and .cause == "unread_data" and .local_port == 7100 and
		.container_name == "victim" and .container_id == "'"$id"'" and
		(.explanation | test("^[a-z]+\\[[0-9]+\\]@victim was killed \\(SIGKILL.*\\) with 5 bytes unread"))'
	# The other end is on this host but in no container.
	holds '.verdict == "peer_reset" and .peer_port == 7100 and .container_name == null and
		.container_id == null and .container_runtime == null'
}

@test "containers: one that was there before has its name, also when its file is gone" {
	need_podman
	server_container older 7200
	client_start 7200
	closetrace_start one -o ndjson --netns "$netns"
	refused # what was there is looked at before the first record
	await_records one 1
	mv "$CT_WORK/storage/vfs-containers/containers.json" "$CT_WORK/away"
	kill -KILL "$(podman_pid)"
	await_record '.local_port == 7200 and .container_name == "older"'
	mv "$CT_WORK/away" "$CT_WORK/storage/vfs-containers/containers.json"
	closetrace_stop one
}

# Of the process that listened; podman cannot be asked while its list is away.
podman_pid() {
	cat /sys/fs/cgroup/{,unified/}libpod_parent/libpod-"$id"/cgroup.procs 2>/dev/null | head -n 1
}

@test "containers: --container takes a name or the beginning of an id, and nothing else" {
	need_podman
	server_container wanted 7300
	closetrace_start one -a -o ndjson --netns "$netns" --container wanted
	closetrace_start two -a -o ndjson --netns "$netns" --container "${id:0:12}"
	closetrace_start none -a -o ndjson --netns "$netns" --container "${id:0:3}"
	for i in 1 2 3; do refused_in_container "other$i"; refused; done
	client_start 7300
	podman_run kill -s KILL wanted 3>&-
	await_records one 1
	await_records two 1
	# After it, so that what comes in vain has come.
	refused
	for name in one two none; do closetrace_stop $name; done
	cat "$BATS_TEST_TMPDIR"/{one,two,none}.{out,err}
	for name in one two; do
		[ "$(jq -r '[.container_name, .local_port] | @tsv' "$BATS_TEST_TMPDIR/$name.out")" = "wanted	7300" ]
		# What the kernel kept back is accounted for.
		grep -Eq '= 1 shown \+ 0 normal \+ [1-9][0-9]* filtered out \+ 0 lost' "$BATS_TEST_TMPDIR/$name.err"
	done
	[ ! -s "$BATS_TEST_TMPDIR/none.out" ]
}

@test "containers: --container finds one that starts later" {
	need_podman
	closetrace_start one -a -o ndjson --netns "$netns" --container later
	refused_in_container sooner
	refused_in_container later
	await_record '.container_name == "later"'
	closetrace_stop one
	records '[.container_name, .verdict]'
	[ "$(jq -r .container_name "$BATS_TEST_TMPDIR/one.out" | sort -u)" = later ]
}

# What a runtime lets through as a name, and what somebody could write into its file.
@test "containers: names cannot break the output" {
	need_podman
	long=$(printf 'n%.0s' {1..200})
	closetrace_start one -a -o ndjson --netns "$netns"
	closetrace_start table -a -o table --netns "$netns"
	closetrace_start wide -a -o wide --netns "$netns"
	for name in null true 0 1.5 --- "$long" a_.-; do
		refused_in_container "$name" || :
	done
	container_start hostile sh -c 'while :; do nc 127.0.0.1 1; sleep 0.5; done'
	jq -c 'map(if .id == "'"$id"'" then .names = ["\u001b[31m\n\"},{\u0000\u202e\\"] else . end)' \
		"$CT_WORK/storage/vfs-containers/containers.json" >"$CT_WORK/changed"
	cp "$CT_WORK/storage/vfs-containers/containers.json" "$CT_WORK/kept"
	cp "$CT_WORK/changed" "$CT_WORK/storage/vfs-containers/containers.json"
	closetrace_start evil -a -o ndjson --netns "$netns"
	closetrace_start eviltable -a -o table --netns "$netns"
	await 10 jq -es 'any(.[]; .comm == "nc")' "$BATS_TEST_TMPDIR/evil.out"
	await 10 grep -F 'nc[' "$BATS_TEST_TMPDIR/eviltable.out"
	cp "$CT_WORK/kept" "$CT_WORK/storage/vfs-containers/containers.json"
	await_record '.container_name == "hostile"'
	for name in one table wide evil eviltable; do closetrace_stop $name; done
	records .container_name
	for name in null true 0 1.5 a_.- "$long" hostile; do
		holds '.container_name == "'"$name"'"'
	done
	for name in one evil; do
		jq -es 'all(.[]; type == "object" and (keys | length) > 50)' "$BATS_TEST_TMPDIR/$name.out"
	done
	jq -es 'any(.[]; .container_name == "\u001b[31m\n\"},{\ufffd\u202e\\")' "$BATS_TEST_TMPDIR/evil.out"
	for name in one table wide evil eviltable; do
		refute grep -q "[^[:print:]]" "$BATS_TEST_TMPDIR/$name.out"
	done
	grep -Fq 'nc[' "$BATS_TEST_TMPDIR/eviltable.out"
	grep -Fq '@\x1b[31m' "$BATS_TEST_TMPDIR/eviltable.out"
	grep -Eq 'nc\[[0-9]+\]@null ' "$BATS_TEST_TMPDIR/table.out"
	grep -Eq 'nc\[[0-9]+\] +null ' "$BATS_TEST_TMPDIR/wide.out"
}

@test "containers: a cgroup that only looks like one of ctr is none" {
	need_podman
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "no cgroup2 mount"
	closetrace_start one -a -o ndjson --netns "$netns"
	mkdir -p "$root/ct$$/inner"
	(echo "$BASHPID" >"$root/ct$$/inner/cgroup.procs" && refused)
	await_record '.verdict == "peer_refused"'
	await 10 rmdir "$root/ct$$/inner"
	rmdir "$root/ct$$"
	closetrace_stop one
	holds '.cgroup == "/ct'$$'/inner" and .container_id == null and .container_name == null'
}

@test "containers: a cgroup that was gone before it could be looked at has its path" {
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "no cgroup2 mount"
	id=$(printf '%064x' $$)
	closetrace_start one -a -o ndjson --netns "$netns"
	kill -STOP "${pids[one]}"
	mkdir "$root/docker-$id.scope"
	(echo "$BASHPID" >"$root/docker-$id.scope/cgroup.procs" && refused)
	await 10 rmdir "$root/docker-$id.scope"
	kill -CONT "${pids[one]}"
	await_record '.verdict == "peer_refused"'
	closetrace_stop one
	records '[.cgroup, .container_id, .container_name]'
	holds '.cgroup == "/docker-'"$id"'.scope" and .container_id == "'"$id"'" and
		.container_name == null and .container_runtime == "docker"'
}

containerd_start() {
	local config=$BATS_TEST_TMPDIR/containerd.toml
	# The state directory is where closetrace looks for it: nobody else's may be there.
	[ ! -e /run/containerd ] || skip "containerd is in use on this host"
	cat >"$config" <<-END
		version = 2
		root = "$BATS_TEST_TMPDIR/ctr-root"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.overlayfs"]
		[grpc]
		  address = "$BATS_TEST_TMPDIR/c.sock"
	END
	nsenter --net="/run/netns/$netns" containerd -c "$config" >"$BATS_TEST_TMPDIR/containerd" 2>&1 3>&- &
	containerd_pid=$!
	await 15 ctr -a "$BATS_TEST_TMPDIR/c.sock" version ||
		skip "containerd does not start: $(tail -n 1 "$BATS_TEST_TMPDIR/containerd")"
}

containerd_stop() {
	kill "$containerd_pid" 2>/dev/null && await 10 has_ended "$containerd_pid"
	wait "$containerd_pid" 2>/dev/null
	rm -rf /run/containerd
	find /sys/fs/cgroup -maxdepth 3 -type d -name "$netns" -exec rmdir {} +
}

@test "containers: ctr's are told by containerd's state" {
	for tool in containerd ctr runc busybox; do
		command -v $tool >/dev/null || skip "$tool is not installed"
	done
	containerd_start
	closetrace_start one -a -o ndjson --netns "$netns"
	nsenter --net="/run/netns/$netns" ctr -a "$BATS_TEST_TMPDIR/c.sock" -n "$netns" run --rm --net-host --cgroup "/$netns/cnt1" \
		--rootfs "$CT_WORK/rootfs" cnt1 /bin/sh -c '/bin/nc 127.0.0.1 1; :' >"$BATS_TEST_TMPDIR/ctr" 2>&1 3>&- ||
		{ cat "$BATS_TEST_TMPDIR/ctr" && skip "ctr cannot run here: $(tail -n 1 "$BATS_TEST_TMPDIR/ctr")"; }
	await_record '.comm == "nc"'
	closetrace_stop one
	records 'select(.comm == "nc")'
	holds '.comm == "nc" and .container_name == "cnt1" and .container_id == "cnt1" and
		.container_runtime == "containerd"'
}

docker_start() {
	docker_folder=$BATS_TEST_TMPDIR/docker
	[ ! -e /run/containerd ] || skip "docker's containerd is in use on this host"
	mkdir -p "$docker_folder"
	nsenter --net="/run/netns/$netns" dockerd -H "unix://$docker_folder/sock" --data-root "$docker_folder/data" \
		--exec-root "$docker_folder/exec" -p "$docker_folder/pid" --bridge none >"$docker_folder/log" 2>&1 3>&- &
	pids[dockerd]=$!
	await 20 docker_do version || skip "dockerd does not start: $(grep -v level=info "$docker_folder/log" | tail -n 1)"
}

docker_do() {
	timeout 30 docker -H "unix://$docker_folder/sock" "$@" 3>&-
}

docker_stop() {
	kill "${pids[dockerd]}" && await 15 has_ended "${pids[dockerd]}"
	wait "${pids[dockerd]}" || :
	unset "pids[dockerd]"
	rm -rf /run/containerd
	umount -q "$docker_folder"/exec/netns/* "$docker_folder"/data/*/*/merged 2>/dev/null || :
}

@test "containers: Docker's have their name, wherever the daemon keeps its files" {
	for tool in dockerd docker runc busybox; do
		command -v $tool >/dev/null || skip "$tool is not installed"
	done
	docker_start
	docker_do import "$CT_WORK/rootfs.tar" ct-test >/dev/null
	closetrace_start one -a -o ndjson --netns "$netns"
	docker_do run --rm --network host --name "docked$$" ct-test /bin/sh -c '/bin/nc 127.0.0.1 1; :' \
		>"$BATS_TEST_TMPDIR/run" 2>&1 || {
		docker_stop
		skip "docker cannot run here: $(tail -n 1 "$BATS_TEST_TMPDIR/run")"
	}
	await_record '.comm == "nc"'
	closetrace_stop one
	docker_stop
	records 'select(.comm == "nc")'
	holds '.comm == "nc" and .container_name == "docked'$$'" and (.container_id | length) == 64 and
		.container_runtime == "docker"'
}
