// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For the static programs alone: two members of libpcap.a stay out, because what they export is
 * answered here.
 *
 * pcap-dbus.o captures D-Bus messages, and Debian has no static libsystemd for that. Nobody here
 * captures.
 *
 * nametoaddr.o looks up names for the expressions of pcap_compile(3). Nobody here compiles one, and
 * the resolver of a static program needs the shared libraries of its own glibc.
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

/* Never called, so neither arguments nor results matter. */
#define ANSWER_NOTHING(name)                                                                       \
	void *name(void);                                                                          \
	void *name(void)                                                                           \
	{                                                                                          \
		return NULL;                                                                       \
	}

ANSWER_NOTHING(__pcap_atodn)
ANSWER_NOTHING(__pcap_atoin)
ANSWER_NOTHING(__pcap_nametodnaddr)
ANSWER_NOTHING(pcap_ether_aton)
ANSWER_NOTHING(pcap_ether_hostton)
ANSWER_NOTHING(pcap_nametoaddr)
ANSWER_NOTHING(pcap_nametoaddrinfo)
ANSWER_NOTHING(pcap_nametoeproto)
ANSWER_NOTHING(pcap_nametollc)
ANSWER_NOTHING(pcap_nametonetaddr)
ANSWER_NOTHING(pcap_nametoport)
ANSWER_NOTHING(pcap_nametoportrange)
ANSWER_NOTHING(pcap_nametoproto)
