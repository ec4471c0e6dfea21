/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Compare a record, or what was seen on the link, with the words of a scenario (scenarios.h). */
#ifndef TESTS_E2E_EXPECT_H
#define TESTS_E2E_EXPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/e2e/netlab.h"
#include "tests/e2e/rawtcp.h"

/* What is only known once a scenario has run. */
struct expect_facts {
	const struct netlab *lab;
	enum lab_side side;
	int family;
	uint16_t client_port;
	uint16_t server_port;
	pid_t client_pid;
	pid_t server_pid;
	pid_t helper_pid;
	bool is_loopback; /* both ends are at B: the role of a record tells which */
};

/* How many records these words are about; 0 for none and for anything. */
unsigned int expect_count(const char *words);

/* The words of the record of that number, which is below expect_count(). To be freed. */
char *expect_words(const char *words, unsigned int number);

/**
 * Compare one record with the words of its side and with the facts that hold in every record.
 *
 * @diagnosis  Gets a line "field: got X, wanted Y" for every difference.
 * @return     true when there was none.
 */
bool expect_record(const char *words, const struct expect_facts *facts, const json_t *record,
		   FILE *diagnosis);

/**
 * Compare the packets seen at one end of the link with the words that count packets.
 * Arguments and result as above.
 */
bool expect_packets(const char *words, const struct tap *tap, FILE *diagnosis);

/* Whether a record was made in the namespace of that place. */
bool expect_is_from(const struct netlab *lab, enum lab_side place, const json_t *record);

#endif
