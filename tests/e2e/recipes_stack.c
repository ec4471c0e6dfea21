/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Other ways through the stack: TCP Fast Open, MPTCP, IPv6 options, a socket destroyed by BPF. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/recipes.h"
#include "tests/e2e/sock_destroy.skel.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Client and server, without cookies, on every listener. */
#define FAST_OPEN_ALL "1543"

static enum recipe_result recipe_fast_open(struct scenario_run *run)
{
	for (int s = 0; s < SIDE_COUNT; s++)
		STEP(netlab_sysctl(run->lab, s, "ipv4/tcp_fastopen", FAST_OPEN_ALL), 0);
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_send_fast(&run->client, CONNECTION, &run->server_address, REQUEST_BYTES),
	     REQUEST_BYTES);
	STEP(actor_wait_acceptable(&run->server, LISTENER), 0);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_fast_open_unread(struct scenario_run *run)
{
	STEPS(recipe_fast_open(run));
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEP(actor_wait_unread(&run->server, CONNECTION, REQUEST_BYTES), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_fast_open_unaccepted(struct scenario_run *run)
{
	STEPS(recipe_fast_open(run));
	STEP(actor_close(&run->server, LISTENER), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_fast_open_linger0(struct scenario_run *run)
{
	STEPS(recipe_fast_open(run));
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* The client's second address joins the connection, and the server's limits forbid it. */
enum recipe_result recipe_mptcp_subflow_refused(struct scenario_run *run)
{
	const struct netlab_side *a = &run->lab->side[SIDE_A];
	bool is_v6 = run->family == AF_INET6;
	struct sockaddr_storage first;
	char commands[512], second[80];
	int err;

	snprintf(second, sizeof(second), "%s%s", is_v6 ? a->address_v6 : a->address_v4, "1");
	snprintf(commands, sizeof(commands),
		 "addr add %s/%d dev %s%s\nmptcp limits set subflow 2\n"
		 "mptcp endpoint add %s dev %s subflow\n",
		 second, is_v6 ? 64 : 24, a->interface, is_v6 ? " nodad" : "", second,
		 a->interface);
	err = actor_socket_of(&run->server, LISTENER, run->family, IPPROTO_MPTCP);
	if (err == -EPROTONOSUPPORT || err == -ENOPROTOOPT)
		return recipe_skip(run, "this kernel has no MPTCP");
	STEP(err, 0);
	if (netlab_ip(run->lab, SIDE_A, commands) ||
	    netlab_ip(run->lab, SIDE_B, "mptcp limits set subflow 0 add_addr_accepted 0\n"))
		return recipe_skip(run, "this kernel or ip has no MPTCP path manager");
	STEP(actor_listen(&run->server, LISTENER, &run->server_address, 16), 0);
	STEP(actor_socket_of(&run->client, CONNECTION, run->family, IPPROTO_MPTCP), 0);
	netlab_address(run->lab, SIDE_A, run->family, 0, &first);
	STEP(actor_bind(&run->client, CONNECTION, &first), 0);
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	/* The connection itself goes on. */
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	return RECIPE_DONE;
}

/* Every packet of the client, the RST too, has a destination options header. */
enum recipe_result recipe_extension_header(struct scenario_run *run)
{
	static const uint8_t padding[8] = { 0, 0, 1, 4, 0, 0, 0, 0 };

	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_set_bytes(&run->client, CONNECTION, IPPROTO_IPV6, IPV6_DSTOPTS, padding,
			     sizeof(padding)),
	     0);
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_receive(&run->client, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_acked(&run->server, CONNECTION), 0);
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* ---- bpf_sock_destroy() ---- */

static int no_messages(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

/* Exit status of the process that destroys: 0 when it did, 77 when the kernel cannot. */
static int destroy_sockets(int netns_fd)
{
	struct sock_destroy_bpf *skeleton;
	struct bpf_link *link;
	char discarded[64];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "ct_destroy");
	libbpf_set_print(no_messages);
	if (setns(netns_fd, CLONE_NEWNET))
		return 1;
	skeleton = sock_destroy_bpf__open();
	if (!skeleton)
		return 77;
	skeleton->rodata->server_port = htons(SERVER_PORT);
	if (sock_destroy_bpf__load(skeleton))
		return 77;
	link = bpf_program__attach_iter(skeleton->progs.destroy_client_sockets, NULL);
	fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	if (fd < 0)
		return 1;
	while (read(fd, discarded, sizeof(discarded)) > 0)
		;
	return skeleton->bss->destroyed == 1 ? 0 : 1;
}

enum recipe_result recipe_bpf_destroy(struct scenario_run *run)
{
	int status;

	STEPS(recipe_exchange(run));
	run->helper_pid = fork();
	if (run->helper_pid == 0)
		_exit(destroy_sockets(run->lab->side[SIDE_A].netns_fd));
	if (run->helper_pid < 0 || waitpid(run->helper_pid, &status, 0) < 0)
		STEP(-errno, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return recipe_skip(run, "this kernel has no bpf_sock_destroy()");
	STEP(status, 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNABORTED);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}
