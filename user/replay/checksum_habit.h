/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose checksums are wrong by habit: a host that leaves them to its interface, and captures before
 * that, writes what it likes; and so does who rewrites addresses. One wrong sum among right ones is
 * damage, or a forger's.
 */
#ifndef USER_REPLAY_CHECKSUM_HABIT_H
#define USER_REPLAY_CHECKSUM_HABIT_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/strbuf.h"

/* How packets whose checksum is wrong are taken. */
enum checksum_mode {
	CHECKSUMS_STRICT, /* for damaged */
	CHECKSUMS_AUTO, /* for damaged, unless that is their sender's habit */
	CHECKSUMS_OFF, /* for right; nothing is checked */
};

struct checksum_habit;

int checksum_habit_new(struct checksum_habit **ret);
void checksum_habit_free(struct checksum_habit **habit);

/* A packet of this sender (16 bytes, IPv4 mapped) has a right or a wrong sum. */
void checksum_habit_note(struct checksum_habit *habit, const uint8_t source[16], bool is_right);

/* Whether this sender's sums, or all of the capture's, are mostly wrong: of three at the least. */
bool checksum_habit_is_wrong(const struct checksum_habit *habit, const uint8_t source[16]);

/* "most checksums of 10.0.0.1 are wrong"; nothing where nobody has the habit. */
void checksum_habit_append(struct strbuf *b, const struct checksum_habit *habit);

#endif
