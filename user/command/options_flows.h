/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options of flows and top, for the table in options.c. */
#ifndef USER_COMMAND_OPTIONS_FLOWS_H
#define USER_COMMAND_OPTIONS_FLOWS_H

#include "user/command/options.h"

void flow_options_init(struct flow_options *options);

/* Each: 0, or -EINVAL after a sentence. */
int parse_zones(const char *name, char *value, struct options *options);
int parse_by(const char *name, char *value, struct options *options);
int parse_sort(const char *name, char *value, struct options *options);
int parse_top(const char *name, char *value, struct options *options);
int parse_interval(const char *name, char *value, struct options *options);
int parse_once(const char *name, char *value, struct options *options);
int parse_max_conversations(const char *name, char *value, struct options *options);

/* `client,server` to FLOW_KEY() bits; 0, or -EINVAL after a sentence that calls the list `what`. */
int flow_by_parse(const char *what, const char *list, uint32_t *ret);

#endif
