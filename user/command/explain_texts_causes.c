// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Causes. Text only. */
#include "user/command/explain_texts.h"

const struct explain_text explain_causes[CLOSE_CAUSE_COUNT] = {
	[CLOSE_CAUSE_NONE] = { .means = "The verdict says all that is known." },
	/* -- aborts of this host ------------------------------------------------------------- */
	[CLOSE_CAUSE_UNREAD_DATA] = {
		"close() found received bytes that the application had not read. RFC 2525\n"
		"section 2.17 wants RST then, so that the peer learns of the loss. The peer\n"
		"may lose the answer, too, that was on its way to it.",
		"An early answer (413, 401, a redirect) while the request is still coming in.\n"
		"A client that reads as much as it needs, then closes.\n"
		"The process died, or was killed, with data in its queue.",
		"ss -tnp dst PEER                    # Recv-Q of the others\n"
		"strace -f -e trace=read,recvfrom,shutdown,close -p PID",
		"Read to the end, or shutdown(SHUT_WR) and drain before close(). In nginx:\n"
		"lingering_close always.",
	},
	[CLOSE_CAUSE_LINGER0] = {
		"SO_LINGER was on with 0 seconds: close() drops what is unsent and sends RST.",
		"A proxy that frees ports at once (nginx reset_timedout_connection, HAProxy\n"
		"option nolinger, some health checks).\n"
		"A load test that avoids TIME_WAIT.\n"
		"A runtime's option: SetLinger(0) in Go, setSoLinger(true, 0) in Java.",
		"strace -f -e trace=setsockopt,close -p PID    # SO_LINGER, {onoff=1, linger=0}",
		"Remove the option; where TIME_WAIT is the reason, let the client close first.",
	},
	[CLOSE_CAUSE_LINGER2] = {
		"TCP_LINGER2 was negative: the kernel does not wait in FIN_WAIT2 for the\n"
		"peer's FIN but resets at once.",
		"setsockopt(TCP_LINGER2, -1) in the program.\n"
		"The peer takes long to close its half.",
		"strace -f -e trace=setsockopt,close -p PID      # TCP_LINGER2",
		"TCP_LINGER2 of the program: 0 for net.ipv4.tcp_fin_timeout, or seconds.",
	},
	[CLOSE_CAUSE_DISCONNECT] = {
		"connect() with AF_UNSPEC dissolves a connection; TCP does that with RST.",
		"A library that uses one socket again for the next connection.\n"
		"A program that cancels a connection so.",
		"strace -f -e trace=connect -p PID   # sa_family=AF_UNSPEC",
		"The program: shutdown() and close() instead.",
	},
	[CLOSE_CAUSE_UNSENT_DATA] = {
		"The socket was disconnected while data that it had accepted from the\n"
		"application was still waiting to be sent. That data is lost.",
		"connect(AF_UNSPEC) right after a write.\n"
		"The peer's window was closed, so data piled up here.",
		"ss -tnio dst PEER                   # Send-Q, notsent, rwnd_limited\n"
		"strace -f -e trace=connect,sendto,write -p PID",
		"The program: shutdown(SHUT_WR), then wait for the peer's end of file.",
	},
	[CLOSE_CAUSE_LISTENER_CLOSED] = {
		"close() of the listener resets everything in its accept queue.",
		"The service stops or restarts.\n"
		"One of several SO_REUSEPORT listeners goes; its queue does not move.\n"
		"The process was killed.",
		"systemctl status UNIT; journalctl -u UNIT --since -5min\n"
		"ss -lntp 'sport = :PORT'            # Recv-Q: what waits now",
		"Stop new connections first, accept what is queued, then close;\n"
		"net.ipv4.tcp_migrate_req = 1 moves the queue to another SO_REUSEPORT\n"
		"listener; socket activation keeps the listener open over a restart.",
	},
	[CLOSE_CAUSE_SOCKET_DESTROY] = {
		"tcp_abort(): ss -K, SOCK_DESTROY through netlink, or bpf_sock_destroy().\n"
		"Needs CAP_NET_ADMIN; closer_pid is who asked for it.",
		"A CNI or load balancer that cuts connections to a backend that is gone.\n"
		"An administrator with `ss -K`.",
		"ps -fp CLOSER_PID\n"
		"bpftool prog list | grep -e iter -e sock",
		"That program: Cilium, for one, has socket termination as a setting.",
	},
	[CLOSE_CAUSE_REPAIR] = {
		"TCP_REPAIR was on, as when CRIU moves a process: the socket vanishes in\n"
		"silence because it lives on elsewhere. Benign.",
		"A checkpoint or live migration of a process or container.",
		"ps -fp CLOSER_PID; journalctl --since -5min | grep -i criu",
		NO_SETTING,
	},
	[CLOSE_CAUSE_PROCESS_DIED] = {
		"FIN as in any other close, but no program called close(): the kernel did, for\n"
		"a process that crashed, was killed, or exited with a code other than 0. See\n"
		"`death`, `exit_code` and `killer_comm`. An end by SIGTERM, SIGINT or SIGHUP\n"
		"was asked for and is not marked so.",
		"The OOM killer, of the host or of the container's limit.\n"
		"A crash: SIGSEGV, SIGABRT, an exception that nobody caught.\n"
		"A supervisor that lost patience: SIGKILL after its stop timeout.",
		"journalctl -k --since -5min | grep -i -e oom -e killed -e segfault\n"
		"coredumpctl list --since -1h\n"
		"systemctl status UNIT",
		"MemoryMax= or the container's limit; TimeoutStopSec= or\n"
		"terminationGracePeriodSeconds, when it was killed while it stopped.",
	},
	/* -- data for a closed socket -------------------------------------------------------- */
	[CLOSE_CAUSE_DATA_AFTER_SHUTDOWN] = {
		"The socket was in FIN_WAIT or later and no longer read. New data made the\n"
		"kernel run its reset path: ECONNRESET here, RST to the peer.",
		"This side closed while the peer was still sending (a download cancelled).\n"
		"A request crossed this side's FIN, as with keep-alive timeouts.",
		"closetrace --pid PID                # a habit of one program?\n"
		"strace -f -e trace=shutdown,close,recvfrom -p PID",
		"A keep-alive timeout here that is longer than the client's.",
	},
	[CLOSE_CAUSE_DATA_AFTER_CLOSE] = {
		"The socket was closed and TIME_WAIT or FIN_WAIT2 stood in for it when data\n"
		"came in; it answered RST.",
		"The peer uses a connection that was closed here while it was idle.\n"
		"The program closes before it has read what the peer still sends.",
		"ss -tan dst PEER                    # FIN-WAIT-2, TIME-WAIT\n"
		"closetrace -f 'cause = data_after_close' --host PEER",
		"A keep-alive timeout here that is longer than the client's.",
	},
	/* -- replies of the kernel ----------------------------------------------------------- */
	[CLOSE_CAUSE_NO_LISTENER] = {
		"No socket in LISTEN has that address and port in that namespace.",
		"The service is down, starting or crashed.\n"
		"It listens on another address (127.0.0.1) or in another namespace.\n"
		"A port scan, or a client with an old configuration.",
		"ss -lntp 'sport = :PORT'            # nsenter -t PID -n first, in a container\n"
		"systemctl status UNIT; journalctl -u UNIT -n 20",
		"The listen address and port of the service; the health check of the balancer.",
	},
	[CLOSE_CAUSE_NO_SOCKET] = {
		"The segment is not a SYN and belongs to no connection that this host has.",
		"The connection ended here before: a crash, a restart, a timeout.\n"
		"conntrack calls the packet INVALID, so it is not translated back.\n"
		"A load balancer or ECMP sent the flow to the wrong host.",
		"uptime; ss -tan dst PEER\n"
		"conntrack -S                        # invalid=\n"
		"closetrace --host PEER --all",
		"net.netfilter.nf_conntrack_tcp_be_liberal = 1, or a rule that drops INVALID\n"
		"before it reaches this host's TCP.",
	},
	[CLOSE_CAUSE_ACCEPT_QUEUE_FULL] = {
		"The accept queue (backlog, at most net.core.somaxconn) was full. With\n"
		"net.ipv4.tcp_abort_on_overflow the kernel sends RST; else it drops the ACK\n"
		"and sends its SYN-ACK again.",
		"The server is blocked or too slow to accept().\n"
		"The cgroup's CPU limit stops it for a while.\n"
		"A burst, and a small backlog: the smaller of listen() and somaxconn counts.",
		"ss -lnt 'sport = :PORT'             # Recv-Q of Send-Q\n"
		"nstat -az TcpExtListenOverflows TcpExtListenDrops\n"
		"cat /proc/PID/cgroup                # then its cpu.stat: nr_throttled",
		"net.core.somaxconn, and the backlog of the program (it must listen() again);\n"
		"more workers; net.ipv4.tcp_abort_on_overflow = 0 lets clients try again.",
	},
	[CLOSE_CAUSE_STRAY_ACK] = {
		"An ACK reached a listener and neither a handshake nor a SYN cookie fits it.",
		"The server restarted and the client still has the old connection.\n"
		"A handshake that had expired, or was dropped when the queue was full.\n"
		"An ACK scan.",
		"systemctl status UNIT               # since when does it run\n"
		"nstat -az TcpExtSyncookiesFailed TcpExtListenOverflows",
		NO_SETTING,
	},
	[CLOSE_CAUSE_BAD_ACK] = {
		"The acknowledged sequence number was never sent: an older connection's\n"
		"packet, a half-open peer, or a forgery.",
		"A peer that still has an older connection on the same ports.\n"
		"A middlebox that changes sequence numbers on one way only.\n"
		"Forged or scanned packets.",
		"ss -tan dst PEER                    # on the peer: the same ports\n"
		"tcpdump -nSi IFACE host PEER and port PORT",
		"Sequence number randomization of the firewall on the path.",
	},
	[CLOSE_CAUSE_OLD_SEGMENT] = {
		"The timestamp (PAWS, RFC 7323) or the sequence number is older than what\n"
		"this handshake expects.",
		"Several hosts behind one NAT address, with clocks of their own.\n"
		"A packet that was delayed or repeated on the way.",
		"nstat -az TcpExtPAWSActive TcpExtPAWSEstab\n"
		"sysctl net.ipv4.tcp_timestamps",
		"More ports or addresses for the NAT, so that ports are not used again soon.",
	},
	[CLOSE_CAUSE_MEMORY] = {
		"A limit of the kernel: net.ipv4.tcp_mem or net.ipv4.tcp_max_orphans.",
		"Many closed sockets whose data nobody acknowledges (orphans).\n"
		"Many connections with full buffers: slow peers, or a slow application.\n"
		"An attack that opens connections and stops reading.",
		"cat /proc/net/sockstat              # orphan, mem (pages)\n"
		"sysctl net.ipv4.tcp_mem net.ipv4.tcp_max_orphans\n"
		"ss -tanm state fin-wait-1 | head",
		"net.ipv4.tcp_mem, net.ipv4.tcp_max_orphans; net.ipv4.tcp_orphan_retries,\n"
		"lower, to lose orphans sooner.",
	},
	[CLOSE_CAUSE_REJECT] = {
		"A rule of nftables or iptables with `reject with tcp reset`.",
		"A rule that is meant for somebody else and is too wide.\n"
		"kube-proxy rejects a service without endpoints.\n"
		"The rule takes packets that conntrack no longer knows.",
		"nft -a list ruleset | grep -n 'tcp reset'\n"
		"iptables-save -c | grep 'tcp-reset'\n"
		"kubectl get endpoints -A | grep '<none>'",
		"That rule.",
	},
	/* -- connecting ---------------------------------------------------------------------- */
	[CLOSE_CAUSE_CLOSED_EARLY] = {
		"close() or exit came while the connect was still waiting for an answer.",
		"The application's connect timeout, shorter than the kernel's.\n"
		"Happy eyeballs: the other address was quicker.\n"
		"The user or caller cancelled.",
		"closetrace --host PEER --all        # duration_us: is it always the same\n"
		"ping PEER; traceroute -T -p PORT PEER",
		"The connect timeout of the application, above 1 s at least: the first SYN is\n"
		"repeated after 1 s.",
	},
	[CLOSE_CAUSE_CONNECT_FAILED] = {
		"connect() failed at once: no route, a local filter, or no free port. `error`\n"
		"tells, where the kernel left one.",
		"No route to the peer, or the source address has gone.\n"
		"A BPF program of the cgroup or a security module refuses.",
		"ip route get PEER\n"
		"bpftool cgroup tree\n"
		"strace -f -e trace=connect -p PID   # the errno of the call",
		"The route or the policy.",
	},
	[CLOSE_CAUSE_NO_LOCAL_PORT] = {
		"connect() got EADDRNOTAVAIL: each port of net.ipv4.ip_local_port_range has a\n"
		"connection to this very address and port, or its TIME_WAIT.",
		"Many short connections to one server: 28,000 in 60 s are enough.\n"
		"A pool that leaks connections.",
		"ss -tan dst PEER | awk '{print $1}' | sort | uniq -c\n"
		"sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse",
		"Use connections again; net.ipv4.ip_local_port_range; net.ipv4.tcp_tw_reuse =\n"
		"1; more addresses of the destination.",
	},
	[CLOSE_CAUSE_SYN_UNANSWERED] = {
		"Every SYN, net.ipv4.tcp_syn_retries of them and one, stayed without answer.",
		"A firewall or security group drops SYNs.\n"
		"The host is down, or the address is wrong.\n"
		"The SYN-ACK takes a way back on which it is lost.\n"
		"The server's accept queue is full: it drops SYNs.",
		"traceroute -T -p PORT PEER\n"
		"nft list ruleset | grep drop\n"
		"tcpdump -nvi IFACE 'tcp[tcpflags] & tcp-syn != 0'    # at both ends",
		"The rule; net.ipv4.tcp_syn_retries (6 takes one to two minutes), lower.",
	},
	[CLOSE_CAUSE_SYN_ACK_UNANSWERED] = {
		"The SYN-ACK was repeated net.ipv4.tcp_synack_retries times in vain: the\n"
		"client does not hear it, does not exist, or its ACK is lost.",
		"A SYN flood with forged addresses.\n"
		"The way back leads elsewhere (asymmetric routing), or a firewall drops it.\n"
		"The client went away just then.",
		"ip route get PEER\n"
		"nstat -az TcpExtSyncookiesSent TcpExtTCPReqQFullDoCookies\n"
		"tcpdump -nvi IFACE host PEER",
		"net.ipv4.tcp_syncookies = 1; net.ipv4.tcp_synack_retries; the route back.",
	},
	[CLOSE_CAUSE_NEVER_LEFT] = {
		"A SYN, data, probe or FIN was made and no interface saw it leave, or this host\n"
		"dropped each of them: drop_reason says why. The peer is not to blame.",
		"A rule of this host drops in OUTPUT or POSTROUTING.\n"
		"The next hop does not answer ARP, or the route went.\n"
		"The interface is down, or its queue is full.",
		"closetrace explain DROP_REASON\n"
		"ip route get PEER; ip neigh show\n"
		"nft list ruleset | grep -n -e 'hook output' -e 'hook postrouting' -e drop\n"
		"tc -s qdisc show dev IFACE",
		"The rule, route or interface that drop_reason names.",
	},
	/* -- the peer ------------------------------------------------------------------------ */
	[CLOSE_CAUSE_PEER_APP] = {
		"RST with ACK and a running IP identification: the shape that Linux gives to\n"
		"the abort of an application. Other systems may differ.",
		"The peer's application closed with data unread, or with SO_LINGER 0.\n"
		"The peer's process was killed while data was unread.\n"
		"An idle timeout of a proxy that resets.",
		"closetrace                          # on the peer: it names the process\n"
		"closetrace --host PEER              # idle_us: always the same?",
		"There: the program. Here: an idle timeout that is shorter than the peer's.",
	},
	[CLOSE_CAUSE_PEER_KERNEL] = {
		"Bare RST with IP identification 0: the shape of Linux' reply to a packet\n"
		"that fits no socket, and also of a REJECT rule.",
		"The peer's process died or restarted and forgot the connection.\n"
		"It closed, and data came after that.\n"
		"A REJECT rule, or a load balancer's failover.",
		"closetrace                          # on the peer: local_no_socket and others\n"
		"systemctl status UNIT               # on the peer: since when does it run",
		"Keep-alive timeouts: shorter at the end that sends requests.",
	},
	[CLOSE_CAUSE_INJECTED] = {
		"At least two independent signs say that the peer did not send this RST:\n"
		"see rst_ttl_off, rsts_disagree and peer_after_rst in `evidence`.",
		"A firewall or IPS that resets what it forbids, or what it forgot.\n"
		"A load balancer that answers in the name of a dead backend.\n"
		"Censorship; an attack.",
		"closetrace                          # on the peer: did it send a RST\n"
		"traceroute -T -p PORT PEER          # what sits at the distance of rst_ttl\n"
		"tcpdump -nvi IFACE 'host PEER and tcp[tcpflags] & tcp-rst != 0'",
		"The policy and the idle timeout of that device; TCP keepalive below it.",
	},
	[CLOSE_CAUSE_KEEPALIVE_RACE] = {
		"The peer's idle timer ran out just as this side sent its next request: the two\n"
		"crossed, and the peer answered by RST. Nothing of the request was read, so it\n"
		"is safe to repeat.",
		"The idle timeout of this side's pool is longer than the peer's, or equal.",
		"closetrace -f 'cause = keepalive_race' --host PEER    # idle_before_us\n"
		"grep -rn keepalive_timeout /etc/nginx                 # on the peer",
		"An idle timeout here that is some seconds shorter than the peer's: in nginx\n"
		"keepalive_timeout of the upstream block, in others the idle time of the pool.\n"
		"Retry once where the request may be repeated.",
	},
	[CLOSE_CAUSE_STALE_POOL] = {
		"The peer's FIN had been here for `peer_fin_us` at the end, unnoticed. A pool\n"
		"that reads from idle connections, or tests one before use, would have seen\n"
		"it. Nothing of what was sent was read, so it is safe to repeat.",
		"A pool without a test before use, whose idle time is longer than the peer's.\n"
		"A client that sleeps between requests on one connection.",
		"ss -tnp state close-wait dst PEER   # closed by the peer, kept here\n"
		"closetrace -f 'cause = stale_pool' --host PEER",
		"Test on borrow, or an idle timeout that is shorter than the peer's.",
	},
	/* -- the path ------------------------------------------------------------------------ */
	[CLOSE_CAUSE_ICMP_PORT] = {
		"ICMP 3/3 or ICMPv6 1/4: the default answer of a REJECT rule. TCP turns it\n"
		"into ECONNREFUSED.",
		"A REJECT rule of the peer or of a router; the sentence names the sender.",
		"nft list ruleset | grep -n reject   # on the host that sent it\n"
		"tcpdump -nvi IFACE 'icmp[0] == 3 and icmp[1] == 3'",
		"That rule.",
	},
	[CLOSE_CAUSE_ICMP_HOST] = {
		"ICMP 3/1 or 3/7, ICMPv6 1/3: the last router gets no answer from the host,\n"
		"or this host itself gets none to its ARP request. EHOSTUNREACH.",
		"The peer is down, or its address moved.\n"
		"It is in another subnet than the prefix length says.",
		"ip neigh show PEER; ip route get PEER\n"
		"arping -c 3 -I IFACE PEER",
		"The address, prefix length or route.",
	},
	[CLOSE_CAUSE_ICMP_NET] = {
		"ICMP 3/0 or 3/6, ICMPv6 1/0: some router has no route. ENETUNREACH.",
		"A VPN or a router's uplink is down.\n"
		"A private address was sent to the internet.",
		"traceroute -T -p PORT PEER\n"
		"ip route get PEER",
		"The route, here or on that router.",
	},
	[CLOSE_CAUSE_ICMP_PROHIBITED] = {
		"ICMP 3/9, 3/10 or 3/13, ICMPv6 1/1, 1/5 or 1/6: a filter says no and says\n"
		"so.",
		"A firewall with `reject with icmp admin-prohibited`, as firewalld has it.\n"
		"A router's access list; a prohibit route.",
		"traceroute -T -p PORT PEER          # !X marks it\n"
		"tcpdump -nvi IFACE 'icmp[0] == 3'   # who sends it",
		"The rule of that firewall.",
	},
	[CLOSE_CAUSE_ICMP_OTHER] = {
		"Time exceeded, a parameter problem, or a rare code of unreachable.",
		"A routing loop (time exceeded).\n"
		"A filter with an unusual answer, such as protocol unreachable.",
		"traceroute -T -p PORT PEER          # the same routers again and again: a loop\n"
		"tcpdump -nvi IFACE 'icmp or icmp6'",
		"The routes of these routers.",
	},
	[CLOSE_CAUSE_MTU_BLACK_HOLE] = {
		"Some link of the path takes smaller packets than this host believes, and the\n"
		"ICMP message that says so does not arrive.",
		"A tunnel (VPN, VXLAN, PPPoE) with a smaller MTU, and a firewall that drops\n"
		"ICMP.\n"
		"Jumbo frames at one end only.",
		"tracepath -n PEER\n"
		"ping -M do -s 1472 PEER             # and smaller, until it passes\n"
		"ss -tni dst PEER                    # mss, pmtu",
		"Let ICMP 3/4 (IPv6: packet too big) pass; lower the MTU, or clamp the MSS\n"
		"where the tunnel begins; net.ipv4.tcp_mtu_probing = 1 here.",
	},
	/* -- timers -------------------------------------------------------------------------- */
	[CLOSE_CAUSE_RTO] = {
		"The retransmission timer ran out net.ipv4.tcp_retries2 times, which takes\n"
		"about 15 minutes by default; fewer times for a route known to be down.",
		"The peer or the path vanished: power, a crash, an address that moved.\n"
		"A firewall or NAT forgot the idle connection and drops in silence.\n"
		"Large segments are lost: an MTU black hole.",
		"ping PEER; ss -tnoi dst PEER        # backoff, retrans, mss of the others\n"
		"tracepath -n PEER\n"
		"sysctl net.ipv4.tcp_retries2\n"
		"sysctl net.netfilter.nf_conntrack_tcp_timeout_established",
		"TCP_USER_TIMEOUT per socket, or net.ipv4.tcp_retries2, for a quicker end;\n"
		"keepalive below the idle timeout of the path.",
	},
	[CLOSE_CAUSE_USER_TIMEOUT] = {
		"The application had set TCP_USER_TIMEOUT, and data stayed unacknowledged\n"
		"for that long.",
		"The peer or the path vanished, or stalled longer than the application wants.\n"
		"The timeout is in milliseconds, and was meant in seconds.",
		"strace -f -e trace=setsockopt -p PID        # TCP_USER_TIMEOUT\n"
		"ss -tnoi dst PEER",
		"TCP_USER_TIMEOUT: of gRPC (keepalive_timeout), libpq (tcp_user_timeout), ...",
	},
	[CLOSE_CAUSE_ZERO_WINDOW] = {
		"The peer acknowledged everything but its receive window stayed at zero: its\n"
		"application does not read.",
		"The peer's application hangs or is stopped (a debugger, SIGSTOP, a lock).\n"
		"It is slower than this side for long: a full disk, a slow consumer.",
		"ss -tnp 'sport = :PORT'             # on the peer: Recv-Q is full\n"
		"cat /proc/PID/stack; grep State /proc/PID/status    # on the peer",
		"There: the program. Here: a write timeout, or TCP_USER_TIMEOUT.",
	},
	[CLOSE_CAUSE_KEEPALIVE] = {
		"net.ipv4.tcp_keepalive_probes probes, or the application's TCP_KEEPCNT, got\n"
		"no answer.",
		"The peer went without FIN: power, a crash, a laptop's lid.\n"
		"A NAT or firewall forgot the connection before the first probe.",
		"ping PEER\n"
		"sysctl net.ipv4.tcp_keepalive_time net.ipv4.tcp_keepalive_intvl \\\n"
		"       net.ipv4.tcp_keepalive_probes\n"
		"ss -tnoe dst PEER",
		"net.ipv4.tcp_keepalive_time, or TCP_KEEPIDLE, below the shortest idle\n"
		"timeout of the path (350 s and less in clouds).",
	},
	[CLOSE_CAUSE_FIN_UNACKED] = {
		"FIN_WAIT1, LAST_ACK or CLOSING ran out of retransmissions. For sockets\n"
		"without a process net.ipv4.tcp_orphan_retries is the limit.",
		"The peer vanished before.\n"
		"A firewall dropped the state of the connection when it saw the first FIN.",
		"ss -tano state fin-wait-1           # Send-Q: data or only the FIN\n"
		"conntrack -L -p tcp --dst PEER",
		"net.ipv4.tcp_orphan_retries.",
	},
	[CLOSE_CAUSE_FIN_WAIT2_EXPIRED] = {
		"net.ipv4.tcp_fin_timeout (60 s by default) passed in FIN_WAIT2 without the\n"
		"peer's FIN.",
		"The peer's application does not close: it leaks the socket in CLOSE_WAIT.\n"
		"It still works on the request, and will be reset when it answers.",
		"ss -tnp state close-wait            # on the peer",
		"net.ipv4.tcp_fin_timeout, or TCP_LINGER2 per socket.",
	},
	/* -- clean ends and the rest --------------------------------------------------------- */
	[CLOSE_CAUSE_LOCAL_FIRST] = {
		"This end sent the first FIN and keeps TIME_WAIT.",
		"The application here had finished, or its idle timer ran out.",
		"closetrace --all -f 'cause = local_first' --pid PID    # idle_us",
		"The keep-alive timeout of this program, when it closes too soon.",
	},
	[CLOSE_CAUSE_PEER_FIRST] = {
		"The peer sent the first FIN and keeps TIME_WAIT.",
		"The application there had finished, or its idle timer ran out.",
		"closetrace --all -f 'cause = peer_first' --host PEER   # idle_us",
		"The keep-alive timeout of the peer, when it closes too soon.",
	},
	[CLOSE_CAUSE_SIMULTANEOUS] = {
		"The FINs crossed on the way: state CLOSING.",
		"Both have the same idle timeout, or both react to the same message.",
		"closetrace --all -f 'cause = simultaneous'             # idle_us",
		"Different idle timeouts at the two ends: shorter where requests come from.",
	},
	[CLOSE_CAUSE_NEW_SYN] = {
		"A SYN with a new sequence number used the tuple of a connection that was\n"
		"not over.",
		"The client restarted, or crashed, and took the same port again.\n"
		"A NAT with few ports used one again.",
		"ss -tan dst PEER\n"
		"closetrace -f 'verdict = port_reuse' --host PEER",
		"The port range of the client or NAT.",
	},
	[CLOSE_CAUSE_SILENT] = {
		"The socket went without an error and without a packet, as when its network\n"
		"namespace is deleted.",
		"A container was removed together with its namespace.\n"
		"The packets of the end were not seen: an interface that is not watched.",
		"ip netns list; closetrace doctor\n"
		"journalctl --since -5min | grep -i -e containerd -e docker",
		"Stop the processes before their namespace is deleted (a grace period).",
	},
	[CLOSE_CAUSE_MPTCP_SUBFLOW] = {
		"The connection itself goes on without it; `ip mptcp limits` allows more.",
		"The limit of subflows or addresses is reached.\n"
		"A middlebox removes MPTCP options.",
		"ip mptcp limits; ip mptcp endpoint show\n"
		"nstat -az | grep MPTcp",
		"ip mptcp limits set subflow N add_addr_accepted N",
	},
	[CLOSE_CAUSE_CAPTURE_END] = {
		"What became of it is not in the file. `replay` shows such connections with\n"
		"--all only.",
		"The capture was stopped, or its file was rotated.\n"
		"Its filter or snap length left the end out.",
		"capinfos FILE                       # until when does it go\n"
		"closetrace replay --all FILE NEXT_FILE",
		"Capture for longer, or give replay the files that follow.",
	},
};
