/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections as text, in one of the forms of user/render/forms.h, to stdout or a file. */
#ifndef USER_OUTLET_TEXT_OUTLET_H
#define USER_OUTLET_TEXT_OUTLET_H

#include "user/outlet/writer.h"
#include "user/render/forms.h"

/**
 * @form     One of form_ops_at(), with its options; copied.
 * @writer   Where it goes.
 * @ret      Set on success only.
 * @return   0 or a negative errno, of open(2) too.
 */
int text_outlet_open(const struct form_ops *form, const struct form_options *form_options,
		     const struct writer_options *writer, struct outlet **ret);

#endif
