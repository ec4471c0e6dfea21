/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire as an independent witness: a packet socket on each end of a lab's link counts the
 * flags of the scenario's connection, remembers its sequence numbers, and can put packets of our
 * own onto the link. What goes out here bypasses the queueing layer, and with it the TC egress
 * hooks of its own side: it looks as if another host on the link had sent it.
 */
#ifndef TESTS_E2E_RAWTCP_H
#define TESTS_E2E_RAWTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/e2e/netlab.h"

#define RAWTCP_FRAME_MAX 256

#define RAWTCP_FIN 0x01
#define RAWTCP_SYN 0x02
#define RAWTCP_RST 0x04
#define RAWTCP_PSH 0x08
#define RAWTCP_ACK 0x10

/* What one sender did, as seen by one tap. */
struct tap_direction {
	unsigned int syn_count;
	unsigned int fin_count;
	unsigned int rst_count;
	bool is_seen; /* next_seq is valid */
	uint32_t next_seq; /* after the last new byte, SYN and FIN counted */
	uint32_t last_ack;
	uint8_t rst_flags; /* of the last RST */
	size_t fin_frame_bytes; /* 0 when no FIN was seen */
	uint8_t fin_frame[RAWTCP_FRAME_MAX];
};

struct tap {
	int fd; /* -1 when closed */
	enum lab_side side;
	int family;
	uint16_t server_port; /* only packets from or to it count: B is who sends from it */
	uint16_t client_port; /* of the last SYN from A; 0 when there was none */
	uint16_t only_client_port; /* not 0: packets of other ports of A count no more */
	uint8_t mac[6];
	uint8_t next_mac[6];
	struct tap_direction from[SIDE_COUNT];
};

/**
 * Begin to watch the link at one side, or, with `is_loopback`, its loopback.
 *
 * @ret_tap      Set on success only; close with tap_close().
 * @server_port  Only packets between any port of A and this port of B count.
 * @return       0 or a negative errno.
 */
int tap_open(struct tap *ret_tap, const struct netlab *lab, enum lab_side side, int family,
	     uint16_t server_port, bool is_loopback);
void tap_close(struct tap *tap);

/* Take in what was seen so far. */
void tap_drain(struct tap *tap);

/* Forget what was counted, and from now on count only this port of A (0: all). */
void tap_watch_only(struct tap *tap, uint16_t client_port);

/**
 * Wait until `is_reached(tap, argument)`, looking at every packet that comes.
 *
 * @return  0, or -ETIME after `timeout_ms`.
 */
int tap_wait(struct tap *tap, bool (*is_reached)(const struct tap *tap, uint32_t argument),
	     uint32_t argument, int timeout_ms);

struct rawtcp_segment {
	enum lab_side from; /* whose addresses are the source */
	uint16_t client_port;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags; /* RAWTCP_* */
	uint8_t ttl; /* 0 means 64, as this host's own packets have */
	uint16_t ip_id; /* IPv4 only */
	uint16_t window;
	uint16_t payload_bytes;
	uint16_t fragment_bytes; /* cut it into IP fragments: so much TCP in the first; 0: whole */
};

/* Build a segment and put it onto the link from the tap's side. 0 or a negative errno. */
int rawtcp_send(struct tap *tap, const struct netlab *lab, const struct rawtcp_segment *segment);

/* Put a frame seen before onto the link again, its TCP checksum made whole. */
int rawtcp_replay(struct tap *tap, const uint8_t *frame, size_t frame_bytes);

#endif
