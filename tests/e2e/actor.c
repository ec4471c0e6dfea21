/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/actor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/actor_steps.h"

static int actor_read_reply(struct actor *actor)
{
	ssize_t count;
	int result;

	do {
		count = read(actor->fd, &result, sizeof(result));
	} while (count < 0 && errno == EINTR);
	return count == sizeof(result) ? result : -ESRCH;
}

int actor_start(struct actor *ret_actor, const char *comm, int netns_fd)
{
	struct actor actor;
	int pair[2], spare[2], result;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, spare)) {
		result = -errno;
		close(pair[0]);
		close(pair[1]);
		return result;
	}
	actor.pid = fork();
	if (actor.pid == 0) {
		/* Close all others: they would keep other actors and the tracer's pipes alive. */
		if (dup2(pair[1], ACTOR_FD_CONTROL) < 0 || dup2(netns_fd, ACTOR_FD_NETNS) < 0 ||
		    dup2(spare[1], ACTOR_FD_SPARE) < 0)
			_exit(1);
		close_range(3, ACTOR_FD_CONTROL - 1, 0);
		close_range(ACTOR_FD_SPARE + 1, ~0U, 0);
		actor_main(comm);
	}
	close(pair[1]);
	close(spare[1]);
	actor.fd = pair[0];
	actor.spare_fd = spare[0];
	if (actor.pid < 0) {
		close(pair[0]);
		close(spare[0]);
		return -EAGAIN;
	}
	result = actor_read_reply(&actor);
	if (result) {
		actor_stop(&actor);
		return result;
	}
	*ret_actor = actor;
	return 0;
}

/* A child of another actor is that one's to reap: only wait until it is gone. */
static void actor_reap(struct actor *actor)
{
	while (waitpid(actor->pid, NULL, 0) < 0) {
		if (errno == ECHILD) {
			for (int i = 0; i < 2000 && !kill(actor->pid, 0); i++)
				poll(NULL, 0, 1);
			return;
		}
	}
}

static void actor_drop_spare(struct actor *actor)
{
	if (actor->spare_fd >= 0)
		close(actor->spare_fd);
	actor->spare_fd = -1;
}

void actor_stop(struct actor *actor)
{
	if (actor->pid <= 0 || actor->fd < 0)
		return;
	close(actor->fd);
	actor->fd = -1;
	actor_drop_spare(actor);
	actor_reap(actor);
}

int actor_die(struct actor *actor, enum actor_death how, int exit_code)
{
	struct actor_command command = { .op = OP_DIE, .arguments = { how, exit_code } };
	int status = 0;
	pid_t pid;

	if (actor->fd < 0 ||
	    send(actor->fd, &command, sizeof(command), MSG_NOSIGNAL) != sizeof(command))
		return -ESRCH;
	do {
		pid = waitpid(actor->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	actor_drop_spare(actor);
	close(actor->fd);
	actor->fd = -1;
	return pid < 0 ? -errno : status;
}

int actor_kill(struct actor *actor)
{
	if (kill(actor->pid, SIGKILL))
		return -errno;
	actor_drop_spare(actor);
	actor_reap(actor);
	close(actor->fd);
	actor->fd = -1;
	return 0;
}

static int actor_call(struct actor *actor, const struct actor_command *command)
{
	if (actor->fd < 0)
		return -ESRCH;
	if (send(actor->fd, command, sizeof(*command), MSG_NOSIGNAL) != sizeof(*command))
		return -ESRCH;
	return actor_read_reply(actor);
}

static int actor_simple(struct actor *actor, enum actor_op op, int slot, int argument)
{
	struct actor_command command = { .op = op, .slot = slot, .arguments = { argument } };

	return actor_call(actor, &command);
}

static int actor_addressed(struct actor *actor, enum actor_op op, int slot,
			   const struct sockaddr_storage *address, int argument)
{
	struct actor_command command = { .op = op, .slot = slot, .arguments = { argument } };

	command.address = *address;
	return actor_call(actor, &command);
}

int actor_socket(struct actor *actor, int slot, int family)
{
	return actor_simple(actor, OP_SOCKET, slot, family);
}

int actor_listen(struct actor *actor, int slot, const struct sockaddr_storage *address, int backlog)
{
	return actor_addressed(actor, OP_LISTEN, slot, address, backlog);
}

int actor_connect(struct actor *actor, int slot, const struct sockaddr_storage *address)
{
	return actor_addressed(actor, OP_CONNECT, slot, address, 0);
}

int actor_connect_start(struct actor *actor, int slot, const struct sockaddr_storage *address)
{
	return actor_addressed(actor, OP_CONNECT_START, slot, address, 0);
}

int actor_accept(struct actor *actor, int listener_slot, int slot)
{
	return actor_simple(actor, OP_ACCEPT, listener_slot, slot);
}

int actor_send(struct actor *actor, int slot, int bytes)
{
	return actor_simple(actor, OP_SEND, slot, bytes);
}

int actor_fill(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_FILL, slot, 0);
}

int actor_receive(struct actor *actor, int slot, int bytes)
{
	return actor_simple(actor, OP_RECEIVE, slot, bytes);
}

int actor_shutdown(struct actor *actor, int slot, int how)
{
	return actor_simple(actor, OP_SHUTDOWN, slot, how);
}

int actor_close(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_CLOSE, slot, 0);
}

int actor_disconnect(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_DISCONNECT, slot, 0);
}

int actor_set_option(struct actor *actor, int slot, int level, int name, int value)
{
	struct actor_command command = { .op = OP_OPTION,
					 .slot = slot,
					 .arguments = { level, name, value } };

	return actor_call(actor, &command);
}

int actor_set_linger(struct actor *actor, int slot, int seconds)
{
	return actor_simple(actor, OP_LINGER, slot, seconds);
}

int actor_wait_unread(struct actor *actor, int slot, int bytes)
{
	return actor_simple(actor, OP_WAIT_UNREAD, slot, bytes);
}

int actor_wait_acceptable(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_WAIT_ACCEPTABLE, slot, 0);
}

int actor_wait_state(struct actor *actor, int slot, int state)
{
	return actor_simple(actor, OP_WAIT_STATE, slot, state);
}

int actor_wait_acked(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_WAIT_ACKED, slot, 0);
}

int actor_wait_error(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_WAIT_ERROR, slot, 0);
}

int actor_socket_of(struct actor *actor, int slot, int family, int protocol)
{
	struct actor_command command = { .op = OP_SOCKET,
					 .slot = slot,
					 .arguments = { family, protocol } };

	return actor_call(actor, &command);
}

int actor_bind(struct actor *actor, int slot, const struct sockaddr_storage *address)
{
	return actor_addressed(actor, OP_BIND, slot, address, 0);
}

int actor_send_fast(struct actor *actor, int slot, const struct sockaddr_storage *address,
		    int bytes)
{
	return actor_addressed(actor, OP_SEND_FAST, slot, address, bytes);
}

static int actor_text(struct actor *actor, const struct actor_command *template, const void *text,
		      size_t bytes)
{
	struct actor_command command = *template;

	if (bytes > sizeof(command.text))
		return -EMSGSIZE;
	memcpy(command.text, text, bytes);
	command.text_bytes = bytes;
	return actor_call(actor, &command);
}

int actor_send_text(struct actor *actor, int slot, const char *text)
{
	struct actor_command command = { .op = OP_SEND_TEXT, .slot = slot };

	return actor_text(actor, &command, text, strlen(text));
}

int actor_set_bytes(struct actor *actor, int slot, int level, int name, const void *value,
		    size_t bytes)
{
	struct actor_command command = { .op = OP_TEXT_OPTION,
					 .slot = slot,
					 .arguments = { level, name } };

	return actor_text(actor, &command, value, bytes);
}

int actor_accept_in_thread(struct actor *actor, int listener_slot, int slot, const char *comm)
{
	struct actor_command command = { .op = OP_ACCEPT_THREAD,
					 .slot = listener_slot,
					 .arguments = { slot } };

	return actor_text(actor, &command, comm, strlen(comm) + 1);
}

int actor_close_in_thread(struct actor *actor, int slot, const char *comm)
{
	struct actor_command command = { .op = OP_CLOSE_THREAD, .slot = slot };

	return actor_text(actor, &command, comm, strlen(comm) + 1);
}

int actor_fork(struct actor *actor, struct actor *ret_child, const char *comm)
{
	struct actor_command command = { .op = OP_FORK };
	int pid;

	if (actor->spare_fd < 0)
		return -EBUSY;
	pid = actor_text(actor, &command, comm, strlen(comm) + 1);
	if (pid < 0)
		return pid;
	*ret_child = (struct actor){ .pid = pid, .fd = actor->spare_fd, .spare_fd = -1 };
	actor->spare_fd = -1;
	return 0;
}

int actor_pass(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_PASS, slot, 0);
}

int actor_take(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_TAKE, slot, 0);
}

int actor_pin(struct actor *actor, int cpu)
{
	return actor_simple(actor, OP_PIN, 0, cpu);
}
