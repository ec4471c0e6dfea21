/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The inside of an actor: the process that carries out one call after the other. */
#ifndef TESTS_E2E_ACTOR_STEPS_H
#define TESTS_E2E_ACTOR_STEPS_H

#include "tests/e2e/actor.h"

#define ACTOR_TEXT_MAX 128

/* Where an actor has its descriptors: the rest of those it got from its parent is closed. */
enum actor_fd {
	ACTOR_FD_CONTROL = 900,
	ACTOR_FD_NETNS,
	ACTOR_FD_SPARE, /* the control of a child */
	ACTOR_FD_PASS, /* descriptors go from here ... */
	ACTOR_FD_TAKE, /* ... to here, in a child */
};

enum actor_op {
	OP_SOCKET,
	OP_LISTEN,
	OP_CONNECT,
	OP_CONNECT_START,
	OP_ACCEPT,
	OP_SEND,
	OP_FILL,
	OP_RECEIVE,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_DISCONNECT,
	OP_OPTION,
	OP_LINGER,
	OP_WAIT_UNREAD,
	OP_WAIT_ACCEPTABLE,
	OP_WAIT_STATE,
	OP_WAIT_ACKED,
	OP_WAIT_ERROR,
	OP_BIND,
	OP_SEND_TEXT,
	OP_SEND_FAST,
	OP_TEXT_OPTION,
	OP_ACCEPT_THREAD,
	OP_CLOSE_THREAD,
	OP_FORK,
	OP_PASS,
	OP_TAKE,
	OP_PIN,
	OP_DIE,
};

struct actor_command {
	enum actor_op op;
	int slot;
	int arguments[3];
	struct sockaddr_storage address;
	int text_bytes;
	char text[ACTOR_TEXT_MAX];
};

/* Become the actor. Its first reply is the result of its start. */
__attribute__((noreturn)) void actor_main(const char *comm);

#endif
