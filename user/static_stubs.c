// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For the static programs alone: members of libpcap.a stay out, because what they export is
 * answered here, by its name of every release.
 *
 * pcap-dbus.o captures D-Bus messages, and Debian has no static libsystemd for that. Nobody here
 * captures.
 *
 * gencode.o compiles filters, and looks up names for them by the resolver, which in a static program
 * needs the shared libraries of its own glibc; optimize.o needs it. Nobody here compiles or sets a
 * filter; only freeing is called.
 *
 * And Debian 13's libelf.a calls functions of a libeu.a that it does not come with. They prepare and
 * clear a tree that elf_getdata_rawchunk() alone keeps something in; whoever called that would not
 * link, for want of eu_tsearch().
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
int pcapint_install_bpf_program(void *handle, const struct filter_code *code);

int install_bpf_program(void *handle, const struct filter_code *code)
{
	(void)handle;
	(void)code;
	return -1;
}

/* Its name since libpcap 1.10.5. */
int pcapint_install_bpf_program(void *handle, const struct filter_code *code)
{
	return install_bpf_program(handle, code);
}

void eu_search_tree_init(void *tree, int (*compare)(const void *, const void *));
void eu_search_tree_fini(void *tree, void (*free_node)(void *));

void eu_search_tree_init(void *tree, int (*compare)(const void *, const void *))
{
	(void)tree;
	(void)compare;
}

void eu_search_tree_fini(void *tree, void (*free_node)(void *))
{
	(void)tree;
	(void)free_node;
}
