/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Endings on a terminal, for people: both ends of a connection as one, repeats folded, rewritten in
 * place where the terminal can, a summary at the end (user/render/brief_screen.h).
 */
#ifndef USER_OUTLET_SCREEN_OUTLET_H
#define USER_OUTLET_SCREEN_OUTLET_H

#include "user/outlet/writer.h"
#include "user/render/brief_screen.h"

/**
 * @writer  Of the terminal.
 * @ret     Set on success only.
 * @return  0 or a negative errno.
 */
int screen_outlet_open(const struct brief_screen_options *options,
		       const struct writer_options *writer, struct outlet **ret);

/* How a terminal wants it: its size, whether it can rewrite lines, colour and signs beyond ASCII. */
struct brief_screen_options screen_options_of(int fd, bool colour, bool full_time);

#endif
