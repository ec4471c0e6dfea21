// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/stack_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/enrich/kernel_symbols.h"
#include "user/enrich/user_namer.h"

/* The tracepoint and its program are the innermost frames, at most so many. */
#define TRACING_FRAMES 8

/* In a storm records go before stacks: these take at most half of the reader's time. */
#define WINDOW_NS CLOCK_NS_PER_SECOND
#define WINDOW_BUDGET_NS (WINDOW_NS / 2)

struct stack_names {
	struct kernel_symbols *kernel;
	struct user_namer *user;
	struct strbuf kernel_text;
	struct strbuf user_text;
	uint64_t unnamed;
	uint64_t window_ns; /* when it began */
	uint64_t spent_ns; /* since then */
};

int stack_names_new(struct stack_names **ret)
{
	_cleanup_(stack_names_free) struct stack_names *names = calloc(1, sizeof(*names));
	int err;

	if (!names)
		return -ENOMEM;
	err = kernel_symbols_new("/proc/kallsyms", "/proc/modules", &names->kernel);
	if (!err)
		err = user_namer_new(&names->user);
	if (err)
		return err;
	*ret = TAKE_PTR(names);
	return 0;
}

void stack_names_free(struct stack_names **names)
{
	if (!*names)
		return;
	kernel_symbols_free(&(*names)->kernel);
	user_namer_free(&(*names)->user);
	strbuf_release(&(*names)->kernel_text);
	strbuf_release(&(*names)->user_text);
	free(*names);
	*names = NULL;
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool frame_is_tracing(const char *name)
{
	return starts_with(name, "bpf_trace_run") || starts_with(name, "__bpf_trace_") ||
	       starts_with(name, "__traceiter_");
}

/* Above it is the kernel's own work, below it whom it interrupted. */
static bool frame_is_softirq(const char *name)
{
	return starts_with(name, "handle_softirqs+") || starts_with(name, "__do_softirq+");
}

static void kernel_stack_add(struct stack_names *names, const struct close_stacks *stacks,
			     struct closed_connection *c)
{
	struct strbuf *b = &names->kernel_text;
	size_t i, start, skipped = 0;

	strbuf_reset(b);
	kernel_symbols_refresh(names->kernel);
	for (i = 0; i < stacks->kernel_count && i < STACK_FRAMES; i++) {
		start = b->len;
		kernel_symbols_append(b, names->kernel, stacks->kernel[i]);
		strbuf_append_char(b, '\0');
		if (b->failed)
			return;
		if (i < TRACING_FRAMES && frame_is_tracing(b->data + start))
			skipped = b->len;
		if (!stacks->pid && frame_is_softirq(b->data + start))
			break;
	}
	if (b->len > skipped)
		c->kernel_stack = (struct string_list){ b->data + skipped, b->len - skipped };
}

static void user_stack_add(struct stack_names *names, const struct close_stacks *stacks,
			   struct closed_connection *c)
{
	struct strbuf *b = &names->user_text;
	int err;

	strbuf_reset(b);
	err = user_namer_append_stack(b, names->user, stacks);
	if (err || b->failed) {
		names->unnamed++;
		return;
	}
	c->user_stack = (struct string_list){ b->data, b->len };
}

void stack_names_add(struct stack_names *names, const struct close_stacks *stacks,
		     struct closed_connection *c)
{
	uint64_t start_ns = clock_monotonic_ns();

	if (start_ns - names->window_ns >= WINDOW_NS) {
		names->window_ns = start_ns;
		names->spent_ns = 0;
	}
	if (names->spent_ns >= WINDOW_BUDGET_NS) {
		names->unnamed++;
		return;
	}
	if (stacks->kernel_count)
		kernel_stack_add(names, stacks, c);
	if (stacks->user_count)
		user_stack_add(names, stacks, c);
	names->spent_ns += clock_monotonic_ns() - start_ns;
}

uint64_t stack_names_unnamed(const struct stack_names *names)
{
	return names->unnamed;
}
