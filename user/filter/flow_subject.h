/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_FILTER_FLOW_SUBJECT_H
#define USER_FILTER_FLOW_SUBJECT_H

#include "user/filter/filter.h"

/* Rows are struct flow_row, fields are flow_fields[]. */
extern const struct filter_subject flow_filter_subject;

#endif
