// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tally_read.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "user/kernel/map_read.h"

struct tally_reading {
	tally_callback callback;
	void *data;
};

struct flow_reading {
	flow_callback callback;
	void *data;
};

static void on_tally(void *data, const void *key, const void *value)
{
	const struct tally_reading *reading = data;

	reading->callback(reading->data, key, value);
}

static void on_flow(void *data, const void *key, const void *value)
{
	const struct flow_reading *reading = data;

	reading->callback(reading->data, key, value);
}

static int on_piece(void *data)
{
	tracer_feed(data);
	return 0;
}

int tally_read(struct tracer *tracer, tally_callback callback, void *data,
	       struct tally_counts *ret_rest)
{
	struct tally_reading reading = { callback, data };
	struct tracer_maps maps;
	uint32_t zero = 0;
	int err;

	tracer_maps(tracer, &maps);
	err = map_read(maps.tally, sizeof(struct tally_key), sizeof(struct tally_counts), on_tally,
		       &reading, on_piece, tracer);
	if (err)
		return err;
	return bpf_map_lookup_elem(maps.tally_rest, &zero, ret_rest) ? -errno : 0;
}

int tally_read_flows(struct tracer *tracer, flow_callback callback, void *data)
{
	struct flow_reading reading = { callback, data };
	struct tracer_maps maps;

	tracer_maps(tracer, &maps);
	return map_read(maps.flows, sizeof(struct flow_key), sizeof(struct flow_state), on_flow,
			&reading, on_piece, tracer);
}
