/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF iterators that are run for what they do, not for what they print. */
#ifndef USER_KERNEL_ITERATOR_H
#define USER_KERNEL_ITERATOR_H

#include <bpf/libbpf.h>

/* Attach, read to the end, detach. 0 or negative errno. */
int iterator_run(struct bpf_program *program);

#endif
