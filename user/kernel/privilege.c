// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned int kept_capabilities[] = {
	CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
};

/* libcap-ng would do, too, for two system calls and one more library in the static program. */
static int capabilities_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, data) ? -errno : 0;
}

bool privilege_has(unsigned int capability)
{
	struct __user_cap_data_struct data[2] = {};

	return !capabilities_get(data) &&
	       (data[capability / 32].effective & (1u << (capability % 32)));
}

void privilege_drop_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};

	syscall(SYS_capset, &header, none);
}

int privilege_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	unsigned int kept[2] = {};
	int err;

	err = capabilities_get(data);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(kept_capabilities) / sizeof(kept_capabilities[0]); i++)
		kept[kept_capabilities[i] / 32] |= 1u << (kept_capabilities[i] % 32);
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= kept[i];
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}
