// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_pack.h"

#include <errno.h>
#include <string.h>

/*
 * X(tag, member, kind). A tag is permanent: that of a member that goes stays reserved. NUMBER is an
 * integer of 1 to 8 bytes, BYTES anything else, without its zeros at the end, ADDR the same, but four
 * bytes are an IPv4 address.
 */
#define STORE_MEMBERS(X)                                                                           \
	X(1, head.time_ns, NUMBER)                                                                 \
	X(2, head.flags, NUMBER)                                                                   \
	X(3, key.addr[0], ADDR)                                                                    \
	X(4, key.addr[1], ADDR)                                                                    \
	X(5, key.port[0], NUMBER)                                                                  \
	X(6, key.port[1], NUMBER)                                                                  \
	X(7, key.netns, NUMBER)                                                                    \
	X(8, local_side, NUMBER)                                                                   \
	X(9, owner_source, NUMBER)                                                                 \
	X(10, hook, NUMBER)                                                                        \
	X(11, ifindex, NUMBER)                                                                     \
	X(12, socket_cookie, NUMBER)                                                               \
	X(13, birth_ns, NUMBER)                                                                    \
	X(14, cgroup_id, NUMBER)                                                                   \
	X(15, bytes_sent, NUMBER)                                                                  \
	X(16, bytes_received, NUMBER)                                                              \
	X(17, rtt_us, NUMBER)                                                                      \
	X(18, idle_jiffies, NUMBER)                                                                \
	X(19, local_isn, NUMBER)                                                                   \
	X(20, peer_isn, NUMBER)                                                                    \
	X(21, local_fin_ns, NUMBER)                                                                \
	X(22, owner.pid, NUMBER)                                                                   \
	X(23, owner.uid, NUMBER)                                                                   \
	X(24, owner.comm, BYTES)                                                                   \
	X(25, closer.pid, NUMBER)                                                                  \
	X(26, closer.uid, NUMBER)                                                                  \
	X(27, closer.comm, BYTES)                                                                  \
	X(28, evidence.seen, NUMBER)                                                               \
	X(29, evidence.unread_bytes, NUMBER)                                                       \
	X(30, evidence.unsent_bytes, NUMBER)                                                       \
	X(31, evidence.unacked_bytes, NUMBER)                                                      \
	X(32, evidence.retransmits, NUMBER)                                                        \
	X(33, evidence.user_timeout_ms, NUMBER)                                                    \
	X(34, evidence.rst_seq_offset, NUMBER)                                                     \
	X(35, evidence.local_syn_count, NUMBER)                                                    \
	X(36, evidence.local_fin_count, NUMBER)                                                    \
	X(37, evidence.local_rst_count, NUMBER)                                                    \
	X(38, evidence.peer_syn_count, NUMBER)                                                     \
	X(39, evidence.peer_fin_count, NUMBER)                                                     \
	X(40, evidence.peer_rst_count, NUMBER)                                                     \
	X(41, evidence.error, NUMBER)                                                              \
	X(42, evidence.error_soft, NUMBER)                                                         \
	X(43, evidence.rst_ip_id, NUMBER)                                                          \
	X(44, evidence.subject, NUMBER)                                                            \
	X(45, evidence.state, NUMBER)                                                              \
	X(46, evidence.reply_state, NUMBER)                                                        \
	X(47, evidence.reset_reason, NUMBER)                                                       \
	X(48, evidence.trigger_flags, NUMBER)                                                      \
	X(49, evidence.trigger_data, NUMBER)                                                       \
	X(50, evidence.probes, NUMBER)                                                             \
	X(51, evidence.timer_retransmits, NUMBER)                                                  \
	X(52, evidence.icmp_type, NUMBER)                                                          \
	X(53, evidence.icmp_code, NUMBER)                                                          \
	X(54, evidence.ip_version, NUMBER)                                                         \
	X(55, evidence.rst_flags, NUMBER)                                                          \
	X(56, evidence.rst_ttl, NUMBER)                                                            \
	X(57, evidence.peer_ttl_min, NUMBER)                                                       \
	X(58, evidence.peer_ttl_max, NUMBER)                                                       \
	X(59, evidence.fin_first, NUMBER)                                                          \
	X(60, evidence.rst_origin, NUMBER)                                                         \
	X(61, decision.used, NUMBER)                                                               \
	X(62, decision.verdict, NUMBER)                                                            \
	X(63, decision.cause, NUMBER)                                                              \
	X(64, decision.initiator, NUMBER)                                                          \
	X(65, decision.stage, NUMBER)                                                              \
	X(66, decision.confidence, NUMBER)                                                         \
	X(67, decision.benign, NUMBER)                                                             \
	X(68, decision.reset_reason, NUMBER)                                                       \
	X(69, decision.reason_derived, NUMBER)                                                     \
	X(70, detail.peer_fin_ns, NUMBER)                                                          \
	X(71, detail.killer.pid, NUMBER)                                                           \
	X(72, detail.killer.uid, NUMBER)                                                           \
	X(73, detail.killer.comm, BYTES)                                                           \
	X(74, detail.idle_before_us, NUMBER)                                                       \
	X(75, detail.fin_idle_us, NUMBER)                                                          \
	X(76, detail.window_us, NUMBER)                                                            \
	X(77, detail.timer_us, NUMBER)                                                             \
	X(78, detail.backlog, NUMBER)                                                              \
	X(79, detail.backlog_max, NUMBER)                                                          \
	X(80, detail.somaxconn, NUMBER)                                                            \
	X(81, detail.dropped, NUMBER)                                                              \
	X(82, detail.timer_hits, NUMBER)                                                           \
	X(83, detail.timer_closes, NUMBER)                                                         \
	X(84, detail.mss, NUMBER)                                                                  \
	X(85, detail.stuck_bytes, NUMBER)                                                          \
	X(86, detail.passed_bytes, NUMBER)                                                         \
	X(87, detail.port_low, NUMBER)                                                             \
	X(88, detail.port_high, NUMBER)                                                            \
	X(89, detail.death, NUMBER)                                                                \
	X(90, detail.death_signal, NUMBER)                                                         \
	X(91, detail.death_flags, NUMBER)                                                          \
	X(92, detail.exit_code, NUMBER)                                                            \
	X(93, evidence.drop_reason, NUMBER)                                                        \
	X(94, detail.icmp_source, ADDR)                                                            \
	X(95, detail.rst_dropped, NUMBER)

/* Of the other end, where that is of this host, too. */
#define STORE_OTHER_MEMBERS(X)                                                                     \
	X(1, owner.pid, NUMBER)                                                                    \
	X(2, owner.uid, NUMBER)                                                                    \
	X(3, owner.comm, BYTES)                                                                    \
	X(4, container_name, BYTES)                                                                \
	X(5, verdict, NUMBER)                                                                      \
	X(6, cause, NUMBER)

/* Of what the kernel killed for memory. */
#define STORE_OOM_MEMBERS(X)                                                                       \
	X(1, time_ns, NUMBER)                                                                      \
	X(2, limit_bytes, NUMBER)                                                                  \
	X(3, pid, NUMBER)                                                                          \
	X(4, cgroup, BYTES)

enum member_kind { MEMBER_NUMBER, MEMBER_BYTES, MEMBER_ADDR };

struct member {
	uint16_t offset;
	uint16_t size;
	uint8_t kind; /* enum member_kind */
};

/* By tag; a tag without member has size 0. */
struct member_list {
	const struct member *members;
	size_t count;
};

#define MEMBER_ROW_OF(type, tag, member, kind)                                                     \
	[tag] = { offsetof(type, member), sizeof(((type *)0)->member), MEMBER_##kind },
#define MEMBER_ROW(tag, member, kind) MEMBER_ROW_OF(struct close_record, tag, member, kind)
#define OTHER_ROW(tag, member, kind) MEMBER_ROW_OF(struct other_end, tag, member, kind)

#define OOM_ROW(tag, member, kind) MEMBER_ROW_OF(struct oom_kill, tag, member, kind)

static const struct member record_members[] = { STORE_MEMBERS(MEMBER_ROW) };
static const struct member other_members[] = { STORE_OTHER_MEMBERS(OTHER_ROW) };
static const struct member oom_members[] = { STORE_OOM_MEMBERS(OOM_ROW) };

#define MEMBER_LIST(list)                                                                          \
	{                                                                                          \
		list, sizeof(list) / sizeof((list)[0])                                             \
	}
static const struct member_list record_list = MEMBER_LIST(record_members);
static const struct member_list other_list = MEMBER_LIST(other_members);
static const struct member_list oom_list = MEMBER_LIST(oom_members);

/* LEB128, as in DWARF: seven bits a byte, the last one below 0x80. */
static void append_varint(struct strbuf *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		strbuf_append_char(b, (char)(value | 0x80));
	strbuf_append_char(b, (char)value);
}

static int take_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

static uint64_t number_read(const void *at, size_t size)
{
	uint64_t value = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, at, size);
#else
	memcpy((char *)&value + sizeof(value) - size, at, size);
#endif
	return value;
}

static void number_write(void *at, size_t size, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(at, &value, size);
#else
	memcpy(at, (char *)&value + sizeof(value) - size, size);
#endif
}

static size_t length_without_zeros(const uint8_t *bytes, size_t len)
{
	while (len && !bytes[len - 1])
		len--;
	return len;
}

/* The four bytes of an IPv4 address, else all but the zeros at the end, which are never four. */
static size_t addr_part(const uint8_t **at, size_t len)
{
	if (flow_addr_is_ipv4(*at)) {
		*at += 12;
		return 4;
	}
	return len == 4 ? 5 : len;
}

/* Whether it is a number is in the tag, so that who does not know a tag can skip it. */
static void pack(struct strbuf *b, const struct member_list *list, const void *from)
{
	for (size_t tag = 0; tag < list->count; tag++) {
		const struct member *member = &list->members[tag];
		const uint8_t *at = (const uint8_t *)from + member->offset;
		size_t len = length_without_zeros(at, member->size);

		if (!len)
			continue;
		append_varint(b, tag << 1 | (member->kind != MEMBER_NUMBER));
		if (member->kind == MEMBER_NUMBER) {
			append_varint(b, number_read(at, member->size));
			continue;
		}
		if (member->kind == MEMBER_ADDR)
			len = addr_part(&at, len);
		append_varint(b, len);
		strbuf_append(b, at, len);
	}
}

static void unpack_bytes(const struct member *member, const uint8_t *from, size_t len, uint8_t *to)
{
	if (member->kind == MEMBER_ADDR && len == 4) {
		to[10] = to[11] = 0xff;
		memcpy(to + 12, from, 4);
	} else if (member->kind != MEMBER_NUMBER && len <= member->size) {
		memcpy(to, from, len);
	}
}

static int unpack_member(const struct member_list *list, const uint8_t **at, const uint8_t *end,
			 void *ret)
{
	static const struct member none = { 0 };
	const struct member *member;
	uint64_t head, value;

	if (take_varint(at, end, &head) || take_varint(at, end, &value))
		return -EBADMSG;
	member = head >> 1 < list->count ? &list->members[head >> 1] : &none;
	if (!(head & 1)) {
		if (member->size && member->kind == MEMBER_NUMBER)
			number_write((uint8_t *)ret + member->offset, member->size, value);
		return 0;
	}
	if (value > (uint64_t)(end - *at))
		return -EBADMSG;
	if (member->size)
		unpack_bytes(member, *at, value, (uint8_t *)ret + member->offset);
	*at += value;
	return 0;
}

static int unpack(const struct member_list *list, const void *data, size_t len, void *ret)
{
	const uint8_t *at = data, *end = at + len;

	while (at < end)
		if (unpack_member(list, &at, end, ret))
			return -EBADMSG;
	return 0;
}

void store_pack(struct strbuf *b, const struct close_record *record)
{
	pack(b, &record_list, record);
}

int store_unpack(const void *data, size_t len, struct close_record *ret)
{
	struct close_record record = {
		.head = { .abi_version = RECORD_ABI_VERSION,
			  .type = RECORD_CLOSE,
			  .size = sizeof(record) },
	};

	if (unpack(&record_list, data, len, &record))
		return -EBADMSG;
	*ret = record;
	return 0;
}

void store_pack_other(struct strbuf *b, const struct other_end *other)
{
	pack(b, &other_list, other);
}

int store_unpack_other(const void *data, size_t len, struct other_end *ret)
{
	struct other_end other = { 0 };

	if (unpack(&other_list, data, len, &other))
		return -EBADMSG;
	other.container_name[sizeof(other.container_name) - 1] = '\0';
	*ret = other;
	return 0;
}

void store_pack_oom(struct strbuf *b, const struct oom_kill *oom)
{
	pack(b, &oom_list, oom);
}

int store_unpack_oom(const void *data, size_t len, struct oom_kill *ret)
{
	struct oom_kill oom = { 0 };

	if (unpack(&oom_list, data, len, &oom))
		return -EBADMSG;
	oom.cgroup[sizeof(oom.cgroup) - 1] = '\0';
	*ret = oom;
	return 0;
}
