// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/source_options.h"

#include <errno.h>
#include <string.h>

#include "include/storm.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"
#include "user/option/option_value.h"

#define MAX_FLOWS_LEAST 16
#define MAX_FLOWS_MOST (16 * 1024 * 1024)
#define RING_BYTES_LEAST 4096
#define RING_BYTES_MOST (1024 * 1024 * 1024)

static const char *hook_word(size_t index)
{
	return index < HOOK_CHOICE_COUNT ? hook_choice_name((enum hook_choice)index) : NULL;
}

static int parse_interface(const struct option_row *row, const char *value, void *target)
{
	struct source_options *source = target;

	option_list_release(&source->interfaces);
	if (!strcmp(value, "auto"))
		return 0;
	if (!strcmp(value, "none")) {
		source->tracer.hook = HOOK_NONE;
		return 0;
	}
	return option_list_parse(row, value, &source->interfaces);
}

static int parse_netns(const struct option_row *row, const char *value, void *target)
{
	struct option_list *netns = target;

	if (strcmp(value, "all") != 0)
		return option_list_parse(row, value, netns);
	option_list_release(netns);
	return 0;
}

static int parse_comm(const struct option_row *row, const char *value, void *target)
{
	struct tracer_config *config = target;

	if (!*value || strlen(value) >= TASK_COMM_BYTES)
		return option_value_wrong(row, value);
	memset(config->comm, 0, TASK_COMM_BYTES);
	memcpy(config->comm, value, strlen(value));
	config->flags |= TRACER_FILTER_COMM;
	return 0;
}

static int parse_host(const struct option_row *row, const char *value, void *target)
{
	struct tracer_config *config = target;
	struct cidr cidr;

	if (parse_cidr(value, &cidr))
		return option_value_wrong(row, value);
	memcpy(config->host_addr, cidr.addr, sizeof(config->host_addr));
	memset(config->host_mask, 0, sizeof(config->host_mask));
	for (int bit = 0; bit < cidr.prefix_len; bit++)
		config->host_mask[bit / 8] |= 0x80 >> bit % 8;
	config->flags |= TRACER_FILTER_HOST;
	return 0;
}

static int parse_ring(const struct option_row *row, const char *value, void *target)
{
	uint64_t bytes;

	if (parse_size_bytes(value, &bytes) || bytes < row->least || bytes > row->most ||
	    bytes & (bytes - 1))
		return option_value_wrong(row, value);
	*(uint32_t *)target = (uint32_t)bytes;
	return 0;
}

static const struct option_row source_rows[] = {
	{ .name = "interface",
	  .letter = 'i',
	  .metavar = "LIST",
	  .section = SECTION_WHERE,
	  .type = OPTION_LIST,
	  .offers = "echo auto none; ls /sys/class/net",
	  .parse = parse_interface,
	  .help = "watch packets on these interfaces; auto (all) or none",
	  .more = "Names are separated by commas." },
	{ .name = "hook",
	  .metavar = "KIND",
	  .section = SECTION_WHERE,
	  .type = OPTION_WORD,
	  .words = hook_word,
	  OPTION_TARGET(struct source_options, tracer.hook),
	  .help = "hook packets by {} (default auto)",
	  .more = "auto takes XDP on physical interfaces whose driver runs it and that have no other "
		  "XDP program, and traffic control elsewhere. Packets on their way out are always "
		  "watched by traffic control. With none the stack's tracepoints alone decide." },
	{ .name = "netns",
	  .metavar = "LIST",
	  .section = SECTION_WHERE,
	  .type = OPTION_LIST,
	  .offers = "echo all self; ls /run/netns",
	  .parse = parse_netns,
	  OPTION_TARGET(struct source_options, netns),
	  .help = "look into these network namespaces: all, self, names or inode numbers (default "
		  "all)",
	  .more = "A name is a file in /run/netns; a namespace that is made anew under it is "
		  "watched again." },
	{ .name = "pid",
	  .metavar = "PID",
	  .section = SECTION_WHICH,
	  .type = OPTION_NUMBER,
	  .least = 1,
	  .most = INT32_MAX,
	  OPTION_TARGET(struct source_options, tracer.config.pid),
	  .takes = "a process id",
	  .offers = "ps -e -o pid=",
	  .help = "only where this process owns or closes",
	  .more = "--pid, --comm, --port, --host and --container are combined: all must hold. The "
		  "kernel applies them before a record is sent." },
	{ .name = "comm",
	  .metavar = "NAME",
	  .section = SECTION_WHICH,
	  .type = OPTION_TEXT,
	  .parse = parse_comm,
	  OPTION_TARGET(struct source_options, tracer.config),
	  .offers = "ps -e -o comm=",
	  .takes = "a program name of 1 to 15 bytes, as `ps -o comm` shows it",
	  .help = "only where a program of this name owns or closes" },
	{ .name = "port",
	  .metavar = "PORT",
	  .section = SECTION_WHICH,
	  .type = OPTION_NUMBER,
	  .least = 1,
	  .most = UINT16_MAX,
	  OPTION_TARGET(struct source_options, port),
	  .takes = "a port from 1 to 65535",
	  .help = "only with this port at either end" },
	{ .name = "host",
	  .metavar = "CIDR",
	  .section = SECTION_WHICH,
	  .type = OPTION_TEXT,
	  .parse = parse_host,
	  OPTION_TARGET(struct source_options, tracer.config),
	  .takes = "an address or a network such as 10.0.0.0/8 or 2001:db8::/32",
	  .help = "only with an address of this network at either end" },
	{ .name = "container",
	  .metavar = "NAME",
	  .section = SECTION_WHICH,
	  .type = OPTION_TEXT,
	  OPTION_TARGET(struct source_options, container),
	  .takes = "a container's name or the beginning of its id",
	  .help = "only of the container of this name, or whose id begins so",
	  .more = "Of an id at least four digits are needed. A connection counts by the cgroup of its "
		  "socket: what has no socket here, such as a forwarded connection or a refusal, "
		  "belongs to no container." },
	{ .name = "storm-rate",
	  .metavar = "N",
	  .section = SECTION_LIMITS,
	  .type = OPTION_NUMBER,
	  .most = STORM_RATE_MOST,
	  OPTION_TARGET(struct source_options, tracer.config.storm_rate),
	  .help = "show N alike endings a second, count the others; 0 = show all (default 10)",
	  .more = "Endings are alike when verdict, namespace, cgroup, listener and the network of the "
		  "other end are the same. One record a second stands for those that were only "
		  "counted; its field repeated says how many they are." },
	{ .name = "max-flows",
	  .metavar = "N",
	  .section = SECTION_LIMITS,
	  .type = OPTION_NUMBER,
	  .least = MAX_FLOWS_LEAST,
	  .most = MAX_FLOWS_MOST,
	  OPTION_TARGET(struct source_options, tracer.max_flows),
	  .help = "remember N flows (default 32768)",
	  .more = "When there are more, the oldest make room; the ledger says how many did." },
	{ .name = "ring",
	  .metavar = "SIZE",
	  .section = SECTION_LIMITS,
	  .type = OPTION_SIZE,
	  .least = RING_BYTES_LEAST,
	  .most = RING_BYTES_MOST,
	  .parse = parse_ring,
	  OPTION_TARGET(struct source_options, tracer.ring_bytes),
	  .takes = "a power of two from 4K to 1G",
	  .help = "make the ring buffer this large (default 4M)",
	  .more = "When it is full, endings are lost; the ledger says how many were." },
};

_Static_assert(TASK_COMM_BYTES == 16, "what --comm says that it takes");

static void source_init(void *options)
{
	struct source_options *source = options;

	source->tracer.config.storm_rate = STORM_RATE_DEFAULT;
}

static int source_finish(void *options)
{
	struct source_options *source = options;
	struct tracer_options *tracer = &source->tracer;

	tracer->interfaces = source->interfaces.items;
	tracer->interface_count = source->interfaces.count;
	tracer->netns = source->netns.items;
	tracer->netns_count = source->netns.count;
	tracer->config.port = HOST_TO_NET_16(source->port);
	if (source->port)
		tracer->config.flags |= TRACER_FILTER_PORT;
	if (tracer->config.pid)
		tracer->config.flags |= TRACER_FILTER_PID;
	if (source->container)
		tracer->config.flags |= TRACER_FILTER_CGROUP;
	return 0;
}

static void source_release(void *options)
{
	struct source_options *source = options;

	option_list_release(&source->interfaces);
	option_list_release(&source->netns);
}

const struct option_group source_option_group = {
	OPTION_ROWS(source_rows),
	.init = source_init,
	.finish = source_finish,
	.release = source_release,
};
