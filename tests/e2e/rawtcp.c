/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/rawtcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "user/base/cleanup.h"

/* A frame cut into its parts; pointers lead into the frame. */
struct frame_view {
	int family;
	uint8_t *source;
	uint8_t *destination;
	size_t address_bytes;
	struct tcphdr *tcp;
	size_t tcp_bytes; /* header and payload, by the IP header */
};

/* Of a fragment only the first is TCP; what it lacks at its end, nobody here looks at. */
static size_t parse_ipv4(struct frame_view *view, uint8_t *packet)
{
	struct ip *ip = (struct ip *)packet;

	if (ip->ip_p != IPPROTO_TCP || ntohs(ip->ip_off) & IP_OFFMASK)
		return 0;
	view->family = AF_INET;
	view->source = (uint8_t *)&ip->ip_src;
	view->destination = (uint8_t *)&ip->ip_dst;
	view->address_bytes = 4;
	view->tcp_bytes = ntohs(ip->ip_len) - ip->ip_hl * 4;
	return ip->ip_hl * 4;
}

static size_t parse_ipv6(struct frame_view *view, uint8_t *packet, size_t length)
{
	struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;
	size_t offset = sizeof(*ip6);
	uint8_t next = ip6->ip6_nxt;

	while (next != IPPROTO_TCP) {
		const uint8_t *header = packet + offset;

		if (offset + 8 > length)
			return 0;
		if (next == IPPROTO_FRAGMENT && !header[2] && !(header[3] & 0xf8))
			offset += 8;
		else if (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS ||
			 next == IPPROTO_ROUTING)
			offset += 8 * (header[1] + 1);
		else
			return 0;
		next = header[0];
	}
	view->family = AF_INET6;
	view->source = (uint8_t *)&ip6->ip6_src;
	view->destination = (uint8_t *)&ip6->ip6_dst;
	view->address_bytes = 16;
	view->tcp_bytes = ntohs(ip6->ip6_plen) + sizeof(*ip6) - offset;
	return offset;
}

static bool frame_parse(uint8_t *frame, size_t length, struct frame_view *ret_view)
{
	struct ether_header *ether = (struct ether_header *)frame;
	struct frame_view view = {};
	size_t offset = sizeof(*ether), skipped = 0;

	if (length >= offset + sizeof(struct ip) && ntohs(ether->ether_type) == ETHERTYPE_IP)
		skipped = parse_ipv4(&view, frame + offset);
	else if (length >= offset + sizeof(struct ip6_hdr) &&
		 ntohs(ether->ether_type) == ETHERTYPE_IPV6)
		skipped = parse_ipv6(&view, frame + offset, length - offset);
	offset += skipped;
	if (!skipped || length < offset + sizeof(struct tcphdr) ||
	    view.tcp_bytes < sizeof(struct tcphdr))
		return false;
	view.tcp = (struct tcphdr *)(frame + offset);
	*ret_view = view;
	return true;
}

static uint32_t sum_bytes(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void frame_checksum(struct frame_view *view)
{
	uint32_t sum = IPPROTO_TCP + view->tcp_bytes;

	view->tcp->th_sum = 0;
	sum = sum_bytes(sum, view->source, view->address_bytes);
	sum = sum_bytes(sum, view->destination, view->address_bytes);
	sum = sum_bytes(sum, (uint8_t *)view->tcp, view->tcp_bytes);
	view->tcp->th_sum = sum_fold(sum);
}

int tap_open(struct tap *ret_tap, const struct netlab *lab, enum lab_side side, int family,
	     uint16_t server_port, bool is_loopback)
{
	struct tap tap = { .side = side, .family = family, .server_port = server_port };
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int saved, err;

	err = netns_enter(lab->side[side].netns_fd, &saved);
	if (err)
		return err;
	/* Protocol 0: nothing is queued before bind() names the interface. */
	tap.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = tap.fd < 0 ? -errno : 0;
	address.sll_ifindex = if_nametoindex(is_loopback ? "lo" : lab->side[side].interface);
	netns_leave(saved);
	if (err)
		return err;
	memcpy(tap.mac, lab->side[side].mac, sizeof(tap.mac));
	memcpy(tap.next_mac, netlab_next_mac(lab, side), sizeof(tap.next_mac));
	/* Loopback shows every packet twice: going out and coming in. */
	if (is_loopback)
		setsockopt(tap.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){ 1 }, sizeof(int));
	if (bind(tap.fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(tap.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){ 1 }, sizeof(int))) {
		err = -errno;
		tap_close(&tap);
		return err;
	}
	*ret_tap = tap;
	return 0;
}

void tap_close(struct tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
}

static void tap_note(struct tap *tap, uint8_t *frame, size_t length)
{
	struct tap_direction *direction;
	struct frame_view view;
	uint16_t client_port;
	uint32_t next_seq;
	bool is_from_b;

	if (!frame_parse(frame, length, &view) || view.family != tap->family)
		return;
	is_from_b = ntohs(view.tcp->th_sport) == tap->server_port;
	client_port = ntohs(is_from_b ? view.tcp->th_dport : view.tcp->th_sport);
	if (!is_from_b && ntohs(view.tcp->th_dport) != tap->server_port)
		return;
	if (tap->only_client_port && client_port != tap->only_client_port)
		return;
	direction = &tap->from[is_from_b ? SIDE_B : SIDE_A];
	if (!is_from_b && view.tcp->th_flags & RAWTCP_SYN)
		tap->client_port = client_port;
	direction->syn_count += !!(view.tcp->th_flags & RAWTCP_SYN);
	direction->fin_count += !!(view.tcp->th_flags & RAWTCP_FIN);
	direction->rst_count += !!(view.tcp->th_flags & RAWTCP_RST);
	if (view.tcp->th_flags & RAWTCP_RST) {
		direction->rst_flags = view.tcp->th_flags;
		return;
	}
	if (view.tcp->th_flags & RAWTCP_ACK)
		direction->last_ack = ntohl(view.tcp->th_ack);
	next_seq = ntohl(view.tcp->th_seq) + view.tcp_bytes - view.tcp->th_off * 4 +
		   !!(view.tcp->th_flags & RAWTCP_SYN) + !!(view.tcp->th_flags & RAWTCP_FIN);
	if (!direction->is_seen || (int32_t)(next_seq - direction->next_seq) > 0)
		direction->next_seq = next_seq;
	direction->is_seen = true;
	if (view.tcp->th_flags & RAWTCP_FIN && length <= RAWTCP_FRAME_MAX &&
	    !direction->fin_frame_bytes) {
		memcpy(direction->fin_frame, frame, length);
		direction->fin_frame_bytes = length;
	}
}

void tap_drain(struct tap *tap)
{
	/* As wide as the headers need; the IP header tells the true length. */
	_Alignas(8) uint8_t frame[RAWTCP_FRAME_MAX + 2];
	ssize_t length;

	/* Shifted by two, so that the IP header is aligned. */
	while ((length = recv(tap->fd, frame + 2, RAWTCP_FRAME_MAX, MSG_TRUNC)) > 0)
		tap_note(tap, frame + 2, length < RAWTCP_FRAME_MAX ? length : RAWTCP_FRAME_MAX);
}

void tap_watch_only(struct tap *tap, uint16_t client_port)
{
	tap_drain(tap);
	memset(tap->from, 0, sizeof(tap->from));
	tap->only_client_port = client_port;
	tap->client_port = client_port;
}

int tap_wait(struct tap *tap, bool (*is_reached)(const struct tap *tap, uint32_t argument),
	     uint32_t argument, int timeout_ms)
{
	long long deadline = clock_now_ms() + timeout_ms;

	for (;;) {
		struct pollfd poll_fd = { .fd = tap->fd, .events = POLLIN };
		long long rest = deadline - clock_now_ms();

		tap_drain(tap);
		if (is_reached(tap, argument))
			return 0;
		if (rest <= 0)
			return -ETIME;
		poll(&poll_fd, 1, rest);
	}
}

static int tap_transmit(struct tap *tap, const uint8_t *frame, size_t length)
{
	if (send(tap->fd, frame, length, 0) != (ssize_t)length)
		return -errno;
	return 0;
}

/* `offset` and `is_last` say which piece of the segment this is. */
static size_t build_ipv6(uint8_t *packet, const struct netlab *lab,
			 const struct rawtcp_segment *segment, size_t bytes, size_t offset,
			 bool is_last)
{
	struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;
	struct ip6_frag *fragment = (struct ip6_frag *)(ip6 + 1);
	bool is_whole = offset == 0 && is_last;

	ip6->ip6_flow = htonl(6U << 28);
	ip6->ip6_plen = htons(bytes + (is_whole ? 0 : sizeof(*fragment)));
	ip6->ip6_nxt = is_whole ? IPPROTO_TCP : IPPROTO_FRAGMENT;
	ip6->ip6_hlim = segment->ttl ? segment->ttl : 64;
	inet_pton(AF_INET6, netlab_address_text(lab, segment->from, AF_INET6), &ip6->ip6_src);
	inet_pton(AF_INET6,
		  netlab_address_text(lab, segment->from == SIDE_A ? SIDE_B : SIDE_A, AF_INET6),
		  &ip6->ip6_dst);
	if (is_whole)
		return sizeof(*ip6);
	fragment->ip6f_nxt = IPPROTO_TCP;
	fragment->ip6f_offlg = htons(offset | !is_last);
	fragment->ip6f_ident = htonl(0x5eed);
	return sizeof(*ip6) + sizeof(*fragment);
}

static size_t build_ipv4(uint8_t *packet, const struct netlab *lab,
			 const struct rawtcp_segment *segment, size_t bytes, size_t offset,
			 bool is_last)
{
	struct ip *ip = (struct ip *)packet;
	bool is_whole = offset == 0 && is_last;

	ip->ip_v = 4;
	ip->ip_hl = 5;
	ip->ip_len = htons(sizeof(*ip) + bytes);
	ip->ip_off = htons(is_whole ? IP_DF : (offset / 8) | (is_last ? 0 : IP_MF));
	ip->ip_id = htons(segment->ip_id);
	ip->ip_ttl = segment->ttl ? segment->ttl : 64;
	ip->ip_p = IPPROTO_TCP;
	inet_pton(AF_INET, netlab_address_text(lab, segment->from, AF_INET), &ip->ip_src);
	inet_pton(AF_INET,
		  netlab_address_text(lab, segment->from == SIDE_A ? SIDE_B : SIDE_A, AF_INET),
		  &ip->ip_dst);
	ip->ip_sum = sum_fold(sum_bytes(0, packet, sizeof(*ip)));
	return sizeof(*ip);
}

/* Put one piece of the TCP segment into a frame and send it. */
static int transmit_piece(struct tap *tap, const struct netlab *lab,
			  const struct rawtcp_segment *segment, const uint8_t *tcp, size_t bytes,
			  size_t offset, bool is_last)
{
	_Alignas(8) uint8_t buffer[2 + 1600] = {};
	uint8_t *frame = buffer + 2;
	struct ether_header *ether = (struct ether_header *)frame;
	bool is_v6 = tap->family == AF_INET6;
	size_t length = sizeof(*ether);

	memcpy(ether->ether_shost, tap->mac, 6);
	memcpy(ether->ether_dhost, tap->next_mac, 6);
	ether->ether_type = htons(is_v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	length += (is_v6 ? build_ipv6 : build_ipv4)(frame + length, lab, segment, bytes, offset,
						    is_last);
	memcpy(frame + length, tcp + offset, bytes);
	return tap_transmit(tap, frame, length + bytes);
}

int rawtcp_send(struct tap *tap, const struct netlab *lab, const struct rawtcp_segment *segment)
{
	_Alignas(8) uint8_t bytes[sizeof(struct tcphdr) + 1400] = {};
	struct tcphdr *tcp = (struct tcphdr *)bytes;
	size_t total = sizeof(*tcp) + segment->payload_bytes;
	size_t first = segment->fragment_bytes ? segment->fragment_bytes : total;
	bool is_from_a = segment->from == SIDE_A;
	struct frame_view view = { .tcp = tcp, .tcp_bytes = total };
	uint8_t header[64] = {};
	int err;

	if (total > sizeof(bytes) || first > total || (first < total && first % 8))
		return -EMSGSIZE;
	tcp->th_sport = htons(is_from_a ? segment->client_port : tap->server_port);
	tcp->th_dport = htons(is_from_a ? tap->server_port : segment->client_port);
	tcp->th_seq = htonl(segment->seq);
	tcp->th_ack = htonl(segment->ack);
	tcp->th_off = 5;
	tcp->th_flags = segment->flags;
	tcp->th_win = htons(segment->window);
	/* The addresses of the checksum are those of the header that will be put before it. */
	if (tap->family == AF_INET6) {
		build_ipv6(header, lab, segment, 0, 0, true);
		view.source = header + offsetof(struct ip6_hdr, ip6_src);
		view.address_bytes = 16;
	} else {
		build_ipv4(header, lab, segment, 0, 0, true);
		view.source = header + offsetof(struct ip, ip_src);
		view.address_bytes = 4;
	}
	view.destination = view.source + view.address_bytes;
	frame_checksum(&view);
	err = transmit_piece(tap, lab, segment, bytes, first, 0, first == total);
	if (!err && first < total)
		err = transmit_piece(tap, lab, segment, bytes, total - first, first, true);
	return err;
}

int rawtcp_replay(struct tap *tap, const uint8_t *frame, size_t frame_bytes)
{
	_Alignas(8) uint8_t buffer[2 + RAWTCP_FRAME_MAX];
	struct frame_view view;

	if (frame_bytes > RAWTCP_FRAME_MAX)
		return -EMSGSIZE;
	memcpy(buffer + 2, frame, frame_bytes);
	if (!frame_parse(buffer + 2, frame_bytes, &view))
		return -EINVAL;
	/* A veth hands packets over with the checksum still to be done. */
	frame_checksum(&view);
	return tap_transmit(tap, buffer + 2, frame_bytes);
}
