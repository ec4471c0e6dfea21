/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An answer on its way out, in large pieces. */
#ifndef USER_REPORT_REPORT_OUTPUT_H
#define USER_REPORT_REPORT_OUTPUT_H

#include "user/base/strbuf.h"

/* @text Append to it. Zero is a good start. */
struct report_output {
	struct strbuf text;
	int fd;
};

/* Write it when it has grown large. 0; -ENOMEM; negative errno of write(2). */
int report_output_pass(struct report_output *output);

/* Write all of it. As above. */
int report_output_flush(struct report_output *output);

/* The sentence for an error of the database, of memory or of the output. Returns `err`. */
int report_fail(const char *path, int err);

#endif
