// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ELF file that the test finds itself in, whole and broken. */
#include "user/enrich/elf_symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/enrich/elf_frames.h"

/* Not static, so that a compiler keeps it as a function of its own. */
__attribute__((noinline)) int function_to_find(int x);
__attribute__((noinline)) int function_to_find(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static int find_load_address(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(uint64_t *)data = info->dlpi_addr;
	return 1; /* the program itself comes first */
}

static uint64_t address_in_file(void)
{
	uint64_t load = 0;

	dl_iterate_phdr(find_load_address, &load);
	return (uint64_t)(uintptr_t)function_to_find - load;
}

TEST(a_function_of_this_program_is_found)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_(elf_symbols_release) struct elf_symbols symbols = {};
	uint64_t address = address_in_file(), offset, back;
	const char *name;

	assert_int_equal(elf_symbols_read(fd, &symbols), 0);
	name = symbol_table_find(&symbols.table, address, 0, &offset);
	assert_non_null(name);
	assert_string_equal(name, "function_to_find");
	assert_int_equal(offset, 0);
	assert_true(elf_symbols_offset(&symbols, address, &offset));
	assert_true(elf_symbols_address(&symbols, offset, &back));
	assert_int_equal(back, address);
	assert_false(elf_symbols_offset(&symbols, UINT64_MAX, &offset));
	assert_false(elf_symbols_address(&symbols, UINT64_MAX, &offset));
	assert_int_equal(function_to_find(1), 2);
}

TEST(libraries_are_named_by_what_they_export)
{
	_cleanup_(elf_symbols_release) struct elf_symbols symbols = {};
	_cleanup_close_ int fd = -1;
	size_t i;

	fd = open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = open("/lib64/libc.so.6", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip();
	assert_int_equal(elf_symbols_read(fd, &symbols), 0);
	for (i = 0; i < symbols.table.count; i++)
		if (!strcmp(symbols.table.names.data + symbols.table.symbols[i].name, "shutdown"))
			break;
	assert_true(i < symbols.table.count);
#ifdef __x86_64__
	{
		uint64_t bytes = 0;

		/* A bare system call: the return address is all that is on the stack. */
		assert_int_equal(elf_frame_bytes(fd, &symbols, symbols.table.symbols[i].start + 6,
						 &bytes),
				 0);
		assert_int_equal(bytes, 8);
		assert_int_not_equal(elf_frame_bytes(fd, &symbols, 1, &bytes), 0);
	}
#endif
}

static int error_of_text(const void *bytes, size_t len)
{
	_cleanup_close_ int fd = memfd_create("elf", 0);
	struct elf_symbols symbols = {};
	int err;

	assert_int_equal(write(fd, bytes, len), len);
	err = elf_symbols_read(fd, &symbols);
	if (!err)
		elf_symbols_release(&symbols);
	return err;
}

TEST(what_is_no_elf_file_is_refused)
{
	_cleanup_close_ int folder = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct elf_symbols symbols = { .segment_count = 7 };

	assert_int_equal(error_of_text("", 0), -ENOEXEC);
	assert_int_equal(error_of_text("#!/bin/sh\n", 10), -ENOEXEC);
	assert_int_equal(error_of_text("\177ELF", 4), -ENOEXEC);
	assert_int_equal(elf_symbols_read(folder, &symbols), -ENOEXEC);
	assert_int_equal(symbols.segment_count, 7);
}

/* A copy of this program. */
static unsigned char *copy_self(size_t *ret_len)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	unsigned char *bytes;
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	bytes = malloc(status.st_size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, status.st_size, 0), status.st_size);
	*ret_len = status.st_size;
	return bytes;
}

/* Read it, ask it everything; whatever comes, it must come to an end without a fault. */
static void use_file(int fd, uint64_t address)
{
	_cleanup_(elf_symbols_release) struct elf_symbols symbols = {};
	uint64_t ignored;

	if (elf_symbols_read(fd, &symbols))
		return;
	symbol_table_find(&symbols.table, address, UINT64_MAX, &ignored);
	for (uint64_t step = 0; step < 64; step++)
		elf_frame_bytes(fd, &symbols, address + step * 997, &ignored);
}

static unsigned int seed = 1;

static unsigned int random_below(unsigned int limit)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % limit;
}

/* Damage where it matters: headers, and the unwind tables. */
static size_t damage_place(const unsigned char *bytes, size_t len)
{
	const Elf64_Ehdr *header = (const void *)bytes;
	const Elf64_Shdr *sections = (const void *)(bytes + header->e_shoff);
	const Elf64_Shdr *section = &sections[random_below(header->e_shnum)];

	switch (random_below(4)) {
	case 0:
		return random_below(1024);
	case 1:
		return header->e_shoff + random_below(header->e_shnum * sizeof(*sections));
	default:
		if (section->sh_type == SHT_NOBITS || section->sh_size == 0 ||
		    section->sh_offset + section->sh_size > len)
			return random_below(64);
		return section->sh_offset + random_below(section->sh_size);
	}
}

TEST(broken_elf_files_are_survived)
{
	_cleanup_close_ int fd = memfd_create("broken", 0);
	uint64_t address = address_in_file();
	_cleanup_free_ unsigned char *bytes = NULL;
	size_t len;

	bytes = copy_self(&len);
	if (bytes[EI_CLASS] != ELFCLASS64)
		skip();
	assert_int_equal(write(fd, bytes, len), len);
	for (int round = 0; round < 150; round++) {
		size_t places[8];

		for (int i = 0; i < 8; i++) {
			unsigned char value = random_below(4) ? random_below(256) : 0xff;

			places[i] = damage_place(bytes, len);
			assert_int_equal(pwrite(fd, &value, 1, places[i]), 1);
		}
		use_file(fd, address);
		for (int i = 0; i < 8; i++)
			assert_int_equal(pwrite(fd, bytes + places[i], 1, places[i]), 1);
	}
	for (size_t cut = len; cut > 100; cut -= cut / 3) {
		assert_int_equal(ftruncate(fd, cut), 0);
		use_file(fd, address);
	}
}

TEST_MAIN()
