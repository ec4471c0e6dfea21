// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TCP states, and what Zeek calls endings. Text only. */
#include "user/command/explain_texts.h"

const struct explain_text explain_states[TCP_STATE_COUNT] = {
	[TCP_STATE_NONE] = { .means = "There was no socket. Records have null." },
	[TCP_STATE_ESTABLISHED] = {
		"The handshake is complete, nobody has closed.",
		"Where connections live; an ending from here is an abort, a reset or a\n"
		"timeout, never a clean close.",
		"ss -tnio state established dst PEER\n"
		"closetrace -f 'state = ESTABLISHED'",
		"net.ipv4.tcp_keepalive_time with SO_KEEPALIVE, so that dead ones are noticed.",
	},
	[TCP_STATE_SYN_SENT] = {
		"A client that waits for the SYN-ACK.",
		"The SYN or its answer is dropped on the way.\n"
		"The server's accept queue is full.\n"
		"The host is down.",
		"ss -tnop state syn-sent             # timers and repetitions\n"
		"traceroute -T -p PORT PEER",
		"net.ipv4.tcp_syn_retries, or the connect timeout of the application.",
	},
	[TCP_STATE_SYN_RECV] = {
		"A SYN was answered, the last ACK of the handshake is missing. Linux has a\n"
		"full socket here only for a moment, or with TCP Fast Open.",
		"The client's ACK is on its way.\n"
		"The SYN-ACK is lost, or the client's address is forged.",
		"ss -tn state syn-recv\n"
		"nstat -az TcpExtTCPReqQFullDoCookies TcpExtListenDrops",
		"net.ipv4.tcp_synack_retries, net.ipv4.tcp_max_syn_backlog.",
	},
	[TCP_STATE_FIN_WAIT1] = {
		"This end sent FIN; it is not acknowledged yet.",
		"Data before the FIN is still on its way, or the peer's window is closed.\n"
		"The peer vanished.",
		"ss -tano state fin-wait-1           # Send-Q, timers\n"
		"cat /proc/net/sockstat              # orphan",
		"net.ipv4.tcp_orphan_retries, net.ipv4.tcp_max_orphans.",
	},
	[TCP_STATE_FIN_WAIT2] = {
		"This end's FIN is acknowledged; the peer has not sent its own.",
		"The peer still sends, or its application does not close.",
		"ss -tnp state fin-wait-2            # with a process: only shutdown() so far\n"
		"ss -tnp state close-wait            # on the peer",
		"net.ipv4.tcp_fin_timeout, TCP_LINGER2.",
	},
	[TCP_STATE_TIME_WAIT] = {
		"Both have closed and this end closed first: it waits for stray packets, 60 s\n"
		"on Linux.",
		"Normal for the end that closes first.\n"
		"Many of them: short connections, one for each request.",
		"ss -s\n"
		"ss -tan state time-wait | awk '{print $4}' | sort | uniq -c | sort -n | tail",
		"Use connections again (keep-alive); net.ipv4.tcp_tw_reuse for clients;\n"
		"net.ipv4.tcp_max_tw_buckets. The 60 s cannot be set.",
	},
	[TCP_STATE_CLOSE] = {
		"No connection. The state after every ending, and of a new socket.",
		"A record has the state before it, and so hardly ever this one.",
		"closetrace -f 'state = CLOSE' -o ndjson",
		NO_SETTING,
	},
	[TCP_STATE_CLOSE_WAIT] = {
		"The peer has closed, the application here has not. Many of them mean that it\n"
		"leaks sockets.",
		"The application does not read, so it never sees the end of file.\n"
		"It saw it and forgot close().\n"
		"It has an answer to finish, which is normal for a moment.",
		"ss -tnp state close-wait            # by process\n"
		"ls -l /proc/PID/fd | grep -c socket",
		"The program. No sysctl ends CLOSE_WAIT.",
	},
	[TCP_STATE_LAST_ACK] = {
		"The peer closed first; this end's FIN awaits its ACK.",
		"The ACK is on its way.\n"
		"The peer, or a firewall, forgot the connection before.",
		"ss -tano state last-ack\n"
		"conntrack -L -p tcp --dst PEER",
		"net.ipv4.tcp_orphan_retries.",
	},
	[TCP_STATE_LISTEN] = {
		"Waits for connections.",
		"A record has it for a listener whose accept queue was full, or for a RST\n"
		"that a listener had to send.",
		"ss -lntp                            # Recv-Q: waiting; Send-Q: the backlog",
		"net.core.somaxconn, and the backlog of the program.",
	},
	[TCP_STATE_CLOSING] = {
		"Both sent FIN at the same time; this one awaits its ACK.",
		"Equal idle timeouts at both ends.",
		"ss -tano state closing",
		"Different idle timeouts: shorter where requests come from.",
	},
	[TCP_STATE_NEW_SYN_RECV] = {
		"A handshake that is kept as a small request, not yet as a socket. `ss` shows\n"
		"it as SYN-RECV.",
		"The client's ACK is on its way.\n"
		"The SYN-ACK is lost, or the client's address is forged.",
		"ss -tn state syn-recv\n"
		"nstat -az TcpExtSyncookiesSent TcpExtTCPReqQFullDoCookies",
		"net.ipv4.tcp_max_syn_backlog, net.ipv4.tcp_syncookies.",
	},
};

const struct explain_text explain_conn_states[CONN_STATE_COUNT] = {
	[CONN_STATE_S0] = { .means = "The client sent SYN and nobody answered." },
	[CONN_STATE_S1] = { .means = "The handshake was complete, and no end was seen." },
	[CONN_STATE_SF] = { .means = "The handshake was complete, and both ends sent FIN." },
	[CONN_STATE_REJ] = { .means = "The server answered the SYN by RST: refused." },
	[CONN_STATE_S2] = { .means =
				    "The handshake was complete; the client sent FIN, the server did not." },
	[CONN_STATE_S3] = { .means =
				    "The handshake was complete; the server sent FIN, the client did not." },
	[CONN_STATE_RSTO] = { .means =
				      "The handshake was complete; the client (originator) sent RST." },
	[CONN_STATE_RSTR] = { .means =
				      "The server (responder) answered the SYN, and sent RST later." },
	[CONN_STATE_RSTOS0] = { .means = "The client sent SYN, then RST; no SYN-ACK was seen." },
	[CONN_STATE_RSTRH] = { .means =
				       "The server sent SYN-ACK, then RST; the client's SYN was not seen." },
	[CONN_STATE_SH] = { .means =
				    "The client sent SYN, then FIN; no SYN-ACK was seen: half-open." },
	[CONN_STATE_SHR] = { .means =
				     "The server sent SYN-ACK, then FIN; the client's SYN was not seen." },
	[CONN_STATE_OTH] = { .means = "No SYN was seen: the middle of a connection." },
};
