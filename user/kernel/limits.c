// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/limits.h"

#include <sys/resource.h>

/* Half as many interfaces. */
#define FILES_WANTED 131072

void limits_raise_files(void)
{
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FILES_WANTED)
		return;
	wanted = (struct rlimit){ FILES_WANTED, FILES_WANTED };
	if (limit.rlim_max > FILES_WANTED)
		wanted.rlim_max = limit.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &wanted))
		return;
	/* Without CAP_SYS_RESOURCE, or above fs.nr_open: what is allowed. */
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
