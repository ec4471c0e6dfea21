// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as a file of zones; then every address has a zone, and a name in it is a good one. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/enrich/zones.h"

struct complaints {
	unsigned int line;
	int errors;
};

static void complain(void *data, unsigned int line, int is_error, const char *sentence)
{
	struct complaints *complaints = data;

	FUZZ_REQUIRE(line >= complaints->line && line > 0 && strlen(sentence) > 10);
	complaints->line = line;
	complaints->errors += is_error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct complaints complaints = {};
	uint8_t addr[16] = {};
	const char *zone;
	int err;

	FUZZ_REQUIRE(!zones_new(&zones));
	err = zones_add_text(zones, (const char *)data, size, complain, &complaints);
	FUZZ_REQUIRE(!err == !complaints.errors);
	for (int i = 0; i < 8; i++) {
		memcpy(addr, data, size < sizeof(addr) ? size : sizeof(addr));
		addr[i] ^= 0xff;
		if (i & 1) /* IPv4, mapped */
			memcpy(addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		zone = zones_lookup(zones, addr);
		FUZZ_REQUIRE(*zone && strlen(zone) <= ZONE_NAME_MAX &&
			     strspn(zone, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_.-") == strlen(zone));
	}
	return 0;
}
