// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writes a capture for the benchmark of replay: connections with handshake, data in both
 * directions and FINs, many of them at the same time.
 *
 * usage: capture PACKETS PAYLOAD_BYTES > FILE
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/frames.h"

#define PACKETS_PER_CONNECTION 20
#define CONNECTIONS_AT_ONCE 1000
#define ISN_CLIENT isn
#define ISN_SERVER (isn + 4000)

static uint32_t isn; /* another one for each use of a port */
static uint64_t now_ns = UINT64_C(1700000000000000000);

static void put32(uint32_t value)
{
	fwrite(&value, sizeof(value), 1, stdout);
}

static void write_head(void)
{
	static const uint16_t version[2] = { 2, 4 };

	put32(0xa1b23c4d); /* nanoseconds */
	fwrite(version, sizeof(version), 1, stdout);
	put32(0);
	put32(0);
	put32(65535);
	put32(1);
}

static void write_frame(const struct frame *frame)
{
	put32((uint32_t)(now_ns / 1000000000));
	put32((uint32_t)(now_ns % 1000000000));
	put32(frame->len);
	put32(frame->len);
	fwrite(frame->data, frame->len, 1, stdout);
	now_ns += 1000;
}

/* The n-th packet of a connection: SYN, SYN-ACK, ACK; data and ACK by turns; two FINs and an ACK. */
static void segment_of(unsigned int n, uint16_t payload, struct segment *s)
{
	unsigned int last = PACKETS_PER_CONNECTION - 3, rounds = (n - 3) / 2;
	bool by_client = n != 1;

	s->flags = n == 0 ? TCP_FLAG_SYN : TCP_FLAG_ACK;
	s->payload = 0;
	s->seq = n == 0 ? ISN_CLIENT : ISN_CLIENT + 1;
	s->ack = n == 0 ? 0 : ISN_SERVER + 1;
	if (n == 1) {
		s->flags = TCP_FLAG_SYN | TCP_FLAG_ACK;
		s->seq = ISN_SERVER;
		s->ack = ISN_CLIENT + 1;
	} else if (n >= 3 && n < last) {
		by_client = n % 2 == 0;
		s->payload = by_client ? 0 : payload;
		s->seq = by_client ? ISN_CLIENT + 1 : ISN_SERVER + 1 + rounds * payload;
		s->ack = by_client ? ISN_SERVER + 1 + (rounds + 1) * payload : ISN_CLIENT + 1;
	} else if (n >= last) {
		rounds = (last - 3) / 2;
		by_client = n != last;
		s->flags = TCP_FLAG_ACK | (n < PACKETS_PER_CONNECTION - 1 ? TCP_FLAG_FIN : 0);
		s->seq = by_client ? ISN_CLIENT + 1 + (n == PACKETS_PER_CONNECTION - 1) :
				     ISN_SERVER + 1 + rounds * payload;
		s->ack = by_client ? ISN_SERVER + 2 + rounds * payload : ISN_CLIENT + 1;
	}
	s->source = by_client ? 1 : 2;
	s->dest = by_client ? 2 : 1;
}

int main(int argc, char **argv)
{
	unsigned long packets = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	uint16_t payload = argc > 2 ? (uint16_t)atoi(argv[2]) : 0;
	unsigned long round = 0;

	if (!packets || payload > 1460) {
		fprintf(stderr, "usage: capture PACKETS PAYLOAD_BYTES > FILE\n");
		return 2;
	}
	write_head();
	for (; packets; round++) {
		isn = 1000 + (uint32_t)(round / PACKETS_PER_CONNECTION) * 100000;
		for (unsigned int i = 0; i < CONNECTIONS_AT_ONCE && packets; i++, packets--) {
			unsigned int n = round % PACKETS_PER_CONNECTION;
			uint16_t client =
				(uint16_t)(10000 +
					   (round / PACKETS_PER_CONNECTION * 1000 + i) % 50000);
			struct segment segment = { 0 };
			struct frame frame = { .len = 0 };

			segment_of(n, payload, &segment);
			segment.source_port = segment.source == 1 ? client : 443;
			segment.dest_port = segment.source == 1 ? 443 : client;
			frame_put_ethernet(&frame, 0x0800);
			frame_put_ipv4(&frame, &segment);
			write_frame(&frame);
		}
	}
	return fflush(stdout) ? 1 : 0;
}
