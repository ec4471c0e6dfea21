/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Endings of which more is to be said than that they were: who died of what, and what came before. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/recipes.h"
#include "user/base/cleanup.h"

#define BACKEND 2
#define NOBODY_LISTENS 7777
#define PAUSE_US 300000 /* so long that a timer may have run out */
#define HELD_BACK_US 1200000
#define MEMORY_BYTES "16777216"
#define LARGE_BYTES 30000
#define DROP_REQUESTS "tcp dport 8080 meta length > 110 drop"
#define DROP_LARGE "tcp dport 8080 meta length > 900 drop"

static enum recipe_result recipe_leave_unread(struct scenario_run *run)
{
	STEPS(recipe_establish(run));
	STEP(actor_send(&run->client, CONNECTION, UNREAD_BYTES), UNREAD_BYTES);
	STEP(actor_wait_unread(&run->server, CONNECTION, UNREAD_BYTES), 0);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	return RECIPE_DONE;
}

/* The peer of one that went without a word of its own. */
static enum recipe_result recipe_client_follows(struct scenario_run *run)
{
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	return recipe_wait_acked(run, SIDE_A, SIDE_A);
}

/* Where the pattern is "core" it lies where the actor went to die. */
static int server_crash(struct scenario_run *run)
{
	int status = actor_die(&run->server, ACTOR_CRASHES, 0);

	unlink("/tmp/core");
	return WTERMSIG(status);
}

enum recipe_result recipe_server_exits(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_die(&run->server, ACTOR_EXITS, 3), 3 << 8);
	return recipe_client_follows(run);
}

enum recipe_result recipe_server_crashes(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(server_crash(run), SIGSEGV);
	return recipe_client_follows(run);
}

enum recipe_result recipe_server_crashes_unread(struct scenario_run *run)
{
	STEPS(recipe_leave_unread(run));
	STEP(server_crash(run), SIGSEGV);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_server_execs(struct scenario_run *run)
{
	STEPS(recipe_leave_unread(run));
	STEP(actor_die(&run->server, ACTOR_EXECS, 0), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

static int file_write(const char *folder, const char *name, const char *text)
{
	_cleanup_close_ int fd = -1;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* A cgroup of either version with 16 MB for the server. -EOPNOTSUPP where none can be had. */
static int memory_cgroup_make(char *folder, size_t size, pid_t pid)
{
	char pid_text[16];
	int err;

	snprintf(folder, size, "/sys/fs/cgroup/memory/ct%d", (int)pid);
	if (!mkdir(folder, 0755)) {
		err = file_write(folder, "memory.limit_in_bytes", MEMORY_BYTES);
	} else {
		snprintf(folder, size, "/sys/fs/cgroup/ct%d", (int)pid);
		file_write("/sys/fs/cgroup", "cgroup.subtree_control", "+memory");
		if (mkdir(folder, 0755))
			return -EOPNOTSUPP;
		file_write(folder, "memory.swap.max", "0");
		err = file_write(folder, "memory.max", MEMORY_BYTES);
	}
	snprintf(pid_text, sizeof(pid_text), "%d", (int)pid);
	if (!err)
		err = file_write(folder, "cgroup.procs", pid_text);
	if (err)
		rmdir(folder);
	return err ? -EOPNOTSUPP : 0;
}

enum recipe_result recipe_server_is_oom_killed(struct scenario_run *run)
{
	char folder[64];
	int status;

	STEPS(recipe_leave_unread(run));
	if (memory_cgroup_make(folder, sizeof(folder), run->server.pid))
		return recipe_skip(run, "no memory cgroup can be made here");
	status = actor_die(&run->server, ACTOR_EATS, 0);
	rmdir(folder);
	STEP(WTERMSIG(status), SIGKILL);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_listener_killed(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_wait_acceptable(&run->server, LISTENER), 0);
	STEP(actor_kill(&run->server), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* The request is held up while the server closes; its repetition comes to a closed socket. */
enum recipe_result recipe_keepalive_race(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	usleep(PAUSE_US);
	STEPS(recipe_filter(run, SIDE_B, DROP_REQUESTS, NULL));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_CLOSE_WAIT), 0);
	STEP(netlab_filter_clear(run->lab), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

enum recipe_result recipe_stale_pool(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_CLOSE_WAIT), 0);
	usleep(PAUSE_US);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

/* The server is a proxy whose backend, on its own host, is not there. */
enum recipe_result recipe_backend_refused(struct scenario_run *run)
{
	struct sockaddr_storage backend;

	STEPS(recipe_exchange(run));
	backend = run->server_address;
	((struct sockaddr_in *)&backend)->sin_port = htons(NOBODY_LISTENS);
	STEP(actor_socket(&run->server, BACKEND, run->family), 0);
	STEP(actor_connect(&run->server, BACKEND, &backend), -ECONNREFUSED);
	STEP(actor_close(&run->server, CONNECTION), 0);
	return recipe_client_follows(run);
}

enum recipe_result recipe_no_local_port(struct scenario_run *run)
{
	STEP(netlab_sysctl(run->lab, SIDE_A, "ipv4/ip_local_port_range", "40000 40000"), 0);
	STEPS(recipe_establish(run));
	STEP(actor_socket(&run->client, BACKEND, run->family), 0);
	STEP(actor_connect(&run->client, BACKEND, &run->server_address), -EADDRNOTAVAIL);
	STEP(netlab_sysctl(run->lab, SIDE_A, "ipv4/ip_local_port_range", "32768 60999"), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	return recipe_client_follows(run);
}

enum recipe_result recipe_mtu_black_hole(struct scenario_run *run)
{
	STEP(netlab_sysctl(run->lab, SIDE_A, "ipv4/tcp_retries2", "3"), 0);
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_M, DROP_LARGE, NULL));
	STEP(actor_send(&run->client, CONNECTION, LARGE_BYTES), LARGE_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ETIMEDOUT);
	return RECIPE_DONE;
}

enum recipe_result recipe_slow_reader(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	/* Less than the server's buffers hold, whatever the kernel makes of its own. */
	STEP(actor_set_option(&run->client, CONNECTION, SOL_SOCKET, SO_RCVBUF, 4096), 0);
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	if (actor_fill(&run->server, CONNECTION) <= 0)
		return RECIPE_FAILED;
	usleep(HELD_BACK_US);
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}
