// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as packets, with and without an Ethernet header: nothing outside of them is read, what
 * the glance lets go is of no interest, and a flow survives whatever it is made of.
 */
#include <string.h>

#include "include/decide.h"
#include "include/flow_evidence.h"
#include "include/flow_fold.h"
#include "include/packet_view.h"
#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"

static struct flow_state flow;
static uint64_t now_ns;

static void view_use(const struct packet_view *view, int kind, uint8_t hook)
{
	struct close_evidence evidence = { 0 };
	struct close_decision decision = { 0 };
	struct flow_sight sight = { .now_ns = ++now_ns, .ifindex = 1 + hook % 3, .hook = hook };
	struct flow_key key;
	int sender;

	FUZZ_REQUIRE(view->ip_version == 4 || view->ip_version == 6);
	sender = flow_key_make(&key, view->source_addr, view->source_port, view->dest_addr,
			       view->dest_port, 1);
	FUZZ_REQUIRE(sender == 0 || sender == 1);
	if (kind == PACKET_ICMP_ERROR)
		flow_fold_icmp(&flow, sender, view, sight.now_ns);
	else
		flow_fold(&flow, sender, view, &sight);
	flow_evidence_fill(&evidence, &flow, sender, sight.now_ns);
	for (int subject = SUBJECT_SOCKET; subject <= SUBJECT_LISTENER; subject++) {
		evidence.subject = (uint8_t)subject;
		close_decide(&evidence, &decision);
		FUZZ_REQUIRE(decision.verdict && decision.verdict < CLOSE_VERDICT_COUNT);
	}
}

static void packet_use(const uint8_t *bytes, size_t len, uint8_t hook)
{
	struct packet_view view = { 0 };
	int kind = packet_view_parse(bytes, bytes + len, &view);

	FUZZ_REQUIRE(kind >= PACKET_IGNORED && kind <= PACKET_ICMP_ERROR);
	if (packet_is_plain(bytes, bytes + len, 14))
		FUZZ_REQUIRE(kind < PACKET_TCP_CONTROL);
	if (kind >= PACKET_TCP_CONTROL)
		view_use(&view, kind, hook);
	memset(&view, 0, sizeof(view));
	kind = packet_view_parse_ip(bytes, bytes + len, 0, &view);
	FUZZ_REQUIRE(kind >= PACKET_IGNORED && kind <= PACKET_ICMP_ERROR);
	if (packet_is_plain(bytes, bytes + len, 0))
		FUZZ_REQUIRE(kind < PACKET_TCP_CONTROL);
	if (kind >= PACKET_TCP_CONTROL)
		view_use(&view, kind, hook);
}

/* Packets of one flow, each behind a byte of length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&flow, 0, sizeof(flow));
	for (uint8_t hook = 1; size; hook = (uint8_t)(1 + hook % 3)) {
		size_t len = data[0] < size ? data[0] : size - 1;
		_cleanup_free_ uint8_t *copy = malloc(len ? len : 1);

		FUZZ_REQUIRE(copy);
		memcpy(copy, data + 1, len);
		packet_use(copy, len, hook);
		data += len + 1;
		size -= len + 1;
	}
	return 0;
}
