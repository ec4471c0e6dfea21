// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/program_run.h"

#include <bpf/bpf.h>

bool program_run(int program_fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return !bpf_prog_test_run_opts(program_fd, &options) && options.retval;
}
