// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of symbols, and the two text formats that fill them: kallsyms and perf maps. */
#include "user/enrich/symbol_table.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/enrich/kernel_symbols.h"
#include "user/enrich/perf_map.h"

static int add(struct symbol_table *table, uint64_t start, uint64_t size, const char *name)
{
	return symbol_table_add(table, start, size, name, strlen(name));
}

static void assert_symbol(struct symbol_table *table, uint64_t address, const char *name,
			  uint64_t offset)
{
	uint64_t found_offset = 0;
	const char *found = symbol_table_find(table, address, 0x100, &found_offset);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
	assert_int_equal(found_offset, offset);
}

TEST(an_address_is_named_by_the_symbol_that_contains_it)
{
	struct symbol_table table = { .most = 100 };

	assert_symbol(&table, 1, NULL, 0);
	assert_int_equal(add(&table, 0x3000, 0, "no_size"), 0);
	assert_int_equal(add(&table, 0x1000, 0x10, "first"), 0);
	assert_int_equal(add(&table, 0x2000, 0x10, "old"), 0);
	assert_int_equal(add(&table, 0x2000, 0x20, "new"), 0);
	assert_symbol(&table, 0xfff, NULL, 0);
	assert_symbol(&table, 0x1000, "first", 0);
	assert_symbol(&table, 0x100f, "first", 15);
	assert_symbol(&table, 0x1010, NULL, 0);
	assert_symbol(&table, 0x201f, "new", 0x1f);
	assert_symbol(&table, 0x30ff, "no_size", 0xff);
	assert_symbol(&table, 0x3100, NULL, 0);
	/* Added after a lookup. */
	assert_int_equal(add(&table, 0x100, 1, "late"), 0);
	assert_symbol(&table, 0x100, "late", 0);
	assert_symbol(&table, 0x1000, "first", 0);
	symbol_table_release(&table);
}

TEST(a_table_and_a_name_are_bounded)
{
	struct symbol_table table = { .most = 2 };
	char name[1000];
	uint64_t offset;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(add(&table, 1, 1, name), 0);
	assert_int_equal(add(&table, 2, 1, "b"), 0);
	assert_false(table.is_cut);
	assert_int_equal(add(&table, 3, 1, "c"), -E2BIG);
	assert_true(table.is_cut);
	assert_int_equal(strlen(symbol_table_find(&table, 1, 0, &offset)), SYMBOL_NAME_BYTES - 1);
	assert_string_equal(symbol_table_find(&table, 1, 0, &offset) + SYMBOL_NAME_BYTES - 5,
			    "a...");
	symbol_table_release(&table);
}

/* -- the kernel ------------------------------------------------------------------------------ */
static char path[64];

/* A file with this text; the path stays until the next call. */
static int file_of(const char *text)
{
	int fd = memfd_create("symbols", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd;
}

static const char *kernel_name(struct kernel_symbols *symbols, uint64_t address)
{
	static struct strbuf text;

	strbuf_reset(&text);
	kernel_symbols_append(&text, symbols, address);
	return text.data;
}

TEST(kernel_functions_are_named_with_their_module)
{
	_cleanup_close_ int fd = file_of("ffffffff81000000 T _text\n"
					 "ffffffff81001000 t tcp_disconnect\n"
					 "ffffffff81001800 D some_data\n"
					 "ffffffff81002000 W weak_one\n"
					 "this is not a line\n"
					 "ffffffffc0001000 t nf_send_reset\t[nf_reject_ipv4]\n");
	_cleanup_(kernel_symbols_free) struct kernel_symbols *symbols = NULL;

	assert_true(fd >= 0);
	assert_int_equal(kernel_symbols_new(path, "/nonexistent", &symbols), 0);
	kernel_symbols_refresh(symbols);
	assert_string_equal(kernel_name(symbols, 0xffffffff81001010), "tcp_disconnect+0x10");
	/* The call was the last of the function before. */
	assert_string_equal(kernel_name(symbols, 0xffffffff81001000), "_text+0x1000");
	assert_string_equal(kernel_name(symbols, 0xffffffff81001801), "tcp_disconnect+0x801");
	assert_string_equal(kernel_name(symbols, 0xffffffff81002001), "weak_one+0x1");
	assert_string_equal(kernel_name(symbols, 0xffffffffc0001020),
			    "nf_send_reset+0x20 [nf_reject_ipv4]");
	/* No function is that long. */
	assert_string_equal(kernel_name(symbols, 0xffffffffc1001020), "0xffffffffc1001020");
	assert_string_equal(kernel_name(symbols, 0x1000), "0x0000000000001000");
}

TEST(a_kernel_that_hides_its_addresses_leaves_them_bare)
{
	_cleanup_close_ int fd = file_of("0000000000000000 T _text\n"
					 "0000000000000000 t tcp_disconnect\n");
	_cleanup_(kernel_symbols_free) struct kernel_symbols *symbols = NULL, *none = NULL;

	assert_true(fd >= 0);
	assert_int_equal(kernel_symbols_new(path, "/nonexistent", &symbols), 0);
	assert_string_equal(kernel_name(symbols, 0xffffffff81001010), "0xffffffff81001010");
	assert_int_equal(kernel_symbols_new("/nonexistent", "/nonexistent", &none), 0);
	assert_string_equal(kernel_name(none, 0xffffffff81001010), "0xffffffff81001010");
}

TEST(a_module_that_comes_later_is_found)
{
	static const char more[] = "ffffffffc0001000 t late\t[module]\n";
	_cleanup_close_ int modules = file_of("one 4096 7 - Live 0xffffffffc0000000\n");
	_cleanup_(kernel_symbols_free) struct kernel_symbols *symbols = NULL;
	_cleanup_close_ int fd = -1;
	char modules_path[sizeof(path)];

	memcpy(modules_path, path, sizeof(path));
	fd = file_of("ffffffff81001000 t tcp_disconnect\n");
	assert_int_equal(kernel_symbols_new(path, modules_path, &symbols), 0);
	kernel_symbols_refresh(symbols);
	assert_string_equal(kernel_name(symbols, 0xffffffffc0001002), "0xffffffffc0001002");
	assert_int_equal(pwrite(fd, more, sizeof(more) - 1, 34), sizeof(more) - 1);
	/* Another use count is no change. */
	assert_int_equal(pwrite(modules, "one 4096 8", 10, 0), 10);
	kernel_symbols_refresh(symbols);
	assert_string_equal(kernel_name(symbols, 0xffffffffc0001002), "0xffffffffc0001002");
	assert_int_equal(pwrite(modules, "two 4096 8", 10, 0), 10);
	kernel_symbols_refresh(symbols);
	assert_string_equal(kernel_name(symbols, 0xffffffffc0001002), "late+0x2 [module]");
}

/* -- compilers ------------------------------------------------------------------------------- */
TEST(a_perf_map_is_read_as_it_grows)
{
	_cleanup_close_ int fd = file_of("1000 20 first function\n"
					 "not a line\n"
					 "2000 0 nothing\n"
					 "3000 10 half");
	static const char rest[] = " of it\n1000 20 again\n";
	struct perf_map map = {};

	assert_int_equal(perf_map_read(fd, &map), 0);
	assert_int_equal(map.table.count, 1);
	assert_symbol(&map.table, 0x101f, "first function", 0x1f);
	assert_int_equal(write(fd, rest, sizeof(rest) - 1), sizeof(rest) - 1);
	assert_int_equal(perf_map_read(fd, &map), 0);
	assert_symbol(&map.table, 0x3001, "half of it", 1);
	assert_symbol(&map.table, 0x1001, "again", 1);
	/* Another process with the same pid starts anew. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, "5000 8 other\n", 13, 0), 13);
	assert_int_equal(perf_map_read(fd, &map), 0);
	assert_symbol(&map.table, 0x1001, NULL, 0);
	assert_symbol(&map.table, 0x5001, "other", 1);
	perf_map_release(&map);
}

TEST(a_perf_map_of_rubbish_ends)
{
	_cleanup_close_ int fd = memfd_create("rubbish", 0);
	struct perf_map map = {};
	char piece[65536];

	memset(piece, 'f', sizeof(piece));
	for (int i = 0; i < 5; i++)
		assert_int_equal(write(fd, piece, sizeof(piece)), sizeof(piece));
	assert_int_equal(perf_map_read(fd, &map), 0);
	assert_int_equal(map.table.count, 0);
	assert_int_equal(map.bytes_read, 5 * sizeof(piece));
	perf_map_release(&map);
}

TEST_MAIN()
