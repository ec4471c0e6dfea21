/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a captured frame to the IP packets in it: link layers, tags and labels, and on demand
 * tunnels. Pure; reads nothing behind the captured bytes.
 */
#ifndef USER_REPLAY_LINK_LAYER_H
#define USER_REPLAY_LINK_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many headers, one inside the other, are followed. */
#define LINK_DEPTH_MAX 24

struct fragments;

/**
 * One frame that is being looked through.
 *
 * @data       The frame; afterwards, the bytes in which the IP packet lies: a packet that came in
 *             fragments is not in the frame. @len bytes were captured.
 * @decap      Look into VXLAN, Geneve, GRE, IP in IP, GTP-U and Teredo. ERSPAN is always looked into:
 *             outside of it there is nothing but the way to who captures.
 * @fragments  Borrowed.
 * @is_fragment  The frame has a fragment, and no packet became complete by it.
 */
struct link_walk {
	const uint8_t *data;
	uint32_t len;
	bool decap;
	bool is_fragment;
	struct fragments *fragments;
	uint64_t now_ns;
	/* Further frames in an aggregate (802.11 A-MSDU). */
	uint32_t more_at;
	uint32_t more_end;
};

/* The number that files have (LINKTYPE_) for this DLT_ number of a system. */
int link_type_in_files(int link_type);

/* Whether frames of this DLT_ number are understood. */
bool link_type_is_known(int link_type);

/**
 * Find the first IP packet of the frame, the innermost one with `decap`.
 *
 * @return  Offset of its header, -1 when there is none to read.
 */
int link_first(struct link_walk *walk, int link_type);

/* The next IP packet of the same frame, or -1. */
int link_next(struct link_walk *walk);

#endif
