/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text on its way to a descriptor: collected, written in big pieces, never lost in silence. */
#ifndef USER_SINK_OUTPUT_H
#define USER_SINK_OUTPUT_H

#include <stddef.h>

#include "user/base/strbuf.h"
#include "user/pipeline/sink.h"

#define OUTPUT_FLUSH_BYTES (64u * 1024)

/**
 * @text     Append records here, each between output_begin() and output_end().
 * @written  Bytes at the start of `text` that are out already, after a failed flush.
 * @mark     Where the record that is being appended starts.
 */
struct output {
	struct strbuf text;
	size_t written;
	size_t mark;
	int fd;
	const char *file_name;
};

void output_init(struct output *output, const struct sink_options *options);

/* Free the text. A message tells how many bytes were not written, if any. */
void output_release(struct output *output);

/* Start a record. */
static inline void output_begin(struct output *output)
{
	output->mark = output->text.len;
}

/**
 * The record is complete: flush when there is enough.
 *
 * @return  0; -ENOMEM, and then the record was taken back whole; what output_flush() returns.
 */
int output_end(struct output *output);

/**
 * Write until nothing is left, through short writes, signals and descriptors that would block.
 *
 * @return  0; negative errno of write(2), -EPIPE and -ENOSPC among them: the rest is kept.
 */
int output_flush(struct output *output);

#endif
