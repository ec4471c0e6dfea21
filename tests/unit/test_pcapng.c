// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is written is what libpcap reads, and the places of a trail are the first and the last ones. */
#include "user/render/pcapng.h"

#include <sys/mman.h>
#include <unistd.h>

#include "include/flow_state.h"
#include "include/packet_trail.h"
#include "tests/harness/frames.h"
#include "tests/harness/test.h"
#include "user/replay/capture_file.h"

static struct frame packet_of(uint32_t seq)
{
	const struct segment segment = { .source = 1,
					 .dest = 2,
					 .source_port = 1000,
					 .dest_port = 80,
					 .seq = seq,
					 .flags = TCP_FLAG_RST };
	struct frame frame = { .len = 0 };

	frame_put_ipv4(&frame, &segment);
	return frame;
}

TEST(what_is_written_is_read_again)
{
	static const char *const comments[] = { NULL, "one", "seven b", "\"quoted\"\nand a line" };
	struct strbuf text = STRBUF_INIT;
	struct capture_file *file;
	struct captured_packet packet;
	int fd = memfd_create("pcapng", MFD_CLOEXEC);
	char path[32];

	pcapng_append_head(&text, 112);
	for (uint32_t i = 0; i < 4; i++) {
		struct frame frame = packet_of(i);
		const struct pcapng_packet wanted = {
			.wall_ns = UINT64_C(1700000000123456789) + i,
			.data = frame.data,
			.captured = frame.len - i,
			.len = 1500,
			.is_out = i % 2,
		};

		pcapng_append_packet(&text, &wanted, comments[i],
				     comments[i] ? strlen(comments[i]) : 0);
	}
	assert_false(text.failed);
	assert_int_equal(write(fd, text.data, text.len), text.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(capture_file_open(path, &file), 0);
	for (uint32_t i = 0; i < 4; i++) {
		struct frame frame = packet_of(i);

		assert_int_equal(capture_file_next(file, &packet), 1);
		assert_int_equal(packet.time_ns, UINT64_C(1700000000123456789) + i);
		assert_int_equal(packet.len, frame.len - i);
		assert_int_equal(packet.wire_len, 1500);
		assert_int_equal(packet.link_type, 101); /* LINKTYPE_RAW */
		assert_int_equal(packet.frame, i + 1);
		assert_memory_equal(packet.data, frame.data, packet.len);
	}
	assert_int_equal(capture_file_next(file, &packet), 0);
	capture_file_free(&file);
	close(fd);
	strbuf_release(&text);
}

TEST(a_comment_that_is_too_long_is_cut_between_characters)
{
	struct strbuf text = STRBUF_INIT;
	char *comment = malloc(80001);
	uint16_t len;
	size_t head;
	const struct pcapng_packet packet = { .data = (const uint8_t *)"", .len = 0 };

	for (size_t i = 0; i < 80000; i += 2)
		memcpy(comment + i, "\xc3\xa4", 2);
	pcapng_append_head(&text, 112);
	head = text.len;
	pcapng_append_packet(&text, &packet, comment, 80000);
	memcpy(&len, text.data + head + 28 + 2, sizeof(len));
	assert_in_range(len, 65000, 65532);
	assert_int_equal(len % 2, 0);
	free(comment);
	strbuf_release(&text);
}

TEST(the_places_are_those_of_the_first_and_the_last_packets)
{
	const uint32_t wanted[] = { 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4 };

	for (uint32_t n = 0; n < sizeof(wanted) / sizeof(wanted[0]); n++)
		assert_int_equal(trail_place(n, 8), wanted[n]);
	for (uint64_t n = 0; n < 1000; n++)
		assert_in_range(trail_place(n, 2), 0, 1);
}

TEST(a_packet_is_kept_where_its_direction_is_at_home)
{
	struct packet_trail trail = { 0 };
	struct packet_view data = { .flags = TCP_FLAG_ACK, .seq = 1 };
	struct packet_view rst = { .flags = TCP_FLAG_RST, .seq = 9 };

	assert_true(trail_counts_here(&trail, 0, &data, 2, WIRE_HOOK_TC_OUT));
	assert_false(trail_counts_here(&trail, 0, &data, 3, WIRE_HOOK_TC_OUT));
	assert_true(trail_counts_here(&trail, 1, &data, 3, WIRE_HOOK_TC_IN));
	assert_true(trail_counts_here(&trail, 0, &rst, 3, WIRE_HOOK_TC_OUT));
	assert_false(trail_counts_here(&trail, 0, &rst, 4, WIRE_HOOK_TC_OUT));
}

TEST_MAIN()
