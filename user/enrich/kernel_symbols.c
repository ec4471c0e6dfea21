// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/kernel_symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/parse_number.h"
#include "user/enrich/symbol_table.h"

/* All functions of a distribution's kernel are some 150,000. */
#define KERNEL_SYMBOLS_MOST 500000
/* How far a function may go: behind the last of a module is nothing for a while. */
#define KERNEL_FUNCTION_BYTES (256 * 1024)

struct kernel_symbols {
	FILE *kallsyms; /* NULL when it cannot be had */
	const char *modules;
	struct symbol_table table;
	uint64_t modules_hash;
	bool is_loaded;
};

int kernel_symbols_new(const char *kallsyms, const char *modules, struct kernel_symbols **ret)
{
	struct kernel_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	symbols->kallsyms = fopen(kallsyms, "re");
	symbols->modules = modules;
	*ret = symbols;
	return 0;
}

void kernel_symbols_free(struct kernel_symbols **symbols)
{
	if (!*symbols)
		return;
	symbol_table_release(&(*symbols)->table);
	if ((*symbols)->kallsyms)
		fclose((*symbols)->kallsyms);
	free(*symbols);
	*symbols = NULL;
}

/* "ffffffff81a0 t tcp_disconnect", for modules "... t nf_send_reset\t[nf_reject_ipv4]". */
static void kernel_symbol_add(struct symbol_table *table, char *line)
{
	char *rest = line, *address = strsep(&rest, " "), *type = strsep(&rest, " ");
	uint64_t start;

	if (!rest || !*rest || !strchr("tTwW", *type) || parse_hex_u64(address, &start) || !start)
		return;
	/* No more room: what is there already is right. */
	symbol_table_add(table, start, 0, rest, strlen(rest));
}

static void kernel_symbols_load(struct kernel_symbols *symbols)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t len;

	symbols->is_loaded = true;
	symbol_table_release(&symbols->table);
	symbols->table.most = KERNEL_SYMBOLS_MOST;
	if (!symbols->kallsyms)
		return;
	rewind(symbols->kallsyms);
	while ((len = getline(&line, &size, symbols->kallsyms)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		kernel_symbol_add(&symbols->table, line);
	}
}

/* FNV-1a over name, size, state and address of each module; the use count in between changes. */
static uint64_t modules_hash(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int c, column = 0;

	while (file && (c = getc_unlocked(file)) != EOF) {
		column = c == '\n' ? 0 : column + (c == ' ');
		if (column != 2 && column != 3)
			hash = (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
	}
	return hash;
}

void kernel_symbols_refresh(struct kernel_symbols *symbols)
{
	uint64_t hash = modules_hash(symbols->modules);

	if (symbols->is_loaded && hash == symbols->modules_hash)
		return;
	symbols->modules_hash = hash;
	kernel_symbols_load(symbols);
}

void kernel_symbols_append(struct strbuf *b, struct kernel_symbols *symbols, uint64_t address)
{
	const char *name, *module;
	uint64_t offset;

	if (!symbols->is_loaded)
		kernel_symbols_load(symbols);
	name = symbol_table_find(&symbols->table, address - 1, KERNEL_FUNCTION_BYTES, &offset);
	if (!name) {
		strbuf_append_str(b, "0x");
		strbuf_append_hex(b, address, 16);
		return;
	}
	module = strchrnul(name, '\t');
	strbuf_append(b, name, module - name);
	strbuf_append_str(b, "+0x");
	strbuf_append_hex(b, offset + 1, 1);
	if (*module) {
		strbuf_append_char(b, ' ');
		strbuf_append_str(b, module + 1);
	}
}
