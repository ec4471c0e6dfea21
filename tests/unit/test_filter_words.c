// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What fingers know, in the filter language: as text, and by what it takes. */
#include <errno.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/filter/filter_words.h"
#include "user/model/fields.h"

#define WORDS_MAX 16

/* The words of one string; 0 or -EINVAL. */
static int rewrite(const char *line, struct strbuf *b, struct filter_error *error)
{
	char *words[WORDS_MAX], *copy = strdup(line), *at;
	size_t count = 0;
	int err;

	for (at = strtok(copy, " "); at; at = strtok(NULL, " ")) {
		assert_true(count < WORDS_MAX);
		words[count++] = at;
	}
	err = filter_words_append(b, count, words, &connection_row_type, error);
	free(copy);
	return err;
}

static bool takes(const char *line, const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT, scratch = STRBUF_INIT;
	_cleanup_(filter_free) struct filter *filter = NULL;
	struct filter_error error = { 0 };

	if (rewrite(line, &b, &error))
		fail_msg("%s: column %zu: %s", line, error.column, error.sentence);
	if (filter_parse(b.data, &connection_row_type, &filter, &error))
		fail_msg("%s -> %s: column %zu: %s", line, b.data, error.column, error.sentence);
	return filter_matches(filter, c, &scratch);
}

/* Of the sample: nginx[812]@web on 10.0.0.9:443 called by 10.0.0.5:45012. */
static const char *const true_of_the_sample[] = {
	"port 443",
	"tcp port 443",
	"dst port 443 and src host 10.0.0.5",
	"server port 443",
	"client port 45012",
	"local port 443",
	"peer host 10.0.0.5",
	"portrange 400-500",
	"server portrange 443-443",
	"host 10.0.0.9",
	"net 10.0.0.0/8 and not port 80",
	"host 10.0.0.9 port 443",
	"( port 80 or port 443 ) and nginx",
	"(port 80 or port 443)",
	"nginx",
	"ngi*",
	"web",
	"web-7d9f",
	"443",
	"812",
	"10.0.0.5",
	"10.0.0.0/24",
	"10.0.0.9:443",
	"10.0.0.5:45012",
	"local_app_abort",
	"reset_local",
	"pid 812",
	"comm nginx",
	"program nginx",
	"container web",
	"pod web-*",
	"verdict local_app_abort",
	"not 10.0.0.9:45012",
	"! port 80",
	"port 80 || port 443",
	"ip and port 443",
	"server 10.0.0.9",
	"rst.count > 0",
	"port = 443 and comm in (nginx, curl)",
};

TEST(words_take_what_they_look_like)
{
	struct closed_connection c = sample_connection();

	for (size_t i = 0; i < sizeof(true_of_the_sample) / sizeof(true_of_the_sample[0]); i++) {
		char negated[128];

		if (!takes(true_of_the_sample[i], &c))
			fail_msg("not taken: %s", true_of_the_sample[i]);
		if (strpbrk(true_of_the_sample[i], "=<>"))
			continue;
		snprintf(negated, sizeof(negated), "not ( %s )", true_of_the_sample[i]);
		if (takes(negated, &c))
			fail_msg("taken: %s", negated);
	}
}

TEST(an_errno_is_the_sockets_error)
{
	struct closed_connection c = sample_connection();

	c.record.evidence.error = 104;
	assert_true(takes("ECONNRESET", &c));
	assert_false(takes("ETIMEDOUT", &c));
}

/* The kernel keeps 15 bytes of a name. */
TEST(a_long_program_name_is_found_as_the_kernel_keeps_it)
{
	struct closed_connection c = sample_connection();

	sample_set_task(&c.record.owner, 1, 0, "systemd-resolve");
	assert_true(takes("systemd-resolved", &c));
}

TEST(a_name_cannot_leave_its_quotes)
{
	struct closed_connection c = sample_connection();

	assert_false(takes("'\" or 1'", &c));
}

static const struct {
	const char *line;
	size_t column;
	const char *says;
} refused[] = {
	{ "port", 5, "port 443" },
	{ "port 70000", 6, "1 to 65535" },
	{ "port nginx", 6, "nginx" },
	{ "host nginx", 6, "names are not looked up" },
	{ "port 80 and", 12, "port, host or program" },
	{ "( port 80", 10, ")" },
	{ "port 80 )", 9, "nothing" },
	{ "portrange 80", 11, "portrange 8000-8099" },
	{ "comm", 5, "value" },
	{ "and port 80", 1, "" },
};

TEST(a_mistake_is_one_sentence_with_its_column)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
		struct filter_error error = { 0 };

		assert_int_equal(rewrite(refused[i].line, &b, &error), -EINVAL);
		assert_int_equal(b.len, 0);
		if (error.column != refused[i].column || !strstr(error.sentence, refused[i].says))
			fail_msg("%s: column %zu: %s", refused[i].line, error.column,
				 error.sentence);
	}
}

TEST_MAIN()
