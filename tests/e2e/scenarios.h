/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables of endings: how each is made and what must be said about it at both ends. To add one,
 * add a row to a scenarios*.c and, when no recipe fits, a function to one of recipes_*.c.
 */
#ifndef TESTS_E2E_SCENARIOS_H
#define TESTS_E2E_SCENARIOS_H

#include <stdbool.h>
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
	struct actor child; /* of one of them, where a recipe makes one */
	pid_t helper_pid; /* of an outside program that took part, 0 when none did */
	struct tap tap[SIDE_COUNT];
	struct sockaddr_storage server_address;
	uint16_t client_port; /* 0: as the taps saw it */
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

/* Between the words of two records of one place, in the order of their coming. */
#define THEN "; "

/*
 * What the one record of a place must say: words "field=value". A value may be a list "a|b" of which
 * one must hold, `*` (anything), `>=N`,
 * `has:WORD` (of a list), `says:SOME_WORDS` (in a text, `_` for spaces), `!null`, `null` (the field is there and null), or a name the run gives
 * meaning: @client @server @helper (pids). Fields that are not named are not looked at, but for the
 * addresses, ports, ip_version, netns and role: these are checked in every record, unless named here.
 * syn_, fin_ and rst_counts (of the last record) are checked against the packets on the link, too.
 */
struct scenario {
	const char *id; /* two digits and perhaps a letter: its row in the list of endings; V1..: a
			   variant; F..: forwarded; O..: whose it was */
	const char *name;
	enum recipe_result (*prelude)(struct scenario_run *run); /* before the tracer starts */
	enum recipe_result (*recipe)(struct scenario_run *run);
	enum scenario_families families;
	enum lab_kind lab;
	bool is_exclusive; /* touches what all namespaces share: nothing else may run */
	bool is_loopback; /* the client lives at B, too; "role=" must be among the words */
	bool is_unordered; /* several records of a place may come in any order */
	unsigned int ledger_ignored; /* RSTs that the ledger must count as ignored */
	unsigned int ledger_time_wait; /* and as come for a TIME_WAIT mini-socket */
	const char *at_a;
	const char *at_b;
	const char *at_m; /* where there is one */
};

struct scenario_table {
	const struct scenario *rows;
	size_t count;
};

/* Of scenarios.c, scenarios_wire.c, ..._late.c, ..._owner.c and ..._why.c. */
extern const struct scenario_table first_scenarios, wire_scenarios, late_scenarios, owner_scenarios,
	why_scenarios;

/* All of them; ends with NULL. */
extern const struct scenario_table *const scenario_tables[];

#define SCENARIO_TABLE(rows_)                                                                      \
	{                                                                                          \
		.rows = (rows_), .count = sizeof(rows_) / sizeof((rows_)[0])                       \
	}

static inline const char *scenario_expectation(const struct scenario *scenario, enum lab_side place)
{
	if (place == SIDE_M)
		return scenario->lab == LAB_ROUTED ? scenario->at_m : ANYTHING;
	return place == SIDE_A ? scenario->at_a : scenario->at_b;
}

#endif
