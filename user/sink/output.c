// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/sink/output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "user/base/log.h"

void output_init(struct output *output, const struct sink_options *options)
{
	*output = (struct output){
		.text = STRBUF_INIT,
		.fd = options->fd,
		.file_name = options->file_name_for_messages,
	};
}

void output_release(struct output *output)
{
	if (output->text.len > output->written)
		log_warn("%zu bytes of records could not be written to %s",
			 output->text.len - output->written, output->file_name);
	strbuf_release(&output->text);
}

int output_end(struct output *output)
{
	struct strbuf *text = &output->text;

	if (text->failed) {
		text->len = output->mark;
		if (text->data)
			text->data[text->len] = '\0';
		text->failed = false;
		return -ENOMEM;
	}
	return text->len - output->written >= OUTPUT_FLUSH_BYTES ? output_flush(output) : 0;
}

/* What is out already is dropped, so that a full disk does not make the buffer grow for it. */
static void output_drop_written(struct output *output)
{
	struct strbuf *text = &output->text;

	if (!text->data || !output->written)
		return;
	text->len -= output->written;
	memmove(text->data, text->data + output->written, text->len + 1);
	output->written = 0;
}

static int output_wait(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	if (poll(&ready, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int output_flush(struct output *output)
{
	int err = 0;

	while (!err && output->written < output->text.len) {
		ssize_t n = write(output->fd, output->text.data + output->written,
				  output->text.len - output->written);

		if (n > 0)
			output->written += (size_t)n;
		else if (n == 0)
			err = -EIO;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			err = output_wait(output->fd);
		else if (errno != EINTR)
			err = -errno;
	}
	output_drop_written(output);
	return err;
}
