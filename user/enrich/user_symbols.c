// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/user_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "user/base/cleanup.h"
#include "user/enrich/elf_frames.h"
#include "user/enrich/elf_symbols.h"
#include "user/enrich/perf_map.h"
#include "user/enrich/process_files.h"

#define FILES_MOST 128
#define FILES_BYTES_MOST (32 * 1024 * 1024)
#define FRAMES_KNOWN 16
#define MAPPINGS_MOST 65536
#define DELETED " (deleted)"

struct file_key {
	uint64_t device;
	uint64_t inode;
};

/* What elf_frame_bytes() said; a storm asks for few addresses, often. Address 0 = nothing yet. */
struct known_frame {
	uint64_t address;
	uint64_t bytes;
	int result;
};

/* uthash keeps the order of insertion; whoever is used goes to the end: the first is the oldest. */
struct symbol_file {
	struct file_key key;
	struct timespec changed; /* an inode number is used again */
	struct elf_symbols elf;
	struct perf_map perf;
	int elf_error;
	struct known_frame frames[FRAMES_KNOWN]; /* by address, modulo */
	UT_hash_handle hh;
};

struct user_symbols {
	struct symbol_file *files;
	size_t bytes;
};

/* Where code may be: `at.path` is owned, `fd` opened when it is first asked for. */
struct code_mapping {
	struct memory_mapping at;
	int fd;
	bool was_opened;
};

struct mappings {
	struct code_mapping *items;
	size_t count;
};

/* One process, for the time of one stack. */
struct user_process {
	int fd;
	struct mappings mappings;
};

int user_symbols_new(struct user_symbols **ret)
{
	struct user_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	*ret = symbols;
	return 0;
}

static size_t symbol_file_bytes(const struct symbol_file *file)
{
	return sizeof(*file) + symbol_table_bytes(&file->elf.table) +
	       symbol_table_bytes(&file->perf.table);
}

static void symbol_file_remove(struct user_symbols *symbols, struct symbol_file *file)
{
	HASH_DEL(symbols->files, file);
	symbols->bytes -= symbol_file_bytes(file);
	elf_symbols_release(&file->elf);
	perf_map_release(&file->perf);
	free(file);
}

void user_symbols_free(struct user_symbols **symbols)
{
	struct symbol_file *file, *next;

	if (!*symbols)
		return;
	HASH_ITER(hh, (*symbols)->files, file, next)
	symbol_file_remove(*symbols, file);
	free(*symbols);
	*symbols = NULL;
}

/* -- files ----------------------------------------------------------------------------------- */
static struct symbol_file *symbol_file_add(struct user_symbols *symbols, const struct file_key *key)
{
	struct symbol_file *file;

	while (symbols->files &&
	       (HASH_COUNT(symbols->files) >= FILES_MOST || symbols->bytes > FILES_BYTES_MOST))
		symbol_file_remove(symbols, symbols->files);
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->key = *key;
	HASH_ADD(hh, symbols->files, key, sizeof(file->key), file);
	symbols->bytes += symbol_file_bytes(file);
	return file;
}

static struct symbol_file *symbol_file_find(struct user_symbols *symbols,
					    const struct file_key *key)
{
	struct symbol_file *file;

	HASH_FIND(hh, symbols->files, key, sizeof(*key), file);
	if (!file)
		return NULL;
	HASH_DEL(symbols->files, file);
	HASH_ADD(hh, symbols->files, key, sizeof(file->key), file);
	return file;
}

/* The file's symbols, read now if they are not known. NULL when it is no ELF file. */
static struct symbol_file *elf_file_get(struct user_symbols *symbols, int fd)
{
	struct symbol_file *file;
	struct file_key key;
	struct stat status;

	if (fstat(fd, &status))
		return NULL;
	key = (struct file_key){ status.st_dev, status.st_ino };
	file = symbol_file_find(symbols, &key);
	if (file && memcmp(&file->changed, &status.st_ctim, sizeof(file->changed))) {
		symbol_file_remove(symbols, file);
		file = NULL;
	}
	if (!file) {
		file = symbol_file_add(symbols, &key);
		if (!file)
			return NULL;
		file->changed = status.st_ctim;
		symbols->bytes -= symbol_file_bytes(file);
		file->elf_error = elf_symbols_read(fd, &file->elf);
		symbols->bytes += symbol_file_bytes(file);
	}
	return file->elf_error ? NULL : file;
}

static struct symbol_file *perf_file_get(struct user_symbols *symbols, int process_fd)
{
	_cleanup_close_ int fd = -1;
	struct symbol_file *file;
	struct file_key key;
	struct stat status, process;
	char path[64];
	uint64_t pid;

	if (process_own_pid(process_fd, &pid))
		return NULL;
	snprintf(path, sizeof(path), "/tmp/perf-%llu.map", (unsigned long long)pid);
	fd = process_open_path(process_fd, path);
	if (fd < 0 || fstat(fd, &status) || fstat(process_fd, &process) ||
	    (status.st_uid && status.st_uid != process.st_uid))
		return NULL;
	key = (struct file_key){ status.st_dev, status.st_ino };
	file = symbol_file_find(symbols, &key);
	if (!file)
		file = symbol_file_add(symbols, &key);
	if (!file)
		return NULL;
	symbols->bytes -= symbol_file_bytes(file);
	if (perf_map_read(fd, &file->perf))
		perf_map_release(&file->perf);
	symbols->bytes += symbol_file_bytes(file);
	return file;
}

/* -- mappings -------------------------------------------------------------------------------- */
static void mappings_release(struct mappings *mappings)
{
	for (size_t i = 0; i < mappings->count; i++) {
		free(mappings->items[i].at.path);
		if (mappings->items[i].fd >= 0)
			close(mappings->items[i].fd);
	}
	free(mappings->items);
}

static int mappings_add(struct mappings *mappings, const struct memory_mapping *mapping)
{
	struct code_mapping *items, *item;

	if (!(mappings->count & (mappings->count - 1))) {
		items = reallocarray(mappings->items, mappings->count ? 2 * mappings->count : 1,
				     sizeof(*items));
		if (!items)
			return -ENOMEM;
		mappings->items = items;
	}
	item = &mappings->items[mappings->count];
	*item = (struct code_mapping){ .at = *mapping, .fd = -1 };
	item->at.path = strdup(mapping->path);
	if (!item->at.path)
		return -ENOMEM;
	mappings->count++;
	return 0;
}

static int mappings_read(int process_fd, struct mappings *mappings)
{
	int fd = openat(process_fd, "maps", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	_cleanup_free_ char *line = NULL;
	struct memory_mapping mapping;
	size_t size = 0;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return -ESRCH;
	}
	while (mappings->count < MAPPINGS_MOST && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!memory_mapping_parse(line, &mapping) && mapping.is_code &&
		    mappings_add(mappings, &mapping))
			return -ENOMEM;
	}
	return 0;
}

/* They are in order. */
static struct code_mapping *mappings_find(const struct mappings *mappings, uint64_t address)
{
	size_t low = 0, high = mappings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mappings->items[middle].at.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == mappings->count || mappings->items[low].at.start > address)
		return NULL;
	return &mappings->items[low];
}

/* -- frames ---------------------------------------------------------------------------------- */
static void append_symbol(struct strbuf *b, const char *name, uint64_t offset)
{
	strbuf_append_str(b, name);
	strbuf_append_str(b, "+0x");
	strbuf_append_hex(b, offset + 1, 1);
}

/* The last part of a path, without the mark of a file that was deleted. */
static void append_module(struct strbuf *b, const char *path)
{
	const char *name = strrchr(path, '/');
	size_t len;

	name = name && name[1] ? name + 1 : path;
	len = strlen(name);
	if (len > sizeof(DELETED) - 1 && !strcmp(name + len - (sizeof(DELETED) - 1), DELETED))
		len -= sizeof(DELETED) - 1;
	strbuf_append(b, name, len);
}

/* Calls are named by the address before the one to which they return. */
static bool append_jit_frame(struct strbuf *b, struct user_symbols *symbols,
			     const struct user_process *process, uint64_t call)
{
	struct symbol_file *file = perf_file_get(symbols, process->fd);
	const char *name;
	uint64_t offset;

	name = file ? symbol_table_find(&file->perf.table, call, 0, &offset) : NULL;
	if (!name)
		return false;
	append_symbol(b, name, offset);
	strbuf_append_str(b, " [jit]");
	return true;
}

/* NULL when it cannot be read or is no ELF file. */
static struct symbol_file *mapping_file(struct user_symbols *symbols,
					const struct user_process *process,
					struct code_mapping *mapping)
{
	if (!mapping->was_opened)
		mapping->fd = process_open_mapping(process->fd, &mapping->at);
	mapping->was_opened = true;
	return mapping->fd < 0 ? NULL : elf_file_get(symbols, mapping->fd);
}

static uint64_t mapping_offset(const struct code_mapping *mapping, uint64_t address)
{
	return address - mapping->at.start + mapping->at.offset;
}

static void append_file_frame(struct strbuf *b, struct user_symbols *symbols,
			      const struct user_process *process, struct code_mapping *mapping,
			      uint64_t call)
{
	struct symbol_file *file = mapping_file(symbols, process, mapping);
	uint64_t at = mapping_offset(mapping, call), offset;
	const char *name = NULL;

	/* Some compilers put their code into a file without a name. */
	if (!file && append_jit_frame(b, symbols, process, call))
		return;
	if (file && elf_symbols_address(&file->elf, at, &at))
		name = symbol_table_find(&file->elf.table, at, UINT64_MAX, &offset);
	if (name) {
		append_symbol(b, name, offset);
		strbuf_append_str(b, " [");
		append_module(b, mapping->at.path);
		strbuf_append_char(b, ']');
		return;
	}
	append_module(b, mapping->at.path);
	append_symbol(b, "", at);
}

static void append_frame(struct strbuf *b, struct user_symbols *symbols,
			 const struct user_process *process, uint64_t call)
{
	struct code_mapping *mapping = mappings_find(&process->mappings, call);

	if (!mapping) {
		strbuf_append_str(b, "[unknown]");
	} else if (mapping->at.inode) {
		append_file_frame(b, symbols, process, mapping, call);
	} else if (!append_jit_frame(b, symbols, process, call)) {
		strbuf_append_str(b, *mapping->at.path ? mapping->at.path : "[anon]");
		append_symbol(b, "", call - mapping->at.start);
	}
	strbuf_append_char(b, '\0');
}

/* -- callers of functions without a frame ---------------------------------------------------- */
static int frame_bytes(struct user_symbols *symbols, const struct user_process *process,
		       uint64_t call, uint64_t *ret)
{
	struct code_mapping *mapping = mappings_find(&process->mappings, call);
	struct known_frame *known;
	struct symbol_file *file;
	uint64_t address;

	if (!mapping || !mapping->at.inode)
		return -ENOENT;
	file = mapping_file(symbols, process, mapping);
	if (!file || !elf_symbols_address(&file->elf, mapping_offset(mapping, call), &address))
		return -ENOENT;
	known = &file->frames[address % FRAMES_KNOWN];
	if (known->address != address) {
		known->address = address;
		known->result = elf_frame_bytes(mapping->fd, &file->elf, address, &known->bytes);
	}
	*ret = known->bytes;
	return known->result;
}

/**
 * From the function that made the system call up to the first one with a frame pointer, whose
 * caller is the next of `stacks->user`: who follows frame pointers does not see those between. On
 * arm64 only the first can lack a frame, because one that calls another must keep where to return to.
 */
static void append_frameless(struct strbuf *b, struct user_symbols *symbols,
			     const struct user_process *process, const struct close_stacks *stacks)
{
	uint64_t at = 0, bytes, address = stacks->user[0];

	for (int i = 0; i < STACK_FRAMES; i++) {
		/* Where the process is now comes as it is; callers wait behind their call. */
		if (frame_bytes(symbols, process, address - 1, &bytes) || bytes % 8)
			return;
		if (!bytes) {
			if (!i && stacks->link)
				append_frame(b, symbols, process, stacks->link - 1);
			return;
		}
		at += bytes / 8;
		if (at > stacks->word_count || at > STACK_WORDS)
			return;
		address = stacks->words[at - 1];
		if (stacks->user_count > 1 && address == stacks->user[1])
			return;
		append_frame(b, symbols, process, address - 1);
	}
}

static void user_process_release(struct user_process *process)
{
	mappings_release(&process->mappings);
	if (process->fd >= 0)
		close(process->fd);
}

int user_symbols_append_stack(struct strbuf *b, struct user_symbols *symbols,
			      const struct close_stacks *stacks)
{
	_cleanup_(user_process_release) struct user_process process = {
		.fd = process_open(stacks->pid),
	};
	size_t i, count = stacks->user_count < STACK_FRAMES ? stacks->user_count : STACK_FRAMES;
	int err;

	if (process.fd < 0)
		return -ESRCH;
	err = mappings_read(process.fd, &process.mappings);
	if (err)
		return err;
	/* Asked after the maps were read: what they say is of this program then. */
	if (!process_is(process.fd, stacks->task_start_ns, stacks->task_code))
		return -ESRCH;
	for (i = 0; i < count; i++) {
		append_frame(b, symbols, &process, stacks->user[i] - 1);
		if (!i)
			append_frameless(b, symbols, &process, stacks);
	}
	return 0;
}
