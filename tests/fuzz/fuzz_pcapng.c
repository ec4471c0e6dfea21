// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a pcapng file: every packet lies within what was read, and whatever stops the reading
 * has a sentence.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "user/replay/pcapng_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pcapng_reader *reader;
	struct pcapng_record record;
	volatile uint8_t last;
	FILE *stream;
	int result;

	if (!size)
		return 0;
	stream = fmemopen((void *)(uintptr_t)data, size, "r");
	FUZZ_REQUIRE(stream);
	FUZZ_REQUIRE(!pcapng_reader_new(stream, &reader));
	while ((result = pcapng_reader_next(reader, &record)) == 1) {
		FUZZ_REQUIRE(record.len <= size);
		if (record.len)
			last = record.data[record.len - 1];
	}
	(void)last;
	FUZZ_REQUIRE(result == 0 || result == -EBADMSG || result == -EPROTO);
	FUZZ_REQUIRE(result == 0 || *pcapng_reader_error(reader));
	pcapng_reader_free(&reader);
	fclose(stream);
	return 0;
}
