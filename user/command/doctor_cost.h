/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `closetrace doctor --cost`: trace this host for a while, print nothing of it, say what it took. */
#ifndef USER_COMMAND_DOCTOR_COST_H
#define USER_COMMAND_DOCTOR_COST_H

#include "user/command/doctor_options.h"

/* Returns an exit code. */
int doctor_cost(const struct doctor_options *options);

#endif
