// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/zeek_conn.h"

#include <stddef.h>
#include <string.h>

#include "user/replay/zeek_data.h"

/* Zeek's defaults (init-bare.zeek, conn/inactivity.zeek). */
#define SECONDS(n) ((n)*UINT64_C(1000000000))
#define SYN_TIMEOUT SECONDS(5)
#define SESSION_TIMER SECONDS(6)
#define LINGER SECONDS(5)
#define ATTEMPT_DELAY SECONDS(5)
#define CLOSE_DELAY SECONDS(5)
#define INACTIVE_BEFORE_HANDSHAKE SECONDS(60)
#define INACTIVE_AFTER_HANDSHAKE SECONDS(300)
#define INACTIVE_INTERACTIVE SECONDS(3600)
#define SEQ_DELTA_TOO_LARGE 1048576

/* Letters that appear once, or again only with another sequence number: bits of seen_letters. */
enum letter_bit {
	LETTER_SYN,
	LETTER_FIN,
	LETTER_RST,
	LETTER_FIN_RST,
	LETTER_DATA,
	LETTER_ACK,
	LETTER_MULTI,
	LETTER_COUNT,
};

/* Ports that Zeek's analyzers name as their servers', in ascending order. */
static const uint16_t server_ports[] = {
	21,   22,   25,	  53,	79,   80,   81,	  88,	110,  135,  139,  143,	389,
	443,  445,  465,  502,	514,  563,  585,  587,	614,  631,  636,  989,	990,
	992,  993,  995,  1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223,
	5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000
};

static bool port_is_of_server(uint16_t port)
{
	for (size_t i = 0; i < sizeof(server_ports) / sizeof(server_ports[0]); i++)
		if (server_ports[i] == port)
			return true;
	return false;
}

static bool port_is_interactive(uint16_t port)
{
	return port == 21 || port == 22 || port == 23 || port == 513;
}

static int32_t seq_delta(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static bool is_originator(const struct zeek_conn *conn, const struct zeek_endpoint *end)
{
	return end == zeek_conn_originator(conn);
}

static bool is_handshake(uint8_t state)
{
	return state == ZEEK_INACTIVE || state == ZEEK_SYN_SENT || state == ZEEK_SYN_ACK_SENT;
}

static void inactive_after(struct zeek_conn *conn, uint64_t after_ns)
{
	if (conn->inactive_after_ns == after_ns)
		return;
	conn->inactive_after_ns = after_ns;
	conn->inactive_at = conn->last_ns + after_ns;
}

static void set_state(struct zeek_conn *conn, struct zeek_endpoint *end, uint8_t state)
{
	if (state == end->state)
		return;
	if (!is_handshake(state) && is_handshake(end->state) &&
	    is_handshake(zeek_peer_of(conn, end)->state))
		inactive_after(conn, INACTIVE_AFTER_HANDSHAKE);
	end->previous = end->state;
	end->state = state;
}

static void set_expire(struct zeek_conn *conn, uint64_t at)
{
	conn->expire_at[conn->expire_at[0] != 0] = at;
}

static void flip_roles(struct zeek_conn *conn)
{
	conn->originator ^= 1;
	conn->is_partial = false;
	zeek_history_add(conn, NULL, '^');
}

/* A connection that does not begin with a SYN: the port tells who serves. */
static bool wants_flip(const struct zeek_packet *packet, uint16_t source_port, uint16_t dest_port)
{
	bool syn = packet->flags & TCP_FLAG_SYN, ack = packet->flags & TCP_FLAG_ACK;

	if ((syn && !ack) || !port_is_of_server(source_port))
		return false;
	return port_is_of_server(dest_port) ? !syn && source_port < dest_port : true;
}

void zeek_conn_init(struct zeek_conn *conn, const struct zeek_packet *packet, uint16_t source_port,
		    uint16_t dest_port)
{
	memset(conn, 0, sizeof(*conn));
	conn->start_ns = conn->last_ns = packet->time_ns;
	conn->originator = packet->sender;
	conn->ports[packet->sender] = source_port;
	conn->ports[!packet->sender] = dest_port;
	conn->is_active = true;
	for (int i = 0; i < 2; i++)
		conn->end[i].reassembled = conn->end[i].trimmed = 1;
	set_expire(conn, packet->time_ns + SYN_TIMEOUT);
	inactive_after(conn, INACTIVE_BEFORE_HANDSHAKE);
	if (wants_flip(packet, source_port, dest_port))
		flip_roles(conn);
}

void zeek_conn_release(struct zeek_conn *conn)
{
	zeek_data_release(&conn->end[0]);
	zeek_data_release(&conn->end[1]);
}

bool zeek_conn_is_reuse(const struct zeek_conn *conn, const struct zeek_packet *packet)
{
	const struct zeek_endpoint *originator = zeek_conn_originator(conn);
	const struct zeek_endpoint *responder = zeek_conn_responder(conn);
	const struct zeek_endpoint *beginner = originator;
	bool ack = packet->flags & TCP_FLAG_ACK;

	if (!(packet->flags & TCP_FLAG_SYN) || packet->header_is_cut)
		return false;
	if (ack) {
		if (originator->state != ZEEK_INACTIVE)
			return false;
		beginner = responder;
	}
	if (originator->did_close || responder->did_close)
		return true;
	if (packet->seq == beginner->start_seq)
		return false;
	/* SYN and SYN-ACK in the wrong order. */
	return ack || beginner->state != ZEEK_SYN_ACK_SENT || responder->state != ZEEK_INACTIVE ||
	       packet->seq != responder->start_seq;
}

static void start_at(struct zeek_endpoint *end, uint32_t seq, uint32_t last)
{
	end->start_seq = end->ack_seq = seq;
	end->last_seq = last;
}

static void begin_numbers(struct zeek_endpoint *end, const struct zeek_packet *packet,
			  uint32_t behind)
{
	bool syn = packet->flags & TCP_FLAG_SYN;

	switch (end->state) {
	case ZEEK_INACTIVE:
		if (syn)
			start_at(end, packet->seq, behind);
		else /* as though its SYN had been seen, and so that it is no repetition */
			start_at(end, packet->seq - 1, packet->seq);
		break;
	case ZEEK_SYN_SENT:
	case ZEEK_SYN_ACK_SENT:
		if (syn && packet->seq != end->start_seq)
			start_at(end, packet->seq, behind);
		break;
	case ZEEK_ESTABLISHED:
	case ZEEK_PARTIAL:
		if (syn)
			start_at(end, packet->seq, behind);
		break;
	case ZEEK_RESET:
		if (syn && end->previous == ZEEK_INACTIVE)
			start_at(end, packet->seq, behind);
		break;
	default:
		break;
	}
}

/* rel_ of `seq`, given the last number of that end; negative numbers set *underflow. */
static uint64_t relative(const struct zeek_endpoint *end, uint32_t seq, uint32_t last,
			 uint32_t wraps, bool *underflow)
{
	int32_t delta = seq_delta(seq, last);

	if (delta < 0 && wraps && seq > last)
		wraps--;
	else if (delta > 0 && seq < last)
		wraps++;
	if (wraps)
		return zeek_rel_seq(end, seq, wraps);
	delta = seq_delta(seq, end->start_seq);
	*underflow = delta < 0;
	return (uint64_t)(int64_t)delta;
}

/* True when the letter was there already. */
static bool letter_once(struct zeek_conn *conn, const struct zeek_endpoint *end,
			enum letter_bit bit, char letter)
{
	uint32_t mask;

	if ((letter == 'A' || letter == 'D') && conn->history_len == 1 && conn->history[0] == 'H') {
		/* It began with a SYN-ACK and goes on: no scan, the SYN was missed. */
		flip_roles(conn);
		memcpy(conn->history, "^h", 3);
		conn->history_len = 2;
		conn->end[conn->originator].is_first_seen = true;
	}
	mask = 1u << (bit + (is_originator(conn, end) ? 0 : LETTER_COUNT));
	if (conn->seen_letters & mask)
		return true;
	conn->seen_letters |= mask;
	zeek_history_add(conn, end, letter);
	return false;
}

static void letter_by_number(struct zeek_conn *conn, const struct zeek_endpoint *end,
			     enum letter_bit bit, char letter, uint64_t number, uint64_t *last)
{
	if (letter_once(conn, end, bit, letter) && number != *last)
		zeek_history_add(conn, end, letter);
	*last = number;
}

static void update_history(struct zeek_conn *conn, struct zeek_endpoint *end,
			   const struct zeek_packet *packet, uint64_t rel_seq)
{
	uint8_t control = packet->flags & TCP_FLAGS_CONTROL;

	if (control & (control - 1)) {
		if ((control & (TCP_FLAG_FIN | TCP_FLAG_RST)) == (TCP_FLAG_FIN | TCP_FLAG_RST))
			letter_once(conn, end, LETTER_FIN_RST, 'I');
		else
			letter_once(conn, end, LETTER_MULTI, 'Q');
	} else if (control == TCP_FLAG_SYN) {
		letter_by_number(conn, end, LETTER_SYN, packet->flags & TCP_FLAG_ACK ? 'H' : 'S',
				 rel_seq, &end->rel_last_syn);
	} else if (control == TCP_FLAG_FIN) {
		letter_by_number(conn, end, LETTER_FIN, 'F', rel_seq + packet->payload,
				 &end->rel_last_fin);
	} else if (control == TCP_FLAG_RST) {
		letter_by_number(conn, end, LETTER_RST, 'R', rel_seq, &end->rel_last_rst);
	} else if (packet->payload) {
		letter_once(conn, end, LETTER_DATA, 'D');
	} else if (packet->flags & TCP_FLAG_ACK) {
		letter_once(conn, end, LETTER_ACK, 'A');
	}
}

static void update_window(struct zeek_conn *conn, struct zeek_endpoint *end,
			  const struct zeek_packet *packet)
{
	if (!packet->window && !(packet->flags & TCP_FLAG_RST) &&
	    zeek_peer_of(conn, end)->state != ZEEK_CLOSED && end->state != ZEEK_RESET)
		zeek_history_add_scaled(conn, end, &end->zero_windows, 'W');
}

/* The packet acknowledges what `peer` sent. Returns rel_ of that, 0 when it makes no sense. */
static uint64_t take_ack(struct zeek_endpoint *peer, const struct zeek_packet *packet)
{
	bool underflow = false;
	uint64_t rel_ack;
	int32_t delta;

	if (peer->state == ZEEK_INACTIVE) {
		start_at(peer, packet->ack - 1, packet->ack - 1);
		return 1;
	}
	rel_ack = relative(peer, packet->ack, peer->ack_seq, peer->ack_wraps, &underflow);
	if (underflow)
		return 0;
	delta = seq_delta(packet->ack, peer->ack_seq);
	if (packet->flags & TCP_FLAG_RST || delta <= 0 ||
	    (!packet->ack && delta > SEQ_DELTA_TOO_LARGE))
		return rel_ack;
	if (packet->ack < peer->ack_seq)
		peer->ack_wraps++;
	peer->ack_seq = packet->ack;
	return rel_ack;
}

static void advance_last(struct zeek_endpoint *end, uint32_t last)
{
	if (last < end->last_seq)
		end->seq_wraps++;
	end->last_seq = last;
}

static void update_last(struct zeek_conn *conn, struct zeek_endpoint *end,
			const struct zeek_packet *packet, uint32_t behind)
{
	int32_t delta = seq_delta(behind, end->last_seq);

	if ((packet->flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) &&
	    (delta > SEQ_DELTA_TOO_LARGE || delta < -SEQ_DELTA_TOO_LARGE))
		return;
	if ((packet->flags & TCP_FLAG_FIN) && end->last_seq == end->start_seq + 1)
		advance_last(end, behind);
	else if (end->state == ZEEK_RESET)
		return;
	else if (delta > 0)
		advance_last(end, behind);
	else if (packet->payload)
		zeek_history_add_scaled(conn, end, &end->retransmits, 'T');
}

static void responder_syn(struct zeek_conn *conn, struct zeek_endpoint *end,
			  const struct zeek_packet *packet)
{
	struct zeek_endpoint *peer = zeek_peer_of(conn, end);

	if (!(packet->flags & TCP_FLAG_ACK) && peer->state == ZEEK_SYN_ACK_SENT &&
	    packet->seq == end->start_seq) {
		flip_roles(conn);
		set_state(conn, peer, ZEEK_ESTABLISHED);
		conn->end[conn->originator].is_first_seen = true;
	}
	if (peer->state == ZEEK_SYN_SENT)
		set_state(conn, peer, ZEEK_ESTABLISHED);
	set_state(conn, end, ZEEK_ESTABLISHED);
	if (peer->state == ZEEK_PARTIAL)
		return;
	/* connection_established: the port may ask for a longer patience. */
	if (port_is_interactive(conn->ports[!conn->originator]) ||
	    (zeek_conn_originator(conn)->state == ZEEK_INACTIVE &&
	     !port_is_of_server(conn->ports[!conn->originator]) &&
	     port_is_interactive(conn->ports[conn->originator])))
		inactive_after(conn, INACTIVE_INTERACTIVE);
}

static bool from_inactive(struct zeek_conn *conn, struct zeek_endpoint *end,
			  const struct zeek_packet *packet, bool by_originator)
{
	struct zeek_endpoint *peer = zeek_peer_of(conn, end);
	uint8_t flags = packet->flags;

	if (flags & TCP_FLAG_SYN) {
		if (by_originator) {
			set_state(conn, end,
				  flags & TCP_FLAG_ACK ? ZEEK_SYN_ACK_SENT : ZEEK_SYN_SENT);
			conn->attempt_at = packet->time_ns + ATTEMPT_DELAY;
		} else {
			responder_syn(conn, end, packet);
		}
	}
	if (flags & TCP_FLAG_FIN)
		set_state(conn, end, ZEEK_CLOSED);
	if (flags & TCP_FLAG_RST)
		set_state(conn, end, ZEEK_RESET);
	if (end->state != ZEEK_INACTIVE)
		return flags & (TCP_FLAG_FIN | TCP_FLAG_RST);
	if (!by_originator && !packet->payload && peer->state == ZEEK_SYN_SENT)
		return false; /* some acknowledge a SYN before they answer it */
	if (flags & TCP_FLAG_ACK && peer->state == ZEEK_ESTABLISHED) {
		set_state(conn, end, ZEEK_ESTABLISHED);
		conn->is_partial = false;
		end->is_first_seen = true;
	} else {
		set_state(conn, end, ZEEK_PARTIAL);
	}
	return false;
}

static bool from_syn_sent(struct zeek_conn *conn, struct zeek_endpoint *end, uint8_t flags)
{
	if (flags & TCP_FLAG_FIN)
		set_state(conn, end, ZEEK_CLOSED);
	if (flags & TCP_FLAG_RST) {
		set_state(conn, end, ZEEK_RESET);
		conn->is_active = false;
	}
	return flags & (TCP_FLAG_FIN | TCP_FLAG_RST);
}

static bool from_established(struct zeek_conn *conn, struct zeek_endpoint *end, uint8_t flags)
{
	struct zeek_endpoint *peer = zeek_peer_of(conn, end);

	if ((flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN && end->state == ZEEK_PARTIAL &&
	    peer->state == ZEEK_INACTIVE)
		set_state(conn, end, ZEEK_SYN_SENT);
	if ((flags & TCP_FLAG_FIN) && !(flags & TCP_FLAG_RST)) {
		set_state(conn, end, ZEEK_CLOSED);
		/* FIN and then RST of the peer, and now ours: that was a normal end. */
		if (peer->state == ZEEK_RESET && peer->previous == ZEEK_CLOSED)
			set_state(conn, peer, ZEEK_CLOSED);
	}
	if (flags & TCP_FLAG_RST) {
		set_state(conn, end, ZEEK_RESET);
		if (peer->state != ZEEK_RESET || peer->previous != ZEEK_ESTABLISHED)
			conn->is_active = false;
	}
	return flags & (TCP_FLAG_FIN | TCP_FLAG_RST);
}

static bool from_closed(struct zeek_conn *conn, struct zeek_endpoint *end, uint8_t flags)
{
	if (!(flags & TCP_FLAG_RST) || zeek_peer_of(conn, end)->state == ZEEK_CLOSED)
		return false;
	set_state(conn, end, ZEEK_RESET);
	return !end->did_close;
}

/* Whether the packet closes its end. `by_originator`: as roles were when the packet came. */
static bool step(struct zeek_conn *conn, struct zeek_endpoint *end,
		 const struct zeek_packet *packet, bool by_originator)
{
	switch (end->state) {
	case ZEEK_INACTIVE:
		return from_inactive(conn, end, packet, by_originator);
	case ZEEK_SYN_SENT:
	case ZEEK_SYN_ACK_SENT:
		return from_syn_sent(conn, end, packet->flags);
	case ZEEK_ESTABLISHED:
	case ZEEK_PARTIAL:
		return from_established(conn, end, packet->flags);
	case ZEEK_CLOSED:
		return from_closed(conn, end, packet->flags);
	default:
		return false;
	}
}

static void close_end(struct zeek_conn *conn, struct zeek_endpoint *end)
{
	struct zeek_endpoint *peer = zeek_peer_of(conn, end);

	if (zeek_data_is_pending(conn, end)) {
		conn->close_is_deferred = true;
		return;
	}
	conn->close_is_deferred = false;
	if (end->did_close)
		return;
	end->did_close = true;
	if (end->state == ZEEK_RESET || peer->did_close || peer->state == ZEEK_INACTIVE) {
		conn->expire_at[0] = conn->expire_at[1] = conn->attempt_at = 0;
		conn->delete_at = conn->last_ns + CLOSE_DELAY;
	} else if (end->previous != ZEEK_INACTIVE) {
		set_expire(conn, conn->last_ns + SESSION_TIMER);
	}
}

/* Once all data of an end are there, a close that waited for them is done. */
static void check_eof(struct zeek_conn *conn, struct zeek_endpoint *end)
{
	if (end->did_eof ||
	    (!end->fin_count && end->state != ZEEK_CLOSED && end->state != ZEEK_RESET) ||
	    zeek_data_is_pending(conn, end))
		return;
	end->did_eof = true;
	if (conn->close_is_deferred) {
		close_end(conn, end);
		conn->close_is_deferred = false;
	}
}

static void set_partial(struct zeek_conn *conn, const struct zeek_endpoint *end, uint8_t flags)
{
	if (end->is_first_seen)
		return;
	if (is_originator(conn, end))
		conn->is_partial = (flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN;
	else if (!conn->is_partial)
		conn->is_partial = !(flags & TCP_FLAG_SYN);
}

static uint32_t behind_segment(const struct zeek_packet *packet)
{
	uint32_t len = packet->flags & TCP_FLAG_RST ? 0 : packet->payload;

	return packet->seq + len + !!(packet->flags & TCP_FLAG_SYN) +
	       !!(packet->flags & TCP_FLAG_FIN);
}

void zeek_conn_take(struct zeek_conn *conn, const struct zeek_packet *packet)
{
	struct zeek_endpoint *end = &conn->end[packet->sender], *peer = zeek_peer_of(conn, end);
	bool by_originator = is_originator(conn, end), underflow = false, closes;
	uint32_t behind = behind_segment(packet);
	uint64_t rel_seq, rel_ack = 0;

	if (packet->header_is_cut)
		return;
	if (packet->bad_checksum) {
		zeek_history_add_scaled(conn, end, &end->bad_checksums, 'C');
		return;
	}
	end->packets++;
	end->ip_bytes += packet->ip_bytes;
	set_partial(conn, end, packet->flags);
	begin_numbers(end, packet, behind);
	rel_seq = relative(end, packet->seq, end->last_seq, end->seq_wraps, &underflow);
	update_history(conn, end, packet, rel_seq);
	update_window(conn, end, packet);
	if (!conn->end[0].did_close || !conn->end[1].did_close)
		conn->last_ns = packet->time_ns;
	if (packet->flags & TCP_FLAG_FIN) {
		end->fin_count++;
		end->rel_fin = rel_seq + (behind - packet->seq);
	}
	if (packet->flags & TCP_FLAG_ACK)
		rel_ack = take_ack(peer, packet);
	update_last(conn, end, packet, behind);
	closes = step(conn, end, packet, by_originator);
	if (packet->flags & TCP_FLAG_ACK) {
		zeek_data_acked(conn, peer, rel_ack);
		check_eof(conn, peer);
	}
	end->is_first_seen = true;
	if (packet->payload && packet->captured >= packet->payload &&
	    !(packet->flags & TCP_FLAG_RST) && !underflow)
		zeek_data_sent(conn, end, rel_seq + !!(packet->flags & TCP_FLAG_SYN),
			       packet->payload);
	check_eof(conn, end);
	if (closes)
		close_end(conn, end);
}

uint64_t zeek_conn_due(const struct zeek_conn *conn)
{
	uint64_t due = UINT64_MAX;
	const uint64_t timers[] = { conn->expire_at[0], conn->expire_at[1], conn->attempt_at,
				    conn->delete_at, conn->inactive_at };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (timers[i] && timers[i] < due)
			due = timers[i];
	return due;
}

/* The originator's SYN, or nothing at all, was all there is. */
static bool expire_session(const struct zeek_conn *conn, uint64_t now_ns)
{
	const struct zeek_endpoint *originator = zeek_conn_originator(conn);
	const struct zeek_endpoint *responder = zeek_conn_responder(conn);

	if (conn->last_ns + LINGER >= now_ns)
		return false;
	if (originator->did_close || responder->did_close) {
		if ((originator->did_close && responder->did_close) ||
		    originator->state == ZEEK_RESET || responder->state == ZEEK_RESET ||
		    originator->state == ZEEK_INACTIVE || responder->state == ZEEK_INACTIVE)
			return true;
	}
	return originator->state == ZEEK_INACTIVE && responder->state == ZEEK_INACTIVE;
}

bool zeek_conn_expire(struct zeek_conn *conn, uint64_t now_ns)
{
	const struct zeek_endpoint *originator = zeek_conn_originator(conn);

	if (conn->delete_at && conn->delete_at <= now_ns)
		return true;
	if (conn->attempt_at && conn->attempt_at <= now_ns) {
		conn->attempt_at = 0;
		if (conn->is_active && zeek_conn_responder(conn)->state == ZEEK_INACTIVE &&
		    (originator->state == ZEEK_SYN_SENT || originator->state == ZEEK_SYN_ACK_SENT))
			return true;
	}
	for (int i = 0; i < 2; i++) {
		if (!conn->expire_at[i] || conn->expire_at[i] > now_ns)
			continue;
		conn->expire_at[i] = 0;
		if (!conn->is_active)
			continue;
		if (expire_session(conn, now_ns))
			return true;
		conn->expire_at[i] = now_ns + SESSION_TIMER;
	}
	if (conn->inactive_at && conn->inactive_at <= now_ns) {
		if (conn->last_ns + conn->inactive_after_ns <= now_ns)
			return true;
		conn->inactive_at = conn->last_ns + conn->inactive_after_ns;
	}
	return false;
}

uint64_t zeek_endpoint_size(const struct zeek_endpoint *end, const struct zeek_endpoint *peer)
{
	uint64_t sent = zeek_rel_seq(end, end->last_seq, end->seq_wraps);
	uint64_t acked = zeek_rel_seq(end, end->ack_seq, end->ack_wraps);
	uint64_t size = sent + end->start_seq > acked + end->start_seq ? sent : acked;

	if (end->previous == ZEEK_SYN_SENT && end->state == ZEEK_RESET &&
	    peer->state == ZEEK_INACTIVE && acked > 1)
		return 0;
	if (size)
		size--;
	if (end->fin_count && size)
		size--;
	return size;
}

/* S, then letters of neither data nor handshake, then R. */
static bool history_is_syn_then_reset(const char *history)
{
	size_t len;

	if (*history == '^')
		history++;
	if (*history != 'S')
		return false;
	len = strcspn(++history, "HAFGIQR");
	return history[len] == 'R';
}

static bool is_quiet(uint8_t state)
{
	return state == ZEEK_INACTIVE || state == ZEEK_PARTIAL;
}

const char *zeek_conn_state(const struct zeek_conn *conn)
{
	const struct zeek_endpoint *originator = zeek_conn_originator(conn);
	const struct zeek_endpoint *responder = zeek_conn_responder(conn);
	uint8_t o = originator->state, r = responder->state;

	if (r == ZEEK_RESET) {
		if (o == ZEEK_SYN_SENT || o == ZEEK_SYN_ACK_SENT ||
		    (o == ZEEK_RESET && !zeek_endpoint_size(originator, responder) &&
		     !zeek_endpoint_size(responder, originator)))
			return "REJ";
		return is_quiet(o) ? "RSTRH" : "RSTR";
	}
	if (o == ZEEK_RESET) {
		if (!is_quiet(r))
			return "RSTO";
		return history_is_syn_then_reset(conn->history) ? "RSTOS0" : "OTH";
	}
	if (o == ZEEK_CLOSED && r == ZEEK_CLOSED)
		return "SF";
	if (o == ZEEK_CLOSED)
		return is_quiet(r) ? "SH" : "S2";
	if (r == ZEEK_CLOSED)
		return is_quiet(o) ? "SHR" : "S3";
	if (o == ZEEK_SYN_SENT && r == ZEEK_INACTIVE)
		return "S0";
	return o == ZEEK_ESTABLISHED && r == ZEEK_ESTABLISHED ? "S1" : "OTH";
}
