/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose socket it was, where that is hard to tell. */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/recipes.h"
#include "tests/e2e/tool.h"
#include "user/base/cleanup.h"

#define SHARED_CPU 0
#define NGINX_WAIT_MS 5000

static enum recipe_result recipe_connect(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	return RECIPE_DONE;
}

static enum recipe_result recipe_serve(struct scenario_run *run, struct actor *server)
{
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_send(server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_receive(&run->client, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_close(server, CONNECTION), 0);
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	return RECIPE_DONE;
}

enum recipe_result recipe_accept_in_thread(struct scenario_run *run)
{
	STEPS(recipe_connect(run));
	STEP(actor_accept_in_thread(&run->server, LISTENER, CONNECTION, "ct_thread"), 0);
	return recipe_serve(run, &run->server);
}

/* A process has one name, whichever of its threads acts. */
enum recipe_result recipe_close_in_thread(struct scenario_run *run)
{
	STEPS(recipe_connect(run));
	STEP(actor_accept_in_thread(&run->server, LISTENER, CONNECTION, "ct_thread"), 0);
	STEP(actor_send(&run->client, CONNECTION, UNREAD_BYTES), UNREAD_BYTES);
	STEP(actor_wait_unread(&run->server, CONNECTION, UNREAD_BYTES), 0);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	STEP(actor_close_in_thread(&run->server, CONNECTION, "ct_closer"), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* As pre-forking servers do: the parent listens, a child accepts. */
enum recipe_result recipe_accept_in_child(struct scenario_run *run)
{
	STEPS(recipe_connect(run));
	STEP(actor_fork(&run->server, &run->child, "ct_worker"), 0);
	run->helper_pid = run->child.pid;
	STEP(actor_accept(&run->child, LISTENER, CONNECTION), 0);
	return recipe_serve(run, &run->child);
}

/* The parent accepts and hands the socket to a child, which is the first to use it. */
enum recipe_result recipe_passed_socket(struct scenario_run *run)
{
	STEPS(recipe_connect(run));
	STEP(actor_fork(&run->server, &run->child, "ct_worker"), 0);
	run->helper_pid = run->child.pid;
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	STEP(actor_pass(&run->server, CONNECTION), 0);
	STEP(actor_take(&run->child, CONNECTION), 0);
	return recipe_serve(run, &run->child);
}

/* The connection is there (recipe_exchange is the prelude) before the tracer is. */
enum recipe_result recipe_linger0_close(struct scenario_run *run)
{
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_server_close(struct scenario_run *run)
{
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	return RECIPE_DONE;
}

/* ---- a stranger on the CPU ---- */

/* A process that does nothing but run. */
static pid_t busy_start(void)
{
	pid_t pid = fork();
	cpu_set_t set;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "ct_busy");
	CPU_ZERO(&set);
	CPU_SET(SHARED_CPU, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	for (volatile unsigned int count = 0;; count++)
		;
}

static void busy_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static enum recipe_result share_cpu(struct scenario_run *run)
{
	STEP(actor_pin(&run->client, SHARED_CPU), 0);
	STEP(actor_pin(&run->server, SHARED_CPU), 0);
	return RECIPE_DONE;
}

/* Everything on one CPU: the peer's task is current when the RST is processed. */
enum recipe_result recipe_reset_on_shared_cpu(struct scenario_run *run)
{
	pid_t busy = busy_start();
	enum recipe_result result = share_cpu(run);

	if (result == RECIPE_DONE)
		result = recipe_linger0(run);
	busy_stop(busy);
	return result;
}

/* A timer ends it, on top of whoever runs. */
enum recipe_result recipe_timeout_on_shared_cpu(struct scenario_run *run)
{
	pid_t busy = busy_start();
	enum recipe_result result = share_cpu(run);

	if (result == RECIPE_DONE)
		result = recipe_user_timeout(run);
	busy_stop(busy);
	return result;
}

/* ---- processes that go ---- */

enum recipe_result recipe_unread_exit(struct scenario_run *run)
{
	STEPS(recipe_establish(run));
	STEP(actor_send(&run->client, CONNECTION, UNREAD_BYTES), UNREAD_BYTES);
	STEP(actor_wait_unread(&run->server, CONNECTION, UNREAD_BYTES), 0);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	actor_stop(&run->server);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_short_lived(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	actor_stop(&run->client);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* ---- nginx ---- */

static const char nginx_config[] = "daemon off;\nmaster_process on;\nworker_processes 1;\n"
				   "pid %s/pid;\nerror_log %s/log;\n"
				   "events { worker_connections 64; }\n"
				   "http { access_log off; server { listen %s%s%s:%d;\n"
				   "location / { return 200 ok; } } }\n";

static pid_t nginx_start(const struct scenario_run *run, const char *directory)
{
	const char *address = netlab_address_text(run->lab, SIDE_B, run->family);
	bool is_v6 = run->family == AF_INET6;
	char path[64];
	FILE *config;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/conf", directory);
	config = fopen(path, "we");
	if (!config)
		return -errno;
	fprintf(config, nginx_config, directory, directory, is_v6 ? "[" : "", address,
		is_v6 ? "]" : "", SERVER_PORT);
	if (fclose(config))
		return -EIO;
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (setns(run->lab->side[SIDE_B].netns_fd, CLONE_NEWNET))
		_exit(127);
	if (freopen("/dev/null", "w", stderr))
		execlp("nginx", "nginx", "-c", path, NULL);
	_exit(127);
}

/* The one child of that process; 0 when it has none. */
static pid_t only_child(pid_t parent)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (directory && (entry = readdir(directory))) {
		char path[300], text[256] = "";
		const char *rest;
		int of = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = atoi(entry->d_name) > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		rest = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
		if (rest && sscanf(rest, ") %*c %d", &of) == 1 && of == parent)
			found = atoi(entry->d_name);
		fclose(file);
	}
	if (directory)
		closedir(directory);
	return found;
}

static void nginx_stop(pid_t pid, const char *directory)
{
	const char *const argv[] = { "rm", "-rf", directory, NULL };
	struct tool_result result;

	if (pid > 0) {
		kill(pid, SIGTERM);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	tool_run(argv, -1, NULL, &result);
}

static enum recipe_result nginx_ask(struct scenario_run *run, pid_t master)
{
	long long deadline = clock_now_ms() + NGINX_WAIT_MS;

	/* It listens before it has a worker. */
	while (!(run->helper_pid = only_child(master))) {
		if (waitpid(master, NULL, WNOHANG) || clock_now_ms() > deadline)
			return recipe_skip(run, "nginx is not there or does not start");
		poll(NULL, 0, 5);
	}
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_send_text(&run->client, CONNECTION,
			     "GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n"),
	     46);
	STEP(actor_receive(&run->client, CONNECTION, 100000) > 100, 1);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	return RECIPE_DONE;
}

/* A master that listens and a worker that accepts. */
enum recipe_result recipe_nginx(struct scenario_run *run)
{
	char directory[] = "/tmp/battery-nginx-XXXXXX";
	enum recipe_result result;
	pid_t master;

	if (!mkdtemp(directory))
		STEP(-errno, 0);
	/* Its worker has another user. */
	if (chmod(directory, 0755))
		STEP(-errno, 0);
	master = nginx_start(run, directory);
	result = nginx_ask(run, master);
	nginx_stop(master, directory);
	return result;
}
