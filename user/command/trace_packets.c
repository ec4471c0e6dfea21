// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/trace_packets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/base/log.h"
#include "user/base/output_file.h"
#include "user/kernel/trail_read.h"
#include "user/model/explanation.h"
#include "user/model/names.h"
#include "user/sink/pcapng.h"

struct trace_packets {
	const char *path;
	char *older_path; /* PATH.1 */
	int fd;
	uint64_t max_bytes;
	uint64_t bytes; /* of this file */
	uint64_t connections;
	uint64_t missing; /* whose packets were gone, or never seen */
	unsigned int rotations;
	struct trails *trails;
	struct trail_copy copy;
	uint64_t told_ns
		[TRAIL_SLOTS]; /* time of the first packet of the flow that was written last */
	struct strbuf text;
	struct strbuf comment;
};

static int write_all(struct trace_packets *self)
{
	size_t written = 0;

	while (written < self->text.len) {
		ssize_t n = write(self->fd, self->text.data + written, self->text.len - written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		written += (size_t)n;
	}
	self->bytes += written;
	return 0;
}

static int begin_file(struct trace_packets *self)
{
	int err;

	self->fd = output_file_open(self->path, OUTPUT_FILE_EMPTY);
	if (self->fd < 0)
		return self->fd;
	self->bytes = 0;
	strbuf_reset(&self->text);
	pcapng_append_head(&self->text, TRAIL_HEADER_BYTES);
	err = self->text.failed ? -ENOMEM : write_all(self);
	return err;
}

static int rotate(struct trace_packets *self)
{
	close(self->fd);
	self->fd = -1;
	if (rename(self->path, self->older_path))
		return -errno;
	self->rotations++;
	return begin_file(self);
}

int trace_packets_open(const char *path, uint64_t max_bytes, const struct tracer *tracer,
		       struct trace_packets **ret)
{
	_cleanup_(trace_packets_close) struct trace_packets *self = calloc(1, sizeof(*self));
	int err;

	if (!self)
		return log_error(-ENOMEM, "not enough memory");
	self->path = path;
	self->fd = -1;
	self->max_bytes = max_bytes;
	if (asprintf(&self->older_path, "%s.1", path) < 0) {
		self->older_path = NULL;
		return log_error(-ENOMEM, "not enough memory");
	}
	err = trails_open(tracer, &self->trails);
	if (err)
		return log_error(err, "cannot read the kernel's packets: %s", strerror(-err));
	err = begin_file(self);
	if (err)
		return log_error(-EIO, "cannot write packets to %s: %s", path,
				 output_file_reason(err));
	*ret = TAKE_PTR(self);
	return 0;
}

void trace_packets_close(struct trace_packets **packets)
{
	struct trace_packets *self = *packets;

	if (!self)
		return;
	if (self->connections || self->missing)
		log_info("packets: %llu closes in %s%s, %llu without packets",
			 (unsigned long long)self->connections, self->path,
			 self->rotations ? " and the file before it" : "",
			 (unsigned long long)self->missing);
	if (self->fd >= 0)
		close(self->fd);
	trails_free(&self->trails);
	strbuf_release(&self->text);
	strbuf_release(&self->comment);
	free(self->older_path);
	free(self);
	*packets = NULL;
}

/* The verdict, the sentence and the process; escaped, because names come from outside. */
static void make_comment(struct trace_packets *self, const struct closed_connection *c)
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

static void append_packets(struct trace_packets *self, const struct clock_map *clock)
{
	unsigned int ending = ending_packet(&self->copy);
	uint64_t *told_ns = &self->told_ns[self->copy.slot];
	/* Both ends in one namespace: of the second one only its comment is new. */
	bool is_again = *told_ns == self->copy.packets[0].time_ns;

	*told_ns = self->copy.packets[0].time_ns;
	for (unsigned int i = 0; i < self->copy.kept; i++) {
		const struct trail_packet *kept = &self->copy.packets[i];
		struct pcapng_packet packet = {
			.wall_ns = clock_map_to_wall_ns(clock, kept->time_ns),
			.data = kept->data,
			.captured = kept->captured,
			.len = kept->len,
			.is_out = kept->is_out,
		};
		bool is_told = i == 0 || i == ending;

		if (is_again && i != ending)
			continue;
		pcapng_append_packet(&self->text, &packet, self->comment.data,
				     is_told && !self->comment.failed ? self->comment.len : 0);
	}
}

void trace_packets_write(struct trace_packets *self, const struct clock_map *clock,
			 const struct closed_connection *c)
{
	int err = 0;

	if (self->fd < 0 || !close_is_abnormal(&c->record.decision))
		return;
	if (!trails_read(self->trails, &c->record.key, &self->copy) || !self->copy.kept) {
		self->missing++;
		return;
	}
	if (self->bytes >= self->max_bytes)
		err = rotate(self);
	strbuf_reset(&self->text);
	make_comment(self, c);
	append_packets(self, clock);
	if (!err)
		err = self->text.failed ? -ENOMEM : write_all(self);
	if (!err) {
		self->connections++;
		return;
	}
	log_error(err, "cannot write packets to %s any more: %s", self->path, strerror(-err));
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}
