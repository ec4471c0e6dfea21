/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs know of the hooks: where, and since when, silence is an answer. */
#ifndef USER_KERNEL_HOOKED_MAP_H
#define USER_KERNEL_HOOKED_MAP_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Packets that leave on an interface are seen from now on, or no longer. A failure is no error: the
 * programs then take no silence for an answer there.
 *
 * @map      Descriptor of ct_hooked.
 * @ifindex  0: one of the namespace's interfaces could not be hooked.
 */
void hooked_map_tell(int map, uint32_t netns, uint32_t ifindex, bool is_on);

#endif
