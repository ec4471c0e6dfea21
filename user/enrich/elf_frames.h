/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How far a function's caller is up the stack, as the unwind tables of its ELF file say. */
#ifndef USER_ENRICH_ELF_FRAMES_H
#define USER_ENRICH_ELF_FRAMES_H

#include <stdint.h>

#include "user/enrich/elf_symbols.h"

/**
 * @fd       The file of `symbols`; any content is survived.
 * @address  In the file, of an instruction behind which the function waits.
 * @ret      x86-64: bytes from the stack pointer there to the caller's: the 8 before that are the
 *           return address. arm64: 0, the return address is in the link register.
 * @return   0; -ENOENT when the function has a frame pointer (arm64: has put the link register on
 *           the stack), is told of in another way or not at all; other negative errnos for a table
 *           that is broken.
 * Source:   LSB core 5.0 section 10.6 (.eh_frame, .eh_frame_hdr); DWARF 5 section 6.4.2; DWARF for
 *           the Arm 64-bit architecture (aadwarf64).
 */
int elf_frame_bytes(int fd, const struct elf_symbols *symbols, uint64_t address, uint64_t *ret);

#endif
