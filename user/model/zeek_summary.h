/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Zeek's log of connections says of one: a capture that is replayed has it. */
#ifndef USER_MODEL_ZEEK_SUMMARY_H
#define USER_MODEL_ZEEK_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#define ZEEK_SUMMARY_HISTORY_BYTES 56

/**
 * Counts are of the originator [0] and the responder [1].
 *
 * @state      "SF", "S0", "REJ"...; NULL = not known.
 * @history    NUL-terminated, may be empty.
 * @bytes      Payload by sequence numbers. @ip_bytes by the IP length.
 * @originator Its index in the record's key.
 * @originator_is_local  The originator is the record's local end.
 */
struct zeek_summary {
	uint64_t start_ns;
	uint64_t last_ns;
	uint64_t packets[2];
	uint64_t ip_bytes[2];
	uint64_t bytes[2];
	const char *state;
	char history[ZEEK_SUMMARY_HISTORY_BYTES];
	uint8_t originator;
	bool originator_is_local;
};

#endif
