// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/strbuf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"

#define _cleanup_strbuf_ _cleanup_(strbuf_release)

/* xorshift64: the same inputs on every run. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void ip_from_text(const char *text, uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
		return;
	}
	memset(addr + 10, 0xff, 2);
	assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

static void assert_ip(const char *input, const char *expected)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;
	uint8_t addr[16];

	ip_from_text(input, addr);
	strbuf_append_ip(&b, addr);
	assert_false(b.failed);
	assert_string_equal(b.data, expected);
	assert_int_equal(b.len, strlen(expected));
}

static void assert_u64(uint64_t value)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;
	char expected[32];

	strbuf_append_u64(&b, value);
	snprintf(expected, sizeof(expected), "%" PRIu64, value);
	assert_string_equal(b.data, expected);
	assert_int_equal(b.len, strlen(expected));

	strbuf_reset(&b);
	strbuf_append_s64(&b, (int64_t)value);
	snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)value);
	assert_string_equal(b.data, expected);
	assert_int_equal(b.len, strlen(expected));

	strbuf_reset(&b);
	strbuf_append_hex(&b, value, 1);
	snprintf(expected, sizeof(expected), "%" PRIx64, value);
	assert_string_equal(b.data, expected);
	assert_int_equal(b.len, strlen(expected));
}

TEST(new_buffer_is_empty_and_may_be_released_twice)
{
	struct strbuf b = STRBUF_INIT;

	assert_null(b.data);
	strbuf_append(&b, NULL, 0);
	assert_null(b.data);
	strbuf_release(&b);
	strbuf_append_str(&b, "x");
	strbuf_release(&b);
	strbuf_release(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.capacity, 0);
}

TEST(text_is_terminated_after_every_append)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	strbuf_append_str(&b, "one");
	assert_strbuf(&b, "one");
	strbuf_append_char(&b, ' ');
	assert_strbuf(&b, "one ");
	strbuf_append(&b, "two and more", 3);
	assert_strbuf(&b, "one two");
	strbuf_append(&b, "a\0b", 3);
	assert_strbuf(&b, "one twoa\0b");
	strbuf_append_str(&b, "");
	assert_strbuf(&b, "one twoa\0b");
}

TEST(growth_keeps_the_text)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;
	size_t i;

	for (i = 0; i < 100000; i++)
		strbuf_append_char(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	for (i = 0; i < 100000; i++) {
		if (b.data[i] != (char)('a' + i % 26))
			fail_msg("byte %zu is %d", i, b.data[i]);
	}
}

/* Every remaining room from 0 to 64: ASan sees a write behind the end. */
TEST(exact_fit_at_the_end_of_the_memory)
{
	uint8_t addr[16];
	size_t room;

	memset(addr, 0xab, sizeof(addr));
	for (room = 0; room <= 64; room++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

		assert_int_equal(strbuf_reserve(&b, 1), 0);
		while (b.capacity - b.len > room)
			strbuf_append_char(&b, '.');
		strbuf_append_u64(&b, UINT64_MAX);
		strbuf_append_u64_grouped(&b, UINT64_MAX);
		strbuf_append_hex(&b, UINT64_MAX, 16);
		strbuf_append_ip(&b, addr);
		strbuf_appendf(&b, "%s", "formatted");
		assert_false(b.failed);
		assert_int_equal(b.data[b.len], '\0');
		assert_true(b.len <= b.capacity);
	}
}

TEST(reset_keeps_the_memory)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;
	const char *memory;
	size_t capacity;

	assert_int_equal(strbuf_reserve(&b, 5000), 0);
	memory = b.data;
	capacity = b.capacity;
	assert_true(capacity >= 5000);
	strbuf_append_str(&b, "text");
	strbuf_reset(&b);
	assert_ptr_equal(b.data, memory);
	assert_int_equal(b.capacity, capacity);
	assert_strbuf(&b, "");
}

TEST(reserve_of_nothing_gives_an_empty_string)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	assert_int_equal(strbuf_reserve(&b, 0), 0);
	assert_strbuf(&b, "");
}

TEST(failure_is_sticky_until_reset)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	strbuf_append_str(&b, "kept");
	assert_int_equal(strbuf_reserve(&b, SIZE_MAX), -ENOMEM);
	assert_true(b.failed);

	strbuf_append_char(&b, 'x');
	strbuf_append_str(&b, "lost");
	strbuf_append_u64(&b, 1);
	strbuf_append_u64_grouped(&b, 1234);
	strbuf_append_s64(&b, -1);
	strbuf_append_hex(&b, 1, 1);
	strbuf_append_ip(&b, (const uint8_t[16]){ 0 });
	strbuf_appendf(&b, "%d", 7);
	strbuf_appendf(&b, "%s", "");
	assert_true(b.failed);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "kept", 5);
	assert_int_equal(strbuf_reserve(&b, 1), -ENOMEM);

	strbuf_reset(&b);
	strbuf_append_str(&b, "works again");
	assert_strbuf(&b, "works again");
}

TEST(failure_of_a_buffer_without_memory)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	assert_int_equal(strbuf_reserve(&b, (size_t)PTRDIFF_MAX), -ENOMEM);
	strbuf_append_str(&b, "lost");
	strbuf_appendf(&b, "%d", 1);
	assert_true(b.failed);
	assert_null(b.data);
	strbuf_reset(&b);
	assert_false(b.failed);
}

TEST(integers_agree_with_printf_at_every_power)
{
	uint64_t power = 1;
	int i;

	for (i = 0; i < 20; i++, power *= 10) {
		assert_u64(power - 1);
		assert_u64(power);
		assert_u64(power + 1);
	}
	for (i = 0; i < 64; i++) {
		assert_u64((UINT64_C(1) << i) - 1);
		assert_u64(UINT64_C(1) << i);
	}
	assert_u64(UINT64_MAX);
	for (i = 0; i < 20000; i++)
		assert_u64((uint64_t)i);
}

TEST(integers_agree_with_printf_at_random)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL;
	int i;

	for (i = 0; i < 20000; i++)
		assert_u64(random_next(&state) >> i % 64);
}

TEST(the_smallest_integer)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	strbuf_append_s64(&b, INT64_MIN);
	assert_strbuf(&b, "-9223372036854775808");
}

TEST(groups_of_three)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ 42, "42" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 4312, "4,312" },
		{ 99999, "99,999" },
		{ 100000, "100,000" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

		strbuf_append_u64_grouped(&b, rows[i].value);
		assert_string_equal(b.data, rows[i].text);
	}
}

TEST(hexadecimal_is_padded)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	strbuf_append_hex(&b, 0xab, 4);
	strbuf_append_char(&b, ' ');
	strbuf_append_hex(&b, 0, 0);
	strbuf_append_char(&b, ' ');
	strbuf_append_hex(&b, 0xabcdef, 2);
	strbuf_append_char(&b, ' ');
	strbuf_append_hex(&b, 1, 100);
	assert_strbuf(&b, "00ab 0 abcdef 0000000000000001");
}

TEST(ipv4_is_dotted)
{
	assert_ip("0.0.0.0", "0.0.0.0");
	assert_ip("1.2.3.4", "1.2.3.4");
	assert_ip("10.0.0.99", "10.0.0.99");
	assert_ip("100.101.109.110", "100.101.109.110");
	assert_ip("255.255.255.255", "255.255.255.255");
	assert_ip("::ffff:127.0.0.1", "127.0.0.1");
}

TEST(every_octet_is_right)
{
	char expected[32];
	int i;

	for (i = 0; i < 256; i++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;
		uint8_t addr[16] = {
			[10] = 0xff, [11] = 0xff, [12] = (uint8_t)i, [15] = (uint8_t)i
		};

		strbuf_append_ip(&b, addr);
		snprintf(expected, sizeof(expected), "%d.0.0.%d", i, i);
		assert_string_equal(b.data, expected);
	}
}

/* The examples of RFC 5952, section 4 and its errata, and the corners of the zero run. */
TEST(ipv6_as_rfc_5952_says)
{
	assert_ip("::", "::");
	assert_ip("::1", "::1");
	assert_ip("1::", "1::");
	assert_ip("fe80::1", "fe80::1");
	assert_ip("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1");
	assert_ip("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	assert_ip("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
	assert_ip("2001:DB8:AAAA::AAAA", "2001:db8:aaaa::aaaa");
	assert_ip("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7");
	assert_ip("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0");
	assert_ip("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6");
	assert_ip("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
	assert_ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* An address of the old "compatible" kind is no IPv4 connection: it stays IPv6. */
TEST(only_mapped_addresses_are_dotted)
{
	assert_ip("::1.2.3.4", "::102:304");
	assert_ip("64:ff9b::1.2.3.4", "64:ff9b::102:304");
	assert_ip("::fffe:1.2.3.4", "::fffe:102:304");
}

TEST(ipv6_survives_the_way_back)
{
	uint64_t state = 0x853c49e6748fea9bULL, bits;
	uint8_t addr[16], back[16];
	int i, j;

	for (i = 0; i < 50000; i++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

		/* Three quarters of the groups are zero, so that runs of all lengths occur. */
		bits = random_next(&state);
		memset(addr, 0, sizeof(addr));
		for (j = 0; j < 8; j++) {
			if ((bits >> j * 2 & 3) == 0) {
				addr[j * 2] = (uint8_t)(bits >> 32 >> j);
				addr[j * 2 + 1] = (uint8_t)(bits >> 40 >> j);
			}
		}
		strbuf_append_ip(&b, addr);
		assert_int_equal(inet_pton(AF_INET6, b.data, back), 1);
		assert_memory_equal(addr, back, sizeof(addr));
	}
}

TEST(printf_grows_when_it_must)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	strbuf_appendf(&b, "%s-%d", "a", 1);
	assert_strbuf(&b, "a-1");
	strbuf_appendf(&b, "%1000d", 5);
	assert_int_equal(b.len, 1003);
	assert_int_equal(b.data[1002], '5');
	assert_int_equal(b.data[1003], '\0');
	strbuf_appendf(&b, "%s", "");
	assert_int_equal(b.len, 1003);
}

TEST_MAIN()
