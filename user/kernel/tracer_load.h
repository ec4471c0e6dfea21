/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The built-in BPF programs, made to measure for what was asked for and for this kernel. */
#ifndef USER_KERNEL_TRACER_LOAD_H
#define USER_KERNEL_TRACER_LOAD_H

#include "include/tracer_config.h"
#include "user/kernel/features.h"
#include "user/kernel/tracer.h"

struct closetrace_bpf;

/**
 * Size the maps, leave out what this kernel or these options have no use for, load the rest.
 *
 * @config  What the programs will read: a constant for the verifier.
 * @return  0, *ret is the caller's; negative errno, logged, *ret untouched.
 */
int tracer_load(const struct tracer_options *options, const struct tracer_config *config,
		const struct kernel_features *features, struct closetrace_bpf **ret);

#endif
