/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/expect.h"
#include "tests/e2e/tool.h"

#define SETTLE_MS 2000

/* ---- inside the process ---- */

static int run_open(struct scenario_run *run)
{
	const struct netlab *lab = run->lab;
	bool is_loopback = run->scenario->is_loopback;
	int err = 0;

	run->client.fd = -1;
	run->client.spare_fd = -1;
	run->server.fd = -1;
	run->server.spare_fd = -1;
	run->child.fd = -1;
	run->child.spare_fd = -1;
	for (int s = 0; s < SIDE_COUNT; s++)
		run->tap[s].fd = -1;
	for (int s = 0; s < SIDE_COUNT && !err; s++)
		err = tap_open(&run->tap[s], lab, is_loopback ? SIDE_B : s, run->family,
			       SERVER_PORT, is_loopback);
	if (!err)
		err = actor_start(&run->client, "ct_client",
				  lab->side[is_loopback ? SIDE_B : SIDE_A].netns_fd);
	if (!err)
		err = actor_start(&run->server, "ct_server", lab->side[SIDE_B].netns_fd);
	netlab_address(lab, SIDE_B, run->family, SERVER_PORT, &run->server_address);
	return err;
}

/* The last packets of a recipe may still be on their way: give them time, then insist. */
static bool run_packets_match(struct scenario_run *run)
{
	long long deadline = clock_now_ms() + SETTLE_MS;

	for (;;) {
		FILE *diagnosis = fmemopen(run->why, sizeof(run->why), "w");
		bool is_good = diagnosis != NULL;

		for (int s = 0; s < SIDE_COUNT && diagnosis; s++) {
			const char *words = scenario_expectation(run->scenario, s);

			tap_drain(&run->tap[s]);
			if (words)
				is_good &= expect_packets(words, &run->tap[s], diagnosis);
		}
		if (diagnosis)
			fclose(diagnosis);
		if (is_good || clock_now_ms() > deadline)
			return is_good;
		poll(NULL, 0, 2);
	}
}

static void run_prelude(struct scenario_run *run, struct runner_answer *answer)
{
	int err = run_open(run);

	answer->result = RECIPE_DONE;
	if (err) {
		answer->result = RECIPE_FAILED;
		snprintf(run->why, sizeof(run->why), "cannot start: %s", strerror(-err));
	} else if (run->scenario->prelude) {
		answer->result = run->scenario->prelude(run);
	}
	memcpy(answer->why, run->why, sizeof(answer->why));
}

static void run_recipe(struct scenario_run *run, struct runner_answer *answer)
{
	answer->result = run->scenario->recipe(run);
	if (answer->result == RECIPE_DONE && !run_packets_match(run))
		answer->result = RECIPE_FAILED;
	/* What a recipe itself puts onto the link at A is only seen at B. */
	answer->client_port = run->client_port		   ? run->client_port :
			      run->tap[SIDE_A].client_port ? run->tap[SIDE_A].client_port :
							     run->tap[SIDE_B].client_port;
	answer->client_pid = run->client.pid;
	answer->server_pid = run->server.pid;
	answer->helper_pid = run->helper_pid;
	memcpy(answer->why, run->why, sizeof(answer->why));
}

static void run_sentinel(struct scenario_run *run, struct runner_answer *answer)
{
	struct sockaddr_storage address;
	struct actor sentinel;
	int err;

	netlab_filter_clear(run->lab);
	netlab_address(run->lab, SIDE_B, run->family, SENTINEL_PORT, &address);
	err = actor_start(&sentinel, "ct_sentinel", run->lab->side[SIDE_A].netns_fd);
	if (!err) {
		err = actor_socket(&sentinel, CONNECTION, run->family);
		if (!err)
			err = actor_connect(&sentinel, CONNECTION, &address);
		actor_stop(&sentinel);
	}
	*answer = (struct runner_answer){ .result = RECIPE_DONE };
	if (err != -ECONNREFUSED) {
		answer->result = RECIPE_FAILED;
		snprintf(answer->why, sizeof(answer->why), "sentinel: %s", strerror(-err));
	}
}

static __attribute__((noreturn)) void runner_main(int fd, struct scenario_run *run)
{
	struct runner_answer answer = {};
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_NAME, "ct_runner");
	run_prelude(run, &answer);
	/* The first order is to go on, as soon as the tracer is there. */
	if (run->scenario->prelude && answer.result == RECIPE_DONE &&
	    (write(fd, &answer, sizeof(answer)) != sizeof(answer) || read(fd, &order, 1) != 1 ||
	     order != 'G'))
		_exit(1);
	if (answer.result == RECIPE_DONE)
		run_recipe(run, &answer);
	if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
		_exit(1);
	while (read(fd, &order, 1) == 1 && order == 'S') {
		run_sentinel(run, &answer);
		if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	actor_stop(&run->child);
	actor_stop(&run->client);
	actor_stop(&run->server);
	_exit(0);
}

/* ---- outside ---- */

int runner_start(struct runner *ret_runner, const struct scenario *scenario,
		 const struct netlab *lab, int family)
{
	struct scenario_run run = { .scenario = scenario, .lab = lab, .family = family };
	struct runner runner;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fflush(NULL);
	runner.pid = fork();
	if (runner.pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -EAGAIN;
	}
	if (runner.pid == 0) {
		close(pair[0]);
		runner_main(pair[1], &run);
	}
	close(pair[1]);
	runner.fd = pair[0];
	*ret_runner = runner;
	return 0;
}

int runner_read(struct runner *runner, struct runner_answer *ret_answer)
{
	struct runner_answer answer;
	ssize_t count;

	do {
		count = read(runner->fd, &answer, sizeof(answer));
	} while (count < 0 && errno == EINTR);
	if (count != sizeof(answer))
		return -ESRCH;
	*ret_answer = answer;
	return 0;
}

static int runner_order(struct runner *runner, char order)
{
	return send(runner->fd, &order, 1, MSG_NOSIGNAL) == 1 ? 0 : -ESRCH;
}

int runner_go_on(struct runner *runner)
{
	return runner_order(runner, 'G');
}

int runner_send_sentinel(struct runner *runner)
{
	return runner_order(runner, 'S');
}

void runner_stop(struct runner *runner)
{
	long long deadline = clock_now_ms() + 2000;

	if (runner->pid <= 0 || runner->fd < 0)
		return;
	runner_order(runner, 'Q');
	/* One that hangs in a recipe does not listen. Its actors die with it. */
	while (waitpid(runner->pid, NULL, WNOHANG) == 0) {
		if (clock_now_ms() > deadline)
			kill(runner->pid, SIGKILL);
		poll(NULL, 0, 1);
	}
	close(runner->fd);
	runner->fd = -1;
}
