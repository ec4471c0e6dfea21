// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "user/base/log.h"
#include "user/base/text_print.h"
#include "user/command/command.h"

int command_print(const struct strbuf *text)
{
	int err = text_print(stdout, text);

	if (!err)
		return EXIT_OK;
	log_error(err, "cannot write to stdout: %s", strerror(-err));
	return EXIT_RUNTIME;
}
