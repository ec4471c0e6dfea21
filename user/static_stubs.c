// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For the static programs alone. libpcap can also capture D-Bus messages, and Debian has no static
 * libsystemd for that. Nobody here captures: its two entry points are answered here, so that the
 * member of libpcap.a that needs those libraries stays out (pcap-dbus.h).
 */
#include <stddef.h>

void *dbus_create(const char *device, char *error, int *is_ours);
int dbus_findalldevs(void *devices, char *error);

void *dbus_create(const char *device, char *error, int *is_ours)
{
	(void)device;
	(void)error;
	*is_ours = 0;
	return NULL;
}

int dbus_findalldevs(void *devices, char *error)
{
	(void)devices;
	(void)error;
	return 0;
}
