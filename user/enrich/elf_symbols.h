/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The functions of an ELF file, and where its bytes are in memory. The file may be hostile. */
#ifndef USER_ENRICH_ELF_SYMBOLS_H
#define USER_ENRICH_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "user/enrich/symbol_table.h"

#define ELF_SEGMENTS_MOST 32

/* Part of the file that is loaded. */
struct elf_segment {
	uint64_t offset;
	uint64_t bytes;
	uint64_t address;
};

/* Addresses are those of the file: of a position-independent one, they begin near 0. */
struct elf_symbols {
	struct symbol_table table;
	struct elf_segment segments[ELF_SEGMENTS_MOST];
	unsigned int segment_count;
	uint64_t frame_index; /* address of .eh_frame_hdr; 0 = none, or of no use here */
	uint16_t machine; /* EM_ of elf.h */
};

/**
 * Read .symtab, or .dynsym where there is none (stripped) or it is too big to keep.
 *
 * @fd      A regular file, readable at any place. Its own offset may move.
 * @ret     Overwritten on success, to be released; untouched on failure.
 * @return  0, also without any symbol; -ENOEXEC when it is no ELF file or a broken one; -ENOMEM.
 */
int elf_symbols_read(int fd, struct elf_symbols *ret);
void elf_symbols_release(struct elf_symbols *symbols);

/* From a place in the file to its address. False when that place is not loaded. */
bool elf_symbols_address(const struct elf_symbols *symbols, uint64_t offset, uint64_t *ret);

/* The other way. */
bool elf_symbols_offset(const struct elf_symbols *symbols, uint64_t address, uint64_t *ret);

#endif
