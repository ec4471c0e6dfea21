/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes that own the sockets. An actor is a real process with its own pid and name in the
 * namespace of one side; it does one call at a time, as told over a socket pair. So a recipe reads
 * as a straight list of steps, and every step has happened when its function returns.
 *
 * Unless said otherwise a call returns what the actor's system call returned: >= 0, or the
 * negative errno. -ETIME (never set by TCP) means that the deadline of the step passed, and
 * -EPIPE from a dead actor is reported as -ESRCH.
 */
#ifndef TESTS_E2E_ACTOR_H
#define TESTS_E2E_ACTOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define ACTOR_SLOTS 4
#define ACTOR_STEP_MS 15000

struct actor {
	pid_t pid; /* kept after the death of the actor */
	int fd; /* -1 when it does not run */
	int spare_fd; /* for the control of a child; -1 when there is one */
};

/**
 * Start a process in a network namespace.
 *
 * @ret_actor  Set on success only; end it with actor_stop().
 * @comm       Its name as the kernel shows it, at most 15 bytes; any bytes but NUL.
 * @netns_fd   Where it lives.
 * @return     0 or a negative errno.
 */
int actor_start(struct actor *ret_actor, const char *comm, int netns_fd);

/* Fork it, once: the child has its sockets, too, and dies with it. End it with actor_stop(). */
int actor_fork(struct actor *actor, struct actor *ret_child, const char *comm);

/* Let it exit by itself, which closes its sockets, and reap it. Fine to call twice. */
void actor_stop(struct actor *actor);

/* SIGKILL, and wait until it is gone. */
int actor_kill(struct actor *actor);

/* How an actor goes, by itself. */
enum actor_death {
	ACTOR_EXITS, /* with a code */
	ACTOR_CRASHES, /* SIGSEGV, with leave to dump core */
	ACTOR_EXECS, /* becomes true(1): its sockets are FD_CLOEXEC */
	ACTOR_EATS, /* takes memory until it is killed */
};

/* Tell it to go, and wait. Returns its wait status, or -ECHILD when somebody else reaps it. */
int actor_die(struct actor *actor, enum actor_death how, int exit_code);

/* Sockets are known by slot, 0 to ACTOR_SLOTS - 1; a new socket must go into a free slot. */
int actor_socket(struct actor *actor, int slot, int family);
int actor_socket_of(struct actor *actor, int slot, int family, int protocol);
int actor_bind(struct actor *actor, int slot, const struct sockaddr_storage *address);
int actor_listen(struct actor *actor, int slot, const struct sockaddr_storage *address,
		 int backlog);
int actor_connect(struct actor *actor, int slot, const struct sockaddr_storage *address);
/* Only start to connect: returns -EINPROGRESS when all is well. */
int actor_connect_start(struct actor *actor, int slot, const struct sockaddr_storage *address);
int actor_accept(struct actor *actor, int listener_slot, int slot);
/* Accept, or close, in a thread of that name, which ends at once. */
int actor_accept_in_thread(struct actor *actor, int listener_slot, int slot, const char *comm);
int actor_close_in_thread(struct actor *actor, int slot, const char *comm);
int actor_send(struct actor *actor, int slot, int bytes);
int actor_send_text(struct actor *actor, int slot, const char *text);
/* Connect, with the first bytes in the SYN (TCP Fast Open). */
int actor_send_fast(struct actor *actor, int slot, const struct sockaddr_storage *address,
		    int bytes);
/* Send without waiting until the buffers are full; returns how much went in. */
int actor_fill(struct actor *actor, int slot);
/* Read until `bytes` came (returns them), the peer's FIN (returns fewer), or an error. */
int actor_receive(struct actor *actor, int slot, int bytes);
int actor_shutdown(struct actor *actor, int slot, int how);
int actor_close(struct actor *actor, int slot);
/* connect() to AF_UNSPEC. */
int actor_disconnect(struct actor *actor, int slot);
int actor_set_option(struct actor *actor, int slot, int level, int name, int value);
int actor_set_linger(struct actor *actor, int slot, int seconds);

/* Set an option that is no int, of at most 128 bytes. */
int actor_set_bytes(struct actor *actor, int slot, int level, int name, const void *value,
		    size_t bytes);

/* Hand a socket to a child (SCM_RIGHTS) and close it here; take it in the child. */
int actor_pass(struct actor *actor, int slot);
int actor_take(struct actor *actor, int slot);
/* Run on this CPU only. */
int actor_pin(struct actor *actor, int cpu);

/* Wait until that much lies unread, or (accept) until a connection is ready to be taken. */
int actor_wait_unread(struct actor *actor, int slot, int bytes);
int actor_wait_acceptable(struct actor *actor, int slot);
/* Wait until the kernel's state (TCP_ESTABLISHED, ...) is reached. */
int actor_wait_state(struct actor *actor, int slot, int state);
/* Wait until all that was sent is acknowledged. */
int actor_wait_acked(struct actor *actor, int slot);
/* Wait for an error on the socket and return it, negative. */
int actor_wait_error(struct actor *actor, int slot);

#endif
