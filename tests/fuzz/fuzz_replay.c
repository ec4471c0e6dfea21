// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a capture. The first byte chooses the way: as a file, through the readers; or as
 * frames of any link type, straight into the replay (a length in two bytes, a step of time in one,
 * the frame). Whatever comes out is a sound record, every field of it can be written, and the
 * account adds up.
 */
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/model/record_check.h"
#include "user/replay/capture_set.h"
#include "user/replay/replay.h"

#define MAX_FLOWS 16

static const int link_types[] = { 1, 0, 9, 12, 51, 105, 113, 127, 276 };
static struct strbuf text, scratch;
static int real_stderr = -1, null_fd = -1;
static uint64_t told, last_told_ns;
static bool options_are_live;

/* The readers say what is wrong with nearly every input: not here. */
static void be_quiet(int is_quiet)
{
	if (real_stderr < 0) {
		real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		__sanitizer_set_report_fd((void *)(intptr_t)real_stderr);
	}
	dup2(is_quiet ? null_fd : real_stderr, STDERR_FILENO);
}

static int take_record(void *data, const struct close_record *record,
		       const struct zeek_summary *zeek, const struct capture_story *story)
{
	static const struct record_context context = { .jiffies_hz = 1000 };
	struct closed_connection c;
	struct field_value value;
	enum record_type type;

	(void)data;
	told++;
	FUZZ_REQUIRE(!record_check(record, sizeof(*record), &type) && type == RECORD_CLOSE);
	FUZZ_REQUIRE(record->decision.verdict != CLOSE_UNDECIDED);
	connection_from_record(record, &context, &c);
	c.zeek = zeek;
	c.capture = story;
	FUZZ_REQUIRE(record->head.time_ns >= last_told_ns || options_are_live);
	last_told_ns = record->head.time_ns;
	strbuf_reset(&text);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const struct field *field = &connection_fields[i];
		bool is_known = row_get(&connection_row_type, &c, i, &scratch, &value);

		field_append_json(&text, field, is_known ? &value : NULL, NULL);
	}
	FUZZ_REQUIRE(!text.failed && text.len);
	return 0;
}

static int count_connection(void *data, const struct close_record *record,
			    const struct zeek_summary *zeek)
{
	(void)data;
	FUZZ_REQUIRE(zeek->state && strlen(zeek->history) < sizeof(zeek->history));
	FUZZ_REQUIRE(record->head.type == RECORD_CLOSE);
	return 0;
}

static void take_file(struct replay *replay, const uint8_t *data, size_t size)
{
	_cleanup_(capture_set_free) struct capture_set *set = NULL;
	_cleanup_close_ int fd = memfd_create("capture", MFD_CLOEXEC);
	struct captured_packet packet;
	char path[32], *paths[] = { path, path };
	int link_type;

	FUZZ_REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_REQUIRE(!capture_set_open(paths, 1 + (size > 0 && data[0] & 1), &set));
	while (capture_set_next(set, &packet, &link_type))
		FUZZ_REQUIRE(!replay_take(replay, &packet, link_type));
}

static void take_frames(struct replay *replay, const uint8_t *data, size_t size, int link_type)
{
	uint64_t now = 0;

	while (size >= 3) {
		size_t len = data[0] << 8 | data[1];
		struct captured_packet packet = { .time_ns = now += (uint64_t)(data[2] & 63)
								    << (27 + data[2] / 64 * 8) };
		uint8_t *frame;

		data += 3;
		size -= 3;
		len = len < size ? len : size;
		frame = malloc(len ? len : 1);
		FUZZ_REQUIRE(frame);
		memcpy(frame, data, len);
		packet.data = frame;
		packet.len = (uint32_t)len;
		packet.wire_len = (uint32_t)len + (packet.time_ns >> 30 & 63);
		FUZZ_REQUIRE(!replay_take(replay, &packet, link_type));
		free(frame);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replay_options options = {
		.engine = &replay_native_engine,
		.max_flows = MAX_FLOWS,
		.ended = take_record,
		.connection = count_connection,
	};
	const struct replay_counters *counters;
	struct replay *replay;

	if (!size)
		return 0;
	options.decap = data[0] & 1;
	options.checksums = data[0] & 2 ? CHECKSUMS_OFF : CHECKSUMS_AUTO;
	options.is_live = options_are_live = size & 1;
	last_told_ns = 0;
	options.tell_open = true;
	told = 0;
	FUZZ_REQUIRE(!replay_new(&options, &replay));
	if (data[0] & 4) {
		be_quiet(1);
		take_file(replay, data + 1, size - 1);
		be_quiet(0);
	} else {
		take_frames(replay, data + 1, size - 1, link_types[(data[0] >> 3) % 9]);
	}
	FUZZ_REQUIRE(!replay_finish(replay));
	counters = replay_counters(replay);
	FUZZ_REQUIRE(counters->connections ==
		     counters->ended + counters->open + counters->forgotten);
	FUZZ_REQUIRE(told == counters->connections);
	replay_free(&replay);
	return 0;
}
