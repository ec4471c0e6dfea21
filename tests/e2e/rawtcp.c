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

static bool frame_parse(uint8_t *frame, size_t length, struct frame_view *ret_view)
{
	struct ether_header *ether = (struct ether_header *)frame;
	struct frame_view view = {};
	size_t offset = sizeof(*ether), end;

	if (length >= offset + sizeof(struct ip) && ntohs(ether->ether_type) == ETHERTYPE_IP) {
		struct ip *ip = (struct ip *)(frame + offset);

		end = offset + ntohs(ip->ip_len);
		offset += ip->ip_hl * 4;
		view.family = ip->ip_p == IPPROTO_TCP ? AF_INET : 0;
		view.source = (uint8_t *)&ip->ip_src;
		view.destination = (uint8_t *)&ip->ip_dst;
		view.address_bytes = 4;
	} else if (length >= offset + sizeof(struct ip6_hdr) &&
		   ntohs(ether->ether_type) == ETHERTYPE_IPV6) {
		struct ip6_hdr *ip6 = (struct ip6_hdr *)(frame + offset);

		offset += sizeof(*ip6);
		end = offset + ntohs(ip6->ip6_plen);
		view.family = ip6->ip6_nxt == IPPROTO_TCP ? AF_INET6 : 0;
		view.source = (uint8_t *)&ip6->ip6_src;
		view.destination = (uint8_t *)&ip6->ip6_dst;
		view.address_bytes = 16;
	}
	if (!view.family || length < offset + sizeof(struct tcphdr) || end < offset + 20)
		return false;
	view.tcp = (struct tcphdr *)(frame + offset);
	view.tcp_bytes = end - offset;
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
	     uint16_t server_port)
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
	address.sll_ifindex = if_nametoindex(lab->side[side].interface);
	netns_leave(saved);
	if (err)
		return err;
	for (int i = 0; i < SIDE_COUNT; i++)
		memcpy(tap.mac[i], lab->side[i].mac, sizeof(tap.mac[i]));
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
	struct ether_header *ether = (struct ether_header *)frame;
	struct tap_direction *direction;
	struct frame_view view;
	uint32_t next_seq;
	bool is_from_b;

	if (!frame_parse(frame, length, &view) || view.family != tap->family)
		return;
	is_from_b = !memcmp(ether->ether_shost, tap->mac[SIDE_B], 6);
	if (ntohs(is_from_b ? view.tcp->th_sport : view.tcp->th_dport) != tap->server_port)
		return;
	direction = &tap->from[is_from_b ? SIDE_B : SIDE_A];
	if (!is_from_b && view.tcp->th_flags & RAWTCP_SYN)
		tap->client_port = ntohs(view.tcp->th_sport);
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

static size_t frame_build_ip(uint8_t *packet, const struct netlab *lab, int family,
			     const struct rawtcp_segment *segment, size_t tcp_bytes)
{
	uint8_t ttl = segment->ttl ? segment->ttl : 64;
	enum lab_side from = segment->from;
	enum lab_side to = from == SIDE_A ? SIDE_B : SIDE_A;

	if (family == AF_INET6) {
		struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;

		ip6->ip6_flow = htonl(6U << 28);
		ip6->ip6_plen = htons(tcp_bytes);
		ip6->ip6_nxt = IPPROTO_TCP;
		ip6->ip6_hlim = ttl;
		inet_pton(AF_INET6, lab->side[from].address_v6, &ip6->ip6_src);
		inet_pton(AF_INET6, lab->side[to].address_v6, &ip6->ip6_dst);
		return sizeof(*ip6);
	}
	struct ip *ip = (struct ip *)packet;

	ip->ip_v = 4;
	ip->ip_hl = 5;
	ip->ip_len = htons(sizeof(*ip) + tcp_bytes);
	ip->ip_off = htons(IP_DF);
	ip->ip_id = htons(segment->ip_id);
	ip->ip_ttl = ttl;
	ip->ip_p = IPPROTO_TCP;
	inet_pton(AF_INET, lab->side[from].address_v4, &ip->ip_src);
	inet_pton(AF_INET, lab->side[to].address_v4, &ip->ip_dst);
	ip->ip_sum = sum_fold(sum_bytes(0, packet, sizeof(*ip)));
	return sizeof(*ip);
}

static int tap_transmit(struct tap *tap, const uint8_t *frame, size_t length)
{
	if (send(tap->fd, frame, length, 0) != (ssize_t)length)
		return -errno;
	return 0;
}

int rawtcp_send(struct tap *tap, const struct netlab *lab, const struct rawtcp_segment *segment)
{
	_Alignas(8) uint8_t buffer[2 + 1600] = {};
	uint8_t *frame = buffer + 2;
	struct ether_header *ether = (struct ether_header *)frame;
	size_t tcp_bytes = sizeof(struct tcphdr) + segment->payload_bytes;
	bool is_from_a = segment->from == SIDE_A;
	struct frame_view view;
	struct tcphdr *tcp;
	size_t length = sizeof(*ether);

	if (segment->payload_bytes > 1400)
		return -EMSGSIZE;
	memcpy(ether->ether_shost, tap->mac[segment->from], 6);
	memcpy(ether->ether_dhost, tap->mac[is_from_a ? SIDE_B : SIDE_A], 6);
	ether->ether_type = htons(tap->family == AF_INET6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	length += frame_build_ip(frame + length, lab, tap->family, segment, tcp_bytes);
	tcp = (struct tcphdr *)(frame + length);
	tcp->th_sport = htons(is_from_a ? segment->client_port : tap->server_port);
	tcp->th_dport = htons(is_from_a ? tap->server_port : segment->client_port);
	tcp->th_seq = htonl(segment->seq);
	tcp->th_ack = htonl(segment->ack);
	tcp->th_off = 5;
	tcp->th_flags = segment->flags;
	length += tcp_bytes;
	if (!frame_parse(frame, length, &view))
		return -EINVAL;
	frame_checksum(&view);
	return tap_transmit(tap, frame, length);
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
