# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For the tests of flows and top: nginx in a namespace of its own with three clients in theirs, and
# traffic that ends in every way. Everything waits for events.

lab_make() {
	local i
	server=ctflow$$-$BATS_TEST_NUMBER
	labs=("$server" "$server-1" "$server-2" "$server-3")
	for i in "${labs[@]}"; do
		ip netns add "$i"
		ip -n "$i" link set lo up
	done
	for i in 1 2 3; do
		ip -n "$server" link add "v$i" type veth peer name eth0 netns "$server-$i"
		ip -n "$server" addr add "10.77.$i.1/24" dev "v$i"
		ip -n "$server-$i" addr add "10.77.$i.2/24" dev eth0
		ip -n "$server" link set "v$i" up
		ip -n "$server-$i" link set eth0 up
		ip -n "$server-$i" route add default via "10.77.$i.1"
	done
}

lab_remove() {
	local i
	for i in "${labs[@]}"; do
		ip netns pids "$i" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
		ip netns del "$i" 2>/dev/null || :
	done
	labs=()
}

on_server() { ip netns exec "$server" "$@"; }
# on_client N COMMAND...
on_client() {
	local client=$server-$1
	shift
	ip netns exec "$client" "$@"
}

nginx_start() {
	local work=$BATS_TEST_TMPDIR/nginx
	mkdir -p "$work/html"
	head -c 2000000 /dev/zero >"$work/html/index.html"
	cat >"$work/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $work/pid;
		error_log $work/error.log;
		worker_processes 1;
		events { worker_connections 512; }
		http {
			access_log off;
			client_body_temp_path $work/body;
			proxy_temp_path $work/proxy;
			fastcgi_temp_path $work/fastcgi;
			uwsgi_temp_path $work/uwsgi;
			scgi_temp_path $work/scgi;
			server { listen 80; root $work/html; }
		}
	END
	ip netns exec "$server" nginx -c "$work/nginx.conf" -e "$work/error.log" 3>&- &
	pids[nginx]=$!
	await 10 listens 80
}

listens() { on_server ss -Hltn "sport = :$1" | grep -q LISTEN; }

# A service that closes every connection with RST: SO_LINGER 0.
aborter_start() {
	cat >"$BATS_TEST_TMPDIR/aborter.py" <<-'END'
		import ctypes, socket, struct, sys
		ctypes.CDLL(None).prctl(15, b"aborter", 0, 0, 0) # PR_SET_NAME
		s = socket.create_server(("", int(sys.argv[1])), backlog=128)
		while True:
		    c, _ = s.accept()
		    c.recv(100)
		    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    c.close()
	END
	ip netns exec "$server" python3 "$BATS_TEST_TMPDIR/aborter.py" "$1" 3>&- &
	pids[aborter]=$!
	await 10 listens "$1"
}

# client N WHAT COUNT [PORT]: connections of client N, one after the other.
#   get      ask nginx and close by FIN
#   refused  a closed port
#   abort    a handshake, then RST by the client
#   late     FIN, then RST while the answer, which is larger than all buffers, still comes
#   ask      send a word and read to the end, whatever it is
client() {
	on_client "$1" python3 - "10.77.$1.1" "$2" "$3" "${4:-80}" <<-'END'
		import socket, struct, sys
		addr, what, count, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
		for _ in range(count):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
		    try:
		        s.connect((addr, port))
		        if what == "get":
		            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
		            while s.recv(65536):
		                pass
		        elif what == "ask":
		            s.sendall(b"x")
		            s.recv(1)
		        elif what == "abort":
		            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		        elif what == "late":
		            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
		            s.shutdown(socket.SHUT_WR)
		            s.recv(1)
		    except OSError:
		        pass
		    s.close()
	END
}

# All connections of the server's side are over, so all packets have been sent.
lab_is_quiet() {
	[ -z "$(on_server ss -Htn state established state close-wait state last-ack \
		state fin-wait-1 state closing)" ]
}

# What flows printed as NDJSON: the sum of a field over the rows that jq selects.
sum() { # sum FILE FIELD [SELECT]
	jq -s "[.[] | select(${3:-true}) | .$2] | add // 0" "$1"
}

need_lab() {
	need_root
	command -v nginx >/dev/null || skip "nginx is not installed"
}
