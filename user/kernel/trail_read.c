// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/trail_read.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/base/cleanup.h"

struct trails {
	const struct packet_trail *slots;
	const struct trail_packet *packets;
	size_t slots_bytes;
	size_t packets_bytes;
	uint32_t places;
};

static const void *map_memory(struct bpf_object *object, const char *name, size_t *ret_bytes)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	void *at;

	bytes = (bytes + page - 1) / page * page;
	at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return NULL;
	*ret_bytes = bytes;
	return at;
}

int trails_open(const struct tracer *tracer, struct trails **ret)
{
	_cleanup_(trails_free) struct trails *trails = calloc(1, sizeof(*trails));
	struct bpf_object *object = tracer_object(tracer);

	if (!trails)
		return -ENOMEM;
	trails->places = tracer_config_in_use(tracer)->trail_packets;
	trails->slots = map_memory(object, "ct_trails", &trails->slots_bytes);
	trails->packets = map_memory(object, "ct_trail_pkts", &trails->packets_bytes);
	if (!trails->slots || !trails->packets)
		return -errno;
	*ret = TAKE_PTR(trails);
	return 0;
}

void trails_free(struct trails **trails)
{
	if (!*trails)
		return;
	if ((*trails)->slots)
		munmap((void *)(*trails)->slots, (*trails)->slots_bytes);
	if ((*trails)->packets)
		munmap((void *)(*trails)->packets, (*trails)->packets_bytes);
	free(*trails);
	*trails = NULL;
}

static void take_packet(const struct trail_packet *place, struct trail_copy *ret)
{
	struct trail_packet *packet = &ret->packets[ret->kept];

	memcpy(packet, place, sizeof(*packet));
	if (packet->captured && packet->captured <= TRAIL_HEADER_BYTES)
		ret->kept++;
}

bool trails_read(const struct trails *trails, const struct flow_key *key, struct trail_copy *ret)
{
	uint32_t slot = flow_key_hash(key) & (TRAIL_SLOTS - 1), half = trails->places / 2;
	const struct trail_packet *places = trails->packets + (size_t)slot * trails->places;
	struct packet_trail trail;

	memcpy(&trail, &trails->slots[slot], sizeof(trail));
	if (!trail_key_equal(&trail.key, key) || !trail.count)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->slot = slot;
	ret->count = trail.count;
	for (uint64_t n = 0; n < half && n < trail.count; n++)
		take_packet(&places[n], ret);
	ret->first = ret->kept;
	for (uint64_t n = trail.count > trails->places ? trail.count - half : half; n < trail.count;
	     n++)
		take_packet(&places[trail_place(n, trails->places)], ret);
	/* The slot may have been taken over while it was read. */
	return trail_key_equal(&trails->slots[slot].key, key);
}
