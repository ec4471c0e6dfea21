// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/elf_symbols.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "user/base/cleanup.h"

/* Bounds for one file; what is bigger is named by its .dynsym alone. */
#define ELF_SYMBOLS_MOST 400000
#define ELF_SECTION_BYTES_MOST (64 * 1024 * 1024)

static void elf_release(Elf **elf)
{
	elf_end(*elf);
}

void elf_symbols_release(struct elf_symbols *symbols)
{
	symbol_table_release(&symbols->table);
	memset(symbols, 0, sizeof(*symbols));
}

static int elf_read_segments(Elf *elf, struct elf_symbols *ret)
{
	bool has_frames;
	size_t count, i;
	GElf_Phdr header;
	GElf_Ehdr file;

	if (!gelf_getehdr(elf, &file) || elf_getphdrnum(elf, &count))
		return -ENOEXEC;
	/* elf_frames.c knows the rules of two machines. */
	has_frames = (file.e_machine == EM_X86_64 || file.e_machine == EM_AARCH64) &&
		     file.e_ident[EI_CLASS] == ELFCLASS64;
	ret->machine = file.e_machine;
	for (i = 0; i < count && ret->segment_count < ELF_SEGMENTS_MOST; i++) {
		if (!gelf_getphdr(elf, i, &header))
			return -ENOEXEC;
		if (header.p_type == PT_GNU_EH_FRAME && has_frames)
			ret->frame_index = header.p_vaddr;
		if (header.p_type != PT_LOAD)
			continue;
		ret->segments[ret->segment_count++] = (struct elf_segment){
			.offset = header.p_offset,
			.bytes = header.p_filesz,
			.address = header.p_vaddr,
		};
	}
	return 0;
}

/* The first section of the type that is not too big; NULL when there is none. */
static Elf_Scn *elf_find_section(Elf *elf, GElf_Word type, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, ret) && ret->sh_type == type && ret->sh_entsize &&
		    ret->sh_size <= ELF_SECTION_BYTES_MOST &&
		    ret->sh_size / ret->sh_entsize <= ELF_SYMBOLS_MOST)
			return section;
	return NULL;
}

/* The names of a symbol section. libelf has checked that they lie within the file. */
static Elf_Data *elf_names_of(Elf *elf, const GElf_Shdr *header)
{
	Elf_Scn *section = elf_getscn(elf, header->sh_link);
	GElf_Shdr names;

	if (!section || !gelf_getshdr(section, &names) || names.sh_type != SHT_STRTAB ||
	    names.sh_size > ELF_SECTION_BYTES_MOST)
		return NULL;
	return elf_getdata(section, NULL);
}

static int elf_add_symbol(struct symbol_table *table, const GElf_Sym *symbol, const Elf_Data *names)
{
	int type = GELF_ST_TYPE(symbol->st_info);
	const char *name;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF ||
	    !symbol->st_value || symbol->st_name >= names->d_size)
		return 0;
	name = (const char *)names->d_buf + symbol->st_name;
	return symbol_table_add(table, symbol->st_value, symbol->st_size, name,
				strnlen(name, names->d_size - symbol->st_name));
}

static int elf_read_section(Elf *elf, GElf_Word type, struct symbol_table *table)
{
	const Elf_Data *names;
	Elf_Data *data;
	Elf_Scn *section;
	GElf_Shdr header;
	GElf_Sym symbol;
	int i, count;

	section = elf_find_section(elf, type, &header);
	data = section ? elf_getdata(section, NULL) : NULL;
	names = section ? elf_names_of(elf, &header) : NULL;
	if (!data || !data->d_buf || !names || !names->d_buf)
		return 0;
	count = data->d_size / header.sh_entsize;
	for (i = 0; i < count && gelf_getsym(data, i, &symbol); i++)
		if (elf_add_symbol(table, &symbol, names) == -ENOMEM)
			return -ENOMEM;
	return 0;
}

int elf_symbols_read(int fd, struct elf_symbols *ret)
{
	_cleanup_(elf_symbols_release) struct elf_symbols symbols = {};
	_cleanup_(elf_release) Elf *elf = NULL;
	int err;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	/* Not mapped: who may write to the file could cut it, and kill the reader by SIGBUS. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return -ENOEXEC;
	symbols.table.most = ELF_SYMBOLS_MOST;
	err = elf_read_segments(elf, &symbols);
	if (!err)
		err = elf_read_section(elf, SHT_SYMTAB, &symbols.table);
	if (!err && !symbols.table.count)
		err = elf_read_section(elf, SHT_DYNSYM, &symbols.table);
	if (err)
		return err;
	*ret = symbols;
	memset(&symbols, 0, sizeof(symbols));
	return 0;
}

bool elf_symbols_address(const struct elf_symbols *symbols, uint64_t offset, uint64_t *ret)
{
	for (unsigned int i = 0; i < symbols->segment_count; i++) {
		const struct elf_segment *segment = &symbols->segments[i];

		if (offset < segment->offset || offset - segment->offset >= segment->bytes)
			continue;
		*ret = offset - segment->offset + segment->address;
		return true;
	}
	return false;
}

bool elf_symbols_offset(const struct elf_symbols *symbols, uint64_t address, uint64_t *ret)
{
	for (unsigned int i = 0; i < symbols->segment_count; i++) {
		const struct elf_segment *segment = &symbols->segments[i];

		if (address < segment->address || address - segment->address >= segment->bytes)
			continue;
		*ret = address - segment->address + segment->offset;
		return true;
	}
	return false;
}
