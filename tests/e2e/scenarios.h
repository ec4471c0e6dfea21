/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of endings: how each is made and what must be said about it at both ends. To add one,
 * add a row to scenarios.c and, when no recipe fits, a function to one of recipes_*.c.
 */
#ifndef TESTS_E2E_SCENARIOS_H
#define TESTS_E2E_SCENARIOS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "tests/e2e/actor.h"
#include "tests/e2e/netlab.h"
#include "tests/e2e/rawtcp.h"

#define SERVER_PORT 8080
#define SENTINEL_PORT 9

/* Slots of the sockets in both actors. */
#define CONNECTION 0
#define LISTENER 1

enum recipe_result {
	RECIPE_DONE = 0,
	RECIPE_FAILED = 1,
	RECIPE_SKIPPED = 77,
};

struct scenario;

/* One scenario over one address family, while it runs. */
struct scenario_run {
	const struct scenario *scenario;
	const struct netlab *lab;
	int family;
	struct actor client;
	struct actor server;
	pid_t helper_pid; /* of an outside program that took part, 0 when none did */
	struct tap tap[SIDE_COUNT];
	struct sockaddr_storage server_address;
	char why[512]; /* why it was not RECIPE_DONE */
};

enum scenario_families {
	BOTH_FAMILIES,
	IPV4_ONLY,
	IPV6_ONLY,
};

/* In place of an expectation. */
#define ANYTHING NULL /* records of this side are not looked at */
#define NO_RECORD "" /* there must be none */

/* Between the words of two records of one side, in the order of their coming. */
#define THEN "; "

/*
 * What the one record of a side must say: words "field=value". A value may be a list "a|b" of which
 * one must hold, `>=N`, `null` (the field is there and null), or a name the run gives meaning:
 * @client @server @helper (pids). Fields that are not named are not looked at, but for the addresses,
 * ports, ip_version, netns and role: these are checked in every record, unless named here.
 * syn_, fin_ and rst_counts (of the last record) are checked against the packets on the link, too.
 */
struct scenario {
	const char *id; /* two digits: its row in the list of endings; V1..: a variant */
	const char *name;
	enum recipe_result (*recipe)(struct scenario_run *run);
	enum scenario_families families;
	const char *at_a;
	const char *at_b;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

static inline const char *scenario_expectation(const struct scenario *scenario, enum lab_side side)
{
	return side == SIDE_A ? scenario->at_a : scenario->at_b;
}

#endif
