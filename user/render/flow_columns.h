/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which columns rows of counts have: that is a matter of what they are grouped by. */
#ifndef USER_RENDER_FLOW_COLUMNS_H
#define USER_RENDER_FLOW_COLUMNS_H

#include "user/model/flow_row.h"
#include "user/render/forms.h"

/**
 * The columns of a form for rows of these keys, in their order: of a table those of the layout, else
 * every field.
 *
 * @by  FLOW_KEY() bits: other keys are left out.
 */
void flow_columns(const struct form_ops *form, uint32_t by, struct columns *ret);

/* For --help: what the columns mean. */
extern const char flow_table_help[];

#endif
