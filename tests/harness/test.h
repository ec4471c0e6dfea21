/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Unit tests on cmocka. One file is one program:
 *
 *	#include "tests/harness/test.h"
 *	TEST(something_is_true) { assert_int_equal(1 + 1, 2); }
 *	TEST_MAIN()
 *
 * TEST() registers itself before main(), so a case that was written runs. Output is TAP; the exit
 * code is 0 only when every case passed. `test_x PATTERN` runs the cases that match (`*`, `?`).
 */
#ifndef TESTS_HARNESS_TEST_H
#define TESTS_HARNESS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST_CASES_MAX 512

static struct CMUnitTest test_cases[TEST_CASES_MAX];
static size_t test_case_count;

static inline void test_register(const char *name, CMUnitTestFunction function)
{
	if (test_case_count == TEST_CASES_MAX) {
		fprintf(stderr, "more than %d cases in one file\n", TEST_CASES_MAX);
		abort();
	}
	test_cases[test_case_count++] = (struct CMUnitTest){
		.name = name,
		.test_func = function,
	};
}

/* A case. Its name is a claim. skip() inside it ends it as skipped. */
#define TEST(name)                                                                                 \
	static void test_##name(void **test_state_);                                               \
	static __attribute__((constructor)) void test_register_##name(void)                        \
	{                                                                                          \
		test_register(#name, test_##name);                                                 \
	}                                                                                          \
	static void test_##name(void **test_state_ __attribute__((unused)))

/* Once per file, at its end. A file without any case fails: it proves nothing. */
#define TEST_MAIN()                                                                                \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return test_run_all(__FILE__, argc > 1 ? argv[1] : NULL);                          \
	}

static inline int test_run_all(const char *file, const char *pattern)
{
	if (test_case_count == 0) {
		printf("1..0\nBail out! no case in %s\n", file);
		return EXIT_FAILURE;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (pattern)
		cmocka_set_test_filter(pattern);
	return _cmocka_run_group_tests(file, test_cases, test_case_count, NULL, NULL) == 0 ?
		       EXIT_SUCCESS :
		       EXIT_FAILURE;
}

/* A strbuf holds exactly the string literal `text`, which may contain NUL bytes. */
#define assert_strbuf(buffer, text)                                                                \
	do {                                                                                       \
		assert_false((buffer)->failed);                                                    \
		assert_non_null((buffer)->data);                                                   \
		if (strlen(text) + 1 == sizeof(text))                                              \
			assert_string_equal((buffer)->data, text);                                 \
		assert_int_equal((buffer)->len, sizeof(text) - 1);                                 \
		assert_memory_equal((buffer)->data, text, sizeof(text));                           \
	} while (0)

#endif
