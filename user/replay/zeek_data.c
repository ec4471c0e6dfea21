// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/zeek_data.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Zeek's defaults (init-bare.zeek). */
#define INITIAL_WINDOW_MAX 16384
#define ABOVE_HOLE_WITHOUT_ACKS_MAX 16384
#define WITHOUT_FURTHER_ACKS_MAX (10u * 1024 * 1024)
/* Ranges behind holes that are kept apart; more of them end the following of this end's data. */
#define HOLES_MAX 32

struct zeek_range {
	uint64_t low;
	uint64_t high;
};

/* In ascending order, none touches another, all above `reassembled`. */
struct zeek_holes {
	uint32_t count;
	uint32_t capacity;
	struct zeek_range ranges[];
};

static const struct zeek_range *last_range(const struct zeek_endpoint *end)
{
	return end->holes && end->holes->count ? &end->holes->ranges[end->holes->count - 1] : NULL;
}

void zeek_data_release(struct zeek_endpoint *end)
{
	free(end->holes);
	end->holes = NULL;
}

static void data_skip(struct zeek_endpoint *end)
{
	end->skips_data = true;
	zeek_data_release(end);
}

static uint64_t full_seq(uint32_t seq, uint32_t wraps)
{
	return ((uint64_t)wraps << 32) + seq;
}

uint64_t zeek_rel_seq(const struct zeek_endpoint *end, uint32_t seq, uint32_t wraps)
{
	return full_seq(seq, wraps) - end->start_seq;
}

static bool no_data_acked(const struct zeek_endpoint *end)
{
	uint64_t acked = zeek_rel_seq(end, end->ack_seq, end->ack_wraps);

	return acked <= 1;
}

/* The ranges that the front has reached belong to it. */
static void absorb_ranges(struct zeek_endpoint *end)
{
	struct zeek_holes *holes = end->holes;
	uint32_t reached = 0;

	if (!holes)
		return;
	while (reached < holes->count && holes->ranges[reached].low <= end->reassembled) {
		if (holes->ranges[reached].high > end->reassembled)
			end->reassembled = holes->ranges[reached].high;
		reached++;
	}
	if (!reached)
		return;
	holes->count -= reached;
	memmove(holes->ranges, holes->ranges + reached, holes->count * sizeof(*holes->ranges));
}

/* Room for one more range. */
static bool holes_grow(struct zeek_endpoint *end)
{
	struct zeek_holes *holes = end->holes;
	uint32_t capacity = holes ? holes->capacity * 2 : 4;

	if (holes && holes->count < holes->capacity)
		return true;
	if (capacity > HOLES_MAX)
		return false;
	holes = realloc(holes, sizeof(*holes) + capacity * sizeof(*holes->ranges));
	if (!holes)
		return false;
	if (!end->holes)
		holes->count = 0;
	holes->capacity = capacity;
	end->holes = holes;
	return true;
}

/* Enter [low, high), which begins above the front, and join what it touches. */
static void insert_range(struct zeek_endpoint *end, uint64_t low, uint64_t high)
{
	struct zeek_holes *holes;
	uint32_t first = 0, last;

	if (!holes_grow(end)) {
		data_skip(end);
		return;
	}
	holes = end->holes;
	while (first < holes->count && holes->ranges[first].high < low)
		first++;
	for (last = first; last < holes->count && holes->ranges[last].low <= high; last++) {
		if (holes->ranges[last].low < low)
			low = holes->ranges[last].low;
		if (holes->ranges[last].high > high)
			high = holes->ranges[last].high;
	}
	memmove(&holes->ranges[first + 1], &holes->ranges[last],
		(holes->count - last) * sizeof(*holes->ranges));
	holes->ranges[first] = (struct zeek_range){ low, high };
	holes->count += 1 - (last - first);
}

void zeek_data_sent(struct zeek_conn *conn, struct zeek_endpoint *end, uint64_t seq, uint32_t len)
{
	uint64_t acked = zeek_rel_seq(end, end->ack_seq, end->ack_wraps);
	uint64_t low = seq > acked ? seq : acked, high = seq + len;
	const struct zeek_endpoint *peer = zeek_peer_of(conn, end);

	if (end->skips_data)
		return;
	if (low < end->trimmed)
		low = end->trimmed;
	if (high <= low)
		return;
	if (low > end->reassembled) {
		insert_range(end, low, high);
	} else if (high > end->reassembled) {
		end->reassembled = high;
		absorb_ranges(end);
		if (no_data_acked(end) && zeek_endpoint_size(end, peer) > INITIAL_WINDOW_MAX &&
		    end->trimmed < end->reassembled)
			end->trimmed = end->reassembled;
	}
	if (no_data_acked(end) && last_range(end) &&
	    last_range(end)->high - end->reassembled > ABOVE_HOLE_WITHOUT_ACKS_MAX)
		data_skip(end);
	else if (end->reassembled > end->trimmed + WITHOUT_FURTHER_ACKS_MAX)
		data_skip(end);
}

static bool is_clean(const struct zeek_endpoint *end)
{
	return end->state == ZEEK_ESTABLISHED ||
	       (end->state == ZEEK_CLOSED && end->previous == ZEEK_ESTABLISHED);
}

static void gap(struct zeek_conn *conn, struct zeek_endpoint *end)
{
	if (is_clean(end) && is_clean(zeek_peer_of(conn, end)))
		zeek_history_add_scaled(conn, end, &end->gaps, 'G');
}

/* Everything below `seq` is acknowledged: each hole before it is a gap for good. */
static void give_up_holes(struct zeek_conn *conn, struct zeek_endpoint *end, uint64_t seq)
{
	/* A connection seen from its middle: its beginning was made up, and is not missing. */
	if (seq <= 2 && conn->is_partial)
		return;
	while (!end->skips_data && end->holes && end->holes->count &&
	       end->holes->ranges[0].low < seq) {
		gap(conn, end);
		end->reassembled = end->holes->ranges[0].low;
		absorb_ranges(end);
	}
	if (seq <= end->reassembled)
		return;
	if (!end->skips_data)
		gap(conn, end);
	end->reassembled = seq;
}

void zeek_data_acked(struct zeek_conn *conn, struct zeek_endpoint *end, uint64_t seq)
{
	if (end->fin_count && seq >= end->rel_fin)
		seq = end->rel_fin - 1;
	if (seq <= end->trimmed)
		return;
	if (seq > end->reassembled)
		give_up_holes(conn, end, seq);
	absorb_ranges(end);
	end->trimmed = seq;
}

bool zeek_data_is_pending(const struct zeek_conn *conn, const struct zeek_endpoint *end)
{
	const struct zeek_endpoint *peer = &conn->end[end == &conn->end[0]];
	uint64_t delivered = end->start_seq + end->reassembled;
	uint64_t last = full_seq(end->last_seq, end->seq_wraps);

	if (end->skips_data || last < delivered)
		return false;
	/* A FIN takes a sequence number, a RST does not. */
	if (delivered != last - 1 && delivered != last)
		return true;
	return end->state != ZEEK_RESET && last_range(peer) != NULL;
}

void zeek_history_add(struct zeek_conn *conn, const struct zeek_endpoint *end, char letter)
{
	if (conn->history_len == ZEEK_HISTORY_MAX)
		return;
	if (end && end != zeek_conn_originator(conn))
		letter = (char)tolower((unsigned char)letter);
	conn->history[conn->history_len++] = letter;
	conn->history[conn->history_len] = '\0';
}

void zeek_history_add_scaled(struct zeek_conn *conn, const struct zeek_endpoint *end,
			     struct zeek_scaled *scaled, char letter)
{
	uint32_t threshold = scaled->next ? scaled->next : 1;

	if (++scaled->count != threshold)
		return;
	zeek_history_add(conn, end, letter);
	scaled->next = threshold > UINT32_MAX / 10 ? UINT32_MAX : threshold * 10;
}
