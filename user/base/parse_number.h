/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text to numbers, for options, filters and files: the only such code in the program. All of the
 * text must be the number: no space, no sign, and decimal unless the name says so. Outputs are
 * untouched on failure.
 */
#ifndef USER_BASE_PARSE_NUMBER_H
#define USER_BASE_PARSE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Decimal digits; zeros in front do not mean octal.
 *
 * @return  0; -EINVAL when it is not a number; -ERANGE when it is above `max`.
 */
int parse_u64(const char *s, uint64_t max, uint64_t *ret);

/* 1 to 16 hexadecimal digits of either case, no prefix. 0 or -EINVAL. */
int parse_hex_u64(const char *s, uint64_t *ret);

/* 1 to 65535, host order. -EINVAL; -ERANGE, also for 0, which no connection has. */
int parse_port(const char *s, uint16_t *ret);

/**
 * `10s`, `350ms`, `1.5h`: a decimal number and one of ns us ms s m h d, with nothing between.
 * Parts of a nanosecond are dropped.
 *
 * @return  0; -EINVAL also for a number without a unit; -ERANGE when 64 bits do not hold it.
 */
int parse_duration_ns(const char *s, uint64_t *ret);

/**
 * `4096`, `64K`, `1.5GiB`: bytes, or powers of 1024 by k K M G T, each also with `iB`; `B` alone is
 * bytes. KB and MB are refused: people do not agree about them. Parts of a byte are dropped.
 *
 * @return  0; -EINVAL; -ERANGE when 64 bits do not hold it.
 */
int parse_size_bytes(const char *s, uint64_t *ret);

/**
 * `2026-03-04T05:06:07.000000089Z`, `2026-03-04T05:06+01:00`, `2026-03-04`: a day, or a day and a
 * time with its zone; a space may stand for the T. A day alone begins at midnight UTC. Parts of a
 * nanosecond are dropped.
 *
 * @ret     Nanoseconds since 1970 in UTC.
 * @return  0; -EINVAL, also for a day or time that no clock shows; -ERANGE before 1970 or after 2261.
 * Source: RFC 3339 section 5.6; seconds are optional here, a leap second is refused.
 */
int parse_time_ns(const char *s, uint64_t *ret);

/* `2`, `0.5`, `1.25`: thousandths, at most three digits behind the point. -EINVAL; -ERANGE. */
int parse_thousandths(const char *s, uint64_t *ret);

/* A network. IPv4 is kept as ::ffff:a.b.c.d. All bits behind the prefix are 0. */
struct cidr {
	uint8_t addr[16]; /* network order */
	uint8_t prefix_len; /* of the 128 bits: an IPv4 prefix plus 96 */
};

/**
 * `10.0.0.0/8`, `2001:db8::/32`, or one address, which is a network of its full length. Bits set
 * behind the prefix are cleared, so 10.1.2.3/8 is 10.0.0.0/8.
 *
 * @return  0; -EINVAL; -ERANGE when the prefix is longer than the address.
 */
int parse_cidr(const char *s, struct cidr *ret);

/* `addr` in network order, IPv4 mapped as above. ::/0 holds everything, 0.0.0.0/0 all IPv4. */
bool cidr_contains(const struct cidr *cidr, const uint8_t addr[16]);

#endif
