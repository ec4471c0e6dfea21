// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/symbol_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_BYTES_MOST (64 * 1024 * 1024)
#define NAME_CUT "..."

void symbol_table_release(struct symbol_table *table)
{
	free(table->symbols);
	strbuf_release(&table->names);
	memset(table, 0, sizeof(*table));
}

static int symbol_table_grow(struct symbol_table *table)
{
	size_t capacity = table->capacity ? table->capacity + table->capacity / 2 : 256;
	struct symbol *symbols;

	if (table->count < table->capacity)
		return 0;
	symbols = reallocarray(table->symbols, capacity, sizeof(*symbols));
	if (!symbols)
		return -ENOMEM;
	table->symbols = symbols;
	table->capacity = capacity;
	return 0;
}

int symbol_table_add(struct symbol_table *table, uint64_t start, uint64_t size, const char *name,
		     size_t len)
{
	size_t kept = len < SYMBOL_NAME_BYTES ? len : SYMBOL_NAME_BYTES - sizeof(NAME_CUT);
	struct symbol symbol = {
		.start = start,
		.size = size < UINT32_MAX ? size : UINT32_MAX,
		.name = table->names.len,
	};

	if (table->count >= table->most || table->names.len > NAMES_BYTES_MOST) {
		table->is_cut = true;
		return -E2BIG;
	}
	if (symbol_table_grow(table) || strbuf_reserve(&table->names, SYMBOL_NAME_BYTES))
		return -ENOMEM;
	strbuf_append(&table->names, name, kept);
	if (kept < len)
		strbuf_append_str(&table->names, NAME_CUT);
	strbuf_append_char(&table->names, '\0');
	table->symbols[table->count++] = symbol;
	table->is_sorted = false;
	return 0;
}

/* Names lie in the order of adding: the later one comes last among equals. */
static int symbol_compare(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* Behind the last symbol that starts at or before the address. */
static size_t symbol_table_bound(const struct symbol_table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *symbol_table_find(struct symbol_table *table, uint64_t address, uint64_t reach,
			      uint64_t *ret_offset)
{
	const struct symbol *symbol;
	size_t bound;

	if (!table->is_sorted && table->count)
		qsort(table->symbols, table->count, sizeof(*table->symbols), symbol_compare);
	table->is_sorted = true;
	bound = symbol_table_bound(table, address);
	if (!bound)
		return NULL;
	symbol = &table->symbols[bound - 1];
	if (address - symbol->start >= (symbol->size ? symbol->size : reach))
		return NULL;
	*ret_offset = address - symbol->start;
	return table->names.data + symbol->name;
}

size_t symbol_table_bytes(const struct symbol_table *table)
{
	return table->capacity * sizeof(*table->symbols) + table->names.capacity;
}
