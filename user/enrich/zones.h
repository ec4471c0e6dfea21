/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Zones: named sets of networks. Built in are the private, local and cluster ranges; a file adds
 * to them and may give any of their networks to a zone of its own. The longest prefix wins.
 */
#ifndef USER_ENRICH_ZONES_H
#define USER_ENRICH_ZONES_H

#include <stddef.h>
#include <stdint.h>

#define ZONE_NAME_MAX 63
#define ZONE_NETWORKS_MAX 100000
#define ZONE_FILE_BYTES_MAX (8 * 1024 * 1024)

/* X(zone, network). The last two hold every address. */
#define ZONE_DEFAULTS(X)                                                                           \
	X("loopback", "127.0.0.0/8")                                                               \
	X("loopback", "::1/128")                                                                   \
	X("link_local", "169.254.0.0/16")                                                          \
	X("link_local", "fe80::/10")                                                               \
	X("private", "10.0.0.0/8")                                                                 \
	X("private", "172.16.0.0/12")                                                              \
	X("private", "192.168.0.0/16")                                                             \
	X("ula", "fc00::/7")                                                                       \
	X("cluster", "10.42.0.0/15")                                                               \
	X("cluster", "10.88.0.0/16")                                                               \
	X("cluster", "10.96.0.0/12")                                                               \
	X("cluster", "10.244.0.0/16")                                                              \
	X("cluster", "172.17.0.0/16")                                                              \
	X("public", "0.0.0.0/0")                                                                   \
	X("public", "::/0")

struct zones;

/**
 * Called for each thing that is wrong.
 *
 * @line      1 for the first one.
 * @is_error  Else the line holds, and something about it should be known: an overlap.
 * @sentence  May hold bytes of the file: escape it (log_error does).
 */
typedef void (*zones_complaint)(void *data, unsigned int line, int is_error, const char *sentence);

/* The built-in zones. *ret is set on success only. 0 or -ENOMEM. */
int zones_new(struct zones **ret);
void zones_free(struct zones **zones);

/**
 * Add lines of `name network [network...]`; # begins a comment. All lines are read, whatever is
 * wrong with some.
 *
 * @return  0; -EINVAL when a line is wrong; -E2BIG above ZONE_NETWORKS_MAX; -ENOMEM.
 */
int zones_add_text(struct zones *zones, const char *text, size_t len, zones_complaint complain,
		   void *data);

/* The built-in zones and those of a file. Every complaint is logged. 0 or negative errno. */
int zones_load(const char *path, struct zones **ret);

/* Never NULL. Borrowed from `zones`. */
const char *zones_lookup(const struct zones *zones, const uint8_t addr[16]);

#endif
