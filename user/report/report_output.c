// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/report/report_output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "user/base/log.h"

#define PIECE_BYTES (64u * 1024)

int report_output_flush(struct report_output *output)
{
	size_t written = 0;

	if (output->text.failed)
		return -ENOMEM;
	while (written < output->text.len) {
		ssize_t n =
			write(output->fd, output->text.data + written, output->text.len - written);

		if (n < 0 && errno != EINTR)
			return -errno;
		written += n > 0 ? (size_t)n : 0;
	}
	strbuf_reset(&output->text);
	return 0;
}

int report_output_pass(struct report_output *output)
{
	return output->text.failed || output->text.len >= PIECE_BYTES ?
		       report_output_flush(output) :
		       0;
}

int report_fail(const char *path, int err)
{
	switch (err) {
	case 0:
		return 0;
	case -EPIPE:
		return err; /* who asked has seen enough */
	case -ENOMEM:
		return log_error(err,
				 "not enough memory for the answer; ask for less time, or less "
				 "with --filter");
	case -EUCLEAN:
		return log_error(err, "%s is damaged: what was read up to there is above", path);
	case -EBUSY:
		return log_error(err, "%s is locked by another program; try again", path);
	default:
		return log_error(err, "%s: %s", path, strerror(-err));
	}
}
