// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/container_id.h"

#include <errno.h>
#include <string.h>

#define HEX_ID_BYTES 64

/* One folder of a path. */
struct component {
	const char *text;
	size_t len;
};

/* `form` is what stands before the id: the first that fits counts. */
static const struct container_form {
	const char *prefix;
	const char *suffix;
	uint8_t runtime;
} container_forms[] = {
	{ "docker-", ".scope", CONTAINER_RUNTIME_DOCKER },
	{ "libpod-payload-", "", CONTAINER_RUNTIME_PODMAN },
	{ "libpod-", ".scope", CONTAINER_RUNTIME_PODMAN },
	{ "libpod-", "", CONTAINER_RUNTIME_PODMAN },
	{ "cri-containerd-", ".scope", CONTAINER_RUNTIME_CONTAINERD },
	{ "crio-", ".scope", CONTAINER_RUNTIME_CRIO },
	{ "crio-", "", CONTAINER_RUNTIME_CRIO },
	{ "nerdctl-", ".scope", CONTAINER_RUNTIME_NERDCTL },
};

static bool component_is(const struct component *c, const char *word)
{
	return c->len == strlen(word) && !memcmp(c->text, word, c->len);
}

static bool component_starts(const struct component *c, const char *prefix)
{
	size_t len = strlen(prefix);

	return c->len >= len && !memcmp(c->text, prefix, len);
}

static bool component_ends(const struct component *c, const char *suffix)
{
	size_t len = strlen(suffix);

	return c->len >= len && !memcmp(c->text + c->len - len, suffix, len);
}

static bool component_has(const struct component *c, const char *word)
{
	return memmem(c->text, c->len, word, strlen(word)) != NULL;
}

static bool is_hex_id(const char *text, size_t len)
{
	if (len != HEX_ID_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	return true;
}

/* An identifier as containerd defines it: safe as the name of a file. */
static bool is_plain_name(const struct component *c)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";

	if (!c->len || c->len >= CONTAINER_ID_BYTES || !memchr(letters, c->text[0], 62))
		return false;
	for (size_t i = 0; i < c->len; i++)
		if (!memchr(letters, c->text[i], 62) && !memchr("._-", c->text[i], 3))
			return false;
	return true;
}

static void container_id_fill(struct container_id *ret, uint8_t runtime, const char *id, size_t len)
{
	memset(ret, 0, sizeof(*ret));
	ret->runtime = runtime;
	memcpy(ret->id, id, len);
}

/* docker-<id>.scope and its like. */
static bool component_matches_form(const struct component *c, const struct container_form *form,
				   struct container_id *ret)
{
	size_t prefix = strlen(form->prefix), suffix = strlen(form->suffix);

	if (c->len != prefix + HEX_ID_BYTES + suffix || !component_starts(c, form->prefix) ||
	    !component_ends(c, form->suffix) || !is_hex_id(c->text + prefix, HEX_ID_BYTES))
		return false;
	container_id_fill(ret, form->runtime, c->text + prefix, HEX_ID_BYTES);
	return true;
}

/* kubepods/burstable/pod<uid> or kubepods-burstable-pod<uid>.slice, also kind's kubelet-kubepods. */
static bool component_is_pod(const struct component *c)
{
	return component_starts(c, "pod") ||
	       (component_has(c, "kubepods") && component_has(c, "-pod") &&
		component_ends(c, ".slice"));
}

static bool path_has_kubepods(const char *path, const struct component *end)
{
	return memmem(path, end->text - path, "kubepods", strlen("kubepods")) != NULL;
}

static bool component_matches(const char *path, const struct component *c,
			      const struct component *parent, struct container_id *ret)
{
	bool is_pod = parent->len && component_is_pod(parent) && path_has_kubepods(path, c);

	if (component_has(c, "conmon"))
		return false;
	for (size_t i = 0; i < sizeof(container_forms) / sizeof(container_forms[0]); i++) {
		if (!component_matches_form(c, &container_forms[i], ret))
			continue;
		ret->is_pod = is_pod;
		return true;
	}
	if (!is_hex_id(c->text, c->len))
		return false;
	if (is_pod) {
		container_id_fill(ret, CONTAINER_RUNTIME_CONTAINERD, c->text, c->len);
		ret->is_pod = true;
		return true;
	}
	container_id_fill(ret, CONTAINER_RUNTIME_DOCKER, c->text, c->len);
	/* Below another parent it may be anybody's: docker's --cgroup-parent, podman's pod. */
	ret->is_guess = !component_is(parent, "docker");
	return true;
}

/* The last folder of the first `len` bytes of `path`; empty at the root. */
static struct component component_last(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	if (!slash)
		return (struct component){ path, 0 };
	return (struct component){ slash + 1, path + len - (slash + 1) };
}

static bool component_is_unit(const struct component *c)
{
	return component_ends(c, ".service") || component_ends(c, ".scope") ||
	       component_ends(c, ".slice") || component_ends(c, ".mount") ||
	       component_ends(c, ".socket") || component_ends(c, ".swap");
}

/* /<namespace>/<id> of containerd's own client: nothing in it says so but its state folder. */
static int container_id_guess(const char *path, struct container_id *ret)
{
	struct component namespace = { path + 1, strcspn(path + 1, "/") };
	struct component id = { namespace.text + namespace.len + 1, 0 };

	if (!namespace.text[namespace.len])
		return -ENOENT;
	id.len = strcspn(id.text, "/");
	if (!is_plain_name(&namespace) || !is_plain_name(&id) || component_is_unit(&namespace) ||
	    component_is_unit(&id) || component_has(&id, "conmon"))
		return -ENOENT;
	container_id_fill(ret, CONTAINER_RUNTIME_CONTAINERD, id.text, id.len);
	memcpy(ret->namespace, namespace.text, namespace.len);
	ret->is_guess = true;
	return 0;
}

int container_id_from_path(const char *path, struct container_id *ret)
{
	struct container_id found, guess;
	bool has_guess = false;
	size_t len = strlen(path);

	if (path[0] != '/')
		return -ENOENT;
	while (len > 1) {
		struct component c = component_last(path, len), parent;
		size_t above = c.text - path - 1;

		parent = component_last(path, above);
		if (component_matches(path, &c, &parent, &found)) {
			if (!found.is_guess) {
				*ret = found;
				return 0;
			}
			if (!has_guess)
				guess = found;
			has_guess = true;
		}
		len = above;
	}
	if (!container_id_guess(path, &found)) {
		/* One guess for both: who looks for the state files looks in both places. */
		if (has_guess && strcmp(guess.id, found.id))
			found = guess;
		*ret = found;
		return 0;
	}
	if (!has_guess)
		return -ENOENT;
	*ret = guess;
	return 0;
}
