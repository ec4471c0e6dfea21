// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as an ELF file: its symbols, its segments, its unwind tables. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/enrich/elf_frames.h"
#include "user/enrich/elf_symbols.h"

static void address_use(int fd, struct elf_symbols *symbols, uint64_t address)
{
	uint64_t offset, back, bytes;
	const char *name;

	name = symbol_table_find(&symbols->table, address, 4096, &offset);
	FUZZ_REQUIRE(!name || strlen(name) < 100000);
	if (elf_symbols_address(symbols, address, &back))
		elf_symbols_offset(symbols, back, &offset);
	FUZZ_REQUIRE(elf_frame_bytes(fd, symbols, address, &bytes) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t places[] = { 0, 1, 0x1000, 0x401000, UINT64_MAX, UINT64_MAX / 2 };
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	struct elf_symbols symbols;
	int err;

	FUZZ_REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	err = elf_symbols_read(fd, &symbols);
	FUZZ_REQUIRE(err == 0 || err == -ENOEXEC || err == -ENOMEM);
	if (err)
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		address_use(fd, &symbols, places[i]);
	for (size_t i = 0; i < symbols.table.count && i < 64; i++)
		address_use(fd, &symbols, symbols.table.symbols[i].start + 1);
	elf_symbols_release(&symbols);
	return 0;
}
