/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of address ranges, found by address: of the kernel, of an ELF file, of a JIT compiler. */
#ifndef USER_ENRICH_SYMBOL_TABLE_H
#define USER_ENRICH_SYMBOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"

/* Of one name, NUL included; longer ones are cut and end in "...". */
#define SYMBOL_NAME_BYTES 256

/**
 * @size  0 = up to the next symbol, or as far as `reach` of the lookup.
 * @name  Where the name is in the table's `names`.
 */
struct symbol {
	uint64_t start;
	uint32_t size;
	uint32_t name;
};

/**
 * @most  Symbols at most, set at the start; what is added beyond is dropped, and `is_cut` set.
 */
struct symbol_table {
	struct symbol *symbols;
	size_t count;
	size_t capacity;
	size_t most;
	struct strbuf names;
	bool is_sorted;
	bool is_cut;
};

void symbol_table_release(struct symbol_table *table);

/**
 * @name    `len` bytes without NUL; any others may occur.
 * @return  0; -ENOMEM; -E2BIG when there are `most` already.
 */
int symbol_table_add(struct symbol_table *table, uint64_t start, uint64_t size, const char *name,
		     size_t len);

/**
 * The symbol that contains the address; of several with the same start, the one added last.
 * Sorts first when something was added.
 *
 * @reach       How far a symbol without a size and without a successor goes.
 * @ret_offset  Set when a name is returned.
 * @return      NULL when no symbol contains it. Valid until the next change.
 */
const char *symbol_table_find(struct symbol_table *table, uint64_t address, uint64_t reach,
			      uint64_t *ret_offset);

/* Memory that it holds. */
size_t symbol_table_bytes(const struct symbol_table *table);

#endif
