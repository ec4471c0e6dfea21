/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A close record as few bytes that every later version can read: what is not zero, member by
 * member, each with a tag that is its own for ever. Members may move, grow and go.
 */
#ifndef USER_STORE_STORE_PACK_H
#define USER_STORE_STORE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "user/model/connection.h"
#include "user/model/oom_kill.h"

/* Append it. The head is not kept: it is the same for all, but for its flags, which are. */
void store_pack(struct strbuf *b, const struct close_record *record);

/**
 * @data  Any bytes.
 * @ret   Overwritten whole; a member that was not packed is 0, a tag that is not known is skipped.
 * @return  0; -EBADMSG when it was not made by store_pack().
 */
int store_unpack(const void *data, size_t len, struct close_record *ret);

/* The same of what is known of the other end, and of a process that was killed for its memory. */
void store_pack_other(struct strbuf *b, const struct other_end *other);
int store_unpack_other(const void *data, size_t len, struct other_end *ret);
void store_pack_oom(struct strbuf *b, const struct oom_kill *oom);
int store_unpack_oom(const void *data, size_t len, struct oom_kill *ret);

#endif
