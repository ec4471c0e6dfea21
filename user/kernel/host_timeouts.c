// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/host_timeouts.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/parse_number.h"

/* "net.ipv4.x" is the file net/ipv4/x. */
static uint32_t host_timeout_read(const char *root, const char *sysctl)
{
	_cleanup_close_ int fd = -1;
	char path[512], text[32];
	uint64_t seconds;
	ssize_t got;
	int len;

	len = snprintf(path, sizeof(path), "%s/%s", root, sysctl);
	if (len < 0 || (size_t)len >= sizeof(path))
		return 0;
	for (char *dot = path + strlen(root); (dot = strchr(dot, '.'));)
		*dot = '/';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, UINT32_MAX, &seconds) ? 0 : (uint32_t)seconds;
}

#define HOST_TIMEOUT_READ(name, sysctl) .name = host_timeout_read(root, sysctl),

void host_timeouts_read(const char *root, struct host_timeouts *ret)
{
	*ret = (struct host_timeouts){ HOST_TIMEOUTS(HOST_TIMEOUT_READ) };
}
