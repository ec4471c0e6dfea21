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

/*
 * `value & mask`, also where the compiler knows that the mask changes nothing: the verifier of 6.1
 * forgets what an exclusive or leaves of a number, and wants to see the mask.
 */
#define BOUNDED(value, mask)                                                                       \
	({                                                                                         \
		__u32 bounded_ = (__u32)(value);                                                   \
                                                                                                   \
		__asm__ volatile("" : "+r"(bounded_));                                             \
		bounded_ &(mask);                                                                  \
	})

/* __builtin_offsetof, because bpf_helpers.h replaces offsetof by a non-constant one. */
#define ABI_SIZE(type, bytes)                                                                      \
	_Static_assert(sizeof(type) == (bytes), "ABI: size of " #type " changed")
#define ABI_OFFSET(type, member, bytes)                                                            \
	_Static_assert(__builtin_offsetof(type, member) == (bytes),                                \
		       "ABI: offset of " #type "." #member " changed")

/*
 * clang for BPF reads byte by byte what it does not know to be aligned, as bytes of a packet never
 * are. The kernel lets programs read those at once, on the machines that this runs on.
 */
#ifdef __bpf__
typedef __u16 __attribute__((may_alias)) any_u16;
typedef __u32 __attribute__((may_alias)) any_u32;
typedef __u64 __attribute__((may_alias)) any_u64;
#define KNOWN_ALIGNED(pointer, bytes) __builtin_assume_aligned(pointer, bytes)
#else
typedef __u16 __attribute__((may_alias, aligned(1))) any_u16;
typedef __u32 __attribute__((may_alias, aligned(1))) any_u32;
typedef __u64 __attribute__((may_alias, aligned(1))) any_u64;
#define KNOWN_ALIGNED(pointer, bytes) ((void *)(pointer))
#endif

/* As the bytes lie: network order in, network order out. */
ALWAYS_INLINE __u16 unaligned_u16(const __u8 *bytes)
{
	return *(const any_u16 *)bytes;
}

ALWAYS_INLINE __u32 unaligned_u32(const __u8 *bytes)
{
	return *(const any_u32 *)bytes;
}

ALWAYS_INLINE __u64 unaligned_u64(const __u8 *bytes)
{
	return *(const any_u64 *)bytes;
}

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
