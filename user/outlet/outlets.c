// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/outlets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/output_file.h"
#include "user/outlet/rows_outlet.h"
#include "user/outlet/screen_outlet.h"
#include "user/outlet/text_outlet.h"

struct outlets {
	struct outlets_options options;
	struct outlet *list[OUTLETS_MOST];
	size_t count;
	int event_fd;
};

int outlets_new(const struct outlets_options *options, struct outlets **ret)
{
	struct outlets *outlets = calloc(1, sizeof(*outlets));

	if (!outlets)
		return -ENOMEM;
	outlets->options = *options;
	outlets->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (outlets->event_fd < 0) {
		free(outlets);
		return -errno;
	}
	*ret = outlets;
	return 0;
}

void outlets_free(struct outlets **outlets)
{
	if (!*outlets)
		return;
	for (size_t i = 0; i < (*outlets)->count; i++)
		outlet_close(&(*outlets)->list[i]);
	close((*outlets)->event_fd);
	free(*outlets);
	*outlets = NULL;
}

struct writer_options outlets_writer_options(const struct outlets *outlets)
{
	uint64_t bytes = outlets->options.queue_bytes ?: OUTLETS_QUEUE_BYTES;

	return (struct writer_options){
		.fd = -1,
		.queue_bytes = bytes / (outlets->options.parts ?: 1),
		.waits = outlets->options.source_waits,
		.event_fd = outlets->event_fd,
	};
}

int outlets_add(struct outlets *outlets, struct outlet *outlet)
{
	if (outlets->count == OUTLETS_MOST) {
		outlet_close(&outlet);
		return log_error(-E2BIG, "a run has at most %d outlets", OUTLETS_MOST);
	}
	outlets->list[outlets->count++] = outlet;
	return 0;
}

static struct writer_options writer_options_for(const struct outlets *outlets,
						const struct outlet_request *request)
{
	struct writer_options writer = outlets_writer_options(outlets);

	writer.path = request->path;
	writer.fd = request->path ? -1 : STDOUT_FILENO;
	writer.max_bytes = request->max_bytes;
	return writer;
}

static struct form_options form_options_for(const struct outlets *outlets,
					    const struct outlet_request *request)
{
	struct form_options form = {};

	if (request->path)
		return form;
	form = form_options_of(STDOUT_FILENO);
	if (outlets->options.color != OUTLETS_COLOR_AUTO)
		form.colour = outlets->options.color == OUTLETS_COLOR_ALWAYS;
	return form;
}

static int cannot_open(int err, const struct outlet_request *request)
{
	return log_error(err == -ENOMEM ? err : -EIO, "cannot write %s to %s: %s",
			 request->form->name, request->path ?: "stdout", output_file_reason(err));
}

int outlets_open(struct outlets *outlets, const struct outlet_request *request,
		 const struct columns *columns)
{
	struct writer_options writer = writer_options_for(outlets, request);
	struct form_options form = form_options_for(outlets, request);
	struct outlet *outlet;
	int err;

	form.columns = columns;
	/* Lines for people, who read them as they come: with columns of their own it is a table. */
	if (form.is_terminal && request->form == &table_form_ops && !columns) {
		struct brief_screen_options screen =
			screen_options_of(writer.fd, form.colour, outlets->options.full_time);

		err = screen_outlet_open(&screen, &writer, &outlet);
	} else {
		err = text_outlet_open(request->form, &form, &writer, &outlet);
	}
	return err ? cannot_open(err, request) : outlets_add(outlets, outlet);
}

int outlets_open_rows(struct outlets *outlets, const struct outlet_request *request,
		      const struct row_type *type, const struct columns *columns,
		      struct outlet **ret)
{
	struct writer_options writer = writer_options_for(outlets, request);
	struct form_options form = form_options_for(outlets, request);
	int err;

	form.type = type;
	form.columns = columns;
	err = rows_outlet_open(request->path ?: "stdout", request->form, &form, &writer, ret);
	return err ? cannot_open(err, request) : outlets_add(outlets, *ret);
}

struct outlet *const *outlets_list(const struct outlets *outlets, size_t *ret_count)
{
	*ret_count = outlets->count;
	return outlets->list;
}

bool outlets_want_ticks(const struct outlets *outlets)
{
	for (size_t i = 0; i < outlets->count; i++)
		if (outlets->list[i]->ops->tick)
			return true;
	return false;
}

void outlets_tick(const struct outlets *outlets)
{
	for (size_t i = 0; i < outlets->count; i++)
		if (outlets->list[i]->ops->tick)
			outlets->list[i]->ops->tick(outlets->list[i]);
}

int outlets_event_fd(const struct outlets *outlets)
{
	return outlets->event_fd;
}

static size_t outer_count(const struct outlets *outlets)
{
	size_t count = 0;

	for (size_t i = 0; i < outlets->count; i++)
		count += !outlets->list[i]->is_inner;
	return count;
}

static void tell_failure(const struct outlets *outlets, const struct outlet *outlet,
			 const struct outlet_account *account)
{
	const char *rest = account->has_ended ? "" : "; it is tried again";

	if (account->has_ended && outer_count(outlets) > 1)
		rest = "; the other outlets go on";
	/* A reader that has seen enough is no failure, and of the last outlet the end says all. */
	if (account->error == -EPIPE && outer_count(outlets) == 1)
		return;
	if (account->error == -EPIPE)
		log_info("%s: its reader has gone%s", outlet->name, rest);
	else
		log_error(account->error, "cannot write to %s: %s%s", outlet->name,
			  strerror(-account->error), rest);
}

int outlets_check(struct outlets *outlets)
{
	struct outlet_account account;
	size_t ended = 0, count = 0;
	uint64_t events;

	if (read(outlets->event_fd, &events, sizeof(events)) < 0 && errno != EAGAIN)
		log_debug("cannot read the event of the outlets: %s", strerror(errno));
	for (size_t i = 0; i < outlets->count; i++) {
		struct outlet *outlet = outlets->list[i];

		outlet_account(outlet, &account);
		count += !outlet->is_inner;
		ended += !outlet->is_inner && account.has_ended;
		if (!account.error || outlet->is_told)
			continue;
		outlet->is_told = true;
		tell_failure(outlets, outlet, &account);
	}
	return count && ended == count;
}

int outlets_drain(struct outlets *outlets, uint64_t deadline_ns)
{
	struct outlet_account account;
	int worst = 0;

	for (size_t i = 0; i < outlets->count; i++)
		if (outlets->list[i]->ops->drain)
			outlets->list[i]->ops->drain(outlets->list[i], deadline_ns);
	outlets_check(outlets);
	for (size_t i = 0; i < outlets->count; i++) {
		outlet_account(outlets->list[i], &account);
		if (account.error && (!worst || worst == -EPIPE))
			worst = account.error;
		if (account.lost[OUTLET_LOSS_LATE])
			log_warn("%s: %llu endings were still waiting to be written and are lost",
				 outlets->list[i]->name,
				 (unsigned long long)account.lost[OUTLET_LOSS_LATE]);
	}
	return worst;
}

void outlets_fill_ledger(const struct outlets *outlets, struct ledger *ledger)
{
	ledger->outlet_count = outlets->count;
	for (size_t i = 0; i < outlets->count; i++) {
		ledger->outlet_names[i] = outlets->list[i]->name;
		outlet_account(outlets->list[i], &ledger->outlets[i]);
	}
}
