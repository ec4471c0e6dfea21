/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Several capture files as one: packets in the order of their times. */
#ifndef USER_REPLAY_CAPTURE_SET_H
#define USER_REPLAY_CAPTURE_SET_H

#include <stddef.h>

#include "user/replay/capture_file.h"

struct capture_set;

/**
 * @paths   As for capture_file_open(). A file that cannot be opened or read to its end is left
 *          out from there on, after its sentence.
 * @return  0, also when nothing could be opened: capture_set_error() tells. -ENOMEM.
 */
int capture_set_open(char *const *paths, size_t count, struct capture_set **ret);
void capture_set_free(struct capture_set **set);

/* True with the next packet and its link type, valid until the next call; false at the end. */
bool capture_set_next(struct capture_set *set, struct captured_packet *ret, int *link_type);

/* The first thing that went wrong, as negative errno; 0 = all was read. */
int capture_set_error(const struct capture_set *set);

void capture_set_progress(const struct capture_set *set, uint64_t *done, uint64_t *size);

#endif
