// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For the static programs alone: members of libpcap.a stay out, because what they export is
 * answered here.
 *
 * pcap-dbus.o captures D-Bus messages, and Debian has no static libsystemd for that. Nobody here
 * captures.
 *
 * gencode.o compiles filters, and looks up names for them by the resolver, which in a static program
 * needs the shared libraries of its own glibc; optimize.o needs it. Nobody here compiles or sets a
 * filter; only freeing is called.
 */
#include <stddef.h>
#include <stdlib.h>

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

/* struct bpf_program of pcap/bpf.h, which does not go with linux/bpf.h. */
struct filter_code {
	unsigned int count;
	void *instructions;
};

void pcap_freecode(struct filter_code *code);

void pcap_freecode(struct filter_code *code)
{
	free(code->instructions);
	*code = (struct filter_code){};
}

int install_bpf_program(void *handle, const struct filter_code *code);

int install_bpf_program(void *handle, const struct filter_code *code)
{
	(void)handle;
	(void)code;
	return -1;
}
