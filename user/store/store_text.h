/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts that stand once in the database: their numbers when written, their bytes when read. */
#ifndef USER_STORE_STORE_TEXT_H
#define USER_STORE_STORE_TEXT_H

#include <stddef.h>

#include "user/store/store.h"

/* Texts that are remembered on either side; beyond that the database is asked again. */
#define STORE_TEXTS_MOST 8192

struct store_texts;

/* 0 or -ENOMEM. */
int store_texts_new(struct store *store, struct store_texts **ret);
void store_texts_free(struct store_texts **texts);

/**
 * The number of a text, which is put into the database if it is not there. Within a transaction;
 * after a rollback call store_texts_forget().
 *
 * @text  `len` bytes, any; NULL gives *ret 0, which stands for null.
 * @return  0 or store_errno().
 */
int store_texts_put(struct store_texts *texts, const char *text, size_t len, int64_t *ret);
void store_texts_forget(struct store_texts *texts);

/**
 * The text of a number.
 *
 * @ret_len  May be NULL.
 * @return   NUL-terminated, valid until STORE_TEXTS_MOST others were asked for; NULL for 0 and for
 *           what is not there.
 */
const char *store_texts_get(struct store_texts *texts, int64_t id, size_t *ret_len);

#endif
