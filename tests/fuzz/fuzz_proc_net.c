// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as /proc/net/snmp or /proc/net/netstat. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/kernel/snmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	uint64_t counts[SNMP_COUNT] = { 0 };
	uint32_t present = 0;

	FUZZ_REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	snmp_parse(text, counts, &present);
	FUZZ_REQUIRE(present < 1u << SNMP_COUNT);
	for (int i = 0; i < SNMP_COUNT; i++)
		FUZZ_REQUIRE(!counts[i] || present >> i & 1);
	return 0;
}
