// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stacks of this very process, and of one that has gone. */
#include "user/enrich/user_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/parse_number.h"
#include "user/enrich/process_files.h"
#include "user/enrich/stack_names.h"

__attribute__((noinline)) int function_on_the_stack(int x);
__attribute__((noinline)) int function_on_the_stack(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static uint64_t stat_field(pid_t pid, int wanted)
{
	_cleanup_fclose_ FILE *file = NULL;
	char text[1024] = "", path[64], *rest, *word;
	uint64_t value = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	rest = strrchr(text, ')') + 2;
	for (int i = 3; i <= wanted; i++)
		word = strsep(&rest, " ");
	assert_int_equal(parse_u64(word, UINT64_MAX, &value), 0);
	return value;
}

/* As the kernel side would have filled it. */
static struct close_stacks stacks_of(pid_t pid)
{
	return (struct close_stacks){
		.pid = pid,
		.task_start_ns = stat_field(pid, 22) * (1000000000 / sysconf(_SC_CLK_TCK)),
		.task_code = stat_field(pid, 26),
	};
}

static uint64_t return_address_in(void *function)
{
	return (uint64_t)(uintptr_t)function + 5;
}

TEST(lines_of_maps)
{
	char file[] =
		"7f00aa000000-7f00aa001000 r-xp 00002000 fd:01 1234      /usr/lib/a b (deleted)";
	char anonymous[] = "00400000-00401000 rw-p 00000000 00:00 0 ";
	char heap[] = "00400000-00401000 rw-p 00000000 00:00 0      [heap]";
	static const char *const broken[] = {
		"",
		"-",
		"00400000",
		"00400000-00401000",
		"00400000-00401000 r-xp",
		"00400000-00401000 r-xp 0 0:0",
		"00400000-00400000 r-xp 0 00:00 0",
		"x0400000-00401000 r-xp 0 00:00 0",
		"1-2 r 0 00:00 0",
		"1-2 r-xp 0 00:00 -1",
	};
	struct memory_mapping mapping = {};

	assert_int_equal(memory_mapping_parse(file, &mapping), 0);
	assert_int_equal(mapping.start, 0x7f00aa000000);
	assert_int_equal(mapping.end, 0x7f00aa001000);
	assert_int_equal(mapping.offset, 0x2000);
	assert_int_equal(mapping.device_major, 0xfd);
	assert_int_equal(mapping.device_minor, 1);
	assert_int_equal(mapping.inode, 1234);
	assert_true(mapping.is_code);
	assert_string_equal(mapping.path, "/usr/lib/a b (deleted)");
	assert_int_equal(memory_mapping_parse(anonymous, &mapping), 0);
	assert_string_equal(mapping.path, "");
	assert_false(mapping.is_code);
	assert_int_equal(memory_mapping_parse(heap, &mapping), 0);
	assert_string_equal(mapping.path, "[heap]");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s", broken[i]);
		assert_int_equal(memory_mapping_parse(line, &mapping), -EINVAL);
	}
	assert_string_equal(mapping.path, "[heap]");
}

TEST(a_stack_of_this_process_is_named)
{
	_cleanup_(user_symbols_free) struct user_symbols *symbols = NULL;
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct close_stacks stacks = stacks_of(getpid());

	stacks.user[0] = return_address_in(function_on_the_stack);
	stacks.user[1] = 0x1000;
	stacks.user_count = 2;
	assert_int_equal(user_symbols_new(&symbols), 0);
	/* The second time from memory. */
	for (int i = 0; i < 2; i++) {
		strbuf_reset(&b);
		assert_int_equal(user_symbols_append_stack(&b, symbols, &stacks), 0);
		assert_strbuf(&b, "function_on_the_stack+0x5 [test_user_symbols]\0[unknown]\0");
	}
	assert_int_equal(function_on_the_stack(1), 2);
}

TEST(another_process_with_the_pid_is_not_taken_for_it)
{
	_cleanup_(user_symbols_free) struct user_symbols *symbols = NULL;
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct close_stacks stacks = stacks_of(getpid()), wrong;
	int status;
	pid_t child;

	stacks.user[0] = return_address_in(function_on_the_stack);
	stacks.user_count = 1;
	assert_int_equal(user_symbols_new(&symbols), 0);
	wrong = stacks;
	wrong.task_start_ns += 1000000000;
	assert_int_equal(user_symbols_append_stack(&b, symbols, &wrong), -ESRCH);
	wrong = stacks;
	wrong.task_code += 4096;
	assert_int_equal(user_symbols_append_stack(&b, symbols, &wrong), -ESRCH);
	child = fork();
	if (!child)
		_exit(0);
	/* A zombie has no memory; then it has not even a pid. */
	wrong.pid = child;
	assert_int_equal(user_symbols_append_stack(&b, symbols, &wrong), -ESRCH);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(user_symbols_append_stack(&b, symbols, &wrong), -ESRCH);
	assert_int_equal(b.len, 0);
}

static char map_path[64];

static int remove_map(void)
{
	return unlink(map_path);
}

TEST(code_of_a_compiler_is_named_by_its_map)
{
	_cleanup_(user_symbols_free) struct user_symbols *symbols = NULL;
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct close_stacks stacks = stacks_of(getpid());
	char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *file;

	assert_true(code != MAP_FAILED);
	stacks.user[0] = (uint64_t)(uintptr_t)code + 0x18;
	stacks.user[1] = (uint64_t)(uintptr_t)code + 0x81;
	stacks.user_count = 2;
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", getpid());
	/* Never through a link: it would lead out of a container. */
	assert_int_equal(symlink("/proc/self/exe", map_path), 0);
	assert_int_equal(user_symbols_new(&symbols), 0);
	assert_int_equal(user_symbols_append_stack(&b, symbols, &stacks), 0);
	assert_string_equal(b.data, "[anon]+0x18");
	assert_int_equal(remove_map(), 0);
	/* Nor wait for a writer. */
	assert_int_equal(mkfifo(map_path, 0600), 0);
	assert_int_equal(user_symbols_append_stack(&b, symbols, &stacks), 0);
	assert_int_equal(remove_map(), 0);
	file = fopen(map_path, "wxe");
	assert_non_null(file);
	fprintf(file, "%lx 40 onRequest\n", (unsigned long)(uintptr_t)code);
	assert_int_equal(fclose(file), 0);
	strbuf_reset(&b);
	assert_int_equal(user_symbols_append_stack(&b, symbols, &stacks), 0);
	assert_strbuf(&b, "onRequest+0x18 [jit]\0[anon]+0x81\0");
	assert_int_equal(remove_map(), 0);
	munmap(code, 4096);
}

TEST(what_cannot_be_had_stays_null_and_is_counted)
{
	_cleanup_(stack_names_free) struct stack_names *names = NULL;
	struct close_stacks stacks = stacks_of(getpid());
	struct closed_connection c = {};

	assert_int_equal(stack_names_new(&names), 0);
	stack_names_add(names, &stacks, &c);
	assert_int_equal(stack_names_unnamed(names), 0);
	stacks.kernel[0] = 0x1000;
	stacks.kernel_count = 1;
	stacks.user[0] = return_address_in(function_on_the_stack);
	stacks.user_count = 1;
	stacks.task_code++;
	stack_names_add(names, &stacks, &c);
	assert_string_equal(c.kernel_stack.text, "0x0000000000001000");
	assert_int_equal(c.user_stack.len, 0);
	assert_int_equal(stack_names_unnamed(names), 1);
	/* On a busy host the kernel's symbols alone may have taken all the time of a second. */
	stack_names_free(&names);
	assert_int_equal(stack_names_new(&names), 0);
	/* Counts beyond the arrays are not believed. */
	stacks.task_code--;
	stacks.kernel_count = stacks.user_count = stacks.word_count = 255;
	stack_names_add(names, &stacks, &c);
	assert_non_null(c.user_stack.text);
}

TEST(a_storm_of_stacks_leaves_time_for_records)
{
	_cleanup_(stack_names_free) struct stack_names *names = NULL;
	struct close_stacks stacks = stacks_of(getpid());
	uint64_t start_ns = clock_monotonic_ns();

	stacks.user[0] = return_address_in(function_on_the_stack);
	stacks.user_count = 1;
	assert_int_equal(stack_names_new(&names), 0);
	while (!stack_names_unnamed(names)) {
		struct closed_connection c = {};

		stack_names_add(names, &stacks, &c);
		assert_int_equal(c.user_stack.len == 0, stack_names_unnamed(names));
		assert_true(clock_monotonic_ns() - start_ns < 20 * CLOCK_NS_PER_SECOND);
	}
}

TEST_MAIN()
