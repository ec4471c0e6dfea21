/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gate for records: behind it, every number of a record is in the range of its list. */
#ifndef USER_MODEL_RECORD_CHECK_H
#define USER_MODEL_RECORD_CHECK_H

#include <stddef.h>

#include "include/record.h"

/**
 * Check one record as it came from the ring buffer or from a file. Trusts no byte of it.
 *
 * @data      Any alignment.
 * @size      Bytes at `data`; the record's own size may be smaller, and larger than the struct of
 *            its type: members that this program does not know are ignored.
 * @ret_type  Set on success only: the struct that the first bytes are.
 * @return    0; -EBADMSG for a record that is cut short or has a number out of range, or for an
 *            unknown type; -EPROTO for a record of another RECORD_ABI_VERSION.
 */
int record_check(const void *data, size_t size, enum record_type *ret_type);

#endif
