// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/parse_number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "user/base/clock.h"

#define FRACTION_DIGITS_MAX 18
#define IPV4_PREFIX_OFFSET 96

struct unit {
	const char *name;
	uint64_t factor;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Read digits up to the first other character. A number that is too large is still read to its
 * end, so that "99999999999999999999x" is malformed rather than out of range.
 */
static int digits_read(const char **cursor, uint64_t *ret)
{
	const char *s = *cursor;
	bool is_too_large = false;
	uint64_t value = 0;

	if (!is_digit(*s))
		return -EINVAL;
	for (; is_digit(*s); s++) {
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			is_too_large = true;
	}
	*cursor = s;
	if (is_too_large)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_thousandths(const char *s, uint64_t *ret)
{
	uint64_t value, part = 0;
	int err;

	err = digits_read(&s, &value);
	if (err == -EINVAL)
		return -EINVAL;
	if (*s == '.') {
		s++;
		for (unsigned int factor = 100; factor && is_digit(*s); factor /= 10)
			part += factor * (*s++ - '0');
		if (s[-1] == '.')
			return -EINVAL;
	}
	if (*s)
		return -EINVAL;
	if (err || __builtin_mul_overflow(value, (uint64_t)1000, &value) ||
	    __builtin_add_overflow(value, part, &value))
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int err;

	err = digits_read(&s, &value);
	if (err == -EINVAL || *s != '\0')
		return -EINVAL;
	if (err || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_hex_u64(const char *s, uint64_t *ret)
{
	uint64_t value = 0;
	int digits = 0;

	for (; *s; s++, digits++) {
		int low = *s | 0x20;

		if (digits == 16)
			return -EINVAL;
		if (*s >= '0' && *s <= '9')
			value = value << 4 | (uint64_t)(*s - '0');
		else if (low >= 'a' && low <= 'f')
			value = value << 4 | (uint64_t)(low - 'a' + 10);
		else
			return -EINVAL;
	}
	if (!digits)
		return -EINVAL;
	*ret = value;
	return 0;
}

int parse_port(const char *s, uint16_t *ret)
{
	uint64_t value;
	int err;

	err = parse_u64(s, UINT16_MAX, &value);
	if (err)
		return err;
	if (value == 0)
		return -ERANGE;
	*ret = (uint16_t)value;
	return 0;
}

/* The digits behind a point, as a part of 10^18; further ones are read and dropped. */
static int fraction_read(const char **cursor, uint64_t *ret)
{
	const char *s = *cursor;
	uint64_t value = 0;
	int count;

	if (!is_digit(*s))
		return -EINVAL;
	for (count = 0; count < FRACTION_DIGITS_MAX; count++) {
		value = value * 10;
		if (is_digit(*s))
			value += (uint64_t)(*s++ - '0');
	}
	while (is_digit(*s))
		s++;
	*cursor = s;
	*ret = value;
	return 0;
}

/* A decimal number and the name of a unit, multiplied in integers. */
static int parse_with_unit(const char *s, const struct unit *units, size_t unit_count,
			   uint64_t *ret)
{
	uint64_t whole = 0, fraction = 0, value;
	size_t i;
	int err;

	err = digits_read(&s, &whole);
	if (err == -EINVAL)
		return -EINVAL;
	if (*s == '.') {
		s++;
		if (fraction_read(&s, &fraction))
			return -EINVAL;
	}

	for (i = 0; i < unit_count; i++) {
		if (strcmp(s, units[i].name) == 0)
			break;
	}
	if (i == unit_count)
		return -EINVAL;
	if (err || __builtin_mul_overflow(whole, units[i].factor, &value))
		return -ERANGE;
	fraction = (uint64_t)((unsigned __int128)fraction * units[i].factor /
			      UINT64_C(1000000000000000000));
	if (__builtin_add_overflow(value, fraction, &value))
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_duration_ns(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "ns", 1 },
		{ "us", CLOCK_NS_PER_US },
		{ "ms", CLOCK_NS_PER_MS },
		{ "s", CLOCK_NS_PER_SECOND },
		{ "m", CLOCK_NS_PER_SECOND * 60 },
		{ "h", CLOCK_NS_PER_SECOND * 60 * 60 },
		{ "d", CLOCK_NS_PER_SECOND * 60 * 60 * 24 },
	};

	return parse_with_unit(s, units, sizeof(units) / sizeof(units[0]), ret);
}

int parse_size_bytes(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "k", UINT64_C(1) << 10 },
		{ "K", UINT64_C(1) << 10 },
		{ "KiB", UINT64_C(1) << 10 },
		{ "M", UINT64_C(1) << 20 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "G", UINT64_C(1) << 30 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "T", UINT64_C(1) << 40 },
		{ "TiB", UINT64_C(1) << 40 },
	};

	return parse_with_unit(s, units, sizeof(units) / sizeof(units[0]), ret);
}

/* Exactly `count` digits, at most 4, from `least` to `most`. */
static int fixed_digits_read(const char **cursor, int count, int least, int most, int *ret)
{
	const char *s = *cursor;
	int value = 0, i;

	for (i = 0; i < count; i++, s++) {
		if (!is_digit(*s))
			return -EINVAL;
		value = value * 10 + (*s - '0');
	}
	if (value < least || value > most)
		return -EINVAL;
	*cursor = s;
	*ret = value;
	return 0;
}

/* `c` and the two digits behind it. */
static int part_read(const char **cursor, char c, int least, int most, int *ret)
{
	const char *s = *cursor;

	if (*s++ != c || fixed_digits_read(&s, 2, least, most, ret))
		return -EINVAL;
	*cursor = s;
	return 0;
}

/* Z, +01:00 or -0130, as seconds east. */
static int zone_read(const char **cursor, int *ret)
{
	const char *s = *cursor;
	int hours, minutes, sign = *s == '-' ? -1 : 1;

	if (*s == 'Z' || *s == 'z') {
		*ret = 0;
		*cursor = s + 1;
		return 0;
	}
	if (*s != '+' && *s != '-')
		return -EINVAL;
	s++;
	if (fixed_digits_read(&s, 2, 0, 23, &hours))
		return -EINVAL;
	if (*s == ':')
		s++;
	if (fixed_digits_read(&s, 2, 0, 59, &minutes))
		return -EINVAL;
	*ret = sign * (hours * 3600 + minutes * 60);
	*cursor = s;
	return 0;
}

int parse_time_ns(const char *s, uint64_t *ret)
{
	int year, month, day, east = 0;
	uint64_t fraction = 0;
	struct tm tm = { 0 };
	time_t seconds;

	if (fixed_digits_read(&s, 4, 0, 9999, &year) || part_read(&s, '-', 1, 12, &month) ||
	    part_read(&s, '-', 1, 31, &day))
		return -EINVAL;
	if (*s) {
		if (part_read(&s, *s == ' ' || *s == 't' ? *s : 'T', 0, 23, &tm.tm_hour) ||
		    part_read(&s, ':', 0, 59, &tm.tm_min))
			return -EINVAL;
		if (*s == ':' && part_read(&s, ':', 0, 59, &tm.tm_sec))
			return -EINVAL;
		if (*s == '.') {
			s++;
			if (fraction_read(&s, &fraction))
				return -EINVAL;
		}
		if (zone_read(&s, &east))
			return -EINVAL;
	}
	if (*s)
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	seconds = timegm(&tm);
	/* 30 February becomes a day of March. */
	if (tm.tm_mday != day)
		return -EINVAL;
	seconds -= east;
	if (year > 2261 || seconds < 0)
		return -ERANGE;
	*ret = (uint64_t)seconds * CLOCK_NS_PER_SECOND + fraction / UINT64_C(1000000000);
	return 0;
}

/* Of the byte that the prefix cuts, the bits that belong to it. */
static uint8_t cidr_cut_mask(unsigned int prefix_len)
{
	return (uint8_t)(0xff00 >> prefix_len % 8);
}

static void cidr_clear_host_bits(struct cidr *cidr)
{
	unsigned int whole = cidr->prefix_len / 8;

	if (whole >= sizeof(cidr->addr))
		return;
	cidr->addr[whole] &= cidr_cut_mask(cidr->prefix_len);
	memset(cidr->addr + whole + 1, 0, sizeof(cidr->addr) - whole - 1);
}

int parse_cidr(const char *s, struct cidr *ret)
{
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	char text[INET6_ADDRSTRLEN];
	struct cidr cidr = { 0 };
	bool is_ipv4;
	uint64_t prefix_len;
	int err;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';

	is_ipv4 = strchr(text, ':') == NULL;
	if (is_ipv4)
		memset(cidr.addr + 10, 0xff, 2);
	if (inet_pton(is_ipv4 ? AF_INET : AF_INET6, text, cidr.addr + (is_ipv4 ? 12 : 0)) != 1)
		return -EINVAL;

	prefix_len = is_ipv4 ? 32 : 128;
	if (slash) {
		err = parse_u64(slash + 1, prefix_len, &prefix_len);
		if (err)
			return err;
	}
	cidr.prefix_len = (uint8_t)(prefix_len + (is_ipv4 ? IPV4_PREFIX_OFFSET : 0));
	cidr_clear_host_bits(&cidr);
	*ret = cidr;
	return 0;
}

bool cidr_contains(const struct cidr *cidr, const uint8_t addr[16])
{
	unsigned int whole = cidr->prefix_len / 8;

	if (memcmp(cidr->addr, addr, whole) != 0)
		return false;
	return whole >= sizeof(cidr->addr) ||
	       ((cidr->addr[whole] ^ addr[whole]) & cidr_cut_mask(cidr->prefix_len)) == 0;
}
