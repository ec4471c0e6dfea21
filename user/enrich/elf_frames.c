// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/elf_frames.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_BYTES_MOST 2048
#define STATES_MOST 8
#define REGISTER_RSP 7 /* x86-64 psABI, figure 3.36 */
#define REGISTER_LINK 30 /* aadwarf64, section 4.1 */
#define REGISTER_UNKNOWN UINT64_MAX
#define ENCODED_PCREL_S32 0x1b
#define ENCODED_DATAREL_S32 0x3b
#define ENCODED_U32 0x03

/* Bytes that are read one after the other; `is_bad` sticks once there are too few. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool is_bad;
};

/* A CIE or an FDE behind its length, in memory. */
struct entry {
	uint64_t address; /* of bytes[0] */
	size_t len;
	uint8_t bytes[ENTRY_BYTES_MOST];
};

/* Where the caller's stack pointer is: a register and an offset. */
struct frame_rule {
	uint64_t base;
	uint64_t offset;
	bool is_link_kept; /* on the stack: register 30 of arm64 */
};

struct frame_machine {
	struct frame_rule rule;
	struct frame_rule kept[STATES_MOST];
	unsigned int kept_count;
	uint64_t location;
	uint64_t code_step;
	int64_t data_step;
};

static uint64_t take_bytes(struct cursor *c, size_t count)
{
	uint64_t value = 0;

	if ((size_t)(c->end - c->at) < count) {
		c->is_bad = true;
		c->at = c->end;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		value |= (uint64_t)c->at[i] << 8 * i;
	c->at += count;
	return value;
}

static uint64_t take_uleb(struct cursor *c)
{
	uint64_t value = 0, byte;
	unsigned int shift = 0;

	do {
		byte = take_bytes(c, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

static int64_t take_sleb(struct cursor *c)
{
	uint64_t value = 0, byte;
	unsigned int shift = 0;

	do {
		byte = take_bytes(c, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return (int64_t)value;
}

static void skip_bytes(struct cursor *c, uint64_t count)
{
	if (count > (uint64_t)(c->end - c->at)) {
		c->is_bad = true;
		count = c->end - c->at;
	}
	c->at += count;
}

static int read_at(int fd, const struct elf_symbols *symbols, uint64_t address, void *buffer,
		   size_t len)
{
	uint64_t offset;

	if (!elf_symbols_offset(symbols, address, &offset))
		return -EINVAL;
	return pread(fd, buffer, len, offset) == (ssize_t)len ? 0 : -EINVAL;
}

static int64_t signed_32(uint32_t value)
{
	return (int32_t)value;
}

/* The last row of the sorted index that is not behind the address: where its FDE is. */
static int index_search(int fd, const struct elf_symbols *symbols, uint64_t address, uint64_t *ret)
{
	uint64_t index = symbols->frame_index;
	uint32_t head[3], row[2], low = 0, high;
	uint8_t encodings[4];

	if (!index)
		return -ENOENT;
	if (read_at(fd, symbols, index, head, sizeof(head)))
		return -EINVAL;
	memcpy(encodings, head, sizeof(encodings));
	if (encodings[0] != 1 || encodings[1] != ENCODED_PCREL_S32 || encodings[2] != ENCODED_U32 ||
	    encodings[3] != ENCODED_DATAREL_S32)
		return -ENOENT;
	high = head[2];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (read_at(fd, symbols, index + 12 + 8 * (uint64_t)middle, row, sizeof(row)))
			return -EINVAL;
		if (index + signed_32(row[0]) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return -ENOENT;
	if (read_at(fd, symbols, index + 12 + 8 * (uint64_t)(low - 1), row, sizeof(row)))
		return -EINVAL;
	*ret = index + signed_32(row[1]);
	return 0;
}

static int entry_read(int fd, const struct elf_symbols *symbols, uint64_t address,
		      struct entry *ret)
{
	uint32_t len;

	if (read_at(fd, symbols, address, &len, sizeof(len)))
		return -EINVAL;
	if (len < 8 || len > sizeof(ret->bytes))
		return -ENOENT;
	ret->address = address + sizeof(len);
	ret->len = len;
	return read_at(fd, symbols, ret->address, ret->bytes, len);
}

/* Up to its instructions. Only what compilers write for this machine is understood. */
static int common_parse(struct cursor *c, struct frame_machine *machine)
{
	const char *augmentation;
	uint8_t version;
	uint64_t len;
	size_t chars;
	const uint8_t *data_end;

	skip_bytes(c, 4);
	version = take_bytes(c, 1);
	augmentation = (const char *)c->at;
	chars = strnlen(augmentation, c->end - c->at);
	skip_bytes(c, chars + 1);
	machine->code_step = take_uleb(c);
	machine->data_step = take_sleb(c);
	if (version == 1)
		skip_bytes(c, 1);
	else
		take_uleb(c);
	/* zR, zPLR: what the letters say is not needed but for the form of addresses. */
	if (c->is_bad || (version != 1 && version != 3) || *augmentation != 'z' ||
	    memchr(augmentation, 'S', chars))
		return -ENOENT;
	len = take_uleb(c);
	if (len > (uint64_t)(c->end - c->at))
		return -EINVAL;
	data_end = c->at + len;
	for (size_t i = 1; i < chars; i++) {
		uint8_t encoding;

		if (augmentation[i] == 'B') /* arm64: which key signs addresses */
			continue;
		encoding = take_bytes(c, 1);
		if (augmentation[i] == 'R' && encoding != ENCODED_PCREL_S32)
			return -ENOENT;
		if (augmentation[i] == 'P')
			skip_bytes(c, (encoding & 7) == 3 ? 4 : 8);
	}
	if (c->is_bad || c->at > data_end)
		return -EINVAL;
	c->at = data_end;
	return 0;
}

/* Those that say how registers are kept: only their length matters. False: not such a one. */
static bool skip_register_rule(struct cursor *c, uint8_t code)
{
	switch (code) {
	case 0x00: /* nop */
	case 0x2d: /* AARCH64_negate_ra_state */
		return true;
	case 0x06: /* restore_extended */
	case 0x07: /* undefined */
	case 0x08: /* same_value */
	case 0x2e: /* GNU_args_size */
		take_uleb(c);
		return true;
	case 0x05: /* offset_extended */
	case 0x09: /* register */
	case 0x11: /* offset_extended_sf */
	case 0x14: /* val_offset */
	case 0x15: /* val_offset_sf */
		take_uleb(c);
		take_uleb(c);
		return true;
	case 0x10: /* expression */
	case 0x16: /* val_expression */
		take_uleb(c);
		skip_bytes(c, take_uleb(c));
		return true;
	}
	return false;
}

static int run_rule(struct cursor *c, struct frame_machine *machine, uint8_t code)
{
	struct frame_rule *rule = &machine->rule;

	switch (code) {
	case 0x0a: /* remember_state */
		if (machine->kept_count == STATES_MOST)
			return -ENOENT;
		machine->kept[machine->kept_count++] = *rule;
		return 0;
	case 0x0b: /* restore_state */
		if (!machine->kept_count)
			return -EINVAL;
		*rule = machine->kept[--machine->kept_count];
		return 0;
	case 0x0c: /* def_cfa */
		rule->base = take_uleb(c);
		rule->offset = take_uleb(c);
		return 0;
	case 0x0d: /* def_cfa_register */
		rule->base = take_uleb(c);
		return 0;
	case 0x0e: /* def_cfa_offset */
		rule->offset = take_uleb(c);
		return 0;
	case 0x0f: /* def_cfa_expression */
		skip_bytes(c, take_uleb(c));
		rule->base = REGISTER_UNKNOWN;
		return 0;
	case 0x12: /* def_cfa_sf */
		rule->base = take_uleb(c);
		rule->offset = take_sleb(c) * machine->data_step;
		return 0;
	case 0x13: /* def_cfa_offset_sf */
		rule->offset = take_sleb(c) * machine->data_step;
		return 0;
	}
	return skip_register_rule(c, code) ? 0 : -ENOENT;
}

/* Run what holds up to the address. */
static int machine_run(struct cursor *c, struct frame_machine *machine, uint64_t address)
{
	while (c->at < c->end && !c->is_bad) {
		uint8_t code = take_bytes(c, 1);
		uint64_t step = 0;
		int err;

		if (code >> 6 == 1) {
			step = code & 0x3f;
		} else if (code >> 6 == 2) { /* offset */
			take_uleb(c);
			if ((code & 0x3f) == REGISTER_LINK)
				machine->rule.is_link_kept = true;
		} else if (code == (0xc0 | REGISTER_LINK)) { /* restore */
			machine->rule.is_link_kept = false;
		} else if (code >= 0x02 && code <= 0x04) { /* advance_loc1, 2, 4 */
			step = take_bytes(c, (size_t)1 << (code - 2));
		} else if (code >> 6 == 0) {
			err = run_rule(c, machine, code);
			if (err)
				return err;
		}
		machine->location += step * machine->code_step;
		if (machine->location > address)
			return 0;
	}
	return c->is_bad ? -EINVAL : 0;
}

int elf_frame_bytes(int fd, const struct elf_symbols *symbols, uint64_t address, uint64_t *ret)
{
	struct frame_machine machine = { .rule = { .base = REGISTER_UNKNOWN } };
	struct entry function, common;
	uint64_t at, start, bytes;
	struct cursor c, head;
	int err;

	err = index_search(fd, symbols, address, &at);
	if (!err)
		err = entry_read(fd, symbols, at, &function);
	if (err)
		return err;
	c = (struct cursor){ function.bytes, function.bytes + function.len, false };
	at = function.address - take_bytes(&c, 4);
	start = function.address + 4 + signed_32(take_bytes(&c, 4));
	bytes = take_bytes(&c, 4);
	if (address < start || address - start >= bytes)
		return -ENOENT;
	err = entry_read(fd, symbols, at, &common);
	if (err)
		return err;
	head = (struct cursor){ common.bytes, common.bytes + common.len, false };
	err = common_parse(&head, &machine);
	if (!err)
		err = machine_run(&head, &machine, UINT64_MAX);
	if (err)
		return err;
	machine.location = start;
	skip_bytes(&c, take_uleb(&c));
	err = machine_run(&c, &machine, address);
	if (err)
		return err;
	if (symbols->machine == EM_AARCH64) {
		if (machine.rule.is_link_kept)
			return -ENOENT;
		*ret = 0;
		return 0;
	}
	if (machine.rule.base != REGISTER_RSP || machine.rule.offset < 8)
		return -ENOENT;
	*ret = machine.rule.offset;
	return 0;
}
