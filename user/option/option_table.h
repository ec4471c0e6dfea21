/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Options as rows. A command has a table of them; parsing, help, the manual and the completions
 * of shells are made from it. Rows that commands share are a group with a struct of its own.
 */
#ifndef USER_OPTION_OPTION_TABLE_H
#define USER_OPTION_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a value is: how it is read, and what a shell offers for it.
 *
 * FLAG    no value; the target is a bool.
 * NUMBER  from `least` to `most`; an unsigned integer of any size.
 * TIME    10s, 5m, 500ms, from `least` to `most`; uint64_t, nanoseconds.
 * SIZE    4K, 64M, from `least` to `most`; an unsigned integer of any size, bytes.
 * WORD    one of `words`; an unsigned int, its index.
 * TEXT, FILE  not empty; const char *, the word of the call.
 * LIST    of names, with commas between; struct option_list.
 */
enum option_type {
	OPTION_FLAG,
	OPTION_NUMBER,
	OPTION_TIME,
	OPTION_SIZE,
	OPTION_WORD,
	OPTION_TEXT,
	OPTION_FILE,
	OPTION_LIST,
};

/* The headings that options are listed under, in this order: X(id, title). */
#define OPTION_SECTIONS(X)                                                                         \
	X(TASK, "What to do")                                                                      \
	X(WHERE, "Where to look")                                                                  \
	X(CAPTURE, "Reading captures")                                                             \
	X(WHICH, "Which connections")                                                              \
	X(COUNTS, "Counting")                                                                      \
	X(OUTPUT, "Output")                                                                        \
	X(LIMITS, "Limits")                                                                        \
	X(OTHER, "Other")

#define OPTION_SECTION_ENUM(id, title) SECTION_##id,
enum option_section { OPTION_SECTIONS(OPTION_SECTION_ENUM) OPTION_SECTION_COUNT };

#define OPTION_LIST_MAX 1024

/* `items` point into `text`, a copy: ps(1) goes on showing the words as they were given. */
struct option_list {
	char *text;
	const char **items;
	size_t count;
};

struct option_row;

/**
 * Read a value where the type's own way does not do.
 *
 * @value   NULL for a flag.
 * @target  What the row's offset says.
 * @return  0, or -EINVAL after one sentence (option_value_wrong()); -ENOMEM after one.
 */
typedef int (*option_parser)(const struct option_row *row, const char *value, void *target);

/* The words that a value may be, or have in it; NULL when `index` is past the last one. */
typedef const char *(*option_words)(size_t index);

/**
 * @name     Without its dashes. @letter 0 = none. @metavar What help calls the value; NULL = none.
 * @offset   Of the target in the struct of the row's group, @size of it: OPTION_TARGET().
 * @least, @most  Bounds; most 0 = none above.
 * @words    For WORD; for other types what a shell offers.
 * @takes    What a sentence about a wrong value says that the option takes; NULL = made from the
 *           type and its bounds.
 * @offers   A shell command that lists what a shell offers; NULL = none.
 * @parse    NULL = as the type says.
 * @help     One line, in lower case, without a full stop. "{}" stands for what it takes.
 * @more     Whole sentences for the manual and the command's help; NULL = none.
 */
struct option_row {
	const char *name;
	char letter;
	const char *metavar;
	enum option_section section;
	enum option_type type;
	size_t offset, size;
	uint64_t least, most;
	option_words words;
	const char *takes;
	const char *offers;
	option_parser parse;
	const char *help;
	const char *more;
};

#define OPTION_TARGET(type, member)                                                                \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/**
 * Rows that fill one struct.
 *
 * @init     Set what is not 0 by default; NULL = nothing.
 * @finish   Check and complete, after the last word: 0, or -EINVAL after one sentence; may be NULL.
 * @release  May be NULL. Of a struct that is all 0, too.
 */
struct option_group {
	const struct option_row *rows;
	size_t count;
	void (*init)(void *options);
	int (*finish)(void *options);
	void (*release)(void *options);
};

#define OPTION_ROWS(array) .rows = (array), .count = sizeof(array) / sizeof((array)[0])

/**
 * A group as a command has it.
 *
 * @offset  Of the group's struct in the command's.
 * @only    Names of the rows that the command has, with spaces between; NULL = all.
 */
struct option_use {
	const struct option_group *group;
	size_t offset;
	const char *only;
};

/* The first member of every command's struct. @words What is no option; points into argv. */
struct option_common {
	bool help;
	bool debug;
	char **words;
	size_t word_count;
};

/**
 * Of a command. --help is of every one and stands in none.
 *
 * @size    Of the command's struct, which begins with struct option_common.
 * @words   What the words that are no options are, such as "FILE..."; NULL = there may be none.
 * @words_type, @word_names  What a shell offers for them: files, or names.
 * @uses    @use_count of them. @finish As of a group, after all of theirs.
 */
struct option_table {
	size_t size;
	const char *words;
	enum option_type words_type;
	option_words word_names;
	const struct option_use *uses;
	size_t use_count;
	int (*finish)(void *options);
};

#define OPTION_USES(array) .uses = (array), .use_count = sizeof(array) / sizeof((array)[0])

/* --debug, for who has something to say. */
extern const struct option_group option_debug_group;

/* A row of a table, and the struct in the command's that it fills. */
struct option_place {
	const struct option_row *row;
	size_t offset;
};

/* The place of number `index`, --help last; false when it is past that. */
bool option_place_at(const struct option_table *table, size_t index, struct option_place *ret);
/* The same in the order of the sections: for who lists them. */
bool option_listed_at(const struct option_table *table, size_t index, struct option_place *ret);

const char *option_section_title(enum option_section section);

/* The row of this name; NULL when the command has none. */
const struct option_row *option_find(const struct option_table *table, const char *name);
/* The row of this letter. */
const struct option_row *option_find_letter(const struct option_table *table, char letter);

/* What was given and is in no row of the table: "--by", or "-b"; or a word that there is no use for. */
struct option_unknown {
	char word[64];
};

/**
 * Parse the words of one command.
 *
 * @table    All rows, in the order in which they were given.
 * @ret      Of table->size; overwritten, meaningful on success only. option_release() in any case.
 * @unknown  Set with -ENOENT only, which nothing is said about: others may know the word.
 * @return   0; -EINVAL or -ENOMEM after one sentence that says which word is wrong and what would
 *           do; -ENOENT.
 */
int option_parse(const struct option_table *table, int argc, char **argv, void *ret,
		 struct option_unknown *unknown);

void option_release(const struct option_table *table, void *options);

#endif
