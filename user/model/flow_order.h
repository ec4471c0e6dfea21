/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_MODEL_FLOW_ORDER_H
#define USER_MODEL_FLOW_ORDER_H

#include <stddef.h>

#include "user/model/flow_row.h"

/**
 * Order rows as flow_row_compare() does, by pointer.
 *
 * @ret     Grown with realloc; the caller frees *ret, which points into `rows`.
 * @return  0 or -ENOMEM.
 */
int flow_rows_order(const struct flow_row *rows, size_t count, enum flow_field field,
		    const struct flow_row ***ret);

#endif
