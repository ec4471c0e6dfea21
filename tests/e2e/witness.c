/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/witness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/tool.h"
#include "tests/e2e/witness.skel.h"
#include "tests/e2e/witness_state.h"
#include "user/base/cleanup.h"

/* include/net/tcp_states.h. LISTEN and CLOSE are where sockets come from and go to. */
#define STATE_MAX 12
#define STATE_CLOSE 7
#define STATE_LISTEN 10

static struct witness_bpf *skeleton;

static int no_messages(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

int witness_start(void)
{
	int err;

	libbpf_set_print(no_messages);
	skeleton = witness_bpf__open_and_load();
	if (!skeleton)
		return -errno;
	err = witness_bpf__attach(skeleton);
	if (err)
		witness_stop();
	return err;
}

void witness_stop(void)
{
	witness_bpf__destroy(skeleton);
	skeleton = NULL;
}

/* Adds the sockets in each state, TIME_WAIT and half-open handshakes included, to `counts`. */
static int count_sockets(const char *path, uint32_t counts[STATE_MAX + 1])
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[512];
	unsigned int state;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*d: %*s %*s %x", &state) == 1 && state <= STATE_MAX)
			counts[state]++;
	}
	return 0;
}

static int count_sockets_of(int netns_fd, uint32_t counts[STATE_MAX + 1])
{
	int saved, err;

	memset(counts, 0, (STATE_MAX + 1) * sizeof(*counts));
	err = netns_enter(netns_fd, &saved);
	if (err)
		return err;
	err = count_sockets("/proc/self/net/tcp", counts);
	if (!err && count_sockets("/proc/self/net/tcp6", counts) == -ENOENT)
		err = 0;
	netns_leave(saved);
	return err;
}

bool witness_was_blind(int netns_fd, ino_t netns_inode)
{
	uint32_t present[STATE_MAX + 1];

	if (!skeleton || count_sockets_of(netns_fd, present))
		return false;
	for (uint32_t state = 1; state <= STATE_MAX; state++) {
		struct witness_key key = { .netns = netns_inode, .state = state };
		struct witness_count count;

		if (state == STATE_CLOSE || state == STATE_LISTEN ||
		    bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.transitions), &key, &count))
			continue;
		if (count.left > count.entered || count.entered - count.left > present[state])
			return true;
	}
	return false;
}
