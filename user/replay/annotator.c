// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/annotator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/base/log.h"
#include "user/model/capture_story.h"
#include "user/model/explanation.h"
#include "user/model/names.h"
#include "user/render/pcapng.h"
#include "user/replay/fragments.h"
#include "user/replay/link_layer.h"
#include "user/replay/segment.h"

#define WRITE_BYTES (256 * 1024)
#define INTERFACES_MOST 64
#define PACKETS_BETWEEN_LOOKS 4096

/* One connection: its packets from `first` to `last`, the comment for that of number `end`. */
struct note {
	struct note *chain;
	struct flow_key key;
	uint64_t first, last, end;
	char *comment;
};

/* The output's interfaces: one for each kind of frame of each file. */
struct out_interface {
	uint32_t file;
	int link_type;
};

struct annotator {
	const char *path;
	int fd;
	struct note **notes;
	size_t count, room;
	uint64_t beyond;
	struct note **buckets;
	size_t bucket_mask;
	struct out_interface interfaces[INTERFACES_MOST];
	uint32_t interface_count;
	uint64_t packets, left_out;
	struct strbuf out;
};

static int check_inputs(const struct stat *out, const char *path, const char *const *inputs,
			size_t count)
{
	struct stat info;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(inputs[i], "-"))
			return log_error(-EINVAL,
					 "-w reads a capture twice, and a pipe can be read once: "
					 "save it to a file, and replay that");
		if (stat(inputs[i], &info))
			continue; /* said when it is opened for reading */
		if (S_ISFIFO(info.st_mode))
			return log_error(-EINVAL,
					 "-w reads a capture twice, and %s is a pipe: save it to a "
					 "file, and replay that",
					 inputs[i]);
		if (out && out->st_dev == info.st_dev && out->st_ino == info.st_ino)
			return log_error(-EINVAL,
					 "-w %s would overwrite the capture that is read; name "
					 "another file",
					 path);
	}
	return 0;
}

int annotator_open(const char *path, const char *const *inputs, size_t count,
		   struct annotator **ret)
{
	_cleanup_(annotator_free) struct annotator *self = calloc(1, sizeof(*self));
	struct stat info;
	int err;

	if (!self)
		return log_error(-ENOMEM, "not enough memory");
	self->fd = -1;
	self->path = path;
	err = check_inputs(stat(path, &info) ? NULL : &info, path, inputs, count);
	if (err)
		return err;
	self->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (self->fd < 0 || fstat(self->fd, &info) ||
	    (S_ISREG(info.st_mode) && ftruncate(self->fd, 0)))
		return log_error(-errno, "cannot write %s: %s", path, strerror(errno));
	*ret = TAKE_PTR(self);
	return 0;
}

void annotator_free(struct annotator **annotator)
{
	struct annotator *self = *annotator;

	if (!self)
		return;
	for (size_t i = 0; i < self->count; i++) {
		free(self->notes[i]->comment);
		free(self->notes[i]);
	}
	free(self->notes);
	free(self->buckets);
	strbuf_release(&self->out);
	if (self->fd >= 0)
		close(self->fd);
	free(self);
	*annotator = NULL;
}

/* -- what is to be written --------------------------------------------------------------------- */
static char *comment_of(const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_appendf(&text, "closetrace: %s: ", verdict_name(c->record.decision.verdict));
	explanation_append(&text, c);
	strbuf_appendf(&text, " (frame %llu", (unsigned long long)c->capture->frame);
	if (c->capture->file) {
		strbuf_append_str(&text, " of ");
		text_append_escaped(&text, c->capture->file, strlen(c->capture->file));
	}
	strbuf_append_char(&text, ')');
	return text.failed ? NULL : strdup(text.data);
}

static bool grow_notes(struct annotator *self)
{
	size_t room = self->room ? 2 * self->room : 64;
	struct note **notes;

	if (self->count < self->room)
		return true;
	notes = realloc(self->notes, room * sizeof(*notes));
	if (!notes)
		return false;
	self->notes = notes;
	self->room = room;
	return true;
}

int annotator_note(struct annotator *annotator, const struct closed_connection *c)
{
	struct note *note;

	if (!c->capture)
		return 0;
	if (annotator->count == ANNOTATOR_CONNECTIONS_MOST) {
		annotator->beyond++;
		return 0;
	}
	if (!grow_notes(annotator))
		return -ENOMEM;
	note = calloc(1, sizeof(*note));
	if (!note)
		return -ENOMEM;
	note->key = c->record.key;
	note->first = c->capture->first_packet;
	note->last = c->capture->last_packet;
	note->end = c->capture->end_packet;
	note->comment = comment_of(c);
	annotator->notes[annotator->count++] = note;
	return note->comment ? 0 : -ENOMEM;
}

/* FNV-1a: keys are the capture's, and each of them was found there before. */
static size_t bucket_of(const struct annotator *self, const struct flow_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return (hash ^ hash >> 32) & self->bucket_mask;
}

static int build_buckets(struct annotator *self)
{
	size_t size = 64;

	while (size < self->count)
		size *= 2;
	self->bucket_mask = size - 1;
	self->buckets = calloc(size, sizeof(struct note *));
	if (!self->buckets)
		return -ENOMEM;
	for (size_t i = 0; i < self->count; i++) {
		struct note **bucket = &self->buckets[bucket_of(self, &self->notes[i]->key)];

		self->notes[i]->chain = *bucket;
		*bucket = self->notes[i];
	}
	return 0;
}

static const struct note *note_of(const struct annotator *self, const struct flow_key *key,
				  uint64_t number)
{
	const struct note *note = self->buckets[bucket_of(self, key)];

	while (note && (number < note->first || number > note->last ||
			memcmp(&note->key, key, sizeof(*key))))
		note = note->chain;
	return note;
}

/* Of one frame: there may be several packets in it. */
static const struct note *note_of_frame(const struct annotator *self,
					const struct captured_packet *packet,
					struct fragments *fragments, bool decap, uint64_t number)
{
	struct link_walk walk = { .data = packet->data,
				  .len = packet->len,
				  .decap = decap,
				  .fragments = fragments,
				  .now_ns = packet->time_ns };
	const struct note *note = NULL;
	struct tcp_segment segment;
	enum segment_kind kind;
	struct flow_key key;

	for (int at = link_first(&walk, packet->link_type); at >= 0 && !note;
	     at = link_next(&walk)) {
		memset(&segment, 0, sizeof(segment));
		kind = segment_read(walk.data + at, walk.data + walk.len, walk.len - (uint32_t)at,
				    &segment);
		if (kind != SEGMENT_TCP && kind != SEGMENT_ICMP)
			continue;
		flow_key_make(&key, segment.view.source_addr, segment.view.source_port,
			      segment.view.dest_addr, segment.view.dest_port, 0);
		note = note_of(self, &key, number);
	}
	return note;
}

/* -- writing ----------------------------------------------------------------------------------- */
static int flush(struct annotator *self)
{
	const char *at = self->out.data;
	size_t left = self->out.len;

	if (self->out.failed)
		return log_error(-ENOMEM, "not enough memory to write %s", self->path);
	while (left) {
		ssize_t n = write(self->fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return log_error(-errno, "cannot write %s: %s", self->path,
					 strerror(errno));
		at += n;
		left -= (size_t)n;
	}
	strbuf_reset(&self->out);
	return 0;
}

/* -1 when there are too many. */
static int interface_for(struct annotator *self, const struct captured_packet *packet)
{
	for (uint32_t i = 0; i < self->interface_count; i++)
		if (self->interfaces[i].file == packet->file &&
		    self->interfaces[i].link_type == packet->link_type)
			return (int)i;
	if (self->interface_count == INTERFACES_MOST)
		return -1;
	self->interfaces[self->interface_count] =
		(struct out_interface){ packet->file, packet->link_type };
	pcapng_append_interface(&self->out, link_type_in_files(packet->link_type), 0);
	return (int)self->interface_count++;
}

static int write_packet(struct annotator *self, const struct captured_packet *packet,
			const struct note *note, uint64_t number)
{
	bool is_end = number == note->end;
	int interface = interface_for(self, packet);
	const struct pcapng_packet out = { .wall_ns = packet->time_ns,
					   .data = packet->data,
					   .captured = packet->len,
					   .len = packet->wire_len,
					   .interface = interface > 0 ? (uint32_t)interface : 0,
					   .has_no_direction = true };

	if (interface < 0) {
		self->left_out++;
		return 0;
	}
	pcapng_append_packet(&self->out, &out, is_end ? note->comment : NULL,
			     is_end ? strlen(note->comment) : 0);
	self->packets++;
	return self->out.len >= WRITE_BYTES || self->out.failed ? flush(self) : 0;
}

int annotator_write(struct annotator *annotator, struct capture_set *captures, bool decap,
		    const volatile int *is_interrupted)
{
	_cleanup_(fragments_free) struct fragments *fragments = NULL;
	struct captured_packet packet;
	uint64_t number = 0;
	int link_type, err = 0;

	if (build_buckets(annotator) || fragments_new(&fragments))
		return log_error(-ENOMEM, "not enough memory to write %s", annotator->path);
	pcapng_append_section(&annotator->out);
	while (!err && capture_set_next(captures, &packet, &link_type)) {
		const struct note *note;

		number++;
		if (number % PACKETS_BETWEEN_LOOKS == 0 && *is_interrupted)
			return flush(annotator) ?: 1;
		note = note_of_frame(annotator, &packet, fragments, decap, number);
		if (note)
			err = write_packet(annotator, &packet, note, number);
	}
	return err ? err : flush(annotator);
}

void annotator_append_account(struct strbuf *b, const struct annotator *annotator)
{
	strbuf_appendf(b, "%llu packets of %zu connections are in %s",
		       (unsigned long long)annotator->packets, annotator->count, annotator->path);
	if (annotator->beyond)
		strbuf_appendf(b, ", %llu connections are not: more than %d",
			       (unsigned long long)annotator->beyond, ANNOTATOR_CONNECTIONS_MOST);
	if (annotator->left_out)
		strbuf_appendf(b, ", %llu packets are not: more than %d kinds of frames",
			       (unsigned long long)annotator->left_out, INTERFACES_MOST);
}
