// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The order in which interfaces are hooked, driven by whoever makes them: each pair of bytes is a push
 * or a pop. Nothing is lost, and the counts hold.
 */
#include "tests/fuzz/fuzz.h"
#include "user/kernel/wire_queue.h"

#define OWNERS 4
#define JOBS_MOST 4096

static size_t pushed, popped;

static void push(struct wire_queue *queue, uint8_t how, uint8_t who)
{
	enum wire_urgency urgency = how % 4;
	struct wire_job job = {
		.owner = who % OWNERS,
		.netns = who / OWNERS % 8,
		.link = { .ifindex = (int)++pushed },
	};

	FUZZ_REQUIRE(!wire_queue_push(queue, urgency, &job));
}

static void pop(struct wire_queue *queue, uint64_t now_ns)
{
	struct wire_job job;

	if (!wire_queue_pop(queue, now_ns, false, &job)) {
		FUZZ_REQUIRE(pushed == popped);
		return;
	}
	popped++;
	FUZZ_REQUIRE(job.link.ifindex > 0 && (size_t)job.link.ifindex <= pushed);
	wire_queue_rest(queue, job.owner, now_ns + 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_queue *queue = NULL;
	struct wire_job job;

	FUZZ_REQUIRE(!wire_queue_new(&queue));
	pushed = popped = 0;
	for (size_t i = 0; i + 1 < size && pushed < JOBS_MOST; i += 2) {
		if (data[i] & 0x80)
			pop(queue, i);
		else if (data[i] & 0x40)
			popped += wire_queue_pop(queue, i, true, &job);
		else
			push(queue, data[i], data[i + 1]);
		FUZZ_REQUIRE(wire_queue_len(queue) == pushed - popped);
		FUZZ_REQUIRE(wire_queue_urgent_len(queue) <= wire_queue_len(queue));
	}
	while (wire_queue_pop(queue, size, false, &job))
		popped++;
	FUZZ_REQUIRE(pushed == popped && !wire_queue_len(queue));
	wire_queue_free(&queue);
	return 0;
}
