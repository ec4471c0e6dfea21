// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/packets_outlet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/base/log.h"
#include "user/base/output_file.h"
#include "user/kernel/trail_read.h"
#include "user/model/explanation.h"
#include "user/model/names.h"
#include "user/render/pcapng.h"

/**
 * @connections  That were passed on. @missing whose packets were gone, or never seen.
 * @told_ns      By slot: time of the first packet of the flow that was written last.
 */
struct packets_outlet {
	struct outlet outlet;
	char *name;
	const char *path;
	struct writer *writer;
	struct strbuf head;
	uint64_t offered;
	uint64_t skipped;
	uint64_t connections;
	uint64_t missing;
	struct trails *trails;
	struct trail_copy copy;
	uint64_t told_ns[TRAIL_SLOTS];
	struct strbuf comment;
};

/* The verdict, the sentence and the process; escaped, because names come from outside. */
static void make_comment(struct packets_outlet *self, const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf raw = STRBUF_INIT;
	struct strbuf *b = &self->comment;

	strbuf_reset(b);
	strbuf_appendf(b, "closetrace: %s (%s) by %s, %s\n",
		       verdict_name(c->record.decision.verdict),
		       cause_name(c->record.decision.cause),
		       initiator_name(c->record.decision.initiator),
		       confidence_name(c->record.decision.confidence));
	explanation_append(&raw, c);
	text_append_printable(b, raw.data, raw.len);
	if (c->record.owner.pid) {
		strbuf_append_str(b, "\nprocess: ");
		strbuf_reset(&raw);
		connection_append_owner(&raw, c);
		text_append_printable(b, raw.data, raw.len);
	}
	if (self->copy.count > self->copy.kept)
		strbuf_appendf(b, "\n%u first and %u last packets of %llu", self->copy.first,
			       self->copy.kept - self->copy.first,
			       (unsigned long long)self->copy.count);
}

/* Which packet to say it at: the last RST, or else the last packet. */
static unsigned int ending_packet(const struct trail_copy *copy)
{
	for (unsigned int i = copy->kept; i-- > 0;) {
		const struct trail_packet *packet = &copy->packets[i];
		struct packet_view view = { 0 };
		uint32_t located = packet_locate(packet->data, packet->data + packet->captured, 0);

		if (located && PACKET_AT_PROTOCOL(located) == PACKET_PROTO_TCP &&
		    packet_view_fill_tcp(packet->data, packet->data + packet->captured, 0, located,
					 &view) != PACKET_IGNORED &&
		    view.flags & TCP_FLAG_RST)
			return i;
	}
	return copy->kept - 1;
}

/* What the record says of both clocks is how far they are apart. */
static uint64_t wall_of(const struct closed_connection *c, uint64_t time_ns)
{
	return time_ns - c->record.head.time_ns + (c->first_wall_ns ?: c->wall_ns);
}

static void append_packets(struct packets_outlet *self, struct strbuf *b,
			   const struct closed_connection *c)
{
	unsigned int ending = ending_packet(&self->copy);
	uint64_t *told_ns = &self->told_ns[self->copy.slot];
	/* Both ends in one namespace: of the second one only its comment is new. */
	bool is_again = *told_ns == self->copy.packets[0].time_ns;

	*told_ns = self->copy.packets[0].time_ns;
	for (unsigned int i = 0; i < self->copy.kept; i++) {
		const struct trail_packet *kept = &self->copy.packets[i];
		struct pcapng_packet packet = {
			.wall_ns = wall_of(c, kept->time_ns),
			.data = kept->data,
			.captured = kept->captured,
			.len = kept->len,
			.is_out = kept->is_out,
		};
		bool is_told = i == 0 || i == ending;

		if (is_again && i != ending)
			continue;
		pcapng_append_packet(b, &packet, self->comment.data,
				     is_told && !self->comment.failed ? self->comment.len : 0);
	}
}

static void packets_offer(struct outlet *outlet, const struct closed_connection *c)
{
	struct packets_outlet *self = (struct packets_outlet *)outlet;
	struct strbuf *b;

	self->offered += c->repeated;
	if (!close_is_abnormal(&c->record.decision)) {
		self->skipped += c->repeated;
		return;
	}
	if (!trails_read(self->trails, &c->record.key, &self->copy) || !self->copy.kept) {
		self->missing++;
		self->skipped += c->repeated;
		return;
	}
	b = writer_begin(self->writer, c->repeated);
	if (!b)
		return;
	make_comment(self, c);
	append_packets(self, b, c);
	writer_end(self->writer, c->repeated, c->first_wall_ns != 0);
	self->connections++;
}

static void packets_flush(struct outlet *outlet)
{
	writer_flush(((struct packets_outlet *)outlet)->writer);
}

static void packets_drain(struct outlet *outlet, uint64_t deadline_ns)
{
	writer_drain(((struct packets_outlet *)outlet)->writer, deadline_ns);
}

static void packets_account(const struct outlet *outlet, struct outlet_account *ret)
{
	const struct packets_outlet *self = (const struct packets_outlet *)outlet;

	*ret = (struct outlet_account){ .offered = self->offered, .skipped = self->skipped };
	writer_account(self->writer, ret);
}

static void tell_count(const struct packets_outlet *self)
{
	struct outlet_account account;
	uint64_t count = self->connections;

	packets_account(&self->outlet, &account);
	if (outlet_account_lost(&account))
		count = account.written;
	if (count || self->missing)
		log_info("packets: %llu closes in %s%s, %llu without packets",
			 (unsigned long long)count, self->path,
			 writer_rotations(self->writer) ? " and the file before it" : "",
			 (unsigned long long)self->missing);
}

static void packets_close(struct outlet **outlet)
{
	struct packets_outlet *self = (struct packets_outlet *)*outlet;

	if (!self)
		return;
	if (self->writer)
		tell_count(self);
	writer_close(&self->writer);
	trails_free(&self->trails);
	strbuf_release(&self->head);
	strbuf_release(&self->comment);
	free(self->name);
	free(self);
	*outlet = NULL;
}

static const struct outlet_ops packets_outlet_ops = {
	.kind = "packets",
	.offer = packets_offer,
	.flush = packets_flush,
	.drain = packets_drain,
	.account = packets_account,
	.close = packets_close,
};

int packets_outlet_open(const struct writer_options *options, const struct tracer *tracer,
			struct outlet **ret)
{
	struct packets_outlet *self = calloc(1, sizeof(*self));
	_cleanup_(outlet_close) struct outlet *outlet = self ? &self->outlet : NULL;
	struct writer_options writer = *options;
	int err;

	if (!self)
		return log_error(-ENOMEM, "not enough memory");
	outlet->ops = &packets_outlet_ops;
	self->path = options->path;
	if (asprintf(&self->name, "packets:%s", self->path) < 0) {
		self->name = NULL;
		return log_error(-ENOMEM, "not enough memory");
	}
	outlet->name = self->name;
	err = trails_open(tracer, &self->trails);
	if (err)
		return log_error(err, "cannot read the kernel's packets: %s", strerror(-err));
	pcapng_append_head(&self->head, TRAIL_HEADER_BYTES);
	writer.head = &self->head;
	err = self->head.failed ? -ENOMEM : writer_open(&writer, &self->writer);
	if (err)
		return log_error(-EIO, "cannot write packets to %s: %s", self->path,
				 output_file_reason(err));
	*ret = TAKE_PTR(outlet);
	return 0;
}
