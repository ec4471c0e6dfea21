// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/segment.h"

static void measure(struct tcp_segment *segment, uint32_t wire_len)
{
	struct packet_view *view = &segment->view;
	struct zeek_packet *zeek = &segment->zeek;
	uint32_t transport = PACKET_AT_TRANSPORT(segment->located);
	const uint8_t *tcp = segment->ip + transport;
	uint32_t header = (tcp[12] >> 4) * 4u, remaining = segment->len - transport;
	uint32_t total =
		view->ip_version == 4 ? packet_u16(segment->ip + 2) : packet_u16(segment->ip + 4);

	segment->has_open_length = !total;
	if (view->ip_version == 6)
		total += 40;
	if (segment->has_open_length) {
		uint32_t headers = transport + header;
		uint32_t sent = wire_len > headers ? wire_len - headers : 0;

		total = wire_len;
		view->payload_bytes = sent > UINT16_MAX ? UINT16_MAX : (uint16_t)sent;
	}
	zeek->payload = view->payload_bytes;
	zeek->ip_bytes = total;
	zeek->header_is_cut = header > remaining || transport + header > total;
	zeek->captured = remaining > header ? remaining - header : 0;
	if (zeek->captured > zeek->payload)
		zeek->captured = zeek->payload;
	zeek->seq = view->seq;
	zeek->ack = view->ack_seq;
	zeek->window = view->window;
	zeek->flags = view->flags;
	zeek->bad_checksum = false;
}

enum segment_kind segment_read(const uint8_t *ip, const uint8_t *end, uint32_t wire_len,
			       struct tcp_segment *ret)
{
	uint32_t located = packet_locate(ip, end, 0);

	ret->ip = ip;
	ret->len = (uint32_t)(end - ip);
	ret->located = located;
	if (!located)
		return ret->len >= 20 && ip[0] >> 4 == 4 && ip[9] == PACKET_PROTO_TCP ?
			       SEGMENT_CUT :
			       SEGMENT_OTHER;
	if (PACKET_AT_PROTOCOL(located) != PACKET_PROTO_TCP)
		return packet_view_fill(ip, end, 0, located, &ret->view) == PACKET_ICMP_ERROR ?
			       SEGMENT_ICMP :
			       SEGMENT_OTHER;
	if (packet_view_fill_tcp(ip, end, 0, located, &ret->view) == PACKET_IGNORED)
		return SEGMENT_CUT;
	measure(ret, wire_len);
	return SEGMENT_TCP;
}

enum checksum_verdict segment_checksum(const struct tcp_segment *segment)
{
	const struct zeek_packet *zeek = &segment->zeek;
	const uint8_t *tcp = segment->ip + PACKET_AT_TRANSPORT(segment->located);
	uint32_t header = (tcp[12] >> 4) * 4u;

	if (zeek->header_is_cut || zeek->captured < zeek->payload)
		return CHECKSUM_RIGHT;
	if (segment->has_open_length)
		return CHECKSUM_LEFT_OPEN;
	return checksum_of_tcp(segment->ip, segment->view.ip_version, tcp, header + zeek->payload);
}
