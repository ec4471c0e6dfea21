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

static const char *const side_letters[PLACE_COUNT] = { "a", "b", "m" };

static enum lab_side other_side(enum lab_side side)
{
	return side == SIDE_A ? SIDE_B : SIDE_A;
}

/* Printed as inet_ntop() would, so that texts can be compared: no group is zero. */
static void plan_addresses(char *v4, size_t v4_size, char *v6, size_t v6_size, unsigned int index,
			   int network, int host)
{
	snprintf(v4, v4_size, "10.%d.%u.%d", network, index & 0xff, host);
	snprintf(v6, v6_size, "fdc7:%d:1:%x::%d", network, (index & 0xff) + 1, host);
}

static void plan_side(struct netlab *lab, int which, const char *tag)
{
	struct netlab_side *side = &lab->side[which];
	unsigned int index = lab->index;
	bool is_far = lab->kind == LAB_ROUTED && which == SIDE_B;

	snprintf(side->netns, sizeof(side->netns), "ct%d-%s%s", (int)getpid(), tag,
		 side_letters[which]);
	snprintf(side->interface, sizeof(side->interface), "lab%u%s", index & 0xffff,
		 side_letters[which]);
	snprintf(side->carrier, sizeof(side->carrier), "%s%u%s",
		 lab->kind == LAB_LINK || lab->kind == LAB_ROUTED ? "lab" : "und", index & 0xffff,
		 side_letters[which]);
	plan_addresses(side->address_v4, sizeof(side->address_v4), side->address_v6,
		       sizeof(side->address_v6), index, is_far ? 78 : 77, which + 1);
	memcpy(side->mac, (uint8_t[]){ 0x02, 0xc7, 0, index & 0xff, 0, which + 1 }, 6);
	side->netns_fd = -1;
}

void netlab_plan(struct netlab *lab, unsigned int index, const char *tag, enum lab_kind kind)
{
	*lab = (struct netlab){ .index = index, .kind = kind };
	for (int i = 0; i < PLACE_COUNT; i++)
		plan_side(lab, i, tag);
	for (int i = 0; i < SIDE_COUNT; i++) {
		struct netlab_router_port *port = &lab->port[i];

		snprintf(port->interface, sizeof(port->interface), "mid%u%s", index & 0xffff,
			 side_letters[i]);
		plan_addresses(port->address_v4, sizeof(port->address_v4), port->address_v6,
			       sizeof(port->address_v6), index, 77 + i, 9);
		memcpy(port->mac, (uint8_t[]){ 0x02, 0xc7, 0, index & 0xff, 1, i + 1 }, 6);
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

static void write_link(FILE *out, const char *name, const char *netns, const uint8_t *mac,
		       const char *peer_name, const char *peer_netns, const uint8_t *peer_mac)
{
	fprintf(out, "link add name %s netns %s address ", name, netns);
	write_mac(out, mac);
	fprintf(out, " type veth peer name %s netns %s address ", peer_name, peer_netns);
	write_mac(out, peer_mac);
	fputc('\n', out);
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
		const struct netlab_side *m = &labs[i].side[SIDE_M];

		fprintf(out, "netns add %s\nnetns add %s\n", a->netns, b->netns);
		if (labs[i].kind != LAB_ROUTED) {
			write_link(out, a->carrier, a->netns, a->mac, b->carrier, b->netns, b->mac);
			continue;
		}
		fprintf(out, "netns add %s\n", m->netns);
		for (int s = 0; s < SIDE_COUNT; s++)
			write_link(out, labs[i].side[s].carrier, labs[i].side[s].netns,
				   labs[i].side[s].mac, labs[i].port[s].interface, m->netns,
				   labs[i].port[s].mac);
	}
	if (fclose(out))
		return -ENOMEM;
	return netlab_ip_batch(NULL, commands);
}

static int open_netns(struct netlab_side *side)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), NETNS_DIRECTORY "/%s", side->netns);
	side->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (side->netns_fd < 0 || fstat(side->netns_fd, &status))
		return -errno;
	side->netns_inode = status.st_ino;
	return 0;
}

/* The interface with the addresses, on top of the carrier. */
static int build_overlay(struct netlab *lab, enum lab_side which)
{
	const struct netlab_side *side = &lab->side[which];
	const char *top = side->interface, *below = side->carrier;
	unsigned int index = lab->index & 0xff;
	char commands[512];
	int used;

	used = snprintf(commands, sizeof(commands), "link set %s up\n", below);
	if (lab->kind == LAB_VLAN)
		snprintf(commands + used, sizeof(commands) - used,
			 "link add link %s name %s type vlan id 7\n", below, top);
	else if (lab->kind == LAB_QINQ)
		snprintf(commands + used, sizeof(commands) - used,
			 "link add link %s name tag%u type vlan proto 802.1ad id 8\n"
			 "link set tag%u up\n"
			 "link add link tag%u name %s type vlan id 7\n",
			 below, index, index, index, top);
	else
		snprintf(commands + used, sizeof(commands) - used,
			 "addr add 10.79.%u.%d/24 dev %s\n"
			 "link add %s address 02:c7:00:%02x:00:%02x type vxlan id 7 dstport 4789 "
			 "local 10.79.%u.%d remote 10.79.%u.%d dev %s\n",
			 index, which + 1, below, top, index, which + 1, index, which + 1, index,
			 other_side(which) + 1, below);
	return netlab_ip_batch(side->netns, commands);
}

/*
 * Neighbours are fixed and router and duplicate detection are off: the first packet of a scenario
 * leaves at once, and nothing but the scenario's own packets is on the link.
 */
static void write_addresses(FILE *out, const struct netlab *lab, enum lab_side which)
{
	const struct netlab_side *side = &lab->side[which];
	const struct netlab_side *peer = &lab->side[other_side(which)];
	const struct netlab_router_port *port = &lab->port[which];
	bool is_routed = lab->kind == LAB_ROUTED;

	fprintf(out, "addr replace %s/24 dev %s\n", side->address_v4, side->interface);
	fprintf(out, "addr replace %s/64 dev %s nodad\n", side->address_v6, side->interface);
	for (int v6 = 0; v6 < 2; v6++) {
		const char *next = is_routed ? (v6 ? port->address_v6 : port->address_v4) :
					       (v6 ? peer->address_v6 : peer->address_v4);

		fprintf(out, "neigh replace %s dev %s nud permanent lladdr ", next,
			side->interface);
		write_mac(out, is_routed ? port->mac : peer->mac);
		fputc('\n', out);
		if (is_routed)
			fprintf(out, "route replace default via %s dev %s\n", next,
				side->interface);
	}
}

static int no_autoconfiguration(const struct netlab *lab, enum lab_side place,
				const char *interface)
{
	char path[128];

	snprintf(path, sizeof(path), "ipv6/conf/%s/addr_gen_mode", interface);
	return netlab_sysctl(lab, place, path, "1");
}

static int netlab_build_side(struct netlab *lab, enum lab_side which)
{
	struct netlab_side *side = &lab->side[which];
	_cleanup_free_ char *commands = NULL;
	size_t length;
	FILE *out;
	int err;

	err = open_netns(side);
	if (!err && strcmp(side->interface, side->carrier) && build_overlay(lab, which)) {
		lab->is_unsupported = true;
		return 0;
	}
	if (!err)
		err = no_autoconfiguration(lab, which, side->interface);
	if (err)
		return err;
	out = open_memstream(&commands, &length);
	if (!out)
		return -ENOMEM;
	fprintf(out, "link set lo up\nlink set %s up\n", side->interface);
	write_addresses(out, lab, which);
	if (fclose(out))
		return -ENOMEM;
	return netlab_ip_batch(side->netns, commands);
}

static int netlab_build_router(struct netlab *lab)
{
	_cleanup_free_ char *commands = NULL;
	size_t length;
	FILE *out;
	int err = open_netns(&lab->side[SIDE_M]);

	for (int s = 0; s < SIDE_COUNT && !err; s++)
		err = no_autoconfiguration(lab, SIDE_M, lab->port[s].interface);
	if (!err)
		err = netlab_sysctl(lab, SIDE_M, "ipv4/ip_forward", "1");
	if (!err)
		err = netlab_sysctl(lab, SIDE_M, "ipv6/conf/all/forwarding", "1");
	if (err)
		return err;
	out = open_memstream(&commands, &length);
	if (!out)
		return -ENOMEM;
	fprintf(out, "link set lo up\n");
	for (int s = 0; s < SIDE_COUNT; s++) {
		const struct netlab_router_port *port = &lab->port[s];
		const struct netlab_side *end = &lab->side[s];

		fprintf(out, "link set %s up\n", port->interface);
		fprintf(out, "addr add %s/24 dev %s\n", port->address_v4, port->interface);
		fprintf(out, "addr add %s/64 dev %s nodad\n", port->address_v6, port->interface);
		for (int v6 = 0; v6 < 2; v6++) {
			fprintf(out, "neigh replace %s dev %s nud permanent lladdr ",
				v6 ? end->address_v6 : end->address_v4, port->interface);
			write_mac(out, end->mac);
			fputc('\n', out);
		}
	}
	if (fclose(out))
		return -ENOMEM;
	return netlab_ip_batch(lab->side[SIDE_M].netns, commands);
}

int netlab_build(struct netlab *labs, size_t count)
{
	int err;

	err = netlab_build_links(labs, count);
	for (size_t i = 0; !err && i < count; i++) {
		for (int s = 0; s < SIDE_COUNT && !err; s++)
			err = netlab_build_side(&labs[i], s);
		if (!err && labs[i].kind == LAB_ROUTED)
			err = netlab_build_router(&labs[i]);
	}
	return err;
}

const uint8_t *netlab_next_mac(const struct netlab *lab, enum lab_side side)
{
	return lab->kind == LAB_ROUTED ? lab->port[side].mac : lab->side[other_side(side)].mac;
}

int netlab_ip(const struct netlab *lab, enum lab_side place, const char *commands)
{
	return netlab_ip_batch(lab->side[place].netns, commands);
}

int netlab_link_set(const struct netlab *lab, enum lab_side side, bool is_up)
{
	_cleanup_free_ char *commands = NULL;
	size_t length;
	FILE *out = open_memstream(&commands, &length);

	if (!out)
		return -ENOMEM;
	fprintf(out, "link set %s %s\n", lab->side[side].interface, is_up ? "up" : "down");
	if (is_up)
		write_addresses(out, lab, side);
	if (fclose(out))
		return -ENOMEM;
	return netlab_ip(lab, side, commands);
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
		for (int s = 0; s < PLACE_COUNT; s++) {
			struct netlab_side *side = &labs[i].side[s];

			if (!netlab_has(&labs[i], s))
				continue;
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
		 "chain in {\ntype filter hook %s priority 0;\n%s\n}\n"
		 "chain out {\ntype filter hook output priority 0;\n%s\n}\n"
		 "}\n",
		 side == SIDE_M ? "forward" : "input", input ? input : "", output ? output : "");
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

	for (int s = 0; s < PLACE_COUNT && !err; s++) {
		if (netlab_has(lab, s))
			err = tool_run(argv, lab->side[s].netns_fd, NULL, &result);
	}
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
