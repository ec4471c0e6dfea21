// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Verdicts and classes. Text only. */
#include "user/command/explain_texts.h"

const struct explain_text explain_verdicts[CLOSE_VERDICT_COUNT] = {
	[CLOSE_FIN_NORMAL] = {
		"The clean end: each side said FIN and the other acknowledged it. `cause`\n"
		"tells who was first. A RST that arrives after both FINs does not change it.",
		"The application finished its work. A peer that closes idle connections\n"
		"looks the same: compare `idle_us` with known idle timeouts.",
		"closetrace --all   # clean endings are shown with --all only",
		"The keep-alive timeout of the end that closes too soon.",
	},
	[CLOSE_HALF_CLOSE_TIMEOUT] = {
		"This host closed and the peer acknowledged the FIN, but the peer never sent\n"
		"its own. After net.ipv4.tcp_fin_timeout the kernel forgot the connection.",
		"The peer's application leaks the socket (it sits there in CLOSE_WAIT), or\n"
		"hangs.\n"
		"The peer's FIN was lost behind a firewall.",
		"ss -tnp state close-wait            # on the peer\n"
		"sysctl net.ipv4.tcp_fin_timeout\n"
		"ss -tn state fin-wait-2             # how many wait now",
		"net.ipv4.tcp_fin_timeout, or TCP_LINGER2 per socket; the cure is in the\n"
		"peer's application.",
	},
	[CLOSE_FIN_UNACKED_TIMEOUT] = {
		"This host sent FIN again and again and nobody acknowledged it, so the\n"
		"kernel gave up. Data before the FIN may be lost as well.",
		"The peer vanished (power, network, crash), or a firewall or NAT dropped\n"
		"the connection's state before it ended.",
		"ping PEER; ip route get PEER\n"
		"sysctl net.ipv4.tcp_orphan_retries net.ipv4.tcp_retries2\n"
		"conntrack -L -p tcp --dst PEER      # is the state still there",
		"net.ipv4.tcp_orphan_retries: how often a FIN without a process is repeated;\n"
		"keepalive below the idle timeout of the path.",
	},
	[CLOSE_LOCAL_APP_ABORT] = {
		"An application of this host closed its socket in a way that makes the kernel\n"
		"send RST instead of FIN. The peer reads \"connection reset by peer\" and may\n"
		"lose data that it had not read yet. `cause` tells which way.",
		"unread_data: it closed without reading all (early error replies, HTTP bodies\n"
		"that nobody wants).\n"
		"linger0: SO_LINGER with 0 seconds, often on purpose in proxies and load tests.\n"
		"A killed process, whose sockets are closed with what they hold.\n"
		"disconnect: connect(AF_UNSPEC).",
		"closetrace explain CAUSE            # unread_data, linger0, ...\n"
		"strace -f -e trace=close,shutdown,setsockopt -p PID\n"
		"journalctl --since -5min | grep -i -e oom -e killed",
		"In the program: read to the end before close(), no SO_LINGER 0. In nginx:\n"
		"lingering_close, reset_timedout_connection; in HAProxy: option nolinger.",
	},
	[CLOSE_LOCAL_UNACCEPTED] = {
		"The connection was established and waited in the accept queue when its\n"
		"listener closed. The application never saw it; the client got RST.",
		"A server that stops or restarts under load.\n"
		"A worker that closes its own SO_REUSEPORT listener.\n"
		"An application that is slow to accept().",
		"ss -lnt                             # Recv-Q: connections not yet accepted\n"
		"systemctl status UNIT               # was it restarted just then\n"
		"nstat -az TcpExtListenOverflows TcpExtListenDrops",
		"net.ipv4.tcp_migrate_req = 1 for SO_REUSEPORT; socket activation, or a server\n"
		"that empties its queue before it closes the listener.",
	},
	[CLOSE_LOCAL_ADMIN_KILL] = {
		"Somebody with privilege destroyed the socket from outside. Its owner read\n"
		"ECONNABORTED. In repair mode (checkpoint/restore) nothing is sent.",
		"`ss -K`, a CNI or load balancer that removes connections to dead backends\n"
		"(SOCK_DESTROY, bpf_sock_destroy), Android's network switch, CRIU.",
		"ausearch -c ss; ps -fp CLOSER_PID   # closer_pid is who did it\n"
		"bpftool prog list | grep -i -e iter -e sock",
		"The configuration of whoever did it (closer_comm).",
	},
	[CLOSE_LOCAL_LATE_DATA_RST] = {
		"Data came in after the application here had closed, or had stopped reading,\n"
		"so the kernel answered RST: there is nobody to give the data to. Not the\n"
		"peer's doing, although the peer reads ECONNRESET or EPIPE.",
		"The application closes before the peer has finished, for example a client\n"
		"that has seen enough, or a server that replies early.",
		"closetrace --pid PID                # is it the habit of one program\n"
		"strace -f -e trace=close,shutdown,recvfrom -p PID\n"
		"nstat -az TcpExtTCPAbortOnData",
		"A keep-alive timeout here that is longer than the client's; read to the end\n"
		"before close().",
	},
	[CLOSE_LOCAL_REFUSED] = {
		"A SYN came in for a port on which nothing listens, and the kernel refused\n"
		"it with RST. The client reads \"connection refused\".",
		"The service is down, still starting, or bound to another address, port or\n"
		"network namespace.\n"
		"A port scan.\n"
		"A stale entry in a load balancer.",
		"ss -lntp | grep :PORT               # in the namespace of the record\n"
		"systemctl status UNIT\n"
		"nft list ruleset | grep -i dnat     # is the port translated",
		"The listen address and port of the service; in a load balancer, a health\n"
		"check that takes it out while it is down.",
	},
	[CLOSE_LOCAL_NO_SOCKET] = {
		"A segment came in that belongs to no socket of this host, and the kernel\n"
		"answered RST. The peer still believed in the connection.",
		"This host or container restarted.\n"
		"The socket was closed long ago.\n"
		"A load balancer moved the flow here.\n"
		"NAT was skipped because conntrack called the packet INVALID.",
		"uptime; ss -tan | grep PEER\n"
		"conntrack -S                        # growing invalid= counts\n"
		"sysctl net.netfilter.nf_conntrack_tcp_be_liberal",
		"net.netfilter.nf_conntrack_tcp_be_liberal = 1, or a rule that drops what is\n"
		"INVALID; keepalive below the idle timeout of the path.",
	},
	[CLOSE_LOCAL_LISTEN_OVERFLOW] = {
		"The handshake was complete but the listener's accept queue was full, and\n"
		"net.ipv4.tcp_abort_on_overflow makes the kernel answer RST.",
		"The server accepts too slowly (blocked, too few workers, CPU limit) or its\n"
		"backlog is small.",
		"ss -lnt                             # Recv-Q against Send-Q of the listener\n"
		"sysctl net.core.somaxconn net.ipv4.tcp_abort_on_overflow\n"
		"nstat -az TcpExtListenOverflows",
		"The backlog of the program and net.core.somaxconn, the smaller one counts;\n"
		"more workers; net.ipv4.tcp_abort_on_overflow = 0 lets clients try again.",
	},
	[CLOSE_LOCAL_BAD_SEGMENT_RST] = {
		"During a handshake a segment came in that fits no state of it: an ACK for\n"
		"something never sent, or one from an older connection. RFC 9293 says RST.",
		"A half-open peer that kept an old connection.\n"
		"Spoofed or scanned packets.\n"
		"SYN cookies that ran out.\n"
		"A middlebox that changes sequence numbers.",
		"nstat -az TcpExtSyncookiesFailed TcpExtPAWSEstab\n"
		"sysctl net.ipv4.tcp_timestamps net.ipv4.tcp_syncookies",
		"net.ipv4.tcp_syncookies, net.ipv4.tcp_max_syn_backlog; sequence number\n"
		"randomization of a firewall on the path.",
	},
	[CLOSE_LOCAL_RESOURCE] = {
		"The kernel itself ended the connection because TCP ran out of memory or\n"
		"there were too many orphan sockets.",
		"Many closed sockets whose data nobody acknowledges.\n"
		"net.ipv4.tcp_mem is too small for the number of connections.\n"
		"An attack.",
		"cat /proc/net/sockstat              # mem and orphan against the limits\n"
		"sysctl net.ipv4.tcp_mem net.ipv4.tcp_max_orphans\n"
		"dmesg | grep -i -e 'out of memory' -e orphan\n"
		"nstat -az TcpExtTCPAbortOnMemory",
		"net.ipv4.tcp_mem, net.ipv4.tcp_max_orphans; net.ipv4.tcp_orphan_retries,\n"
		"lower, to lose orphans sooner.",
	},
	[CLOSE_LOCAL_FIREWALL] = {
		"The packet filter of this host sent the RST: no socket and no TCP reply of\n"
		"the kernel did. Usually a REJECT rule with tcp-reset.",
		"A reject rule that is meant, one that is too wide, or one that takes over\n"
		"when conntrack loses the connection's state. kube-proxy rejects services\n"
		"that have no endpoints.",
		"nft list ruleset | grep -n reject\n"
		"iptables-save -c | grep REJECT      # which counter grows\n"
		"conntrack -S",
		"The rule: narrower, or behind one that accepts `ct state established`.",
	},
	[CLOSE_LOCAL_CANCEL] = {
		"The application closed the socket while its SYN was unanswered, or the SYN\n"
		"could not be sent. No RST is sent for that.",
		"A connect timeout of the application that is shorter than the kernel's.\n"
		"Happy eyeballs, where the slower of IPv4 and IPv6 loses.\n"
		"No local route.",
		"ping PEER; ip route get PEER\n"
		"nft list ruleset                    # is the SYN or its answer dropped\n"
		"closetrace --host PEER --all",
		"The connect timeout of the application, above 1 s at least: the first SYN is\n"
		"repeated after 1 s.",
	},
	[CLOSE_PEER_REFUSED] = {
		"The SYN was answered by RST: \"connection refused\". Either nothing listens\n"
		"there or a firewall on the way rejects it with tcp-reset.",
		"The service is down, starting, or on another port or address.\n"
		"A wrong name or a stale DNS entry.\n"
		"A service without endpoints.",
		"ss -lntp | grep :PORT               # on the peer\n"
		"getent hosts NAME                   # is it the address you expect\n"
		"nft list ruleset | grep reject      # on the peer and on routers",
		"The listen address of the server; the firewall's rule.",
	},
	[CLOSE_PEER_RESET] = {
		"The peer sent a RST which this host accepted. The application here reads\n"
		"ECONNRESET, or EPIPE when it had its FIN already. peer_app and peer_kernel\n"
		"in `cause` say what the RST looks like.",
		"The peer's application closed with data unread or was killed.\n"
		"The peer restarted and forgot the connection.\n"
		"An idle timeout of a load balancer (see idle_us: 60, 300, 350, 600, 3600 s).",
		"closetrace                          # on the peer: it knows its own reason\n"
		"sysctl net.ipv4.tcp_keepalive_time  # below the idle timeout on the path?",
		"An idle timeout of the pool here that is shorter than the peer's or the\n"
		"path's; net.ipv4.tcp_keepalive_time with SO_KEEPALIVE.",
	},
	[CLOSE_PEER_RESET_HANDSHAKE] = {
		"The client sent SYN, got the SYN-ACK, and answered RST instead of ACK. The\n"
		"application of the server never heard of it.",
		"A SYN scan.\n"
		"A health check that only tests the port.\n"
		"A client that gave up just then.\n"
		"A SYN-ACK that reached a host which had not asked.",
		"closetrace --host PEER --all        # always the same client?\n"
		"ip route get PEER                   # asymmetric routing to a wrong host",
		"The health check, to one that sends a request; the route back.",
	},
	[CLOSE_PATH_RESET] = {
		"The RST claims to be the peer's but contradicts the peer's own packets:\n"
		"its distance (TTL) differs, several RSTs disagree, or the peer went on\n"
		"sending. Something between the two hosts made it.",
		"A firewall, IPS or censor that resets connections.\n"
		"A load balancer that answers for a dead backend.\n"
		"A NAT that lost its state.",
		"closetrace                          # on the peer: did it send a RST at all\n"
		"traceroute -T -p PORT PEER          # which hop has the distance of rst_ttl\n"
		"tcpdump -nvi IFACE 'tcp[tcpflags] & tcp-rst != 0'",
		"The policy and idle timeout of that device; TCP keepalive below it.",
	},
	[CLOSE_PATH_ICMP] = {
		"An ICMP error ended the attempt to connect. `cause` has its kind. On an\n"
		"established connection such errors only slow down, they do not end it.",
		"A REJECT rule with an ICMP type.\n"
		"No route to the network.\n"
		"A host that does not answer ARP or neighbour discovery.\n"
		"A missing return route.",
		"ip route get PEER; ip neigh show PEER\n"
		"traceroute -T -p PORT PEER\n"
		"tcpdump -nvi IFACE 'icmp or icmp6'",
		"The route, address or reject rule that the message tells of.",
	},
	[CLOSE_TIMEOUT_HANDSHAKE] = {
		"The handshake was never completed: no answer came to the SYN, or, for a\n"
		"server, to the SYN-ACK. The application reads ETIMEDOUT.",
		"A firewall or security group that drops.\n"
		"A host that is down.\n"
		"A wrong route for the way back.\n"
		"For a server: a SYN flood with forged addresses.",
		"traceroute -T -p PORT PEER\n"
		"nft list ruleset | grep drop\n"
		"sysctl net.ipv4.tcp_syn_retries net.ipv4.tcp_synack_retries\n"
		"nstat -az TcpExtTCPTimeouts TcpExtListenDrops",
		"The rule or route; for a quicker end net.ipv4.tcp_syn_retries (client) or\n"
		"net.ipv4.tcp_synack_retries (server); net.ipv4.tcp_syncookies for floods.",
	},
	[CLOSE_TIMEOUT_DATA] = {
		"Data was sent again and again and never acknowledged, so the kernel gave up\n"
		"without sending anything. `cause`: rto, user_timeout or zero_window.",
		"The peer or the path vanished.\n"
		"A firewall or NAT forgot an idle connection and drops in silence.\n"
		"The peer's application stopped reading (zero_window).",
		"ss -tino dst PEER                   # retrans, rto, unacked of the others\n"
		"sysctl net.ipv4.tcp_retries2\n"
		"sysctl net.netfilter.nf_conntrack_tcp_timeout_established",
		"TCP_USER_TIMEOUT, or net.ipv4.tcp_retries2, for a quicker end; keepalive below\n"
		"the idle timeout of the path; net.ipv4.tcp_mtu_probing = 1 for a black hole.",
	},
	[CLOSE_TIMEOUT_KEEPALIVE] = {
		"The connection was idle, keepalive probes went unanswered, and the kernel\n"
		"ended it with RST.",
		"The peer crashed or was moved.\n"
		"A NAT or firewall forgot the idle connection before the first probe was\n"
		"sent.",
		"sysctl net.ipv4.tcp_keepalive_time net.ipv4.tcp_keepalive_intvl \\\n"
		"       net.ipv4.tcp_keepalive_probes\n"
		"ss -tnoe dst PEER                   # keepalive timers of the others",
		"net.ipv4.tcp_keepalive_time, or TCP_KEEPIDLE per socket, below the shortest\n"
		"idle timeout of the path; or that timeout.",
	},
	[CLOSE_PORT_REUSE] = {
		"A new SYN took the same addresses and ports while the old connection was\n"
		"not seen ending. The record is about the old one.",
		"A client that restarted and picked the same port.\n"
		"A NAT with few ports.\n"
		"An end of the old connection that was not seen.",
		"sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse\n"
		"ss -tan dst PEER",
		"net.ipv4.ip_local_port_range of the client; the port range of the NAT.",
	},
	[CLOSE_ORPHAN_MID] = {
		"The connection is gone, but nothing that was seen tells how. Rather than\n"
		"guess, the record says so.",
		"Tracing began in the middle.\n"
		"Packets take an interface that is not watched.\n"
		"A network namespace was deleted with its sockets.\n"
		"Records were lost.",
		"closetrace doctor                   # what this host lets it see\n"
		"ip netns list",
		"What doctor says is missing; --netns all, where only one was watched.",
	},
};

const struct explain_text explain_classes[CLOSE_CLASS_COUNT] = {
	[CLOSE_CLASS_NONE] = {
		.means = "No class. Records do not have it.",
	},
	[CLOSE_CLASS_CLOSED] = {
		.means = "A clean end by FIN from both sides: fin_normal.",
	},
	[CLOSE_CLASS_HALF_CLOSED] = {
		.means = "One side closed and the other never finished: half_close_timeout,\n"
			 "fin_unacked_timeout.",
	},
	[CLOSE_CLASS_REFUSED] = {
		.means = "The connection was turned down before it began: local_refused, peer_refused,\n"
			 "local_listen_overflow, local_bad_segment_rst.",
	},
	[CLOSE_CLASS_RESET_LOCAL] = {
		.means = "This host reset it: its application, somebody with privilege, or its kernel.\n"
			 "Look here for the reason, not at the peer.",
	},
	[CLOSE_CLASS_RESET_PEER] = {
		.means = "The other end reset it. The reason lies there: run closetrace on the peer.",
	},
	[CLOSE_CLASS_PATH] = {
		.means = "Neither application ended it: a packet filter, a middlebox or an ICMP error\n"
			 "did.",
	},
	[CLOSE_CLASS_TIMEOUT] = {
		.means = "Nobody answered any more and the kernel gave up: timeout_handshake,\n"
			 "timeout_data, timeout_keepalive.",
	},
	[CLOSE_CLASS_CANCELLED] = {
		.means = "The application gave up before the connection was established.",
	},
	[CLOSE_CLASS_UNKNOWN] = {
		.means = "What was seen does not tell how it ended: port_reuse, orphan_mid.",
	},
};
