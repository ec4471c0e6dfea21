/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Scope-bound release of resources, so that one function can be read as leak-free alone. */
#ifndef USER_BASE_CLEANUP_H
#define USER_BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/**
 * Call `function(&variable)` when the variable goes out of scope. Destructors of the program take
 * `struct x **` and accept a NULL content, so they can be named here directly:
 *	_cleanup_(event_loop_free) struct event_loop *loop = NULL;
 * Always initialise such a variable where it is declared.
 */
#define _cleanup_(function) __attribute__((cleanup(function)))

static inline __attribute__((unused)) void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* Negative means "no descriptor". Keeps errno, so that `return -errno` stays right. */
static inline __attribute__((unused)) void cleanup_close(int *fd)
{
	int saved_errno = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved_errno;
}

/* For streams that were read. Who writes a file must call fclose() and look at its result. */
static inline __attribute__((unused)) void cleanup_fclose(FILE **stream)
{
	int saved_errno = errno;

	if (*stream)
		fclose(*stream);
	errno = saved_errno;
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

/* Hand over ownership: the value of the variable, which becomes NULL (or -EBADF). */
#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) *take_from_ = &(pointer);                                      \
		__typeof__(pointer) taken_ = *take_from_;                                          \
		*take_from_ = NULL;                                                                \
		taken_;                                                                            \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_from_ = &(fd);                                                           \
		int taken_ = *take_from_;                                                          \
		*take_from_ = -EBADF;                                                              \
		taken_;                                                                            \
	})

#endif
