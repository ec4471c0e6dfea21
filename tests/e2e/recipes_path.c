/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packet filters, ICMP and silence. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "tests/e2e/recipes.h"

#define DROP_REQUESTS "tcp dport 8080 drop"
#define DROP_REPLIES "tcp sport 8080 drop"

_Static_assert(SERVER_PORT == 8080, "the packet filters name the port");

enum recipe_result recipe_cancel(struct scenario_run *run)
{
	STEPS(recipe_filter(run, SIDE_B, DROP_REQUESTS, NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect_start(&run->client, CONNECTION, &run->server_address), -EINPROGRESS);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_SYN_SENT), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_handshake_timeout(struct scenario_run *run)
{
	STEPS(recipe_filter(run, SIDE_B, DROP_REQUESTS, NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_SYNCNT, 1), 0);
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), -ETIMEDOUT);
	return RECIPE_DONE;
}

/* Somebody listens, so that only the filter can be the one who refuses. */
enum recipe_result recipe_firewall_handshake(struct scenario_run *run)
{
	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 reject with tcp reset", NULL));
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), -ECONNREFUSED);
	return RECIPE_DONE;
}

enum recipe_result recipe_firewall_established(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 reject with tcp reset", NULL));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_ESTABLISHED), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_icmp_port(struct scenario_run *run)
{
	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 reject with icmpx port-unreachable",
			    NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), -ECONNREFUSED);
	return RECIPE_DONE;
}

enum recipe_result recipe_icmp_prohibited(struct scenario_run *run)
{
	int expected = run->family == AF_INET6 ? -EACCES : -EHOSTUNREACH;

	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 reject with icmpx admin-prohibited",
			    NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), expected);
	return RECIPE_DONE;
}

/* Replies are lost and requests are not, so that the server gets the RST in the end. */
enum recipe_result recipe_keepalive(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_B, NULL, DROP_REPLIES));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_KEEPIDLE, 1), 0);
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_KEEPINTVL, 1), 0);
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_KEEPCNT, 1), 0);
	STEP(actor_set_option(&run->client, CONNECTION, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ETIMEDOUT);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_user_timeout(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000), 0);
	STEPS(recipe_filter(run, SIDE_B, DROP_REQUESTS, NULL));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ETIMEDOUT);
	return RECIPE_DONE;
}

enum recipe_result recipe_retransmission_timeout(struct scenario_run *run)
{
	STEP(netlab_sysctl(run->lab, SIDE_A, "ipv4/tcp_retries2", "3"), 0);
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_B, DROP_REQUESTS, NULL));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ETIMEDOUT);
	return RECIPE_DONE;
}

/*
 * The server never reads: its window closes, and probes find it closed. Its buffer is small from
 * the start, because one that shrinks later makes it drop data instead.
 */
enum recipe_result recipe_zero_window(struct scenario_run *run)
{
	int filled;

	STEP(actor_socket(&run->server, LISTENER, run->family), 0);
	STEP(actor_set_option(&run->server, LISTENER, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	STEP(actor_listen(&run->server, LISTENER, &run->server_address, 16), 0);
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000), 0);
	filled = actor_fill(&run->client, CONNECTION);
	if (filled <= 0)
		STEP(filled, 1);
	STEP(actor_wait_error(&run->client, CONNECTION), -ETIMEDOUT);
	return RECIPE_DONE;
}

/* ICMP does not end an established connection: it names the error when a timeout does. */
enum recipe_result recipe_icmp_established(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000), 0);
	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 reject with icmpx host-unreachable",
			    NULL));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -EHOSTUNREACH);
	return RECIPE_DONE;
}

/* The route goes away under the connection. Only IPv6 keeps the error that this was. */
enum recipe_result recipe_route_unreachable(struct scenario_run *run)
{
	int expected = run->family == AF_INET6 ? -EHOSTUNREACH : -ETIMEDOUT;
	const char *address = netlab_address_text(run->lab, SIDE_B, run->family);
	char add[128], delete[128];

	snprintf(add, sizeof(add), "route add unreachable %s\n", address);
	snprintf(delete, sizeof(delete), "route del unreachable %s\n", address);
	STEPS(recipe_exchange(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_USER_TIMEOUT, 800), 0);
	STEP(netlab_ip(run->lab, SIDE_A, add), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), expected);
	STEP(netlab_ip(run->lab, SIDE_A, delete), 0);
	return RECIPE_DONE;
}

static enum recipe_result recipe_icmpv6(struct scenario_run *run, const char *rule, int expected)
{
	STEPS(recipe_filter(run, SIDE_B, rule, NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), expected);
	return RECIPE_DONE;
}

enum recipe_result recipe_icmpv6_prohibited(struct scenario_run *run)
{
	return recipe_icmpv6(run, "tcp dport 8080 reject with icmpv6 type admin-prohibited",
			     -EACCES);
}

enum recipe_result recipe_icmpv6_address(struct scenario_run *run)
{
	return recipe_icmpv6(run, "tcp dport 8080 reject with icmpv6 type addr-unreachable",
			     -EHOSTUNREACH);
}

enum recipe_result recipe_icmpv6_port(struct scenario_run *run)
{
	return recipe_icmpv6(run, "tcp dport 8080 reject with icmpv6 type port-unreachable",
			     -ECONNREFUSED);
}
