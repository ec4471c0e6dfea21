#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Sockets whose owner leaves no option memory, so that nothing can be kept in them: told all the same.

load helpers

setup() {
	common_setup
	need_root
	netns_make
	# Per namespace since 6.9: there a user who made it can forbid it, too.
	ip netns exec "$netns" sysctl -qw net.core.optmem_max=300 2>/dev/null ||
		skip "option memory is not limited by namespace"
}

teardown() {
	common_teardown
}

verdicts() {
	jq -r '[.verdict, .cause, .confidence, .comm] | @tsv' "$BATS_TEST_TMPDIR/one.out" | sort
}

@test "refusing sockets: their endings are as those of others, with owner and evidence" {
	closetrace_start one trace -a -o ndjson --storm-rate 0 --netns "$netns" --debug
	ip netns exec "$netns" python3 - <<-'END'
		import socket, struct, time
		def pair():
		    server = socket.create_server(("127.0.0.1", 0))
		    client = socket.create_connection(server.getsockname())
		    return server, client, server.accept()[0]
		try: socket.create_connection(("127.0.0.1", 9))
		except ConnectionRefusedError: pass
		server, client, accepted = pair()
		client.send(b"unread")
		while accepted.recv(1, socket.MSG_PEEK) == b"": pass
		accepted.close()
		try: client.recv(1)
		except ConnectionResetError: pass
		client.close()
		server, client, accepted = pair()
		accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		accepted.close()
		try: client.recv(1)
		except ConnectionResetError: pass
	END
	await_records one 6
	closetrace_stop one
	verdicts
	[ "$(verdicts | cut -f 1-3 | tr '\t' ' ' | uniq -c | sed 's/^ *//')" = "$(printf '%s\n' \
		'1 local_app_abort linger0 proved' '1 local_app_abort unread_data proved' \
		'1 local_refused no_listener proved' '1 peer_refused no_listener proved' \
		'2 peer_reset peer_app proved')" ]
	[ "$(verdicts | cut -f 4 | grep -c python3)" = 5 ]
	grep -Eq '^closetrace: counter: socket_spared [1-9]' "$BATS_TEST_TMPDIR/one.err"
	refute grep -q socket_storage_failed "$BATS_TEST_TMPDIR/one.err"
}

@test "refusing sockets: what is kept elsewhere goes with them" {
	closetrace_start one trace -o ndjson --netns "$netns"
	# More than there are places.
	ip netns exec "$netns" python3 - <<-'END'
		import socket
		for i in range(5000):
		    try: socket.create_connection(("127.0.0.1", 9))
		    except ConnectionRefusedError: pass
	END
	closetrace_stop one
	refute grep -q socket_storage_failed "$BATS_TEST_TMPDIR/one.err"
}
