// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/parse_number.h"

#include <errno.h>

#include "tests/harness/test.h"
#include "user/base/strbuf.h"

/* What the output holds before each call, to see that a failure leaves it alone. */
#define UNTOUCHED 0xdeadbeefcafef00dULL

struct row {
	const char *text;
	int err;
	uint64_t value;
};

static void assert_rows(const struct row *rows, size_t n, int (*parse)(const char *, uint64_t *))
{
	uint64_t value;
	size_t i;
	int err;

	for (i = 0; i < n; i++) {
		value = UNTOUCHED;
		err = parse(rows[i].text, &value);
		if (err != rows[i].err)
			fail_msg("\"%s\" gave %d, not %d", rows[i].text, err, rows[i].err);
		if (value != (err ? UNTOUCHED : rows[i].value))
			fail_msg("\"%s\" gave the value %llu", rows[i].text,
				 (unsigned long long)value);
	}
}

#define assert_all_rows(rows, parse) assert_rows(rows, sizeof(rows) / sizeof((rows)[0]), parse)

static int parse_any_u64(const char *s, uint64_t *ret)
{
	return parse_u64(s, UINT64_MAX, ret);
}

static int parse_up_to_100(const char *s, uint64_t *ret)
{
	return parse_u64(s, 100, ret);
}

static int parse_port_widened(const char *s, uint64_t *ret)
{
	uint16_t port = 0xf00d;
	int err;

	err = parse_port(s, &port);
	if (err)
		assert_int_equal(port, 0xf00d);
	else
		*ret = port;
	return err;
}

static struct cidr cidr_parsed(const char *s)
{
	struct cidr cidr;

	if (parse_cidr(s, &cidr) != 0)
		fail_msg("\"%s\" is refused", s);
	return cidr;
}

static void assert_cidr(const char *input, const char *addr, unsigned int prefix_len)
{
	struct cidr cidr = cidr_parsed(input);
	struct strbuf b = STRBUF_INIT;

	strbuf_append_ip(&b, cidr.addr);
	assert_string_equal(b.data, addr);
	assert_int_equal(cidr.prefix_len, prefix_len);
	strbuf_release(&b);
}

static bool is_inside(const char *network, const char *addr)
{
	struct cidr cidr = cidr_parsed(network), host = cidr_parsed(addr);

	assert_int_equal(host.prefix_len, 128);
	return cidr_contains(&cidr, host.addr);
}

TEST(u64)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "7", 0, 7 },
		{ "010", 0, 10 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "000000000000000000000000000001", 0, 1 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551620", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999999x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "\xd9\xa1", -EINVAL, 0 },
	};

	assert_all_rows(rows, parse_any_u64);
}

TEST(u64_with_a_limit)
{
	static const struct row rows[] = {
		{ "100", 0, 100 },
		{ "101", -ERANGE, 0 },
		{ "101x", -EINVAL, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
	};

	assert_all_rows(rows, parse_up_to_100);
}

TEST(thousandths)
{
	static const struct {
		const char *text;
		int err;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "2", 0, 2000 },
		{ "0.5", 0, 500 },
		{ "1.25", 0, 1250 },
		{ "1.007", 0, 1007 },
		{ "18446744073709551.615", 0, UINT64_MAX },
		{ "18446744073709551.616", -ERANGE, 9 },
		{ "99999999999999999999", -ERANGE, 9 },
		{ "1.2345", -EINVAL, 9 },
		{ "1.", -EINVAL, 9 },
		{ ".5", -EINVAL, 9 },
		{ "1.x", -EINVAL, 9 },
		{ "1,5", -EINVAL, 9 },
		{ "-1", -EINVAL, 9 },
		{ "", -EINVAL, 9 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 9;

		assert_int_equal(parse_thousandths(cases[i].text, &value), cases[i].err);
		assert_int_equal(value, cases[i].value);
	}
}

TEST(port)
{
	static const struct row rows[] = {
		{ "1", 0, 1 },		{ "443", 0, 443 },	  { "65535", 0, 65535 },
		{ "0", -ERANGE, 0 },	{ "65536", -ERANGE, 0 },  { "131073", -ERANGE, 0 },
		{ "http", -EINVAL, 0 }, { "80,443", -EINVAL, 0 }, { "", -EINVAL, 0 },
	};

	assert_all_rows(rows, parse_port_widened);
}

TEST(duration)
{
	static const struct row rows[] = {
		{ "10s", 0, 10000000000 },
		{ "350ms", 0, 350000000 },
		{ "250us", 0, 250000 },
		{ "17ns", 0, 17 },
		{ "2m", 0, 120000000000 },
		{ "1.5h", 0, 5400000000000 },
		{ "1d", 0, 86400000000000 },
		{ "0s", 0, 0 },
		{ "0.1s", 0, 100000000 },
		{ "0.000000001s", 0, 1 },
		{ "0.0000000019s", 0, 1 },
		{ "0.9999999999999999999999s", 0, 999999999 },
		{ "1.9ns", 0, 1 },
		{ "18446744073709551615ns", 0, UINT64_MAX },
		{ "18446744073.709551615s", 0, UINT64_MAX },
		{ "18446744073.709551616s", -ERANGE, 0 },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "18446744074s", -ERANGE, 0 },
		{ "213504d", -ERANGE, 0 },
		{ "10", -EINVAL, 0 },
		{ "0", -EINVAL, 0 },
		{ "99999999999999999999", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ ".5s", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "1..5s", -EINVAL, 0 },
		{ "1,5s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "10 s", -EINVAL, 0 },
		{ "10S", -EINVAL, 0 },
		{ "10sec", -EINVAL, 0 },
		{ "1e3s", -EINVAL, 0 },
		{ "1h30m", -EINVAL, 0 },
	};

	assert_all_rows(rows, parse_duration_ns);
}

TEST(size)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "4096B", 0, 4096 },
		{ "64k", 0, 65536 },
		{ "64K", 0, 65536 },
		{ "64KiB", 0, 65536 },
		{ "16M", 0, 16777216 },
		{ "16MiB", 0, 16777216 },
		{ "1.5G", 0, 1610612736 },
		{ "2T", 0, 2199023255552 },
		{ "16777215T", 0, 18446742974197923840ULL },
		{ "16777216T", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "64KB", -EINVAL, 0 },
		{ "64kib", -EINVAL, 0 },
		{ "64m", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
	};

	assert_all_rows(rows, parse_size_bytes);
}

TEST(cidr_clears_host_bits)
{
	assert_cidr("10.0.0.0/8", "10.0.0.0", 104);
	assert_cidr("10.1.2.3/8", "10.0.0.0", 104);
	assert_cidr("192.168.129.255/17", "192.168.128.0", 113);
	assert_cidr("1.2.3.4", "1.2.3.4", 128);
	assert_cidr("1.2.3.4/32", "1.2.3.4", 128);
	assert_cidr("1.2.3.4/31", "1.2.3.4", 127);
	assert_cidr("1.2.3.5/31", "1.2.3.4", 127);
	assert_cidr("255.255.255.255/0", "0.0.0.0", 96);
	assert_cidr("2001:db8:ffff::1/33", "2001:db8:8000::", 33);
	assert_cidr("2001:db8::1", "2001:db8::1", 128);
	assert_cidr("ffff::/0", "::", 0);
	assert_cidr("::ffff:10.1.2.3/104", "10.0.0.0", 104);
	assert_cidr("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128);
}

TEST(cidr_refuses_what_is_none)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "", -EINVAL },
		{ "/8", -EINVAL },
		{ "10.0.0.0/", -EINVAL },
		{ "10.0.0.0/x", -EINVAL },
		{ "10.0.0.0/-1", -EINVAL },
		{ "10.0.0.0/8/8", -EINVAL },
		{ "10.0.0.0/255.0.0.0", -EINVAL },
		{ "10.0.0.0/33", -ERANGE },
		{ "10.0.0.0/4294967304", -ERANGE },
		{ "2001:db8::/129", -ERANGE },
		{ "10.0.0/8", -EINVAL },
		{ "10.0.0.256", -EINVAL },
		{ "10.0.0.0 /8", -EINVAL },
		{ "fe80::1%lo", -EINVAL },
		{ "2001:db8:::1", -EINVAL },
		{ "localhost", -EINVAL },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", -EINVAL },
		{ "0000000000000000000000000000000000000000000000000000000000000001", -EINVAL },
	};
	struct cidr cidr, before;
	size_t i;
	int err;

	memset(&before, 0xa5, sizeof(before));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cidr = before;
		err = parse_cidr(rows[i].text, &cidr);
		if (err != rows[i].err)
			fail_msg("\"%s\" gave %d, not %d", rows[i].text, err, rows[i].err);
		assert_memory_equal(&cidr, &before, sizeof(cidr));
	}
}

TEST(cidr_holds_its_addresses_and_no_other)
{
	assert_true(is_inside("10.0.0.0/8", "10.0.0.0"));
	assert_true(is_inside("10.0.0.0/8", "10.255.255.255"));
	assert_false(is_inside("10.0.0.0/8", "11.0.0.0"));
	assert_false(is_inside("10.0.0.0/8", "9.255.255.255"));
	assert_true(is_inside("192.168.128.0/17", "192.168.128.0"));
	assert_true(is_inside("192.168.128.0/17", "192.168.255.255"));
	assert_false(is_inside("192.168.128.0/17", "192.168.127.255"));
	assert_true(is_inside("1.2.3.4", "1.2.3.4"));
	assert_false(is_inside("1.2.3.4", "1.2.3.5"));
	assert_true(is_inside("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(is_inside("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(cidr_keeps_the_families_apart)
{
	assert_true(is_inside("0.0.0.0/0", "1.2.3.4"));
	assert_false(is_inside("0.0.0.0/0", "2001:db8::1"));
	assert_false(is_inside("0.0.0.0/0", "::1"));
	assert_true(is_inside("::/0", "1.2.3.4"));
	assert_true(is_inside("::/0", "2001:db8::1"));
	assert_true(is_inside("::ffff:0:0/96", "1.2.3.4"));
}

/* Each prefix length against the plain definition: the first bits are the same. */
TEST(cidr_of_every_length)
{
	uint8_t addr[16];
	struct cidr cidr;
	char text[64];
	int len, bit;

	for (len = 0; len <= 128; len++) {
		snprintf(text, sizeof(text), "a5a5:a5a5:a5a5:a5a5:a5a5:a5a5:a5a5:a5a5/%d", len);
		cidr = cidr_parsed(text);
		for (bit = 0; bit < 128; bit++) {
			memset(addr, 0xa5, sizeof(addr));
			addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			assert_int_equal(cidr_contains(&cidr, addr), bit >= len);
		}
	}
}

TEST(hexadecimal_digits_alone)
{
	static const char *const bad[] = { "", "0x1", " 1", "1 ", "-1", "g", "12345678901234567" };
	uint64_t value = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_hex_u64(bad[i], &value), -EINVAL);
	assert_int_equal(value, 7);
	assert_int_equal(parse_hex_u64("0", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(parse_hex_u64("fFfFfFfF81a0bC09", &value), 0);
	assert_true(value == UINT64_C(0xffffffff81a0bc09));
}

struct time_case {
	const char *text;
	uint64_t ns;
	int err;
};

static const struct time_case times[] = {
	{ "1970-01-01", 0, 0 },
	{ "1970-01-02T00:00Z", UINT64_C(86400000000000), 0 },
	{ "2026-03-04T05:06:07.000000089Z", UINT64_C(1772600767000000089), 0 },
	{ "2026-03-04 05:06:07z", UINT64_C(1772600767000000000), 0 },
	{ "2026-03-04t06:36:07.5+01:30", UINT64_C(1772600767500000000), 0 },
	{ "2026-03-03T23:06:07-0600", UINT64_C(1772600767000000000), 0 },
	{ "2024-02-29", UINT64_C(1709164800000000000), 0 },
	{ "2261-12-31T23:59:59.999999999Z", UINT64_C(9214646399999999999), 0 },
	{ "2262-01-01", 0, -ERANGE },
	{ "1969-12-31", 0, -ERANGE },
	{ "1970-01-01T00:00+00:01", 0, -ERANGE },
	{ "2026-02-29", 0, -EINVAL },
	{ "2026-13-01", 0, -EINVAL },
	{ "2026-00-01", 0, -EINVAL },
	{ "2026-01-32", 0, -EINVAL },
	{ "2026-1-1", 0, -EINVAL },
	{ "2026-01-01T", 0, -EINVAL },
	{ "2026-01-01T24:00Z", 0, -EINVAL },
	{ "2026-01-01T00:60Z", 0, -EINVAL },
	{ "2026-01-01T00:00:60Z", 0, -EINVAL },
	{ "2026-01-01T00:00", 0, -EINVAL },
	{ "2026-01-01T00:00:00.Z", 0, -EINVAL },
	{ "2026-01-01T00:00:00+1:00", 0, -EINVAL },
	{ "2026-01-01T00:00:00ZZ", 0, -EINVAL },
	{ "2026-01-01 ", 0, -EINVAL },
	{ "", 0, -EINVAL },
	{ "now", 0, -EINVAL },
};

TEST(times_of_the_calendar)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t ns = 77;
		int err = parse_time_ns(times[i].text, &ns);

		if (err != times[i].err || ns != (err ? 77 : times[i].ns))
			fail_msg("\"%s\" is %d, %llu", times[i].text, err, (unsigned long long)ns);
	}
}

TEST_MAIN()
