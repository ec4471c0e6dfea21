// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/packed_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "user/base/cleanup.h"

#define INPUT_BYTES (256u * 1024)
#define STREAM_BUFFER_BYTES (1024u * 1024)
/* A frame may ask for any window: 128 MB is what zstd itself grants without being told. */
#define ZSTD_WINDOW_LOG_MOST 27

enum packing {
	PACKED_NOT,
	PACKED_GZIP,
	PACKED_ZSTD,
};

struct packed_stream {
	int fd;
	enum packing packing;
	bool at_end; /* of the file */
	bool is_inside; /* a packed member is not complete */
	size_t have; /* bytes in `input` from `taken` on */
	size_t taken;
	z_stream gzip;
	ZSTD_DStream *zstd;
	uint8_t input[INPUT_BYTES];
};

/* 0 with bytes to take, or at_end; -1 with errno. */
static int refill(struct packed_stream *self)
{
	ssize_t n;

	if (self->taken < self->have || self->at_end)
		return 0;
	n = read(self->fd, self->input, sizeof(self->input));
	if (n < 0)
		return -1;
	self->taken = 0;
	self->have = (size_t)n;
	self->at_end = n == 0;
	return 0;
}

static ssize_t fail_unpacking(void)
{
	errno = EBADMSG;
	return -1;
}

static ssize_t read_plain(struct packed_stream *self, char *buffer, size_t size)
{
	size_t n = self->have - self->taken;

	if (!n)
		return read(self->fd, buffer, size);
	if (n > size)
		n = size;
	memcpy(buffer, self->input + self->taken, n);
	self->taken += n;
	return (ssize_t)n;
}

/* One step; members may follow each other (RFC 1952 section 2.2). Returns bytes or -1. */
static ssize_t step_gzip(struct packed_stream *self, char *buffer, size_t size)
{
	z_stream *z = &self->gzip;
	int result;

	z->next_in = self->input + self->taken;
	z->avail_in = (uInt)(self->have - self->taken);
	z->next_out = (Bytef *)buffer;
	z->avail_out = (uInt)size;
	if (!self->is_inside && inflateReset(z) != Z_OK)
		return fail_unpacking();
	self->is_inside = true;
	result = inflate(z, Z_NO_FLUSH);
	self->taken = self->have - z->avail_in;
	if (result == Z_STREAM_END)
		self->is_inside = false;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return fail_unpacking();
	return (ssize_t)(size - z->avail_out);
}

static ssize_t step_zstd(struct packed_stream *self, char *buffer, size_t size)
{
	ZSTD_inBuffer in = { self->input, self->have, self->taken };
	ZSTD_outBuffer out = { buffer, size, 0 };
	size_t result = ZSTD_decompressStream(self->zstd, &out, &in);

	if (ZSTD_isError(result))
		return fail_unpacking();
	self->taken = in.pos;
	self->is_inside = result != 0;
	return (ssize_t)out.pos;
}

static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
	struct packed_stream *self = cookie;
	ssize_t n;

	if (self->packing == PACKED_NOT)
		return read_plain(self, buffer, size);
	for (;;) {
		if (refill(self))
			return -1;
		if (self->at_end)
			return self->is_inside ? fail_unpacking() : 0;
		n = self->packing == PACKED_GZIP ? step_gzip(self, buffer, size) :
						   step_zstd(self, buffer, size);
		if (n)
			return n;
	}
}

static int stream_close(void *cookie)
{
	struct packed_stream *self = cookie;

	if (self->packing == PACKED_GZIP)
		inflateEnd(&self->gzip);
	ZSTD_freeDStream(self->zstd);
	close(self->fd);
	free(self);
	return 0;
}

static enum packing packing_of(const uint8_t *magic, size_t len)
{
	if (len >= 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return PACKED_GZIP;
	if (len >= 4 && !memcmp(magic, "\x28\xb5\x2f\xfd", 4))
		return PACKED_ZSTD;
	return PACKED_NOT;
}

/* The first bytes tell what the file is; a pipe may give them one by one. */
static int look_at_start(struct packed_stream *self)
{
	while (self->have < 4) {
		ssize_t n =
			read(self->fd, self->input + self->have, sizeof(self->input) - self->have);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		self->have += (size_t)n;
	}
	self->packing = packing_of(self->input, self->have);
	return 0;
}

static int prepare_unpacking(struct packed_stream *self)
{
	if (self->packing == PACKED_GZIP)
		return inflateInit2(&self->gzip, 15 + 16) == Z_OK ? 0 : -ENOMEM;
	if (self->packing != PACKED_ZSTD)
		return 0;
	self->zstd = ZSTD_createDStream();
	if (!self->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(self->zstd, ZSTD_d_windowLogMax,
							       ZSTD_WINDOW_LOG_MOST))) {
		ZSTD_freeDStream(self->zstd);
		return -ENOMEM;
	}
	return 0;
}

int packed_stream_open(int fd, FILE **ret)
{
	static const cookie_io_functions_t functions = { .read = stream_read,
							 .close = stream_close };
	_cleanup_free_ struct packed_stream *self = calloc(1, sizeof(*self));
	FILE *stream;
	int err;

	if (!self)
		return -ENOMEM;
	self->fd = fd;
	err = look_at_start(self);
	if (!err)
		err = prepare_unpacking(self);
	if (err)
		return err;
	stream = fopencookie(self, "r", functions);
	if (!stream) {
		if (self->packing == PACKED_GZIP)
			inflateEnd(&self->gzip);
		ZSTD_freeDStream(self->zstd);
		return -ENOMEM;
	}
	(void)TAKE_PTR(self);
	setvbuf(stream, NULL, _IOFBF, STREAM_BUFFER_BYTES);
	*ret = stream;
	return 0;
}
