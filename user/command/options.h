/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options that commands share: one table for parsing, help and the manual. */
#ifndef USER_COMMAND_OPTIONS_H
#define USER_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"
#include "user/filter/filter.h"
#include "user/kernel/tracer.h"
#include "user/pipeline/sink.h"

#define OPTION_LIST_MAX 1024
#define OPTION_FILTERS_MAX 32

/**
 * Of flows and top.
 *
 * @by                 FLOW_KEY() bits.
 * @sort               enum flow_field.
 * @top                Rows to show at most, 0 = all.
 * @interval_ns        From one table to the next.
 * @once               One table, at the end.
 * @max_conversations  Entries of the kernel's map.
 * @by_was_said        By --by.
 * @keep_endings       What is grouped by may change later; set by the command.
 */
struct flow_options {
	uint32_t by;
	uint32_t sort;
	uint64_t top;
	uint64_t interval_ns;
	bool once;
	uint32_t max_conversations;
	bool by_was_said;
	bool keep_endings;
};

/**
 * @tracer      Interfaces and namespaces point into `interfaces` and `netns`, which point
 *              into copies of the words of the call.
 * @container   Name, or the beginning of an id; NULL = all.
 * @filters     Each --filter as it was given; options_parse_filter() reads them.
 * @count       Stop after so many records; 0 = none.
 * @duration_ns Stop after so long; 0 = none.
 * @packets_path  Where packets go, NULL = nowhere. @packets_bytes when to begin another file.
 * @words       What is no option, of commands that take files; points into argv.
 */
struct options {
	struct tracer_options tracer;
	const char *interfaces[OPTION_LIST_MAX];
	const char *netns[OPTION_LIST_MAX];
	char *interface_words;
	char *netns_words;
	const struct sink_ops *output;
	const char *container;
	const char *filters[OPTION_FILTERS_MAX];
	size_t filter_count;
	bool explain_filter;
	const char *zones_path; /* NULL = the built-in zones */
	struct flow_options flows;
	bool show_all;
	bool debug;
	bool clean;
	bool cost;
	bool help;
	bool decap;
	bool no_checksums;
	bool in_kernel;
	const char *packets_path;
	uint64_t packets_bytes;
	char **words;
	size_t word_count;
	uint64_t count;
	uint64_t duration_ns;
};

/* Which command an option is for; bits. */
#define OPTION_FOR_TRACE 0x1
#define OPTION_FOR_DOCTOR 0x2
#define OPTION_FOR_FLOWS 0x10
#define OPTION_FOR_TOP 0x20
#define OPTION_FOR_REPLAY 0x4

/**
 * Parse the words of one command.
 *
 * @command  OPTION_FOR_*; the others' options are unknown.
 * @ret      Overwritten; meaningful on success only. options_release() in either case.
 * @return   0; -EINVAL after one sentence that says which word is wrong and what would do.
 */
int options_parse(int argc, char **argv, unsigned int command, struct options *ret);

void options_release(struct options *options);

/**
 * All --filter as one, of rows of a kind.
 *
 * @ret     NULL when there is none; else the caller's.
 * @return  0; -EINVAL after one sentence with the column of the mistake; -ENOMEM after one.
 */
int options_parse_filter(const struct options *options, const struct row_type *row_type,
			 struct filter **ret);

/* The options of a command as help text, one line each. */
void options_append_help(struct strbuf *b, unsigned int command);

#endif
