// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Why the kernel sent RST (enum sk_rst_reason), and why it dropped (skb_drop_reason). Text only. */
#include "user/command/explain_texts.h"

/* Subflows of MPTCP: what to look at is the same for all. */
#define MPTCP_CHECK                                                                                \
	"ip mptcp limits; ip mptcp endpoint show; ss -Mtni dst PEER\n"                             \
	"nstat -az | grep MPTcp"

const struct explain_text explain_reasons[RESET_REASON_COUNT] = {
	[RESET_REASON_NONE] = { .means = "No RST was sent by this kernel, or it gave no reason." },
	[RESET_REASON_NOT_SPECIFIED] = {
		"The kernel sent RST without naming a reason, as 6.10 and 6.11 do for every\n"
		"active reset.",
		"An older kernel: before 6.12 active resets have no reason of their own.\n"
		"A place in the kernel that has not been given one.",
		"uname -r\n"
		"closetrace -f 'reason = NOT_SPECIFIED' -o ndjson   # reason_derived, cause",
		NO_SETTING,
	},
	[RESET_REASON_NO_SOCKET] = {
		"A segment came in for which there is no socket.",
		"A SYN for a port on which nothing listens (local_refused).\n"
		"Data for a connection that ended here before (local_no_socket).\n"
		"A packet that conntrack did not translate.",
		"ss -lntp 'sport = :PORT'; ss -tan dst PEER\n"
		"conntrack -S                        # invalid=",
		"The listen address of the service; net.netfilter.nf_conntrack_tcp_be_liberal.",
	},
	[RESET_REASON_TCP_INVALID_ACK_SEQUENCE] = {
		"The ACK number lies outside what this socket has sent.",
		"The peer still has an older connection on the same ports.\n"
		"A middlebox changes sequence numbers on one way only.\n"
		"Forged packets.",
		"tcpdump -nSi IFACE host PEER and port PORT\n"
		"ss -tan dst PEER                    # on the peer: the same ports",
		"Sequence number randomization of the firewall on the path.",
	},
	[RESET_REASON_TCP_RFC7323_PAWS] = {
		"The timestamp is older than the last one (PAWS, RFC 7323 section 5).",
		"Several hosts behind one NAT address, with clocks of their own.\n"
		"A packet that was delayed or repeated.",
		"nstat -az TcpExtPAWSActive TcpExtPAWSEstab\n"
		"sysctl net.ipv4.tcp_timestamps",
		"More ports or addresses for the NAT.",
	},
	[RESET_REASON_TCP_TOO_OLD_ACK] = {
		"The ACK is older than the window allows (RFC 5961 section 5.2).",
		"A packet that was long on its way.\n"
		"Forged packets that try to hit a window.",
		"nstat -az TcpExtTCPChallengeACK\n"
		"tcpdump -nSi IFACE host PEER and port PORT",
		NO_SETTING,
	},
	[RESET_REASON_TCP_ACK_UNSENT_DATA] = {
		"The ACK is for data that was not sent yet.",
		"A middlebox that answers in the peer's name, or changes numbers.\n"
		"Forged packets.",
		"tcpdump -nSi IFACE host PEER and port PORT    # at both ends",
		NO_SETTING,
	},
	[RESET_REASON_TCP_FLAGS] = {
		"The flags make no sense in this state, such as an ACK at a listener.",
		"An ACK scan, or packets of an older connection that reach a listener.\n"
		"A handshake that expired before its last ACK came.",
		"nstat -az TcpExtListenOverflows TcpExtSyncookiesFailed\n"
		"tcpdump -nvi IFACE host PEER and port PORT",
		NO_SETTING,
	},
	[RESET_REASON_TCP_OLD_ACK] = {
		"The ACK is old but was within the window.",
		"A packet that was overtaken by later ones.",
		"nstat -az TcpExtTCPChallengeACK\n"
		"tcpdump -nSi IFACE host PEER and port PORT",
		NO_SETTING,
	},
	[RESET_REASON_TCP_ABORT_ON_DATA] = {
		"Data came in after the application had stopped reading. Seen as the verdict\n"
		"local_late_data_rst.",
		"The application closed before the peer had finished.\n"
		"A request crossed this side's FIN.",
		"closetrace explain local_late_data_rst\n"
		"nstat -az TcpExtTCPAbortOnData",
		"A keep-alive timeout here that is longer than the client's.",
	},
	[RESET_REASON_TCP_TIMEWAIT_SOCKET] = {
		"A TIME_WAIT socket had to answer: the real one is closed already.",
		"Data came after the close (data_after_close).\n"
		"A new SYN while the FIN of the peer was still awaited (FIN_WAIT2).",
		"ss -tan state time-wait dst PEER\n"
		"nstat -az TcpExtPAWSTimewait TcpExtTW",
		"A keep-alive timeout here that is longer than the client's.",
	},
	[RESET_REASON_INVALID_SYN] = {
		"A SYN where none may be, and also what the kernel says when a full accept\n"
		"queue makes it abort (tcp_abort_on_overflow).",
		"A full accept queue, with net.ipv4.tcp_abort_on_overflow = 1.\n"
		"A SYN in the window of a handshake that is not over.",
		"ss -lnt                             # Recv-Q of Send-Q\n"
		"sysctl net.ipv4.tcp_abort_on_overflow net.core.somaxconn",
		"net.core.somaxconn and the program's backlog;\n"
		"net.ipv4.tcp_abort_on_overflow = 0.",
	},
	[RESET_REASON_TCP_ABORT_ON_CLOSE] = {
		"close() with received data unread. Seen as local_app_abort, unread_data.",
		"An early answer while the request is still coming in.\n"
		"A client that reads as much as it needs.\n"
		"A process that died with data in its queue.",
		"closetrace explain unread_data\n"
		"nstat -az TcpExtTCPAbortOnClose",
		"The program: read to the end, or shutdown(SHUT_WR) and drain.",
	},
	[RESET_REASON_TCP_ABORT_ON_LINGER] = {
		"TCP_LINGER2 is negative, so FIN_WAIT2 is skipped. A close with SO_LINGER of\n"
		"0 seconds is TCP_STATE, in spite of this name.",
		"setsockopt(TCP_LINGER2, -1).",
		"closetrace explain linger2\n"
		"nstat -az TcpExtTCPAbortOnLinger",
		"TCP_LINGER2 of the program.",
	},
	[RESET_REASON_TCP_ABORT_ON_MEMORY] = {
		"TCP memory or the number of orphan sockets is at its limit.",
		"Many closed sockets whose data nobody acknowledges.\n"
		"Many connections with full buffers.",
		"cat /proc/net/sockstat\n"
		"nstat -az TcpExtTCPAbortOnMemory",
		"net.ipv4.tcp_mem, net.ipv4.tcp_max_orphans.",
	},
	[RESET_REASON_TCP_STATE] = {
		"The socket's state demands RST on its way to CLOSE: SO_LINGER of 0 seconds,\n"
		"connect(AF_UNSPEC), ss -K, or a listener closed over its queue. The cause\n"
		"tells them apart.",
		"SO_LINGER with 0 seconds.\n"
		"A listener that closes over what waits in its queue.\n"
		"`ss -K` and the like; connect(AF_UNSPEC).",
		"closetrace -f 'reason = TCP_STATE'  # cause, closer_comm",
		"Where `closetrace explain CAUSE` says.",
	},
	[RESET_REASON_TCP_KEEPALIVE_TIMEOUT] = {
		"No keepalive probe was answered.",
		"The peer went without FIN.\n"
		"A NAT or firewall forgot the idle connection.",
		"sysctl net.ipv4.tcp_keepalive_time net.ipv4.tcp_keepalive_probes\n"
		"ss -tnoe dst PEER",
		"net.ipv4.tcp_keepalive_time below the shortest idle timeout of the path.",
	},
	[RESET_REASON_TCP_DISCONNECT_WITH_DATA] = {
		"The socket was disconnected with data still to send.",
		"connect(AF_UNSPEC) right after a write.",
		"closetrace explain unsent_data\n"
		"strace -f -e trace=connect,write -p PID",
		"The program: shutdown(SHUT_WR), then wait for the peer's end of file.",
	},
	[RESET_REASON_MPTCP_RST_EUNSPEC] = {
		"Multipath TCP, unspecified error (RFC 8684 section 3.6, code 0).",
		"The connection or the subflow was closed by its owner.",
		MPTCP_CHECK,
		NO_SETTING,
	},
	[RESET_REASON_MPTCP_RST_EMPTCP] = {
		"Multipath TCP, an error of the protocol itself (code 1).",
		"A join whose token or signature is wrong.\n"
		"Data without a valid mapping, often because a middlebox changed it.",
		MPTCP_CHECK,
		"net.mptcp.checksum_enabled finds what changes data; net.mptcp.enabled.",
	},
	[RESET_REASON_MPTCP_RST_ERESOURCE] = {
		"Multipath TCP, no resources for another subflow (code 2).",
		"The limit of subflows is reached, or memory is short.",
		MPTCP_CHECK,
		"ip mptcp limits set subflow N add_addr_accepted N",
	},
	[RESET_REASON_MPTCP_RST_EPROHIBIT] = {
		"Multipath TCP, the subflow is not allowed here (code 3).",
		"The limit of subflows is 0 or reached.\n"
		"Subflows were refused after a fallback to plain TCP.",
		MPTCP_CHECK,
		"ip mptcp limits set subflow N add_addr_accepted N",
	},
	[RESET_REASON_MPTCP_RST_EWQ2BIG] = {
		"Multipath TCP, too much data is waiting (code 4).",
		"A path much slower than the others.",
		MPTCP_CHECK,
		"The endpoint of the slow path: ip mptcp endpoint change ... backup",
	},
	[RESET_REASON_MPTCP_RST_EBADPERF] = {
		"Multipath TCP, the subflow performs too badly (code 5).",
		"Loss on that path; it was given up for a better one.",
		MPTCP_CHECK,
		"The endpoint of the bad path: ip mptcp endpoint delete",
	},
	[RESET_REASON_MPTCP_RST_EMIDDLEBOX] = {
		"Multipath TCP, a middlebox interferes (code 6).",
		"A proxy or firewall changes data, or removes options or checksums.",
		MPTCP_CHECK,
		"That middlebox; net.mptcp.enabled = 0 to try without.",
	},
	[RESET_REASON_ERROR] = {
		"The kernel's reason for whatever has no name of its own.",
		"A path in the kernel that has no better reason.",
		"uname -r\n"
		"closetrace -f 'reason = ERROR' -o ndjson    # cause, evidence",
		NO_SETTING,
	},
};

const struct explain_text explain_drops[DROP_REASON_COUNT] = {
	[DROP_REASON_NONE] = {
		.means = "This host dropped nothing of it, or the kernel did not say so.",
	},
	[DROP_REASON_NOT_SPECIFIED] = {
		"Dropped before it had a device, and the kernel names no\n"
		"reason: over IPv6 a missing route looks like this.",
		"No IPv6 route to the peer.\n"
		"A place in the kernel that has no reason yet.",
		"ip -6 route get PEER\n"
		"dropwatch -l kas                    # start: the place in the kernel",
		"The route.",
	},
	[DROP_REASON_NETFILTER_DROP] = {
		"A rule of nftables or iptables on this host.",
		"A drop rule, or a drop policy, of OUTPUT or POSTROUTING.\n"
		"A new connection while the conntrack table is full.",
		"nft -a list ruleset | grep -n -e drop -e 'policy drop'\n"
		"iptables-save -c | grep -e DROP     # which counter grows\n"
		"conntrack -S                        # drop=, insert_failed=",
		"That rule; net.netfilter.nf_conntrack_max.",
	},
	[DROP_REASON_IP_OUTNOROUTES] = {
		"No route to the peer from the connection's address: the route\n"
		"went, or the address moved to another host.",
		"An interface went down and took its routes along.\n"
		"The address was removed (DHCP, VRRP, a VPN that reconnected).",
		"ip route get PEER from LOCAL_ADDR\n"
		"ip -br addr; ip rule",
		"The route or address.",
	},
	[DROP_REASON_NEIGH_CREATEFAIL] = {
		"The neighbour table of this host is full.",
		"A large flat subnet, or a scan of one.\n"
		"Many containers, whose namespaces share these limits.",
		"ip neigh show | wc -l; ip -s ntable show name arp_cache\n"
		"dmesg | grep 'neighbour: .* table overflow'",
		"net.ipv4.neigh.default.gc_thresh1, 2 and 3 (net.ipv6.neigh... for IPv6).",
	},
	[DROP_REASON_NEIGH_FAILED] = {
		"The next hop answers neither ARP nor neighbour discovery.",
		"The peer or the gateway is down.\n"
		"It is in another VLAN or subnet than this host believes.\n"
		"An anti-spoofing rule of the switch or cloud drops ARP.",
		"ip neigh show PEER; ip route get PEER\n"
		"arping -c 3 -I IFACE PEER",
		"The address, prefix length or VLAN.",
	},
	[DROP_REASON_NEIGH_QUEUEFULL] = {
		"Too much waits for the next hop's link address (unres_qlen_bytes).",
		"The next hop is slow to answer ARP, or does not.",
		"ip neigh show | grep -e INCOMPLETE -e FAILED\n"
		"sysctl net.ipv4.neigh.default.unres_qlen_bytes",
		"net.ipv4.neigh.default.unres_qlen_bytes.",
	},
	[DROP_REASON_NEIGH_DEAD] = {
		"The neighbour entry was removed while packets waited for it.",
		"The interface went down, or `ip neigh flush` was run.",
		"ip -ts monitor neigh link",
		NO_SETTING,
	},
	[DROP_REASON_TC_EGRESS] = {
		"A traffic control filter on the interface.",
		"A BPF program of a CNI, which enforces a network policy.\n"
		"A `tc` filter with action drop, or a police action that is exceeded.",
		"tc -s filter show dev IFACE egress\n"
		"bpftool net show dev IFACE",
		"The network policy or filter.",
	},
	[DROP_REASON_QDISC_DROP] = {
		"The interface's queueing discipline: its queue is full, or the\n"
		"link has no carrier.",
		"The link is saturated, or shaped (tbf, htb, netem).\n"
		"The carrier is lost.",
		"tc -s qdisc show dev IFACE          # dropped, overlimits\n"
		"ip -s link show IFACE               # NO-CARRIER",
		"limit of the qdisc, or txqueuelen; the rate of the shaper.",
	},
	[DROP_REASON_BPF_CGROUP_EGRESS] = {
		"A BPF program of the process's cgroup.",
		"IPAddressDeny= of the systemd unit.\n"
		"The policy of a container runtime or CNI.",
		"bpftool cgroup tree                 # egress\n"
		"systemctl show UNIT -p IPAddressAllow -p IPAddressDeny",
		"IPAddressAllow= of the unit, or that policy.",
	},
	[DROP_REASON_IPV6DISABLED] = {
		"IPv6 is disabled on the interface.",
		"net.ipv6.conf.IFACE.disable_ipv6 was set while the connection lived.",
		"sysctl net.ipv6.conf.all.disable_ipv6 net.ipv6.conf.IFACE.disable_ipv6",
		"net.ipv6.conf.IFACE.disable_ipv6 = 0.",
	},
	[DROP_REASON_DEV_HDR] = {
		"The device driver could not build its header.",
		"A tunnel or unusual device whose next hop has no link address.",
		"ip -d link show IFACE; ip neigh show dev IFACE",
		NO_SETTING,
	},
	[DROP_REASON_DEV_READY] = {
		"The device is down, or not ready.",
		"The interface was set down.\n"
		"The other end of a veth pair has gone, together with its container.",
		"ip -d link show IFACE",
		"ip link set IFACE up",
	},
	[DROP_REASON_FULL_RING] = {
		"The ring between the stack and the device is full.",
		"The reader of a tun, tap or virtual interface is slow: a VPN's process, or a\n"
		"guest.",
		"ip -s link show IFACE               # TX dropped\n"
		"top -H -p PID                       # the VPN's or guest's process",
		"txqueuelen of the interface.",
	},
	[DROP_REASON_NOMEM] = {
		"No memory for the packet.",
		"The host is out of memory for packets, which must not wait for any.",
		"free -m; cat /proc/net/sockstat\n"
		"dmesg | grep -i 'page allocation failure'",
		"vm.min_free_kbytes.",
	},
	[DROP_REASON_QDISC_OVERLIMIT] = {
		"The queueing discipline is at its limit.",
		"The link is slower than what is sent.\n"
		"A limit that is small for that rate.",
		"tc -s qdisc show dev IFACE",
		"limit of the qdisc.",
	},
	[DROP_REASON_QDISC_CONGESTED] = {
		"The queueing discipline signals congestion by dropping.",
		"CoDel, FQ-CoDel or CAKE under load: intended, and TCP repeats.",
		"tc -s qdisc show dev IFACE",
		"net.ipv4.tcp_ecn = 1, so that it can mark instead, where the peer agrees.",
	},
	[DROP_REASON_SKB_GSO_SEG] = {
		"Segmentation failed.",
		"A bug or a limit of the driver's offload.",
		"ethtool -k IFACE | grep -e segmentation\n"
		"dmesg | tail",
		"ethtool -K IFACE tso off gso off    # to try without",
	},
	[DROP_REASON_OTHER] = {
		"A reason of the kernel that has no name here; dropwatch tells it.",
		"A newer kernel, or a rare place.",
		"dropwatch -l kas                    # then: start\n"
		"perf trace -a -e skb:kfree_skb -- sleep 10",
		NO_SETTING,
	},
};
