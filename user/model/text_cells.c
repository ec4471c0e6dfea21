// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/text_cells.h"

#include <stdint.h>

struct code_range {
	uint32_t first;
	uint32_t last;
};

/* Unicode 15: EastAsianWidth W and F, by blocks. */
static const struct code_range wide_ranges[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },	  { 0x23e9, 0x23ec },
	{ 0x25fd, 0x25fe },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },	  { 0x26aa, 0x26ab },
	{ 0x2705, 0x2705 },   { 0x270a, 0x270b },   { 0x2728, 0x2728 },	  { 0x274c, 0x274c },
	{ 0x2753, 0x2755 },   { 0x2795, 0x2797 },   { 0x2b1b, 0x2b1c },	  { 0x2e80, 0x303e },
	{ 0x3041, 0x33ff },   { 0x3400, 0x4dbf },   { 0x4e00, 0xa4cf },	  { 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe10, 0xfe19 },	  { 0xfe30, 0xfe6f },
	{ 0xff01, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x16fe0, 0x18aff }, { 0x1b000, 0x1b2ff },
	{ 0x1f300, 0x1f320 }, { 0x1f32d, 0x1f335 }, { 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 },
	{ 0x1f3a0, 0x1f3ca }, { 0x1f3e0, 0x1f3f0 }, { 0x1f3f8, 0x1f43e }, { 0x1f440, 0x1f4fc },
	{ 0x1f4ff, 0x1f53d }, { 0x1f550, 0x1f567 }, { 0x1f5fb, 0x1f64f }, { 0x1f680, 0x1f6c5 },
	{ 0x1f90c, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

/* General category Mn and Cf, the blocks that occur in text. */
static const struct code_range empty_ranges[] = {
	{ 0x0300, 0x036f },   { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f },   { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e },
	{ 0x1ab0, 0x1aff },   { 0x1dc0, 0x1dff }, { 0x200b, 0x200d }, { 0x2060, 0x2064 },
	{ 0x20d0, 0x20ff },   { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
	{ 0xe0001, 0xe01ef },
};

static int range_has(const struct code_range *ranges, size_t count, uint32_t code)
{
	size_t i;

	for (i = 0; i < count && ranges[i].first <= code; i++) {
		if (code <= ranges[i].last)
			return 1;
	}
	return 0;
}

/* One character: its bytes, and its cells in *ret_cells. Broken UTF-8 goes byte by byte. */
static size_t character_measure(const char *s, size_t len, size_t *ret_cells)
{
	uint8_t first = (uint8_t)s[0];
	size_t total = first < 0xc2 ? 1 :
		       first < 0xe0 ? 2 :
		       first < 0xf0 ? 3 :
		       first < 0xf5 ? 4 :
				      1;
	uint32_t code = total == 1 ? first : first & (0x7fU >> total);
	size_t i;

	*ret_cells = 1;
	if (total == 1 || total > len)
		return 1;
	for (i = 1; i < total; i++) {
		if (((uint8_t)s[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | ((uint8_t)s[i] & 0x3f);
	}
	if (range_has(empty_ranges, sizeof(empty_ranges) / sizeof(empty_ranges[0]), code))
		*ret_cells = 0;
	else if (range_has(wide_ranges, sizeof(wide_ranges) / sizeof(wide_ranges[0]), code))
		*ret_cells = 2;
	return total;
}

size_t text_cells(const char *s, size_t len)
{
	size_t at = 0, cells = 0, one;

	while (at < len) {
		at += character_measure(s + at, len - at, &one);
		cells += one;
	}
	return cells;
}

size_t text_cells_fit(const char *s, size_t len, size_t cells)
{
	size_t at = 0, used = 0;

	while (at < len) {
		size_t one, bytes = character_measure(s + at, len - at, &one);

		if (used + one > cells)
			break;
		used += one;
		at += bytes;
	}
	return at;
}
