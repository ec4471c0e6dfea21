// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace doctor`: what this host can do, which hook each interface would get, and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/command/command.h"
#include "user/command/doctor_cost.h"
#include "user/command/doctor_options.h"
#include "user/kernel/attach_clsact.h"
#include "user/kernel/features.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netlink.h"

static void append_features(struct strbuf *b, const struct kernel_features *features)
{
	enum kernel_feature missing = kernel_features_missing(features);

	for (int i = 0; i < KERNEL_FEATURE_COUNT; i++) {
		const struct kernel_feature_info *info = kernel_feature_info(i);
		bool present = kernel_features_has(features, i);
		const char *mark = present ? "yes" : i > (int)missing ? " ? " : " no";

		strbuf_appendf(b, "  %-3s  %-22s %s\n", mark, info->name, info->meaning);
		if (!present && i <= (int)missing)
			strbuf_appendf(b, "       %-22s -> %s\n", "", info->absence);
	}
}

#define INTERFACE_COLUMNS 17

struct doctor_links {
	struct strbuf *text;
	enum hook_choice hook;
	bool clean;
	int removed;
};

static int doctor_link(const struct netlink_link *link, void *data)
{
	struct doctor_links *links = data;
	size_t begin;
	int removed;

	if (links->clean) {
		removed = clsact_clean(link->ifindex);
		links->removed += removed > 0 ? removed : 0;
		return 0;
	}
	strbuf_append_str(links->text, "  ");
	begin = links->text->len;
	text_append_escaped(links->text, link->name, strlen(link->name));
	do {
		strbuf_append_char(links->text, ' ');
	} while (!links->text->failed && links->text->len < begin + INTERFACE_COLUMNS);
	strbuf_appendf(links->text, "%s\n", hook_policy_explain(links->hook, link));
	return 0;
}

static void append_namespace(struct strbuf *b, const struct network_namespace *ns, bool is_own)
{
	const char *name = is_own ? "this one" : ns->path;

	strbuf_appendf(b, "namespace %u (", ns->inode);
	text_append_escaped(b, name, strlen(name));
	strbuf_append_str(b, "):\n");
}

/* All namespaces, or as many as may be entered. */
static int doctor_each_namespace(struct doctor_links *links)
{
	_cleanup_(namespaces_release) struct namespaces namespaces;
	int err;

	err = namespaces_init(&namespaces);
	if (!err)
		err = namespaces_scan(&namespaces);
	for (size_t i = 0; !err && i < namespaces.count; i++) {
		const struct network_namespace *ns = &namespaces.items[i];

		if (namespaces_enter(&namespaces, ns)) {
			if (links->text)
				strbuf_appendf(links->text, "namespace %u: cannot be entered\n",
					       ns->inode);
			continue;
		}
		if (links->text)
			append_namespace(links->text, ns, ns->inode == namespaces.own_inode);
		err = netlink_list_links(doctor_link, links);
		namespaces_leave(&namespaces, ns);
	}
	return err;
}

static int doctor_clean(void)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct doctor_links links = { .clean = true };
	int err = doctor_each_namespace(&links);

	if (err) {
		log_error(err, "cannot look for left filters: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	strbuf_appendf(&text, "%d left filter%s removed\n", links.removed,
		       links.removed == 1 ? "" : "s");
	return command_print(&text);
}

int doctor_command(const void *data)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct doctor_links links = { .text = &text };
	struct kernel_features features;
	enum kernel_feature missing;
	struct utsname name = {};
	const struct doctor_options *options = data;

	if (options->clean)
		return doctor_clean();
	if (options->cost)
		return doctor_cost(options);
	uname(&name);
	kernel_features_probe(&features);
	missing = kernel_features_missing(&features);
	strbuf_appendf(&text, "kernel %s %s\n", name.release, name.machine);
	append_features(&text, &features);
	strbuf_append_str(&text,
			  "not seen on any kernel: connect() that fails before a SYN is made (no "
			  "route, a cgroup's filter)\n");
	links.hook = options->source.tracer.hook;
	if (missing == KERNEL_FEATURE_COUNT) {
		strbuf_appendf(&text, "hooks with --hook %s:\n", hook_choice_name(links.hook));
		doctor_each_namespace(&links);
	}
	if (command_print(&text))
		return EXIT_RUNTIME;
	if (missing == KERNEL_FEATURE_COUNT)
		return EXIT_OK;
	kernel_features_log_missing(missing);
	return EXIT_HOST;
}
