// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "bpf/closetrace.skel.h"
#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/kernel/accept_queues.h"
#include "user/kernel/hooked_map.h"
#include "user/kernel/iterator.h"
#include "user/kernel/late_programs.h"
#include "user/kernel/limits.h"
#include "user/kernel/map_read.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netns_list.h"
#include "user/kernel/privilege.h"
#include "user/kernel/program_run.h"
#include "user/kernel/ring_reader.h"
#include "user/kernel/snmp.h"
#include "user/kernel/standby.h"
#include "user/kernel/tick.h"
#include "user/kernel/tracepoints.h"
#include "user/kernel/tracer_load.h"

#define RESCAN_DELAY_NS (50 * CLOCK_NS_PER_MS)
#define STORM_INTERVAL_NS CLOCK_NS_PER_SECOND
#define WATCH_INTERVAL_NS (500 * CLOCK_NS_PER_MS)
/* Runs of ct_watch_expire per interval: more than a full map takes. */
#define WATCH_RUNS_MOST 64

struct tracer {
	const struct tracer_options *options;
	struct tracer_config config;
	struct kernel_features features;
	struct namespaces namespaces;
	struct netns_list listed; /* --netns */
	struct closetrace_bpf *skeleton;
	struct late_programs late;
	struct ring_reader *ring;
	struct wire *wire;
	struct snmp_watch snmp;
	struct accept_queues *accept_queues;
	struct kernel_account account; /* complete after tracer_stop() */
	struct wire_status wire_account; /* when it stopped */
	struct event_loop *loop;
	uint32_t jiffies_hz;
	uint64_t stacks_evicted;
	int folder_fd;
	int rescan_timer;
	uint64_t rescan_took_ns;
	bool list_all; /* events of links were lost */
	void (*on_cgroup)(void *data, const struct cgroup_record *record); /* may be NULL */
	void *on_cgroup_data;
};

static int print_for_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	log_valist(LOG_LEVEL_DEBUG, fmt, args);
	return 0;
}

static bool tracer_wants_netns(void *data, uint32_t netns)
{
	const struct tracer *tracer = data;

	if (!tracer->listed.count)
		return netns == tracer->namespaces.own_inode ||
		       kernel_features_has(&tracer->features, KERNEL_FEATURE_ALL_NAMESPACES);
	return netns_list_has(&tracer->listed, netns);
}

static int tracer_resolve_netns(struct tracer *tracer)
{
	const struct tracer_options *options = tracer->options;
	int err;

	err = namespaces_init(&tracer->namespaces);
	if (!err)
		err = namespaces_scan(&tracer->namespaces);
	if (err)
		return log_error(err, "cannot find the network namespaces of this host: %s",
				 strerror(-err));
	return netns_list_resolve(&tracer->namespaces, options->netns, options->netns_count,
				  &tracer->listed);
}

int tracer_new(const struct tracer_options *options, struct tracer **ret)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	enum kernel_feature missing;
	int err;

	if (!tracer)
		return log_error(-ENOMEM, "not enough memory");
	tracer->options = options;
	tracer->config = options->config;
	tracer->folder_fd = tracer->rescan_timer = -1;
	tracer->namespaces.own_fd = -1;
	if (options->netns_count)
		tracer->config.flags |= TRACER_NETNS_LISTED;
	if (options->hook != HOOK_NONE)
		tracer->config.flags |= TRACER_WIRE_HOOKED;
	if (options->interface_count)
		tracer->config.flags |= TRACER_WIRE_PARTIAL;
	libbpf_set_print(print_for_libbpf);
	limits_raise();
	kernel_features_probe(&tracer->features);
	missing = kernel_features_missing(&tracer->features);
	if (missing != KERNEL_FEATURE_COUNT)
		err = kernel_features_log_missing(missing);
	else
		err = tracer_resolve_netns(tracer);
	if (!kernel_features_has(&tracer->features, KERNEL_FEATURE_ATOMIC_TRACEPOINTS))
		tracer->config.flags |= TRACER_STANDBYS;
	if (!err)
		err = tracer_load(options, &tracer->config, &tracer->features, &tracer->skeleton);
	if (err) {
		tracer_free(&tracer);
		return err;
	}
	tracer->late.first = tracer->skeleton;
	*ret = tracer;
	return 0;
}

void tracer_free(struct tracer **tracer)
{
	if (!*tracer)
		return;
	wire_free(&(*tracer)->wire);
	ring_reader_free(&(*tracer)->ring);
	late_programs_release(&(*tracer)->late);
	closetrace_bpf__destroy((*tracer)->skeleton);
	if ((*tracer)->folder_fd >= 0)
		close((*tracer)->folder_fd);
	namespaces_release(&(*tracer)->namespaces);
	snmp_watch_release(&(*tracer)->snmp);
	accept_queues_free(&(*tracer)->accept_queues);
	netns_list_release(&(*tracer)->listed);
	free(*tracer);
	*tracer = NULL;
}

/* The kernel side learns which namespaces are known, and forgets those that are gone. */
static void tracer_tell_netns(struct tracer *tracer)
{
	int map = bpf_map__fd(tracer->skeleton->maps.ct_netns);
	uint32_t key, next;
	uint8_t value;
	bool more;

	for (size_t i = 0; i < tracer->namespaces.count; i++) {
		uint32_t inode = tracer->namespaces.items[i].inode;

		value = tracer->listed.count && tracer_wants_netns(tracer, inode) ? NETNS_TRACED :
										    NETNS_KNOWN;
		bpf_map_update_elem(map, &inode, &value, BPF_ANY);
	}
	more = !bpf_map_get_next_key(map, NULL, &next);
	while (more) {
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
		if (!namespaces_find(&tracer->namespaces, key) &&
		    !(tracer->listed.count && tracer_wants_netns(tracer, key)))
			bpf_map_delete_elem(map, &key);
	}
}

/* iter/tcp lists the sockets of the reader's namespace only. */
static void tracer_snapshot(struct tracer *tracer)
{
	struct closetrace_bpf *skeleton = tracer->skeleton;
	int err;

	for (size_t i = 0; i < tracer->namespaces.count; i++) {
		const struct network_namespace *ns = &tracer->namespaces.items[i];

		if (!tracer_wants_netns(tracer, ns->inode) ||
		    namespaces_enter(&tracer->namespaces, ns))
			continue;
		err = iterator_run(skeleton->progs.ct_iter_tcp);
		namespaces_leave(&tracer->namespaces, ns);
		if (err)
			log_debug("no snapshot of the sockets of namespace %u: %s", ns->inode,
				  strerror(-err));
	}
	err = iterator_run(skeleton->progs.ct_iter_file);
	if (err)
		log_warn("the owners of sockets older than this program stay unknown: %s",
			 strerror(-err));
}

/* At most a fifth of the time: whoever has many processes, or namespaces, makes a scan take long. */
#define RESCAN_SHARE 4

static int on_rescan_timer(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct tracer *tracer = data;
	uint64_t begin_ns = clock_monotonic_ns();

	(void)events;
	event_loop_remove_fd(loop, fd);
	tracer->rescan_timer = -1;
	if (namespaces_scan(&tracer->namespaces))
		return 0;
	netns_list_follow(&tracer->listed, &tracer->namespaces);
	tracer_tell_netns(tracer);
	if (tracer->wire)
		wire_sync(tracer->wire, &tracer->namespaces, tracer_wants_netns, tracer,
			  tracer->list_all);
	tracer->list_all = false;
	snmp_watch_round(&tracer->snmp, &tracer->namespaces, tracer_wants_netns, tracer, NULL);
	tracer->rescan_took_ns = clock_monotonic_ns() - begin_ns;
	return 0;
}

static void tracer_rescan_soon(struct tracer *tracer)
{
	uint64_t delay_ns = RESCAN_SHARE * tracer->rescan_took_ns;

	if (delay_ns < RESCAN_DELAY_NS)
		delay_ns = RESCAN_DELAY_NS;
	if (tracer->rescan_timer < 0 && tracer->loop)
		tracer->rescan_timer =
			event_loop_add_timer(tracer->loop, delay_ns, on_rescan_timer, tracer);
}

static void on_netns_found(void *data, const struct netns_record *record)
{
	log_debug("sockets in network namespace %u, not known until now", record->netns);
	tracer_rescan_soon(data);
}

static int on_wire_wish(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct tracer *tracer = data;

	(void)loop;
	(void)fd;
	(void)events;
	tracer->list_all |= wire_rescan_take(tracer->wire);
	tracer_rescan_soon(tracer);
	return 0;
}

static int on_folder(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	char buffer[4096];

	(void)loop;
	(void)events;
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	tracer_rescan_soon(data);
	return 0;
}

static int on_watch_timer(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct tracer *tracer = data;
	int program = bpf_program__fd(tracer->skeleton->progs.ct_watch_expire);

	(void)loop;
	(void)fd;
	(void)events;
	for (int i = 0;
	     i < WATCH_RUNS_MOST && !ring_reader_is_done(tracer->ring) && program_run(program); i++)
		ring_reader_read(tracer->ring);
	return 0;
}

static int on_accept_queues_timer(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct tracer *tracer = data;

	(void)loop;
	(void)fd;
	(void)events;
	accept_queues_look(tracer->accept_queues);
	return 0;
}

static int on_storm_timer(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	const struct tracer *tracer = data;

	(void)loop;
	(void)fd;
	(void)events;
	program_run(bpf_program__fd(tracer->skeleton->progs.ct_storm_flush));
	return 0;
}

/* Namespaces that come later. Without this the tracer hears of them by their sockets. */
static void tracer_follow_namespaces(struct tracer *tracer)
{
	tracer->folder_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (tracer->folder_fd < 0)
		return;
	inotify_add_watch(tracer->folder_fd, "/run/netns", IN_CREATE | IN_DELETE | IN_ATTRIB);
	event_loop_add_fd(tracer->loop, tracer->folder_fd, EPOLLIN, on_folder, tracer);
}

static int tracer_wire_program(void *data, enum wire_program which)
{
	struct tracer *tracer = data;

	switch (which) {
	case WIRE_PROGRAM_TC_IN:
		return bpf_program__fd(tracer->skeleton->progs.ct_tc_in);
	case WIRE_PROGRAM_TC_OUT:
		return bpf_program__fd(tracer->skeleton->progs.ct_tc_out);
	case WIRE_PROGRAM_XDP_IN:
		return late_program_fd(&tracer->late, LATE_XDP_IN);
	case WIRE_PROGRAM_TC_IN_L3:
		return late_program_fd(&tracer->late, LATE_TC_IN_L3);
	case WIRE_PROGRAM_TC_OUT_L3:
		return late_program_fd(&tracer->late, LATE_TC_OUT_L3);
	}
	return -EINVAL;
}

static void tracer_tell_hooked(void *data, uint32_t netns, uint32_t ifindex, bool is_on)
{
	struct tracer *tracer = data;

	hooked_map_tell(bpf_map__fd(tracer->skeleton->maps.ct_hooked), netns, ifindex, is_on);
}

static int tracer_start_wire(struct tracer *tracer)
{
	const struct tracer_options *options = tracer->options;
	struct wire_options wire_options = {
		.method = { .hook = options->hook,
			    .with_tcx = kernel_features_has(&tracer->features, KERNEL_FEATURE_TCX),
			    .program = tracer_wire_program,
			    .data = tracer },
		.interfaces = options->interfaces,
		.interface_count = options->interface_count,
		.hooked = tracer_tell_hooked,
		.own_fd = tracer->namespaces.own_fd,
		.own_inode = tracer->namespaces.own_inode,
	};
	int err;

	tracer_follow_namespaces(tracer);
	if (options->hook == HOOK_NONE)
		return 0;
	err = wire_new(&wire_options, &tracer->wire);
	if (!err)
		err = event_loop_add_fd(tracer->loop, wire_rescan_fd(tracer->wire), EPOLLIN,
					on_wire_wish, tracer);
	if (!err)
		err = wire_sync(tracer->wire, &tracer->namespaces, tracer_wants_netns, tracer,
				false);
	if (err)
		return limits_log_blamed(err) ?:
			       log_error(err, "cannot watch packets: %s", strerror(-err));
	return wire_await(tracer->wire);
}

#define ACCOUNT_TRIES 5

/*
 * The kernel's counters and ours, of the same moment: theirs are read between two looks at
 * ours, again when these differ.
 *
 * @is_first  The namespaces begin here.
 */
static bool tracer_take_account(struct tracer *tracer, bool is_first, struct tracer_counters *ours)
{
	struct kernel_account *account = &tracer->account;
	struct tracer_counters again;

	for (int i = 0; i < ACCOUNT_TRIES; i++) {
		if (is_first)
			snmp_watch_release(&tracer->snmp);
		memset(account->gained, 0, sizeof(account->gained));
		if (tracer_read_counters(tracer, ours) ||
		    snmp_watch_round(&tracer->snmp, &tracer->namespaces, tracer_wants_netns, tracer,
				     account) ||
		    !tracer->snmp.count || tracer_read_counters(tracer, &again))
			return false;
		if (!memcmp(ours, &again, sizeof(again)))
			return true;
	}
	account->is_moving = true;
	return true;
}

static void tracer_begin_account(struct tracer *tracer)
{
	tracer->account.is_known = tracer_take_account(tracer, true, &tracer->account.before);
	if (!tracer->account.is_known)
		log_debug("the kernel's own counters cannot be read");
}

static void tracer_end_account(struct tracer *tracer)
{
	struct kernel_account *account = &tracer->account;

	if (tracer->wire)
		wire_status(tracer->wire, &tracer->wire_account);
	if (account->is_known)
		account->is_known = tracer_take_account(tracer, false, &account->after);
}

static void on_cgroup(void *data, const struct cgroup_record *record)
{
	const struct tracer *tracer = data;

	if (tracer->on_cgroup)
		tracer->on_cgroup(tracer->on_cgroup_data, record);
}

int tracer_start(struct tracer *tracer, struct event_loop *loop, struct pipeline *pipeline)
{
	struct ring_events events = { .netns_found = on_netns_found,
				      .cgroup = on_cgroup,
				      .data = tracer };
	struct closetrace_bpf *skeleton = tracer->skeleton;
	int err;

	tracer->loop = loop;
	tracer->jiffies_hz = tick_hz();
	skeleton->bss->tracer_hz = tracer->jiffies_hz;
	tracer_tell_netns(tracer);
	err = ring_reader_new(bpf_map__fd(skeleton->maps.ct_events), loop, pipeline, &events,
			      &tracer->ring);
	if (err)
		return log_error(err, "cannot read the ring buffer: %s", strerror(-err));
	err = event_loop_add_timer(loop, WATCH_INTERVAL_NS, on_watch_timer, tracer);
	if (err >= 0)
		err = accept_queues_new(skeleton, &tracer->namespaces, &tracer->snmp,
					tracer_wants_netns, tracer, &tracer->accept_queues);
	if (err >= 0)
		err = event_loop_add_timer(loop, ACCEPT_QUEUES_INTERVAL_NS, on_accept_queues_timer,
					   tracer);
	if (err >= 0 && tracer->config.storm_rate)
		err = event_loop_add_timer(loop, STORM_INTERVAL_NS, on_storm_timer, tracer);
	if (err < 0)
		return log_error(err, "cannot make a timer: %s", strerror(-err));
	/* Packets first: a close that is seen without its packets would be judged worse. */
	err = tracer_start_wire(tracer);
	if (kernel_features_has(&tracer->features, KERNEL_FEATURE_CGROUP_EVENTS))
		tracepoints_attach_cgroups(skeleton);
	tracepoints_attach_deaths(
		skeleton, kernel_features_has(&tracer->features, KERNEL_FEATURE_SIGNAL_EVENTS),
		kernel_features_has(&tracer->features, KERNEL_FEATURE_OOM_EVENTS));
	if (!err)
		err = tracepoints_attach(skeleton);
	if (err)
		return err;
	tracer_snapshot(tracer);
	tracer_begin_account(tracer);
	return 0;
}

static uint32_t tracer_uses(const struct tracer *tracer)
{
	uint32_t uses = PRIVILEGE_FOR_TRACE | PRIVILEGE_FOR_NAMES;
	bool others = !tracer->listed.count;

	for (size_t i = 0; i < tracer->listed.count; i++)
		others |= tracer->listed.inodes[i] != tracer->namespaces.own_inode;
	if (others)
		uses |= PRIVILEGE_FOR_NAMESPACES;
	if (tracer->wire)
		uses |= PRIVILEGE_FOR_HOOKS;
	if (tracer->config.flags & TRACER_STACKS)
		uses |= PRIVILEGE_FOR_STACKS;
	return uses;
}

static int drop_in_thread(void *data)
{
	return privilege_drop(data);
}

void tracer_drop_privilege(struct tracer *tracer, uint32_t uses)
{
	struct privilege_plan plan;
	int err = 0;

	uses |= tracer_uses(tracer);
	privilege_tell_missing(uses);
	privilege_plan(uses, &plan);
	/* The thread first: who has changed the user can no longer be asked for it. */
	if (tracer->wire)
		err = wire_call(tracer->wire, drop_in_thread, &plan);
	if (!err)
		err = privilege_drop(&plan);
	if (err)
		log_warn("keeping more privilege than needed: %s", strerror(-err));
	err = privilege_filter_calls();
	if (err && err != -EOPNOTSUPP)
		log_warn("any system call may be made: %s", strerror(-err));
	else if (err)
		log_debug("there is no filter for system calls here");
}

void tracer_on_cgroup(struct tracer *tracer,
		      void (*callback)(void *data, const struct cgroup_record *record), void *data)
{
	tracer->on_cgroup = callback;
	tracer->on_cgroup_data = data;
}

void tracer_stop(struct tracer *tracer)
{
	bool is_stuck;

	tracer_end_account(tracer);
	/* The packet hooks go last, in tracer_free(): taking off a link waits for an RCU grace period. */
	closetrace_bpf__detach(tracer->skeleton);
	do {
		is_stuck = tracer->config.storm_rate &&
			   program_run(bpf_program__fd(tracer->skeleton->progs.ct_storm_flush));
		if (tracer->ring)
			ring_reader_drain(tracer->ring);
	} while (is_stuck && tracer->ring);
}

void tracer_drop_cgroup(struct tracer *tracer, uint64_t cgroup_id)
{
	uint8_t value = 1;

	/* A failure costs only time: what is not in the map is looked at in user space. */
	bpf_map_update_elem(bpf_map__fd(tracer->skeleton->maps.ct_unwanted), &cgroup_id, &value,
			    BPF_ANY);
}

int tracer_read_counters(const struct tracer *tracer, struct tracer_counters *ret)
{
	int err = map_counters(bpf_map__fd(tracer->skeleton->maps.ct_counters), ret);

	if (!err)
		ret->counts[COUNTER_STACK_EVICTED] += tracer->stacks_evicted;
	return err;
}

bool tracer_take_stacks(struct tracer *tracer, const struct close_record *record,
			struct close_stacks *ret)
{
	int map = bpf_map__fd(tracer->skeleton->maps.ct_stacks);
	struct close_stacks stacks;

	if (!(tracer->config.flags & TRACER_STACKS) || !record->socket_cookie)
		return false;
	/* A reset that came after the record is here too: do not ask the record's flag. */
	if (bpf_map_lookup_and_delete_elem(map, &record->socket_cookie, &stacks) ||
	    stacks.birth_ns != record->birth_ns) {
		tracer->stacks_evicted += (record->head.flags & RECORD_HAS_STACKS) != 0;
		return false;
	}
	*ret = stacks;
	return true;
}

void tracer_feed(struct tracer *tracer)
{
	ring_reader_read(tracer->ring);
}

void tracer_maps(const struct tracer *tracer, struct tracer_maps *ret)
{
	ret->flows = bpf_map__fd(tracer->skeleton->maps.ct_flows);
	ret->tally = bpf_map__fd(tracer->skeleton->maps.ct_tally);
	ret->tally_rest = bpf_map__fd(tracer->skeleton->maps.ct_tally_rest);
}

int tracer_fill_ledger(const struct tracer *tracer, struct ledger *ret)
{
	int err;

	err = tracer_read_counters(tracer, &ret->counters);
	if (err)
		return err;
	ret->kernel = tracer->account;
	ret->flows_present = map_count(bpf_map__fd(tracer->skeleton->maps.ct_flows));
	ret->waiting = map_count(bpf_map__fd(tracer->skeleton->maps.ct_watch));
	ret->wire_hooked = tracer->options->hook != HOOK_NONE;
	ret->hooks_repaired = tracer->wire_account.repaired;
	ret->interfaces_hooked = tracer->wire_account.hooked;
	ret->interfaces_waiting = tracer->wire_account.waiting;
	ret->interfaces_failed = tracer->wire_account.failed;
	ret->namespaces_closed = tracer->wire_account.closed;
	ret->wire_partly = tracer->options->interface_count > 0 || ret->interfaces_waiting ||
			   ret->interfaces_failed || ret->namespaces_closed;
	ret->skipped_runs = standby_skipped_runs(tracer->skeleton);
	return 0;
}

uint32_t tracer_jiffies_hz(const struct tracer *tracer)
{
	return tracer->jiffies_hz;
}

const struct tracer_config *tracer_config_in_use(const struct tracer *tracer)
{
	return &tracer->config;
}

struct wire *tracer_wire(const struct tracer *tracer)
{
	return tracer->wire;
}

size_t tracer_program_fds(const struct tracer *tracer, int ret[TRACER_PROGRAM_MAX])
{
	struct bpf_program *program;
	size_t count = 0;

	bpf_object__for_each_program(program, tracer->skeleton->obj)
		if (bpf_program__fd(program) >= 0 && count < TRACER_PROGRAM_MAX)
			ret[count++] = bpf_program__fd(program);
	for (int i = 0; i < LATE_PROGRAM_COUNT; i++)
		if (tracer->late.fds[i] > 0 && count < TRACER_PROGRAM_MAX)
			ret[count++] = tracer->late.fds[i];
	return count;
}

struct bpf_object *tracer_object(const struct tracer *tracer)
{
	return tracer->skeleton->obj;
}
