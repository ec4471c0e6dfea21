/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the two sides of attach_wire.h share: the thread (wire_thread.c), and who asks it. */
#ifndef USER_KERNEL_WIRE_THREAD_H
#define USER_KERNEL_WIRE_THREAD_H

#include <pthread.h>
#include <uthash.h>

#include "user/kernel/attach_wire.h"
#include "user/kernel/wire_queue.h"

struct wire_key {
	uint32_t netns;
	int ifindex;
};

enum wire_state { WIRE_WAITING, WIRE_HOOKED, WIRE_FAILED };

/* @name_slot  Where its name was put for the other thread. */
struct wire_item {
	struct wire_key key;
	enum wire_state state;
	struct attachment at;
	bool is_users; /* the namespace is not root's */
	unsigned int name_slot;
	UT_hash_handle hh;
};

/* @is_listed  Its interfaces are known, and events tell of changes. */
struct wire_namespace {
	struct network_namespace ns;
	uint32_t owner;
	bool is_listed;
	bool is_closed;
};

struct wire_order {
	struct wire_namespace *items; /* what is watched from now on; NULL: as before */
	size_t count;
	bool list_all;
	bool is_started;
	int (*function)(void *data);
	void *data;
	int result;
};

/*
 * The thread alone changes what is here, under the lock where the other one reads it: `items`, the
 * counts, `first_error`. `order` and `stopping` go the other way.
 */
struct wire {
	struct wire_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t progress;
	int wake_fd;
	int rescan_fd;
	int links_fd;
	struct wire_order order;
	bool stopping;
	bool events_lost;
	struct wire_item *items;
	struct wire_status counts;
	size_t links; /* descriptors held, and of these in namespaces of users */
	size_t links_of_users;
	size_t links_most;
	size_t jobs;
	size_t urgent_jobs;
	int first_error; /* on an interface that was asked for by name */
	/* The thread's own, once it is started. */
	struct namespaces namespaces; /* for entering them: own_fd and own_inode alone */
	struct wire_namespace *watched;
	size_t watched_count;
	struct wire_queue *queue;
	bool is_started;
	bool was_listed;
	bool was_behind; /* the start did not wait for all of them */
	unsigned int warnings;
	unsigned int closed_told;
	uint64_t pause_until_ns;
	uint64_t check_ns;
	struct wire_key check_next;
	/* The other thread's. */
	char names[WIRE_NAMES_KEPT][IF_NAMESIZE];
	unsigned int name_next;
};

/* NULL when it is neither hooked nor waiting. Under the lock, or in the thread. */
struct wire_item *wire_find(const struct wire *wire, uint32_t netns, int ifindex);

/* In the thread, or when it has ended. */
struct wire_namespace *wire_namespace_find(const struct wire *wire, uint32_t inode);

/* The thread: runs until `stopping`. @data is the struct wire. */
void *wire_work(void *data);

#endif
