// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The values of `error`, which are also what an application reads. Text only. */
#include "user/command/explain_texts.h"

#include <errno.h>

static const char *errno_word(uint8_t number)
{
	return error_name(number);
}

_Static_assert(EXPLAIN_ERRNO_COUNT > EKEYREJECTED && EXPLAIN_ERRNO_COUNT < 256,
	       "errno values fit the table and eight bits");

const struct word_list explain_errno_words = { errno_word, EXPLAIN_ERRNO_COUNT };

const struct explain_text explain_errnos[EXPLAIN_ERRNO_COUNT] = {
	/* -- the ones that end connections --------------------------------------------------- */
	[ECONNRESET] = {
		"\"Connection reset by peer\": a RST was accepted on a connection that was\n"
		"complete. Read by the call that waits, or by the next one, and only once.\n"
		"In spite of its name the peer need not have sent the RST.",
		"The peer's application closed with data unread, or with SO_LINGER 0.\n"
		"The peer's program died or restarted and data came for its old connection.\n"
		"An idle timer of a peer, load balancer or firewall; see idle_before_us.\n"
		"This host: data came in after shutdown (local_late_data_rst).\n"
		"Something on the path forged it (path_reset).",
		"closetrace -f 'error = ECONNRESET' --host PEER   # verdict says whose RST\n"
		"closetrace trace --all              # the same on the peer: it knows why\n"
		"nstat -az TcpEstabResets TcpExtTCPAbortOnClose",
		"Keep an idle connection here for less time than the peer or the path does\n"
		"(timeout of the connection pool); net.ipv4.tcp_keepalive_time with\n"
		"SO_KEEPALIVE, below the shortest idle timeout of the path.",
	},
	[EPIPE] = {
		"\"Broken pipe\": written to a connection whose sending side is closed, by an\n"
		"own shutdown(SHUT_WR), or by a RST that came after the peer's FIN. Without\n"
		"MSG_NOSIGNAL the process gets SIGPIPE as well.",
		"The peer closed (FIN), this end wrote once more, got RST, and wrote again.\n"
		"A pooled connection was closed while idle and nobody read its end of file.\n"
		"The program writes after its own shutdown(SHUT_WR).",
		"closetrace -f 'error = EPIPE'       # peer_fin_us: how long the FIN was here\n"
		"ss -tnp state close-wait            # closed by the peer, still open here\n"
		"strace -f -e trace=write,sendto,shutdown,close -p PID",
		"An idle timeout here that is shorter than the peer's, or a test of a pooled\n"
		"connection before use.",
	},
	[ETIMEDOUT] = {
		"\"Connection timed out\": the peer answered neither SYN, data, keepalive\n"
		"probes nor window probes, and this kernel gave up. The peer told nothing.",
		"A firewall or security group drops in silence.\n"
		"The peer is down, or its address moved.\n"
		"A NAT or firewall on the path forgot an idle connection.\n"
		"An MTU black hole: small packets pass, large ones do not.\n"
		"TCP_USER_TIMEOUT or TCP_KEEPCNT of the application is short.\n"
		"The packets never left this host (cause never_left).",
		"ping PEER; ip route get PEER; ip neigh show\n"
		"traceroute -T -p PORT PEER          # the last hop that answers\n"
		"ss -tnoi dst PEER                   # timers, retransmissions, mss, pmtu\n"
		"nstat -az TcpExtTCPAbortOnTimeout TcpExtTCPTimeouts TcpRetransSegs",
		"Connecting: net.ipv4.tcp_syn_retries. Data: net.ipv4.tcp_retries2 or\n"
		"TCP_USER_TIMEOUT. Idle: net.ipv4.tcp_keepalive_time, _intvl and _probes.\n"
		"Black hole: net.ipv4.tcp_mtu_probing = 1.",
	},
	[ECONNREFUSED] = {
		"\"Connection refused\": the SYN was answered by RST, or by ICMP port\n"
		"unreachable.",
		"Nothing listens on that address and port: down, starting, crashed.\n"
		"It listens on another address, 127.0.0.1 for example, or another port.\n"
		"A REJECT rule, on the peer, on a router, or here.\n"
		"A service of Kubernetes without endpoints.",
		"ss -lntp 'sport = :PORT'            # on the peer, in its namespace\n"
		"getent ahosts NAME                  # is that the address you meant\n"
		"nft list ruleset | grep -i reject",
		"The listen address of the server (0.0.0.0 or [::] rather than 127.0.0.1).",
	},
	[EHOSTUNREACH] = {
		"\"No route to host\": there is a route, but its last step does not answer.\n"
		"Either an ICMP message said so (3/1 and most filter codes; ICMPv6 address\n"
		"unreachable), or this host got no answer to ARP or neighbour discovery.",
		"The peer is down, or no longer has that address, in this very subnet.\n"
		"A firewall rejects with `icmp-host-prohibited` (the default of firewalld).\n"
		"A route of type unreachable; or a routing loop (ICMP time exceeded).\n"
		"A router got no answer from the peer.",
		"ip route get PEER; ip neigh show PEER        # FAILED or INCOMPLETE\n"
		"arping -c 3 -I IFACE PEER                    # in the same subnet\n"
		"tcpdump -nvi IFACE 'arp or icmp or icmp6'    # who says so, with which code",
		"The prefix length and routes of this host; the reject rule of the firewall.",
	},
	[ENETUNREACH] = {
		"\"Network is unreachable\": no route. Without any packet it is this host's\n"
		"routing table; by ICMP (3/0, 3/6, 3/9; ICMPv6 no route) it is a router's.",
		"No default route, or none for IPv6 although the name has an AAAA record.\n"
		"The interface went down and took its routes along.\n"
		"A policy rule (ip rule) of type unreachable, or one to an empty table.",
		"ip route get PEER; ip -6 route show default; ip rule\n"
		"ip -br link; ip -br addr",
		"A route; or IPv4 first for names with both (/etc/gai.conf, precedence of\n"
		"::ffff:0:0/96).",
	},
	[EADDRNOTAVAIL] = {
		"\"Cannot assign requested address\": for connect(), no local port is free for\n"
		"this destination; for bind(), the address is none of this host.",
		"Many short connections to one address and port: their TIME_WAITs hold each\n"
		"port of the range for 60 s.\n"
		"Connections that leak: open and never closed.\n"
		"bind() to an address that is not there yet, or no more.",
		"ss -tan dst PEER | awk '{print $1}' | sort | uniq -c   # by state\n"
		"ss -s\n"
		"sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports",
		"Keep connections open and use them again. net.ipv4.ip_local_port_range,\n"
		"net.ipv4.tcp_tw_reuse = 1 (needs timestamps). IP_BIND_ADDRESS_NO_PORT where\n"
		"the program binds first. net.ipv4.ip_nonlocal_bind for bind().",
	},
	[ECONNABORTED] = {
		"\"Software caused connection abort\": this host ended the connection from\n"
		"outside of its owner, by tcp_abort().",
		"`ss -K`, or a network manager or CNI that destroys sockets (SOCK_DESTROY).\n"
		"A BPF program with bpf_sock_destroy().\n"
		"The address that the connection used was taken away (Android).",
		"closetrace -f 'error = ECONNABORTED'    # closer_comm is who did it\n"
		"bpftool prog list | grep -e iter -e sock\n"
		"ip -ts monitor address                  # do addresses come and go",
		NO_SETTING,
	},
	[EACCES] = {
		"\"Permission denied\": a route of type prohibit, or a security module, or\n"
		"for IPv6 an ICMP message that says \"prohibited\" (codes 1, 5, 6).",
		"A firewall on the path, over IPv6, rejects with adm-prohibited.\n"
		"`ip route` or `ip rule` has a prohibit entry.\n"
		"SELinux or AppArmor forbids this program to connect.",
		"ip route get PEER; ip rule\n"
		"ausearch -m avc -ts recent; journalctl -k -g 'apparmor=\"DENIED\"'\n"
		"tcpdump -nvi IFACE 'icmp6 and ip6[40] == 1'",
		"The policy: setsebool, the AppArmor profile, the route, the firewall's rule.",
	},
	[EPERM] = {
		"\"Operation not permitted\": a rule or program of this host said no. A packet\n"
		"that netfilter drops does not give it to TCP: that repeats, and times out.",
		"A BPF program of the process's cgroup rejects connect() or its packets.\n"
		"A seccomp filter of the container returns EPERM.",
		"bpftool cgroup tree                 # connect4, connect6, egress\n"
		"systemctl show UNIT -p IPAddressDeny -p RestrictAddressFamilies\n"
		"grep Seccomp /proc/PID/status",
		"The rule; IPAddressDeny= and RestrictAddressFamilies= of the systemd unit.",
	},
	[ENETDOWN] = {
		"\"Network is down\": the interface of the route is down.",
		"The link was set down, by an administrator or a network manager.\n"
		"The interface's driver or tunnel went away.",
		"ip -br link; ip route get PEER\n"
		"journalctl -k --since -10min | grep -i -e link -e IFACE",
		"ip link set IFACE up",
	},
	[EHOSTDOWN] = {
		"\"Host is down\": made from ICMP 3/7, host unknown. Rare.",
		"A router says that the host does not exist, or somebody forges that.",
		"ip route get PEER; traceroute -T -p PORT PEER\n"
		"tcpdump -nvi IFACE 'icmp[0] == 3'",
		NO_SETTING,
	},
	[ENONET] = {
		"\"Machine is not on the network\": made from ICMP 3/8, source host isolated.",
		"An old router, or a forged packet: RFC 1812 forbids to send this code.",
		"tcpdump -nvi IFACE 'icmp[0] == 3 and icmp[1] == 8'   # who sends it",
		NO_SETTING,
	},
	[ENOPROTOOPT] = {
		"\"Protocol not available\": made from ICMP 3/2, protocol unreachable; of\n"
		"setsockopt(), an option that this kernel does not know.",
		"A filter rejects with `icmp-proto-unreachable`.\n"
		"A host without TCP, or a forged packet.\n"
		"A program that was built for another kernel (setsockopt only).",
		"tcpdump -nvi IFACE 'icmp[0] == 3 and icmp[1] == 2'\n"
		"strace -f -e trace=setsockopt -p PID",
		NO_SETTING,
	},
	[EPROTO] = {
		"\"Protocol error\": ICMP parameter problem, or, with ICMPv6, a message that\n"
		"has no errno of its own; kernel TLS and MPTCP use it for bad records, too.",
		"A router does not like an IP option or extension header of ours.\n"
		"Kernel TLS: the record's type or version is wrong.\n"
		"MPTCP: the peer breaks the protocol, or a middlebox removes its options.",
		"tcpdump -nvi IFACE 'icmp[0] == 12 or (icmp6 and ip6[40] == 4)'\n"
		"ss -tni dst PEER                    # tcp-ulp-tls, tcp-ulp-mptcp\n"
		"nstat -az | grep -e Tls -e MPTcp",
		"net.mptcp.enabled, or kTLS of the program, to try without them.",
	},
	[EOPNOTSUPP] = {
		"\"Operation not supported\": made from ICMP 3/5, source route failed; of a\n"
		"call, one that this kind of socket does not have.",
		"A packet with a source route, which hardly any network passes.\n"
		"A program that asks a socket for what it cannot do.",
		"tcpdump -nvi IFACE 'icmp[0] == 3 and icmp[1] == 5'\n"
		"strace -f -e trace=network -p PID",
		NO_SETTING,
	},
	[EMSGSIZE] = {
		"\"Message too long\": a packet larger than the path takes. For TCP, ICMP\n"
		"3/4 or ICMPv6 packet too big only makes its segments smaller, so as an\n"
		"ending it is rare.",
		"A tunnel or VPN on the path has a smaller MTU than this interface.\n"
		"PMTU discovery is held off by a locked MTU in the route.",
		"ip route get PEER                   # mtu of the cached exception\n"
		"tracepath -n PEER\n"
		"ss -tni dst PEER                    # mss, pmtu",
		"The MTU of the interface or route; `tcp option maxseg size set rt mtu` where\n"
		"the tunnel begins; net.ipv4.tcp_mtu_probing = 1.",
	},
	/* -- resources ----------------------------------------------------------------------- */
	[ENOMEM] = {
		"\"Cannot allocate memory\": the kernel had none for this socket or packet.",
		"The memory limit of the cgroup is reached.\n"
		"net.ipv4.tcp_mem is reached: many sockets with much data that nobody reads.\n"
		"The host itself is out of memory.",
		"cat /proc/net/sockstat; sysctl net.ipv4.tcp_mem\n"
		"cat /proc/PID/cgroup                # then its memory.events\n"
		"journalctl -k --since -10min | grep -i -e oom -e 'out of memory'",
		"net.ipv4.tcp_mem (pages); memory.max of the cgroup.",
	},
	[ENOBUFS] = {
		"\"No buffer space available\": the kernel had no memory for a packet, or the\n"
		"queue of an interface was full.",
		"The queueing discipline of the interface drops.\n"
		"The host, or net.ipv4.tcp_mem, is out of memory.\n"
		"The socket's option memory (net.core.optmem_max) is used up.",
		"tc -s qdisc show dev IFACE          # dropped, overlimits\n"
		"ip -s link show IFACE",
		"txqueuelen or the limit of the qdisc; net.core.optmem_max.",
	},
	[EAGAIN] = {
		"\"Resource temporarily unavailable\": not an ending by itself. A non-blocking\n"
		"call would have waited, or SO_RCVTIMEO or SO_SNDTIMEO ran out.",
		"A timeout of the application (SO_RCVTIMEO, SO_SNDTIMEO), which then closes.\n"
		"The peer does not read (sending), or does not send (reading).",
		"ss -tnio dst PEER                   # Send-Q, Recv-Q, timers\n"
		"strace -f -r -e trace=network -p PID",
		"The timeout of the application.",
	},
	[ENODEV] = {
		"\"No such device\": the interface that the socket is bound to, or the route\n"
		"leads over, has gone.",
		"A container's or VPN's interface was removed while the connection lived.\n"
		"SO_BINDTODEVICE names an interface that went.",
		"ip -br link; ip route get PEER\n"
		"ss -tnpe dst PEER                   # %IFACE behind the address: bound",
		NO_SETTING,
	},
	[EIO] = {
		"\"Input/output error\": a layer above TCP failed; plain TCP does not give\n"
		"it.",
		"Kernel TLS got a record, such as an alert, for which the program did not ask.",
		"journalctl -k --since -10min\n"
		"nstat -az | grep -i tls",
		NO_SETTING,
	},
	[EBADMSG] = {
		"\"Bad message\": kernel TLS could not authenticate a record.",
		"The two ends disagree on keys: a key update, or a socket that was handed over.\n"
		"Data was changed on the way although the TCP checksum was right.\n"
		"A bug in the TLS offload of a network card.",
		"nstat -az TlsDecryptError TlsRxDevice\n"
		"ethtool -k IFACE | grep tls",
		"ethtool -K IFACE tls-hw-rx-offload off    # to try without offload",
	},
	[EKEYREJECTED] = {
		"\"Key was rejected\": the socket must sign (TCP-AO), but has no key for\n"
		"this peer.",
		"The key was added for another address, prefix or interface, in BGP mostly.",
		"nstat -az | grep -i -e TCPAO -e TCPMD5\n"
		"vtysh -c 'show bgp neighbors PEER'",
		"The password or key of that neighbour.",
	},
	/* -- misuse by the program ----------------------------------------------------------- */
	[EADDRINUSE] = {
		"\"Address already in use\": bind(), listen() or, with a bound port, connect()\n"
		"wants a tuple that exists.",
		"The old process still listens.\n"
		"TIME_WAIT of earlier connections, and SO_REUSEADDR is not set.\n"
		"The program binds a fixed local port and connects to the same place again.",
		"ss -antp 'sport = :PORT'            # who has it, in which state",
		"SO_REUSEADDR for servers; no fixed local port for clients;\n"
		"IP_BIND_ADDRESS_NO_PORT.",
	},
	[ENOTCONN] = {
		"\"Transport endpoint is not connected\": a call that needs a connection on a\n"
		"socket that has none, or no more.",
		"The connection was reset before; this is the second call after it.\n"
		"shutdown() or getpeername() on a socket that never connected.",
		"closetrace --pid PID                # the ending that came before\n"
		"strace -f -e trace=network -p PID",
		NO_SETTING,
	},
	[EISCONN] = {
		"\"Transport endpoint is already connected\": connect() for the second time.",
		"A non-blocking connect() that succeeded was called again, which is harmless.\n"
		"The program uses a socket twice.",
		"strace -f -e trace=connect -p PID",
		NO_SETTING,
	},
	[ESHUTDOWN] = {
		"\"Cannot send after transport endpoint shutdown\". Linux' TCP gives EPIPE\n"
		"instead; SCTP, Unix and device sockets use this.",
		"The program writes after its own shutdown().",
		"strace -f -e trace=shutdown,sendto,write -p PID",
		NO_SETTING,
	},
	[EINVAL] = {
		"\"Invalid argument\": the call does not fit the state of the socket, or the\n"
		"kernel cannot use the address.",
		"accept() on a socket whose listener was shut down by another thread.\n"
		"A route of type blackhole.\n"
		"connect() with the address family or length of another protocol.",
		"ip route get PEER\n"
		"strace -f -e trace=network -p PID",
		NO_SETTING,
	},
	[EFAULT] = {
		"\"Bad address\": the program gave a pointer to memory that it does not have.\n"
		"It ends no connection by itself.",
		"A bug of the program: memory that was freed or unmapped (mmap, truncate).",
		"strace -f -e trace=network -p PID\n"
		"coredumpctl info PID",
		NO_SETTING,
	},
	[EINTR] = {
		"\"Interrupted system call\": a signal came while the call waited. It ends no\n"
		"connection by itself; connect() goes on in the background.",
		"A timer, profiler or child's signal, with a handler without SA_RESTART.",
		"strace -f -e trace=network -e signal=all -p PID",
		NO_SETTING,
	},
	[EALREADY] = {
		"\"Operation already in progress\": connect() again before the first has ended.",
		"A non-blocking program that does not wait for the socket to be writable.",
		"strace -f -e trace=connect,poll,epoll_wait -p PID",
		NO_SETTING,
	},
	[EINPROGRESS] = {
		"\"Operation now in progress\": the usual answer of a non-blocking connect();\n"
		"as an ending, the program closed before the answer came, or SO_SNDTIMEO ran\n"
		"out while connecting.",
		"The application's own connect timeout.\n"
		"Happy eyeballs: the other family was quicker.",
		"closetrace -f 'verdict = local_cancel' --host PEER\n"
		"ping PEER",
		"The connect timeout of the application.",
	},
	[ENETRESET] = {
		"\"Network dropped connection on reset\": of TCP on Linux, SO_KEEPALIVE does\n"
		"not give it (that is ETIMEDOUT). Old ICMP codes and other protocols do.",
		"A driver or protocol above TCP ended its session.",
		"journalctl -k --since -10min\n"
		"tcpdump -nvi IFACE 'icmp[0] == 3'",
		NO_SETTING,
	},
};
