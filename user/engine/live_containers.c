// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/engine/live_containers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/enrich/cgroup_path.h"
#include "user/enrich/container_names.h"

#define RETRY_INTERVAL_NS (100 * CLOCK_NS_PER_MS)
#define SCAN_DELAY_NS CLOCK_NS_PER_MS
#define ID_PREFIX_LEAST 4 /* shorter, it would match by chance what only has a short name */

struct live_containers {
	const char *wanted;
	struct cgroup_paths *cgroups; /* NULL on a host without cgroup2 */
	struct container_names *names;
	struct event_loop *loop;
	struct tracer *tracer;
	int retry_timer;
};

int live_containers_new(const char *wanted, struct live_containers **ret)
{
	struct live_containers *containers = calloc(1, sizeof(*containers));
	struct container_places places;
	int err;

	if (!containers)
		return -ENOMEM;
	containers->wanted = wanted;
	containers->retry_timer = -1;
	/* Without it cgroup and container stay null. */
	cgroup_paths_new(&containers->cgroups);
	places.cgroup_mount[0] = '\0';
	if (containers->cgroups)
		snprintf(places.cgroup_mount, sizeof(places.cgroup_mount), "%s",
			 cgroup_paths_mount(containers->cgroups));
	container_places_find(&places);
	err = container_names_new(&places, &containers->names);
	if (err) {
		live_containers_free(&containers);
		return err;
	}
	if (wanted && !containers->cgroups)
		log_warn("this host has no cgroup2 mount: no container can be told, --container "
			 "will match nothing");
	*ret = containers;
	return 0;
}

void live_containers_free(struct live_containers **containers)
{
	if (!*containers)
		return;
	cgroup_paths_free(&(*containers)->cgroups);
	container_names_free(&(*containers)->names);
	free(*containers);
	*containers = NULL;
}

static int on_retry(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct live_containers *containers = data;

	(void)events;
	if (container_names_retry(containers->names, clock_monotonic_ns()))
		return 0;
	event_loop_remove_fd(loop, fd);
	containers->retry_timer = -1;
	return 0;
}

static void container_learn(struct live_containers *containers, const char *path)
{
	uint64_t now_ns = clock_monotonic_ns();

	container_names_lookup(containers->names, path, now_ns);
	if (containers->retry_timer < 0 && containers->loop &&
	    !container_names_is_final(containers->names, path, now_ns))
		containers->retry_timer = event_loop_add_timer(containers->loop, RETRY_INTERVAL_NS,
							       on_retry, containers);
}

static void on_cgroup_found(void *data, uint64_t id, const char *path)
{
	(void)id;
	container_learn(data, path);
}

static void containers_scan(struct live_containers *containers)
{
	int err = cgroup_paths_scan(containers->cgroups, on_cgroup_found, containers);

	if (err)
		log_debug("not all cgroups were looked at: %s", strerror(-err));
}

static int on_scan(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)events;
	event_loop_remove_fd(loop, fd);
	containers_scan(data);
	return 0;
}

void live_containers_start(struct live_containers *containers, struct event_loop *loop,
			   struct tracer *tracer)
{
	containers->loop = loop;
	containers->tracer = tracer;
	/* A thousand cgroups take 0.1 s: nobody has to wait for that before it is ready. */
	if (containers->cgroups &&
	    event_loop_add_timer(loop, SCAN_DELAY_NS, on_scan, containers) < 0)
		containers_scan(containers);
}

void live_containers_take_event(struct live_containers *containers,
				const struct cgroup_record *record)
{
	const char *path;

	if (!containers->cgroups)
		return;
	if (record->head.flags & CGROUP_REMOVED)
		cgroup_path_keep(containers->cgroups, record->cgroup_id);
	path = cgroup_path_learn(containers->cgroups, record->cgroup_id, record->path,
				 record->head.flags & CGROUP_PATH_CUT);
	if (path && !(record->head.flags & CGROUP_REMOVED))
		container_learn(containers, path);
}

void live_containers_enrich(struct live_containers *containers, struct closed_connection *c)
{
	if (!containers->cgroups)
		return;
	c->cgroup = cgroup_path_lookup(containers->cgroups, c->record.cgroup_id);
	c->container = container_names_lookup(containers->names, c->cgroup, c->record.head.time_ns);
}

static bool container_is(const struct container *container, const char *wanted)
{
	size_t len = strlen(wanted);

	if (container->name && !strcmp(container->name, wanted))
		return true;
	return !strcmp(container->id, wanted) ||
	       (len >= ID_PREFIX_LEAST && !strncmp(container->id, wanted, len));
}

bool live_containers_wants(struct live_containers *containers, const struct closed_connection *c)
{
	if (!containers->wanted)
		return true;
	if (c->container && container_is(c->container, containers->wanted))
		return true;
	/* It never will be: let the kernel drop the next ones. */
	if (c->cgroup &&
	    container_names_is_final(containers->names, c->cgroup, c->record.head.time_ns))
		tracer_drop_cgroup(containers->tracer, c->record.cgroup_id);
	return false;
}
