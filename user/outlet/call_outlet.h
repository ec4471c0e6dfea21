/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An outlet within the program: each connection goes to a function. For counts and screens. */
#ifndef USER_OUTLET_CALL_OUTLET_H
#define USER_OUTLET_CALL_OUTLET_H

#include "user/pipeline/outlet.h"

/**
 * @kind  Word for the ledger: "counts". Borrowed.
 * @take  Must not wait; 0, or -ENOMEM when the connection is lost to it.
 * @ret   Set on success only.
 * @return  0 or -ENOMEM.
 */
int call_outlet_new(const char *kind, int (*take)(void *data, const struct closed_connection *c),
		    void *data, struct outlet **ret);

#endif
