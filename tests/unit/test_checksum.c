// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/checksum.h"

#include "tests/harness/frames.h"
#include "tests/harness/test.h"

static struct frame frame_of(uint16_t payload, bool ipv6)
{
	const struct segment segment = { .source = 1,
					 .dest = 2,
					 .source_port = 1234,
					 .dest_port = 80,
					 .seq = 0xdeadbeef,
					 .flags = TCP_FLAG_ACK,
					 .payload = payload };
	struct frame frame = { .len = 0 };

	if (ipv6)
		frame_put_ipv6(&frame, &segment);
	else
		frame_put_ipv4(&frame, &segment);
	return frame;
}

static enum checksum_verdict verdict_of(const struct frame *frame)
{
	uint32_t header = frame->data[0] >> 4 == 4 ? 20 : 40;

	return checksum_of_tcp(frame->data, frame->data[0] >> 4, frame->data + header,
			       frame->len - header);
}

TEST(right_sums_of_every_length)
{
	for (uint16_t payload = 0; payload < 64; payload++) {
		struct frame ipv4 = frame_of(payload, false), ipv6 = frame_of(payload, true);

		assert_int_equal(verdict_of(&ipv4), CHECKSUM_RIGHT);
		assert_int_equal(verdict_of(&ipv6), CHECKSUM_RIGHT);
		assert_int_equal(checksum_of_ipv4(ipv4.data), CHECKSUM_RIGHT);
	}
}

TEST(every_changed_byte_is_seen)
{
	for (uint32_t at = 12; at < 20 + 20 + 7; at++) {
		struct frame frame = frame_of(7, false);

		frame.data[at] ^= 0x40;
		assert_int_equal(verdict_of(&frame), CHECKSUM_WRONG);
	}
}

/* What Linux stores when the interface is to finish it: the sum of the pseudo header. */
TEST(a_sum_that_is_left_to_the_interface)
{
	struct frame frame = frame_of(9, false);
	uint32_t sum = frame_sum(frame.data + 12, 8) + PACKET_PROTO_TCP + 20 + 9;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame.data[36] = (uint8_t)(sum >> 8);
	frame.data[37] = (uint8_t)sum;
	assert_int_equal(verdict_of(&frame), CHECKSUM_LEFT_OPEN);
	frame.data[10] = frame.data[11] = 0;
	assert_int_equal(checksum_of_ipv4(frame.data), CHECKSUM_LEFT_OPEN);
	frame.data[10] = 1;
	assert_int_equal(checksum_of_ipv4(frame.data), CHECKSUM_WRONG);
}

TEST_MAIN()
