/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What happens to connections that one end has closed, or has forgotten. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/recipes.h"
#include "user/base/cleanup.h"

#define SECOND_CONNECTION 2
#define ORPHAN_LIMIT "/proc/sys/net/ipv4/tcp_max_orphans"
#define ORPHAN_COUNT_MS 500 /* the kernel counts them every 100 ms */

enum recipe_result recipe_link_down(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000), 0);
	STEP(netlab_link_set(run->lab, SIDE_B, false), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ETIMEDOUT);
	STEP(netlab_link_set(run->lab, SIDE_B, true), 0);
	return RECIPE_DONE;
}

/* The link goes, and when it comes back B knows nothing: like a reboot. */
enum recipe_result recipe_link_down_and_reboot(struct scenario_run *run)
{
	int err;

	STEPS(recipe_exchange(run));
	STEP(netlab_link_set(run->lab, SIDE_B, false), 0);
	STEP(actor_close(&run->server, LISTENER), 0);
	err = actor_set_option(&run->server, CONNECTION, IPPROTO_TCP, TCP_REPAIR, 1);
	if (err == -EPERM || err == -ENOPROTOOPT)
		return recipe_skip(run, "this kernel has no TCP_REPAIR");
	STEP(err, 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(netlab_link_set(run->lab, SIDE_B, true), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* The server writes before it has acknowledged the FIN: the data themselves do that. */
enum recipe_result recipe_late_data_acks_fin(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_error(&run->server, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

/* The client is a FIN_WAIT2 mini-socket when the RST comes. */
enum recipe_result recipe_rst_in_fin_wait2(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	STEP(actor_set_linger(&run->server, CONNECTION, 0), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	return RECIPE_DONE;
}

/* The same two ports again, while the server still waits. */
enum recipe_result recipe_reuse_in_time_wait(struct scenario_run *run)
{
	struct sockaddr_storage address;

	STEPS(recipe_server_closes_first(run));
	tap_drain(&run->tap[SIDE_A]);
	run->client_port = run->tap[SIDE_A].client_port;
	netlab_address(run->lab, SIDE_A, run->family, run->client_port, &address);
	for (int s = 0; s < SIDE_COUNT; s++)
		tap_watch_only(&run->tap[s], run->client_port);
	STEP(actor_socket(&run->client, SECOND_CONNECTION, run->family), 0);
	STEP(actor_bind(&run->client, SECOND_CONNECTION, &address), 0);
	STEP(actor_connect(&run->client, SECOND_CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, SECOND_CONNECTION), 0);
	STEP(actor_send(&run->client, SECOND_CONNECTION, 300), 300);
	STEP(actor_receive(&run->server, SECOND_CONNECTION, 300), 300);
	STEP(actor_close(&run->client, SECOND_CONNECTION), 0);
	STEP(actor_receive(&run->server, SECOND_CONNECTION, 1), 0);
	STEP(actor_close(&run->server, SECOND_CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_B, SIDE_B));
	return RECIPE_DONE;
}

enum recipe_result recipe_fin_never_acked(struct scenario_run *run)
{
	STEP(netlab_sysctl(run->lab, SIDE_B, "ipv4/tcp_orphan_retries", "1"), 0);
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_A, "tcp flags & fin == fin drop", NULL));
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEPS(recipe_wait_fin(run, SIDE_A, SIDE_B, 2));
	return RECIPE_DONE;
}

static int limit_exchange(const char *value, char *old, size_t size)
{
	_cleanup_close_ int fd = open(ORPHAN_LIMIT, O_RDWR | O_CLOEXEC);
	ssize_t count;

	if (fd < 0)
		return -errno;
	if (old) {
		count = read(fd, old, size - 1);
		if (count < 0)
			return -errno;
		old[count] = 0;
	}
	return pwrite(fd, value, strlen(value), 0) < 0 ? -errno : 0;
}

/* The timer that counts orphans is deferrable: it waits for a CPU that is awake. */
static void wait_for_orphan_count(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof(all), &all);
	for (int i = 0; i < ORPHAN_COUNT_MS; i++) {
		CPU_ZERO(&one);
		CPU_SET(i % cpus, &one);
		sched_setaffinity(0, sizeof(one), &one);
		poll(NULL, 0, 1);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/*
 * With one orphan there and none allowed, the kernel resets the next socket that is closed. The
 * limit is that of the whole host: it is 0 for as long as one close() takes.
 */
enum recipe_result recipe_too_many_orphans(struct scenario_run *run)
{
	char old[32];
	int closed;

	STEPS(recipe_listen(run));
	STEP(actor_socket(&run->client, SECOND_CONNECTION, run->family), 0);
	STEP(actor_connect(&run->client, SECOND_CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, SECOND_CONNECTION), 0);
	STEPS(recipe_client_socket(run));
	for (int s = 0; s < SIDE_COUNT; s++)
		tap_watch_only(&run->tap[s], 0);
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEPS(recipe_wait_syn(run, SIDE_A, SIDE_B, 1));
	STEPS(recipe_wait_syn(run, SIDE_B, SIDE_B, 1));
	for (int s = 0; s < SIDE_COUNT; s++)
		run->tap[s].only_client_port = run->tap[s].client_port;
	/* Both stay in FIN_WAIT1. */
	STEPS(recipe_filter(run, SIDE_A, "tcp sport 8080 drop", NULL));
	STEP(actor_close(&run->client, SECOND_CONNECTION), 0);
	wait_for_orphan_count();
	STEP(limit_exchange("0", old, sizeof(old)), 0);
	closed = actor_close(&run->client, CONNECTION);
	STEP(limit_exchange(old, NULL, 0), 0);
	STEP(closed, 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

/* Data and FIN of the peer are read before close(): nothing is left unread. */
enum recipe_result recipe_read_all_then_close(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_WR), 0);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_CLOSE_WAIT), 0);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES + 1), REQUEST_BYTES);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_B, SIDE_B));
	return RECIPE_DONE;
}

enum recipe_result recipe_linger0_after_peer_fin(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_WR), 0);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_CLOSE_WAIT), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_FIN_WAIT2), 0);
	STEP(actor_set_linger(&run->server, CONNECTION, 0), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_disconnect_unread(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_unread(&run->client, CONNECTION, REPLY_BYTES), 0);
	STEP(actor_wait_acked(&run->server, CONNECTION), 0);
	STEP(actor_disconnect(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_unaccepted_data(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_wait_acceptable(&run->server, LISTENER), 0);
	STEP(actor_send(&run->client, CONNECTION, UNREAD_BYTES), UNREAD_BYTES);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	STEP(actor_close(&run->server, LISTENER), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}
