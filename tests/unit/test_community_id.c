// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/community_id.h"

#include <arpa/inet.h>

#include "tests/harness/test.h"
#include "user/base/sha1.h"

static void assert_id(const char *a, uint16_t a_port, const char *b, uint16_t b_port,
		      const char *wanted)
{
	_Alignas(8) uint8_t addrs[2][16] = { { 0 } };
	const char *texts[2] = { a, b };
	struct strbuf text = STRBUF_INIT;
	struct flow_key key;
	in_addr_t ipv4;

	for (int i = 0; i < 2; i++) {
		if (strchr(texts[i], ':')) {
			assert_int_equal(inet_pton(AF_INET6, texts[i], addrs[i]), 1);
			continue;
		}
		assert_int_equal(inet_pton(AF_INET, texts[i], &ipv4), 1);
		flow_addr_from_ipv4(addrs[i], ipv4);
	}
	flow_key_make(&key, addrs[0], htons(a_port), addrs[1], htons(b_port), 4711);
	community_id_append(&text, &key);
	assert_string_equal(text.data, wanted);
	/* Both directions are one flow. */
	strbuf_reset(&text);
	flow_key_make(&key, addrs[1], htons(b_port), addrs[0], htons(a_port), 0);
	community_id_append(&text, &key);
	assert_string_equal(text.data, wanted);
	strbuf_release(&text);
}

TEST(sha1_gives_the_digests_of_rfc_3174)
{
	static const uint8_t abc[] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
				       0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	static const uint8_t empty[] = {
		0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55,
		0xbf, 0xef, 0x95, 0x60, 0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09
	};
	uint8_t digest[SHA1_BYTES];

	sha1_short("abc", 3, digest);
	assert_memory_equal(digest, abc, sizeof(abc));
	sha1_short("", 0, digest);
	assert_memory_equal(digest, empty, sizeof(empty));
}

/* The published vectors of the specification's repository. */
TEST(the_published_vectors)
{
	assert_id("128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	assert_id("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25,
		  "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=");
	assert_id("1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM=");
}

TEST(equal_addresses_are_ordered_by_port)
{
	assert_id("10.0.0.1", 500, "10.0.0.1", 80, "1:+GkgtaOeLMILRr8WXy3QEnxKejY=");
}

TEST_MAIN()
