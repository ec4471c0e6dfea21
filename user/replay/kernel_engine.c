// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/kernel_engine.h"

#include <errno.h>

#include "user/base/log.h"
#include "user/replay/conn_table.h"

static struct replay_program *program_of(struct replay_engine *engine)
{
	return ((struct kernel_engine *)engine)->program;
}

static int kernel_take(struct replay_engine *engine, struct replay_conn *conn, int sender,
		       const struct packet_view *view, const uint8_t *ip, uint32_t len,
		       uint64_t now_ns)
{
	struct replay_program *program = program_of(engine);
	struct capture_exchange *exchange = replay_program_exchange(program);
	int err;

	(void)sender; /* the program finds out by itself */
	exchange->now_ns = now_ns;
	exchange->open_payload = view->payload_bytes;
	exchange->judge = 0;
	err = replay_program_run(program, ip, len);
	if (err)
		return err;
	if (!exchange->found)
		return log_error(-EIO, "the kernel's program did not take packet of port %u",
				 NET_TO_HOST_16(view->source_port));
	conn->flow = exchange->flow;
	return (int)exchange->found;
}

static int kernel_judge(struct replay_engine *engine, struct replay_conn *conn, uint64_t now_ns,
			uint64_t seen)
{
	static const uint8_t nothing[20] = { 0x45 };
	struct replay_program *program = program_of(engine);
	struct capture_exchange *exchange = replay_program_exchange(program);
	int err;

	exchange->judge = 1;
	exchange->now_ns = now_ns;
	exchange->seen = seen;
	exchange->key = conn->key;
	exchange->flow = conn->flow;
	err = replay_program_run(program, nothing, sizeof(nothing));
	if (err)
		return err;
	if (!exchange->found)
		return log_error(-EIO, "the kernel's program did not judge a connection");
	conn->flow = exchange->flow;
	return 0;
}

static void kernel_store(struct replay_engine *engine, const struct replay_conn *conn)
{
	replay_program_store(program_of(engine), &conn->key, &conn->flow);
}

static void kernel_forget(struct replay_engine *engine, const struct replay_conn *conn)
{
	replay_program_forget(program_of(engine), &conn->key);
}

void kernel_engine_init(struct kernel_engine *self, struct replay_program *program)
{
	self->engine =
		(struct replay_engine){ kernel_take, kernel_judge, kernel_store, kernel_forget };
	self->program = program;
}
