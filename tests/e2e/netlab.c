/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/netlab.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "user/base/cleanup.h"

#define NETNS_DIRECTORY "/run/netns"

static const char *const side_letters[SIDE_COUNT] = { "a", "b" };

static enum lab_side other_side(enum lab_side side)
{
	return side == SIDE_A ? SIDE_B : SIDE_A;
}

void netlab_plan(struct netlab *lab, unsigned int index, const char *tag)
{
	*lab = (struct netlab){ .index = index };
	for (int i = 0; i < SIDE_COUNT; i++) {
		struct netlab_side *side = &lab->side[i];

		snprintf(side->netns, sizeof(side->netns), "ct%d-%s%s", (int)getpid(), tag,
			 side_letters[i]);
		snprintf(side->interface, sizeof(side->interface), "lab%u%s", index & 0xffff,
			 side_letters[i]);
		snprintf(side->address_v4, sizeof(side->address_v4), "10.77.%u.%d", index & 0xff,
			 i + 1);
		/* Printed as inet_ntop() would, so that texts can be compared: no group is zero. */
		snprintf(side->address_v6, sizeof(side->address_v6), "fdc7:77:1:%x::%d",
			 (index & 0xff) + 1, i + 1);
		memcpy(side->mac, (uint8_t[]){ 0x02, 0xc7, 0, index & 0xff, 0, i + 1 }, 6);
		side->netns_fd = -1;
	}
}

static int netlab_ip_batch(const char *netns, const char *commands)
{
	const char *const here[] = { "ip", "-batch", "-", NULL };
	const char *const there[] = { "ip", "-n", netns, "-batch", "-", NULL };
	struct tool_result result;
	int err;

	err = tool_run(netns ? there : here, -1, commands, &result);
	if (err)
		return err;
	if (result.status) {
		fprintf(stderr, "battery: ip failed: %s", result.output);
		return -EIO;
	}
	return 0;
}

static void write_mac(FILE *out, const uint8_t *mac)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

/* Both ends are made inside their namespaces: the host's own list of links stays as it is. */
static int netlab_build_links(const struct netlab *labs, size_t count)
{
	_cleanup_free_ char *commands = NULL;
	size_t length;
	FILE *out = open_memstream(&commands, &length);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct netlab_side *a = &labs[i].side[SIDE_A];
		const struct netlab_side *b = &labs[i].side[SIDE_B];

		fprintf(out, "netns add %s\nnetns add %s\n", a->netns, b->netns);
		fprintf(out, "link add name %s netns %s address ", a->interface, a->netns);
		write_mac(out, a->mac);
		fprintf(out, " type veth peer name %s netns %s address ", b->interface, b->netns);
		write_mac(out, b->mac);
		fputc('\n', out);
	}
	if (fclose(out))
		return -ENOMEM;
	return netlab_ip_batch(NULL, commands);
}

/*
 * Neighbours are fixed and router and duplicate detection are off: the first packet of a scenario
 * leaves at once, and nothing but the scenario's own packets is on the link.
 */
static int netlab_build_side(struct netlab *lab, enum lab_side which)
{
	struct netlab_side *side = &lab->side[which];
	struct netlab_side *peer = &lab->side[other_side(which)];
	_cleanup_free_ char *commands = NULL;
	char path[128];
	struct stat status;
	size_t length;
	FILE *out;
	int err;

	snprintf(path, sizeof(path), NETNS_DIRECTORY "/%s", side->netns);
	side->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (side->netns_fd < 0 || fstat(side->netns_fd, &status))
		return -errno;
	side->netns_inode = status.st_ino;
	snprintf(path, sizeof(path), "ipv6/conf/%s/addr_gen_mode", side->interface);
	err = netlab_sysctl(lab, which, path, "1");
	if (err)
		return err;
	out = open_memstream(&commands, &length);
	if (!out)
		return -ENOMEM;
	fprintf(out, "link set lo up\nlink set %s up\n", side->interface);
	fprintf(out, "addr add %s/24 dev %s\n", side->address_v4, side->interface);
	fprintf(out, "addr add %s/64 dev %s nodad\n", side->address_v6, side->interface);
	for (int v6 = 0; v6 < 2; v6++) {
		fprintf(out, "neigh replace %s dev %s nud permanent lladdr ",
			v6 ? peer->address_v6 : peer->address_v4, side->interface);
		write_mac(out, peer->mac);
		fputc('\n', out);
	}
	if (fclose(out))
		return -ENOMEM;
	return netlab_ip_batch(side->netns, commands);
}

int netlab_build(struct netlab *labs, size_t count)
{
	int err;

	err = netlab_build_links(labs, count);
	for (size_t i = 0; !err && i < count; i++) {
		err = netlab_build_side(&labs[i], SIDE_A);
		if (!err)
			err = netlab_build_side(&labs[i], SIDE_B);
	}
	return err;
}

void netlab_destroy(struct netlab *labs, size_t count)
{
	const char *const argv[] = { "ip", "-force", "-batch", "-", NULL };
	_cleanup_free_ char *commands = NULL;
	struct tool_result result;
	size_t length;
	FILE *out = open_memstream(&commands, &length);

	if (!out)
		return;
	for (size_t i = 0; i < count; i++) {
		for (int s = 0; s < SIDE_COUNT; s++) {
			struct netlab_side *side = &labs[i].side[s];

			if (side->netns_fd >= 0)
				close(side->netns_fd);
			side->netns_fd = -1;
			fprintf(out, "netns del %s\n", side->netns);
		}
	}
	if (!fclose(out))
		tool_run(argv, -1, commands, &result);
}

void netlab_sweep_stale(void)
{
	DIR *directory = opendir(NETNS_DIRECTORY);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		const char *const argv[] = { "ip", "netns", "del", entry->d_name, NULL };
		struct tool_result result;
		char *end;
		long pid;

		if (strncmp(entry->d_name, "ct", 2) || !isdigit((unsigned char)entry->d_name[2]))
			continue;
		pid = strtol(entry->d_name + 2, &end, 10);
		if (*end == '-' && pid > 0 && kill(pid, 0) && errno == ESRCH)
			tool_run(argv, -1, NULL, &result);
	}
	closedir(directory);
}

const char *netlab_address_text(const struct netlab *lab, enum lab_side side, int family)
{
	return family == AF_INET6 ? lab->side[side].address_v6 : lab->side[side].address_v4;
}

socklen_t netlab_address(const struct netlab *lab, enum lab_side side, int family, uint16_t port,
			 struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (family == AF_INET6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		inet_pton(AF_INET6, lab->side[side].address_v6, &v6->sin6_addr);
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	inet_pton(AF_INET, lab->side[side].address_v4, &v4->sin_addr);
	return sizeof(*v4);
}

int netlab_sysctl(const struct netlab *lab, enum lab_side side, const char *name, const char *value)
{
	char path[256];
	int saved, fd, err = 0;

	err = netns_enter(lab->side[side].netns_fd, &saved);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	netns_leave(saved);
	return err;
}

int netlab_filter(const struct netlab *lab, enum lab_side side, const char *input,
		  const char *output)
{
	const char *const argv[] = { "nft", "-f", "-", NULL };
	struct tool_result result;
	char rules[2048];
	int err;

	/* "table" before "flush" makes the first call work; the whole text is one transaction. */
	snprintf(rules, sizeof(rules),
		 "table inet lab\nflush table inet lab\ndelete table inet lab\n"
		 "table inet lab {\n"
		 "chain in {\ntype filter hook input priority 0;\n%s\n}\n"
		 "chain out {\ntype filter hook output priority 0;\n%s\n}\n"
		 "}\n",
		 input ? input : "", output ? output : "");
	err = tool_run(argv, lab->side[side].netns_fd, rules, &result);
	if (err)
		return err;
	if (!result.status)
		return 0;
	if (result.status == 127 || strstr(result.output, "not supported") ||
	    strstr(result.output, "No such file or directory"))
		return -EOPNOTSUPP;
	fprintf(stderr, "battery: nft failed: %s", result.output);
	return -EIO;
}

int netlab_filter_clear(const struct netlab *lab)
{
	const char *const argv[] = { "nft", "flush", "ruleset", NULL };
	struct tool_result result;
	int err = 0;

	for (int s = 0; s < SIDE_COUNT && !err; s++)
		err = tool_run(argv, lab->side[s].netns_fd, NULL, &result);
	return err;
}

int netlab_rto_min(const struct netlab *lab, enum lab_side side, int family, unsigned int ms)
{
	const struct netlab_side *here = &lab->side[side];
	char network[64], value[16];
	/* The metric is how IPv6 finds the route to change; IPv4 has none on it. */
	const char *metric = family == AF_INET6 ? "256" : "0";
	const char *const argv[] = { "ip",
				     family == AF_INET6 ? "-6" : "-4",
				     "-n",
				     here->netns,
				     "route",
				     "replace",
				     network,
				     "dev",
				     here->interface,
				     "proto",
				     "kernel",
				     "metric",
				     metric,
				     "rto_min",
				     value,
				     NULL };
	struct tool_result result;
	int err;

	if (family == AF_INET6)
		snprintf(network, sizeof(network), "fdc7:77:1:%x::/64", (lab->index & 0xff) + 1);
	else
		snprintf(network, sizeof(network), "10.77.%u.0/24", lab->index & 0xff);
	snprintf(value, sizeof(value), "%ums", ms);
	err = tool_run(argv, -1, NULL, &result);
	if (err)
		return err;
	if (result.status) {
		fprintf(stderr, "battery: ip route failed: %s", result.output);
		return -EIO;
	}
	return 0;
}
