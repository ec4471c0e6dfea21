// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/storm.h"
#include "user/base/cleanup.h"
#include "include/packet_trail.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"
#include "user/command/options_flows.h"
#include "user/model/nearest_name.h"
#include "user/sink/sinks.h"

#define MAX_FLOWS_LEAST 16
#define MAX_FLOWS_MOST (16 * 1024 * 1024)
#define RING_BYTES_LEAST 4096
#define PACKETS_BYTES_LEAST 4096
#define PACKETS_BYTES_DEFAULT (64 * 1024 * 1024)
#define RING_BYTES_MOST (1024 * 1024 * 1024)

/* Parse `value` (NULL for a flag) into `options`. 0, or -EINVAL after a sentence. */
typedef int (*option_parser)(const char *name, char *value, struct options *options);

struct option_row {
	const char *name;
	char letter; /* 0 = none */
	const char *metavar; /* NULL = a flag */
	unsigned int commands;
	option_parser parse;
	const char *help;
};

/* A list is cut up in a copy, *owned: ps(1) goes on showing the words as they were given. */
static int list_split(const char *name, const char *value, char **owned, const char **items,
		      size_t *count)
{
	char *rest, *item;

	free(*owned);
	*count = 0;
	rest = *owned = strdup(value);
	if (!rest)
		return log_error(-ENOMEM, "not enough memory for the list of --%s", name);
	while ((item = strsep(&rest, ","))) {
		if (!*item)
			return log_error(-EINVAL, "--%s has an empty name in its list", name);
		if (*count == OPTION_LIST_MAX)
			return log_error(-EINVAL, "--%s takes at most %d names", name,
					 OPTION_LIST_MAX);
		items[(*count)++] = item;
	}
	return 0;
}

static int parse_interface(const char *name, char *value, struct options *options)
{
	struct tracer_options *tracer = &options->tracer;

	if (!strcmp(value, "auto")) {
		tracer->interface_count = 0;
		return 0;
	}
	if (!strcmp(value, "none")) {
		tracer->hook = HOOK_NONE;
		return 0;
	}
	return list_split(name, value, &options->interface_words, options->interfaces,
			  &tracer->interface_count);
}

static int parse_hook(const char *name, char *value, struct options *options)
{
	struct nearest_name nearest = { .wanted = value };

	if (!hook_choice_from_name(value, &options->tracer.hook))
		return 0;
	for (int i = 0; i < HOOK_CHOICE_COUNT; i++)
		nearest_name_offer(&nearest, hook_choice_name(i));
	return log_error(-EINVAL,
			 "--%s takes auto, xdp, xdp-native, xdp-generic, tc or none, not "
			 "\"%s\"%s%s%s",
			 name, value, nearest.name ? "; did you mean " : "",
			 nearest.name ? nearest.name : "", nearest.name ? "?" : "");
}

static int parse_output(const char *name, char *value, struct options *options)
{
	options->output = sink_ops_find(value);
	if (options->output)
		return 0;
	return log_error(-EINVAL, "--%s takes table, wide, ndjson or zeek, not \"%s\"", name,
			 value);
}

/* Rows of counts are no connections: Zeek's log has no place for them. */
static int parse_output_of_rows(const char *name, char *value, struct options *options)
{
	if (strcmp(value, "zeek") != 0 && sink_ops_find(value))
		return parse_output(name, value, options);
	return log_error(-EINVAL, "--%s takes table, wide or ndjson, not \"%s\"", name, value);
}

static int parse_all(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->show_all = true;
	options->tracer.config.flags |= TRACER_SHOW_ALL;
	return 0;
}

static int parse_stacks(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->tracer.config.flags |= TRACER_STACKS;
	return 0;
}

static int parse_count(const char *name, char *value, struct options *options)
{
	if (!parse_u64(value, UINT64_MAX, &options->count) && options->count)
		return 0;
	return log_error(-EINVAL, "--%s takes a number of records from 1 up, not \"%s\"", name,
			 value);
}

static int parse_duration(const char *name, char *value, struct options *options)
{
	if (!parse_duration_ns(value, &options->duration_ns) && options->duration_ns)
		return 0;
	return log_error(-EINVAL, "--%s takes a time such as 10s, 5m or 500ms, not \"%s\"", name,
			 value);
}

static int parse_netns(const char *name, char *value, struct options *options)
{
	if (!strcmp(value, "all")) {
		options->tracer.netns_count = 0;
		return 0;
	}
	return list_split(name, value, &options->netns_words, options->netns,
			  &options->tracer.netns_count);
}

static int parse_pid(const char *name, char *value, struct options *options)
{
	uint64_t pid;

	if (parse_u64(value, INT32_MAX, &pid) || !pid)
		return log_error(-EINVAL, "--%s takes a process id, not \"%s\"", name, value);
	options->tracer.config.pid = pid;
	options->tracer.config.flags |= TRACER_FILTER_PID;
	return 0;
}

static int parse_comm(const char *name, char *value, struct options *options)
{
	if (!*value || strlen(value) >= TASK_COMM_BYTES)
		return log_error(
			-EINVAL,
			"--%s takes a program name of 1 to %d bytes, as `ps -o comm` shows "
			"it, not \"%s\"",
			name, TASK_COMM_BYTES - 1, value);
	memset(options->tracer.config.comm, 0, TASK_COMM_BYTES);
	memcpy(options->tracer.config.comm, value, strlen(value));
	options->tracer.config.flags |= TRACER_FILTER_COMM;
	return 0;
}

static int parse_port_option(const char *name, char *value, struct options *options)
{
	uint16_t port;

	if (parse_port(value, &port))
		return log_error(-EINVAL, "--%s takes a port from 1 to 65535, not \"%s\"", name,
				 value);
	options->tracer.config.port = HOST_TO_NET_16(port);
	options->tracer.config.flags |= TRACER_FILTER_PORT;
	return 0;
}

static int parse_host(const char *name, char *value, struct options *options)
{
	struct tracer_config *config = &options->tracer.config;
	struct cidr cidr;

	if (parse_cidr(value, &cidr))
		return log_error(-EINVAL,
				 "--%s takes an address or a network such as 10.0.0.0/8 or "
				 "2001:db8::/32, not \"%s\"",
				 name, value);
	memcpy(config->host_addr, cidr.addr, sizeof(config->host_addr));
	memset(config->host_mask, 0, sizeof(config->host_mask));
	for (int bit = 0; bit < cidr.prefix_len; bit++)
		config->host_mask[bit / 8] |= 0x80 >> bit % 8;
	config->flags |= TRACER_FILTER_HOST;
	return 0;
}

static int parse_container(const char *name, char *value, struct options *options)
{
	if (!*value)
		return log_error(-EINVAL,
				 "--%s takes a container's name or the beginning of its id", name);
	options->container = value;
	options->tracer.config.flags |= TRACER_FILTER_CGROUP;
	return 0;
}

static int parse_filter(const char *name, char *value, struct options *options)
{
	if (options->filter_count == OPTION_FILTERS_MAX)
		return log_error(-EINVAL, "--%s can be given %d times; join the parts with \"and\"",
				 name, OPTION_FILTERS_MAX);
	options->filters[options->filter_count++] = value;
	return 0;
}

static int parse_explain_filter(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->explain_filter = true;
	return 0;
}

static int parse_max_flows(const char *name, char *value, struct options *options)
{
	uint64_t flows;

	if (parse_u64(value, MAX_FLOWS_MOST, &flows) || flows < MAX_FLOWS_LEAST)
		return log_error(-EINVAL, "--%s takes a number from %d to %d, not \"%s\"", name,
				 MAX_FLOWS_LEAST, MAX_FLOWS_MOST, value);
	options->tracer.max_flows = flows;
	return 0;
}

static int parse_ring(const char *name, char *value, struct options *options)
{
	uint64_t bytes;

	if (parse_size_bytes(value, &bytes) || bytes < RING_BYTES_LEAST ||
	    bytes > RING_BYTES_MOST || bytes & (bytes - 1))
		return log_error(-EINVAL, "--%s takes a power of two from 4K to 1G, not \"%s\"",
				 name, value);
	options->tracer.ring_bytes = bytes;
	return 0;
}

static int parse_storm_rate(const char *name, char *value, struct options *options)
{
	uint64_t rate;

	if (parse_u64(value, STORM_RATE_MOST, &rate))
		return log_error(-EINVAL, "--%s takes a number from 0 (off) to %d, not \"%s\"",
				 name, STORM_RATE_MOST, value);
	options->tracer.config.storm_rate = rate;
	return 0;
}

static int parse_clean(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->clean = true;
	return 0;
}

static int parse_packets(const char *name, char *value, struct options *options)
{
	uint64_t packets;

	if (parse_u64(value, TRAIL_PACKETS_MOST, &packets) || packets < TRAIL_PACKETS_LEAST ||
	    packets % 2)
		return log_error(-EINVAL, "--%s takes an even number from %d to %d, not \"%s\"",
				 name, TRAIL_PACKETS_LEAST, TRAIL_PACKETS_MOST, value);
	options->tracer.config.trail_packets = (uint8_t)packets;
	return 0;
}

static int parse_write(const char *name, char *value, struct options *options)
{
	if (!*value)
		return log_error(-EINVAL, "--%s takes the name of a file", name);
	options->packets_path = value;
	return 0;
}

static int parse_write_size(const char *name, char *value, struct options *options)
{
	if (!parse_size_bytes(value, &options->packets_bytes) &&
	    options->packets_bytes >= PACKETS_BYTES_LEAST)
		return 0;
	return log_error(-EINVAL, "--%s takes a size from 4K up, such as 64M, not \"%s\"", name,
			 value);
}

/* Each of the two wants the other one. */
static int check_packets(struct options *options)
{
	struct tracer_config *config = &options->tracer.config;

	if (config->trail_packets && !options->packets_path)
		return log_error(-EINVAL, "--packets needs a file to write them to: -w FILE");
	if (options->packets_bytes && !options->packets_path)
		return log_error(-EINVAL, "--write-size needs a file: -w FILE");
	if (!options->packets_path)
		return 0;
	if (options->tracer.hook == HOOK_NONE)
		return log_error(-EINVAL, "-w needs packets to be watched, not --hook none");
	if (!config->trail_packets)
		config->trail_packets = TRAIL_PACKETS_DEFAULT;
	if (!options->packets_bytes)
		options->packets_bytes = PACKETS_BYTES_DEFAULT;
	return 0;
}

static int parse_decap(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->decap = true;
	return 0;
}

static int parse_in_kernel(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->in_kernel = true;
	return 0;
}

static int parse_no_checksums(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->no_checksums = true;
	return 0;
}

static int parse_cost(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->cost = true;
	return 0;
}

static int parse_debug(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->debug = true;
	return 0;
}

static int parse_help(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->help = true;
	return 0;
}

#define FOR_COUNTS (OPTION_FOR_FLOWS | OPTION_FOR_TOP)
#define FOR_TRACED (OPTION_FOR_TRACE | FOR_COUNTS)
#define FOR_BOTH (FOR_TRACED | OPTION_FOR_DOCTOR)
#define FOR_RECORDS (OPTION_FOR_TRACE | OPTION_FOR_REPLAY)

static const struct option_row option_rows[] = {
	{ "interface", 'i', "LIST", FOR_BOTH, parse_interface,
	  "watch packets on these interfaces; auto (all) or none" },
	{ "hook", 0, "KIND", FOR_BOTH, parse_hook,
	  "auto, xdp, xdp-native, xdp-generic, tc or none (default auto)" },
	{ "output", 'o', "FORM", OPTION_FOR_FLOWS, parse_output_of_rows,
	  "table, wide or ndjson (default table)" },
	{ "output", 'o', "FORM", FOR_RECORDS, parse_output,
	  "table, wide, ndjson or zeek (default table)" },
	{ "all", 'a', NULL, FOR_RECORDS, parse_all, "show clean and benign endings too" },
	{ "count", 'n', "N", FOR_RECORDS, parse_count, "stop after N records" },
	{ "duration", 'd', "TIME", OPTION_FOR_TRACE | OPTION_FOR_FLOWS | OPTION_FOR_DOCTOR,
	  parse_duration, "stop after TIME (10s, 5m)" },
	{ "netns", 0, "LIST", FOR_BOTH, parse_netns,
	  "network namespaces: all, self, names or inode numbers (default all)" },
	{ "pid", 0, "PID", OPTION_FOR_TRACE, parse_pid, "only where this process owns or closes" },
	{ "comm", 0, "NAME", OPTION_FOR_TRACE, parse_comm,
	  "only where a program of this name owns or closes" },
	{ "port", 0, "PORT", FOR_RECORDS, parse_port_option, "only with this port at either end" },
	{ "host", 0, "CIDR", FOR_RECORDS, parse_host,
	  "only with an address of this network at either end" },
	{ "container", 0, "NAME", OPTION_FOR_TRACE, parse_container,
	  "only of the container of this name, or whose id begins so" },
	{ "filter", 'f', "EXPR", FOR_TRACED | OPTION_FOR_REPLAY, parse_filter,
	  "only what this expression takes, such as 'rst.count > 0 and port = 443'" },
	{ "explain-filter", 0, NULL, OPTION_FOR_TRACE, parse_explain_filter,
	  "show how the filter is read and what the kernel decides of it, and stop" },
	{ "stacks", 0, NULL, OPTION_FOR_TRACE, parse_stacks,
	  "show the kernel and user stack of who closed or aborted" },
	{ "packets", 0, "K", OPTION_FOR_TRACE, parse_packets,
	  "keep the headers of the first and last K/2 packets of each flow (with -w; 16)" },
	{ "write", 'w', "FILE", OPTION_FOR_TRACE, parse_write,
	  "write those of abnormal closes to this pcapng file" },
	{ "write-size", 0, "SIZE", OPTION_FOR_TRACE, parse_write_size,
	  "begin a new file behind SIZE and keep one older, FILE.1 (default 64M)" },
	{ "storm-rate", 0, "N", OPTION_FOR_TRACE, parse_storm_rate,
	  "show N alike endings a second, count the others; 0 = show all (default 10)" },
	{ "max-flows", 0, "N", FOR_TRACED, parse_max_flows, "flows to remember (default 32768)" },
	{ "ring", 0, "SIZE", FOR_TRACED, parse_ring, "size of the ring buffer (default 4M)" },
	{ "zones", 0, "FILE", FOR_TRACED | OPTION_FOR_REPLAY, parse_zones,
	  "names of networks: lines of `name network...`" },
	{ "by", 'b', "LIST", FOR_COUNTS | OPTION_FOR_REPLAY, parse_by,
	  "count per client, server, server_port, comm, ... or connection" },
	{ "sort", 's', "FIELD", FOR_COUNTS | OPTION_FOR_REPLAY, parse_sort,
	  "order of the rows (default rst_count)" },
	{ "top", 't', "N", OPTION_FOR_FLOWS | OPTION_FOR_REPLAY, parse_top,
	  "show the first N rows only" },
	{ "interval", 0, "TIME", FOR_COUNTS, parse_interval,
	  "from one table to the next (default 1s)" },
	{ "once", '1', NULL, OPTION_FOR_FLOWS, parse_once, "one table, at the end" },
	{ "max-conversations", 0, "N", FOR_COUNTS, parse_max_conversations,
	  "conversations to count apart (default 131072)" },
	{ "max-flows", 0, "N", OPTION_FOR_REPLAY, parse_max_flows,
	  "connections to remember (default 262144)" },
	{ "decap", 0, NULL, OPTION_FOR_REPLAY, parse_decap,
	  "look into VXLAN, Geneve, GRE, IP in IP, GTP-U and Teredo" },
	{ "no-checksums", 0, NULL, OPTION_FOR_REPLAY, parse_no_checksums,
	  "believe packets whose checksum is wrong" },
	{ "in-kernel", 0, NULL, OPTION_FOR_REPLAY, parse_in_kernel,
	  "run the packets through the kernel's BPF program; root" },
	{ "cost", 0, NULL, OPTION_FOR_DOCTOR, parse_cost,
	  "trace for a while (10 s, or --duration) and say what that cost" },
	{ "clean", 0, NULL, OPTION_FOR_DOCTOR, parse_clean,
	  "remove the filters that a killed closetrace left (kernels before 6.6)" },
	{ "debug", 0, NULL, FOR_BOTH | OPTION_FOR_REPLAY, parse_debug, "say more on stderr" },
	{ "help", 'h', NULL, FOR_BOTH | OPTION_FOR_REPLAY, parse_help, "show this help" },
};

#define OPTION_ROWS (sizeof(option_rows) / sizeof(option_rows[0]))

static void getopt_tables(unsigned int command, struct option *longs, char *letters)
{
	size_t count = 0;

	*letters++ = ':';
	for (size_t i = 0; i < OPTION_ROWS; i++) {
		const struct option_row *row = &option_rows[i];

		if (!(row->commands & command))
			continue;
		longs[count++] = (struct option){
			.name = row->name,
			.has_arg = row->metavar ? required_argument : no_argument,
			.val = 256 + (int)i,
		};
		if (!row->letter)
			continue;
		*letters++ = row->letter;
		if (row->metavar)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[count] = (struct option){};
}

static const struct option_row *option_row_of(int found, unsigned int command)
{
	if (found >= 256)
		return &option_rows[found - 256];
	for (size_t i = 0; i < OPTION_ROWS; i++)
		if (option_rows[i].letter == found && option_rows[i].commands & command)
			return &option_rows[i];
	return NULL;
}

static int unknown_option(char *word, unsigned int command)
{
	struct nearest_name nearest = {};
	char *name = word, *value = strchr(word, '=');

	if (value)
		*value = '\0';
	while (*name == '-')
		name++;
	nearest.wanted = name;
	for (size_t i = 0; word[1] == '-' && i < OPTION_ROWS; i++)
		if (option_rows[i].commands & command)
			nearest_name_offer(&nearest, option_rows[i].name);
	if (nearest.name)
		return log_error(-EINVAL, "there is no option \"%s\"; did you mean --%s?", word,
				 nearest.name);
	return log_error(-EINVAL, "there is no option \"%s\"; --help lists them", word);
}

void options_release(struct options *options)
{
	free(options->interface_words);
	free(options->netns_words);
	options->interface_words = options->netns_words = NULL;
}

int options_parse(int argc, char **argv, unsigned int command, struct options *ret)
{
	struct option longs[OPTION_ROWS + 1];
	char letters[2 * OPTION_ROWS + 2];
	const struct option_row *row;
	int found, err, word;

	memset(ret, 0, sizeof(*ret));
	ret->output = sink_ops_at(0);
	ret->tracer.config.storm_rate = STORM_RATE_DEFAULT;
	flow_options_init(&ret->flows);
	ret->tracer.interfaces = ret->interfaces;
	ret->tracer.netns = ret->netns;
	getopt_tables(command, longs, letters);
	opterr = 0;
	optind = 1;
	for (word = 1; (found = getopt_long(argc, argv, letters, longs, NULL)) != -1;
	     word = optind) {
		if (found == '?')
			return unknown_option(argv[word], command);
		if (found == ':')
			return log_error(-EINVAL, "option \"%s\" needs a value; --help says which",
					 argv[word]);
		row = option_row_of(found, command);
		err = row->parse(row->name, optarg, ret);
		if (err)
			return err;
	}
	ret->words = argv + optind;
	ret->word_count = (size_t)(argc - optind);
	if (ret->word_count && !(command & OPTION_FOR_REPLAY))
		return log_error(-EINVAL, "unexpected word \"%s\"; options start with - or --",
				 argv[optind]);
	return check_packets(ret);
}

int options_parse_filter(const struct options *options, const struct row_type *row_type,
			 struct filter **ret)
{
	_cleanup_(filter_free) struct filter *all = NULL;
	struct filter_error error;

	for (size_t i = 0; i < options->filter_count; i++) {
		_cleanup_(filter_free) struct filter *one = NULL;
		int err = filter_parse(options->filters[i], row_type, &one, &error);

		if (err == -EINVAL && options->filter_count > 1)
			return log_error(err, "--filter number %zu, column %zu: %s", i + 1,
					 error.column, error.sentence);
		if (err == -EINVAL)
			return log_error(err, "--filter, column %zu: %s", error.column,
					 error.sentence);
		if (!err && all)
			err = filter_and(&all, &one, &all);
		else if (!err)
			all = TAKE_PTR(one);
		if (err == -E2BIG)
			return log_error(-EINVAL, "the filters together have more than %d tests",
					 FILTER_TESTS_MAX);
		if (err)
			return log_error(err, "not enough memory for the filter");
	}
	*ret = TAKE_PTR(all);
	return 0;
}

void options_append_help(struct strbuf *b, unsigned int command)
{
	char left[48];

	for (size_t i = 0; i < OPTION_ROWS; i++) {
		const struct option_row *row = &option_rows[i];

		if (!(row->commands & command))
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
			 row->metavar ? " " : "", row->metavar ? row->metavar : "");
		strbuf_appendf(b, "  %-24s %s\n", left, row->help);
	}
}
