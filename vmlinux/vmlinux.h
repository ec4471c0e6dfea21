/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel types that the BPF programs read, for the architecture they are compiled for. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#if defined(__TARGET_ARCH_arm64)
#include "vmlinux/arm64/vmlinux_types.h"
#else
#include "vmlinux/x86/vmlinux_types.h"
#endif

#ifndef NULL
#define NULL ((void *)0)
#endif

#endif
