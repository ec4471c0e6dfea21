// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/map_read.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

/* A few milliseconds each; larger than any bucket of a hash map will ever be. */
#define MAP_READ_PIECE 2048
#define KEY_BYTES_MAX 64

int map_read_singly(int fd, size_t key_size, size_t value_size, map_entry_callback callback,
		    void *data, int (*between)(void *data), void *between_data)
{
	_cleanup_free_ char *buffer = calloc(1, 2 * key_size + value_size);
	char *key = buffer, *next = buffer + key_size, *value = buffer + 2 * key_size;
	size_t count = 0;
	int err;

	if (!buffer)
		return -ENOMEM;
	for (err = bpf_map_get_next_key(fd, NULL, next); !err;
	     err = bpf_map_get_next_key(fd, key, next)) {
		memcpy(key, next, key_size);
		if (!bpf_map_lookup_elem(fd, key, value))
			callback(data, key, value);
		if (++count % MAP_READ_PIECE == 0 && between && (err = between(between_data)))
			return err;
	}
	return errno == ENOENT ? 0 : -errno;
}

int map_read(int fd, size_t key_size, size_t value_size, map_entry_callback callback, void *data,
	     int (*between)(void *data), void *between_data)
{
	_cleanup_free_ char *keys = malloc(MAP_READ_PIECE * key_size);
	_cleanup_free_ char *values = malloc(MAP_READ_PIECE * value_size);
	uint32_t cursor, count;
	void *from = NULL;
	int err, result;

	if (!keys || !values)
		return -ENOMEM;
	for (;;) {
		count = MAP_READ_PIECE;
		err = bpf_map_lookup_batch(fd, from, &cursor, keys, values, &count, NULL) ? errno :
											    0;
		if (err && err != ENOENT) {
			if (!from && (err == EINVAL || err == ENOTSUP || err == 524 /* ENOTSUPP */))
				return map_read_singly(fd, key_size, value_size, callback, data,
						       between, between_data);
			return -err;
		}
		for (uint32_t i = 0; i < count; i++)
			callback(data, keys + i * key_size, values + i * value_size);
		if (err)
			return 0;
		from = &cursor;
		result = between ? between(between_data) : 0;
		if (result)
			return result;
	}
}

uint64_t map_count(int fd)
{
	char key[KEY_BYTES_MAX] = {}, next[KEY_BYTES_MAX] = {};
	uint64_t count = 0;
	bool more = !bpf_map_get_next_key(fd, NULL, next);

	while (more) {
		count++;
		memcpy(key, next, sizeof(key));
		more = !bpf_map_get_next_key(fd, key, next);
	}
	return count;
}

int map_counters(int map, struct tracer_counters *ret)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct tracer_counters *per_cpu = NULL;
	uint32_t zero = 0;

	if (cpus <= 0)
		return -EINVAL;
	per_cpu = calloc(cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map, &zero, per_cpu))
		return -errno;
	memset(ret, 0, sizeof(*ret));
	for (int cpu = 0; cpu < cpus; cpu++) {
		for (int i = 0; i < COUNTER_COUNT; i++)
			ret->counts[i] += per_cpu[cpu].counts[i];
		for (int i = 0; i < CLOSE_VERDICT_COUNT; i++)
			ret->verdicts[i] += per_cpu[cpu].verdicts[i];
		for (int i = 0; i < SNMP_OF_ENDINGS_COUNT; i++)
			ret->snmp[i] += per_cpu[cpu].snmp[i];
	}
	return 0;
}
