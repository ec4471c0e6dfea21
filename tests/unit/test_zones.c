// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/zones.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "include/flow_key.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"

static const char *zone_of(const struct zones *zones, const char *text)
{
	uint8_t addr[16];
	uint32_t ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1)
		flow_addr_from_ipv4(addr, ipv4);
	else
		assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
	return zones_lookup(zones, addr);
}

/* What was complained about, as "line:e sentence" one after the other. */
struct complaints {
	char text[4096];
	unsigned int errors, notes;
};

static void complain(void *data, unsigned int line, int is_error, const char *sentence)
{
	struct complaints *complaints = data;
	size_t len = strlen(complaints->text);

	snprintf(complaints->text + len, sizeof(complaints->text) - len, "%u:%s\n", line, sentence);
	if (is_error)
		complaints->errors++;
	else
		complaints->notes++;
}

static int add(struct zones *zones, const char *text, struct complaints *complaints)
{
	return zones_add_text(zones, text, strlen(text), complain, complaints);
}

TEST(every_address_has_a_built_in_zone)
{
	_cleanup_(zones_free) struct zones *zones = NULL;

	assert_int_equal(zones_new(&zones), 0);
	assert_string_equal(zone_of(zones, "127.0.0.53"), "loopback");
	assert_string_equal(zone_of(zones, "::1"), "loopback");
	assert_string_equal(zone_of(zones, "169.254.1.1"), "link_local");
	assert_string_equal(zone_of(zones, "fe80::1"), "link_local");
	assert_string_equal(zone_of(zones, "10.1.2.3"), "private");
	assert_string_equal(zone_of(zones, "172.31.255.255"), "private");
	assert_string_equal(zone_of(zones, "172.32.0.0"), "public");
	assert_string_equal(zone_of(zones, "192.168.1.1"), "private");
	assert_string_equal(zone_of(zones, "fd00::1"), "ula");
	assert_string_equal(zone_of(zones, "10.43.0.1"), "cluster");
	assert_string_equal(zone_of(zones, "172.17.0.2"), "cluster");
	assert_string_equal(zone_of(zones, "8.8.8.8"), "public");
	assert_string_equal(zone_of(zones, "2001:db8::1"), "public");
	assert_string_equal(zone_of(zones, "::"), "public");
}

TEST(the_longest_prefix_wins_in_any_order)
{
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct complaints complaints = {};

	assert_int_equal(zones_new(&zones), 0);
	assert_int_equal(add(zones,
			     "# offices\n"
			     "db    10.1.2.3 10.1.2.4/32\n"
			     "site\t10.1.0.0/16 2001:db8:1::/48   # comment\r\n"
			     "\n"
			     "lab   10.1.2.0/24\n"
			     "lab6 2001:db8:1:2::/64#glued",
			     &complaints),
			 0);
	assert_int_equal(complaints.errors + complaints.notes, 0);
	assert_string_equal(zone_of(zones, "10.1.2.3"), "db");
	assert_string_equal(zone_of(zones, "10.1.2.5"), "lab");
	assert_string_equal(zone_of(zones, "10.1.3.5"), "site");
	assert_string_equal(zone_of(zones, "10.2.3.5"), "private");
	assert_string_equal(zone_of(zones, "2001:db8:1:2::9"), "lab6");
	assert_string_equal(zone_of(zones, "2001:db8:1:3::9"), "site");
}

TEST(a_file_may_take_a_built_in_network)
{
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct complaints complaints = {};

	assert_int_equal(zones_new(&zones), 0);
	assert_int_equal(add(zones, "ours 10.0.0.0/8\nworld 0.0.0.0/0\n", &complaints), 0);
	assert_int_equal(complaints.notes, 0);
	assert_string_equal(zone_of(zones, "10.9.9.9"), "ours");
	assert_string_equal(zone_of(zones, "9.9.9.9"), "world");
	assert_string_equal(zone_of(zones, "2001:db8::9"), "public");
}

TEST(an_overlap_is_told_and_the_first_holds)
{
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct complaints complaints = {};

	assert_int_equal(zones_new(&zones), 0);
	assert_int_equal(add(zones, "a 10.5.0.0/16\n\nb 10.5.7.7/16 10.6.0.0/16\n", &complaints),
			 0);
	assert_int_equal(complaints.notes, 1);
	assert_string_equal(complaints.text,
			    "3:10.5.7.7/16 is in zone a already (line 1), where it "
			    "stays; take it out of one\n");
	assert_string_equal(zone_of(zones, "10.5.1.1"), "a");
	assert_string_equal(zone_of(zones, "10.6.1.1"), "b");
}

TEST(each_bad_line_is_told_and_the_good_ones_are_read)
{
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct complaints complaints = {};

	assert_int_equal(zones_new(&zones), 0);
	assert_int_equal(add(zones,
			     "good 10.5.0.0/16\n"
			     "bad 10.0.0.0/33\n"
			     "empty\n"
			     "na!me 10.6.0.0/16\n"
			     "also 10.7.0.0/16\n",
			     &complaints),
			 -EINVAL);
	assert_int_equal(complaints.errors, 3);
	assert_non_null(strstr(complaints.text, "2:\"10.0.0.0/33\" is no network"));
	assert_non_null(strstr(complaints.text, "3:zone empty has no network"));
	assert_non_null(strstr(complaints.text, "4:\"na!me\" is no name"));
	assert_string_equal(zone_of(zones, "10.7.1.1"), "also");
}

TEST(what_is_no_text_is_refused_not_read)
{
	static const char binary[] = "a 10.5.0.0/16\0\nb\0c 10.6.0.0/16\n\n\xff\xfe 1.2.3.4";
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct complaints complaints = {};

	assert_int_equal(zones_new(&zones), 0);
	assert_int_equal(zones_add_text(zones, binary, sizeof(binary) - 1, complain, &complaints),
			 -EINVAL);
	assert_int_equal(complaints.errors, 3);
	assert_int_equal(zones_add_text(zones, "", 0, complain, &complaints), 0);
}

TEST(a_file_that_is_none)
{
	struct zones *zones = NULL;

	assert_int_equal(zones_load("/nonexistent/zones", &zones), -ENOENT);
	assert_int_equal(zones_load("/dev/null", &zones), -EINVAL);
	assert_int_equal(zones_load("/", &zones), -EINVAL);
	assert_null(zones);
}

TEST_MAIN()
