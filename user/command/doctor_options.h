/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_COMMAND_DOCTOR_OPTIONS_H
#define USER_COMMAND_DOCTOR_OPTIONS_H

#include "user/command/output_options.h"
#include "user/command/source_options.h"

/* @output Only duration_ns is of use: how long to measure, 0 = the default. */
struct doctor_options {
	struct option_common common;
	struct source_options source;
	struct output_options output;
	bool cost;
	bool clean;
};

extern const struct option_table doctor_option_table;

#endif
