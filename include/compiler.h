/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one place that knows which compiler reads the contract: gcc or clang for
 * user space, clang -target bpf for the kernel. Everything else in include/ is
 * the same text for both.
 */
#ifndef CLOSETRACE_COMPILER_H
#define CLOSETRACE_COMPILER_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* `unused`: a header that is included for one function must not warn about the rest. */
#define ALWAYS_INLINE static inline __attribute__((always_inline, unused))

/* __builtin_offsetof, because bpf_helpers.h replaces offsetof by a non-constant one. */
#define ABI_SIZE(type, bytes)                                                                      \
	_Static_assert(sizeof(type) == (bytes), "ABI: size of " #type " changed")
#define ABI_OFFSET(type, member, bytes)                                                            \
	_Static_assert(__builtin_offsetof(type, member) == (bytes),                                \
		       "ABI: offset of " #type "." #member " changed")

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET_TO_HOST_16(x) __builtin_bswap16(x)
#define NET_TO_HOST_32(x) __builtin_bswap32(x)
#else
#define NET_TO_HOST_16(x) (x)
#define NET_TO_HOST_32(x) (x)
#endif
#define HOST_TO_NET_16(x) NET_TO_HOST_16(x)
#define HOST_TO_NET_32(x) NET_TO_HOST_32(x)

#endif
