// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pcapng as files hold it: both byte orders, several sections and interfaces, all kinds of packets. */
#include "user/replay/pcapng_reader.h"

#include <byteswap.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/harness/test.h"

#define MOST 65536

/* A file in the making. */
static uint8_t file[MOST];
static size_t file_len;
static bool is_swapped;

static void put(const void *data, size_t len)
{
	assert_in_range(file_len + len, 0, MOST);
	memcpy(file + file_len, data, len);
	file_len += len;
}

static void put16(uint16_t value)
{
	value = is_swapped ? bswap_16(value) : value;
	put(&value, 2);
}

static void put32(uint32_t value)
{
	value = is_swapped ? bswap_32(value) : value;
	put(&value, 4);
}

static size_t block_begin(uint32_t type)
{
	size_t at = file_len;

	put32(type);
	put32(0);
	return at;
}

static void block_end(size_t at)
{
	uint32_t len;

	while (file_len % 4)
		file[file_len++] = 0;
	len = (uint32_t)(file_len - at) + 4;
	put32(len);
	memcpy(file + at + 4, file + file_len - 4, 4);
}

static void put_section(bool swapped)
{
	size_t at;

	is_swapped = swapped;
	at = block_begin(PCAPNG_MAGIC);
	put32(0x1a2b3c4d);
	put16(1);
	put16(0);
	put32(UINT32_MAX);
	put32(UINT32_MAX);
	block_end(at);
}

/* `resolution` as its option has it; 0 = no such option. */
static void put_interface(uint16_t link_type, uint32_t snap_len, uint8_t resolution, int64_t offset)
{
	size_t at = block_begin(1);
	uint64_t seconds = is_swapped ? bswap_64((uint64_t)offset) : (uint64_t)offset;

	put16(link_type);
	put16(0);
	put32(snap_len);
	if (resolution) {
		put16(9);
		put16(1);
		put((uint8_t[4]){ resolution }, 4);
	}
	if (offset) {
		put16(14);
		put16(8);
		put(&seconds, 8);
	}
	put16(0);
	put16(0);
	block_end(at);
}

static void put_packet(uint32_t interface, uint64_t ticks, uint32_t len, uint32_t wire_len)
{
	size_t at = block_begin(6);

	put32(interface);
	put32((uint32_t)(ticks >> 32));
	put32((uint32_t)ticks);
	put32(len);
	put32(wire_len);
	for (uint32_t i = 0; i < len; i++)
		put(&(uint8_t){ (uint8_t)i }, 1);
	block_end(at);
}

static struct pcapng_reader *reader;
static FILE *stream;
static struct pcapng_record got;

static void begin(void)
{
	stream = fmemopen(file, file_len, "r");
	assert_non_null(stream);
	assert_int_equal(pcapng_reader_new(stream, &reader), 0);
}

static void end(void)
{
	pcapng_reader_free(&reader);
	fclose(stream);
	file_len = 0;
}

static void expect(uint64_t time_ns, int link_type, uint32_t len, uint32_t wire_len)
{
	assert_int_equal(pcapng_reader_next(reader, &got), 1);
	assert_int_equal(got.time_ns, time_ns);
	assert_int_equal(got.link_type, link_type);
	assert_int_equal(got.len, len);
	assert_int_equal(got.wire_len, wire_len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(got.data[i], (uint8_t)i);
}

/* What stands in the file now ends in `err`, with these words. */
static void expect_error(int err, const char *words)
{
	int result;

	begin();
	do
		result = pcapng_reader_next(reader, &got);
	while (result == 1);
	assert_int_equal(result, err);
	assert_non_null(strstr(pcapng_reader_error(reader), words));
	end();
}

TEST(interfaces_of_different_kinds_in_both_byte_orders)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		size_t at;

		put_section(swapped);
		put_interface(1, 262144, 0, 0);
		put_interface(113, 96, 9, 0);
		put_packet(0, 1700000000123456, 60, 60);
		at = block_begin(5); /* statistics: not for us */
		put32(0);
		put32(0);
		put32(0);
		block_end(at);
		put_packet(1, 1700000000123456789, 61, 1500);
		begin();
		expect(1700000000123456000, 1, 60, 60);
		expect(1700000000123456789, 113, 61, 1500);
		assert_int_equal(pcapng_reader_next(reader, &got), 0);
		end();
	}
}

TEST(each_section_has_its_own_byte_order_and_interfaces)
{
	put_section(false);
	put_interface(1, 0, 9, 0);
	put_packet(0, 5, 4, 4);
	put_section(true);
	put_interface(101, 0, 9, 0);
	put_packet(0, 7, 5, 5);
	begin();
	expect(5, 1, 4, 4);
	expect(7, 101, 5, 5);
	assert_int_equal(pcapng_reader_next(reader, &got), 0);
	end();

	put_section(false);
	put_interface(1, 0, 9, 0);
	put_interface(1, 0, 9, 0);
	put_section(false);
	put_interface(1, 0, 9, 0);
	put_packet(1, 7, 5, 5); /* the first section's second one is no more */
	expect_error(-EPROTO, "interface 1, and the section has 1");
}

TEST(packets_without_a_time_and_the_obsolete_ones)
{
	size_t at;

	put_section(false);
	put_interface(1, 8, 9, 0);
	put_interface(101, 0, 9, 0);
	at = block_begin(2); /* obsolete: interface and drops of two bytes each */
	put16(1);
	put16(3);
	put32(0);
	put32(42);
	put32(4);
	put32(99);
	put((uint8_t[]){ 0, 1, 2, 3 }, 4);
	block_end(at);
	at = block_begin(3); /* simple: length on the wire alone, cut by the snap length */
	put32(1500);
	put((uint8_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, 8);
	block_end(at);
	at = block_begin(3);
	put32(3);
	put((uint8_t[]){ 0, 1, 2, 9 }, 4);
	block_end(at);
	begin();
	expect(42, 101, 4, 99);
	expect(42, 1, 8, 1500);
	expect(42, 1, 3, 3);
	assert_int_equal(pcapng_reader_next(reader, &got), 0);
	end();
}

/* Powers of ten and of two, fine and coarse, an offset, and times behind 2038 and 2106. */
TEST(times)
{
	put_section(false);
	put_interface(1, 0, 0, 3600);
	put_interface(1, 0, 0x80 | 10, 0);
	put_interface(1, 0, 12, 0);
	put_interface(1, 0, 3, -1);
	put_interface(1, 0, 0x80 | 70, 0);
	put_interface(1, 0, 0, INT64_MIN);
	put_interface(1, 0, 6, INT64_MAX);
	put_packet(0, 5000000000000000, 1, 1);
	put_packet(1, 3 * 1024 + 512, 1, 1);
	put_packet(2, 1999, 1, 1);
	put_packet(3, 5500, 1, 1);
	put_packet(4, UINT64_MAX, 1, 1);
	put_packet(5, 1, 1, 1);
	put_packet(6, 1, 1, 1);
	put_packet(3, UINT64_MAX, 1, 1);
	begin();
	expect(5000003600000000000, 1, 1, 1);
	expect(3500000000, 1, 1, 1);
	expect(1, 1, 1, 1);
	expect(4500000000, 1, 1, 1);
	expect(15624999, 1, 1, 1); /* 2^64 of 2^-70 s: a 64th of a second */
	expect(0, 1, 1, 1);
	expect(UINT64_MAX, 1, 1, 1);
	expect(UINT64_MAX - 1000000000, 1, 1, 1);
	end();
}

TEST(every_cut_is_an_end_or_said_to_be_one)
{
	size_t whole, cut;
	int packets, result;

	put_section(false);
	put_interface(1, 0, 9, 0);
	put_packet(0, 5, 40, 40);
	put_packet(0, 6, 3, 3);
	whole = file_len;
	for (cut = 1; cut <= whole; cut++) {
		stream = fmemopen(file, cut, "r");
		assert_int_equal(pcapng_reader_new(stream, &reader), 0);
		for (packets = 0; (result = pcapng_reader_next(reader, &got)) == 1; packets++)
			;
		assert_true(result == 0 || result == -EBADMSG);
		assert_int_equal(packets, (cut == whole) + (cut >= whole - 36));
		pcapng_reader_free(&reader);
		fclose(stream);
	}
	file_len = 0;
}

TEST(what_contradicts_itself_is_said_in_words)
{
	size_t at;

	put_section(false);
	put_packet(0, 5, 1, 1);
	expect_error(-EPROTO, "interface 0, and the section has 0");

	put_section(false);
	put_interface(1, 0, 0, 0);
	at = block_begin(6);
	for (int i = 0; i < 3; i++)
		put32(0);
	put32(5000); /* captured */
	put32(5000);
	block_end(at);
	expect_error(-EPROTO, "a packet of 5000 bytes is in a block of 0");

	put_section(false);
	put_interface(1, 0, 0, 0);
	put_packet(0, 1, 8, 8);
	file[file_len - 4]++;
	expect_error(-EPROTO, "one length before it and another behind it");

	put_section(false);
	put32(6);
	put32(0x7fffffff);
	expect_error(-EPROTO, "a block of type 0x6 says");

	put_section(false);
	put32(99); /* skipped in pieces, and the file is over before */
	put32(0x7ffffffc);
	expect_error(-EBADMSG, "ends inside a block");

	put_section(false);
	file[8] ^= 1;
	expect_error(-EPROTO, "byte-order magic");

	put_section(false);
	file[12] = 7;
	expect_error(-EPROTO, "version 7.0");

	put_section(false);
	at = block_begin(6);
	block_end(at);
	expect_error(-EPROTO, "too short");
}

TEST_MAIN()
