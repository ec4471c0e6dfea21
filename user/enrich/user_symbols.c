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
#include "user/enrich/elf_symbols.h"
#include "user/enrich/perf_map.h"
#include "user/enrich/process_files.h"

#define FILES_MOST 128
#define FILES_BYTES_MOST (32 * 1024 * 1024)
#define DELETED " (deleted)"

struct file_key {
	uint64_t device;
	uint64_t inode;
};

/* uthash keeps the order of insertion; whoever is used goes to the end: the first is the oldest. */
struct symbol_file {
	struct file_key key;
	struct timespec changed; /* an inode number is used again */
	struct elf_symbols elf;
	struct perf_map perf;
	int elf_error;
	UT_hash_handle hh;
};

struct user_symbols {
	struct symbol_file *files;
	size_t bytes;
};

/* What is known of one frame before it is named; `path` is owned. */
struct user_frame {
	uint64_t address;
	struct memory_mapping mapping; /* start 0 = none */
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
	struct stat status;
	char path[64];
	uint64_t pid;

	if (process_own_pid(process_fd, &pid))
		return NULL;
	snprintf(path, sizeof(path), "/tmp/perf-%llu.map", (unsigned long long)pid);
	fd = process_open_path(process_fd, path);
	if (fd < 0 || fstat(fd, &status))
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

/* -- frames ---------------------------------------------------------------------------------- */
/* The address of a call: one before the one to which it returns. */
static uint64_t frame_call(const struct user_frame *frame)
{
	return frame->address - 1;
}

static int frames_map(struct user_frame *frames, size_t count, const struct memory_mapping *mapping)
{
	for (size_t i = 0; i < count; i++) {
		struct user_frame *frame = &frames[i];

		if (frame->mapping.start || frame_call(frame) < mapping->start ||
		    frame_call(frame) >= mapping->end)
			continue;
		frame->mapping = *mapping;
		frame->mapping.path = strdup(mapping->path);
		if (!frame->mapping.path)
			return -ENOMEM;
	}
	return 0;
}

static int frames_map_all(struct user_frame *frames, size_t count, int process_fd)
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
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (memory_mapping_parse(line, &mapping))
			continue;
		if (frames_map(frames, count, &mapping))
			return -ENOMEM;
	}
	return 0;
}

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

static bool append_jit_frame(struct strbuf *b, struct user_symbols *symbols, int process_fd,
			     const struct user_frame *frame)
{
	struct symbol_file *file = perf_file_get(symbols, process_fd);
	const char *name;
	uint64_t offset;

	name = file ? symbol_table_find(&file->perf.table, frame_call(frame), 0, &offset) : NULL;
	if (!name)
		return false;
	append_symbol(b, name, offset);
	strbuf_append_str(b, " [jit]");
	return true;
}

static void append_file_frame(struct strbuf *b, struct user_symbols *symbols, int process_fd,
			      const struct user_frame *frame)
{
	const struct memory_mapping *mapping = &frame->mapping;
	uint64_t at = frame_call(frame) - mapping->start + mapping->offset, offset;
	_cleanup_close_ int fd = process_open_mapping(process_fd, mapping);
	struct symbol_file *file = fd < 0 ? NULL : elf_file_get(symbols, fd);
	const char *name = NULL;

	/* Some compilers put their code into a file without a name. */
	if (!file && append_jit_frame(b, symbols, process_fd, frame))
		return;
	if (file && elf_symbols_address(&file->elf, at, &at))
		name = symbol_table_find(&file->elf.table, at, UINT64_MAX, &offset);
	if (name) {
		append_symbol(b, name, offset);
		strbuf_append_str(b, " [");
		append_module(b, mapping->path);
		strbuf_append_char(b, ']');
		return;
	}
	append_module(b, mapping->path);
	append_symbol(b, "", at);
}

static void append_frame(struct strbuf *b, struct user_symbols *symbols, int process_fd,
			 const struct user_frame *frame)
{
	const struct memory_mapping *mapping = &frame->mapping;

	if (!mapping->start) {
		strbuf_append_str(b, "[unknown]");
	} else if (mapping->inode) {
		append_file_frame(b, symbols, process_fd, frame);
	} else if (!append_jit_frame(b, symbols, process_fd, frame)) {
		strbuf_append_str(b, *mapping->path ? mapping->path : "[anon]");
		append_symbol(b, "", frame_call(frame) - mapping->start);
	}
}

int user_symbols_append_stack(struct strbuf *b, struct user_symbols *symbols,
			      const struct close_stacks *stacks)
{
	_cleanup_close_ int process_fd = process_open(stacks->pid);
	struct user_frame frames[STACK_FRAMES] = {};
	size_t i, count = stacks->user_count < STACK_FRAMES ? stacks->user_count : STACK_FRAMES;
	int err;

	if (process_fd < 0)
		return -ESRCH;
	for (i = 0; i < count; i++)
		frames[i].address = stacks->user[i];
	err = frames_map_all(frames, count, process_fd);
	/* Asked after the maps were read: what they say is of this program then. */
	if (!err && !process_is(process_fd, stacks->task_start_ns, stacks->task_code))
		err = -ESRCH;
	for (i = 0; i < count && !err; i++) {
		append_frame(b, symbols, process_fd, &frames[i]);
		strbuf_append_char(b, '\0');
	}
	for (i = 0; i < count; i++)
		free(frames[i].mapping.path);
	return err;
}
