/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* No listed type differs from x86 in a way that CO-RE does not settle at load: see ../README.md. */
#include "vmlinux/x86/vmlinux_types.h"
