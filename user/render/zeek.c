// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Zeek's conn.log, as its TSV writer makes it: for zeek-cut and everything that reads such logs. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "user/base/clock.h"
#include "user/model/conn_state.h"
#include "user/model/fields.h"
#include "user/model/zeek_summary.h"
#include "user/render/forms.h"

#define UID_LETTERS 17
#define US_PER_SECOND UINT64_C(1000000)

static const char columns[] =
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
	"orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\t"
	"orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n"
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t"
	"bool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n";

static void append_stamp(struct strbuf *b, const char *word)
{
	time_t now = (time_t)(clock_realtime_ns() / CLOCK_NS_PER_SECOND);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d-%H-%M-%S", &tm);
	strbuf_appendf(b, "#%s\t%s\n", word, text);
}

static int zeek_open(const struct form_options *options, const struct form_ops *ops,
		     struct form **ret)
{
	struct form *self;

	if (options->type && options->type != &connection_row_type)
		return -EINVAL;
	self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->ops = ops;
	*ret = self;
	return 0;
}

static void zeek_head(struct form *form, struct strbuf *b)
{
	(void)form;
	strbuf_append_str(b, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n"
			     "#unset_field\t-\n#path\tconn\n");
	append_stamp(b, "open");
	strbuf_append_str(b, columns);
}

/* Seconds with six digits, as Zeek prints time and interval. */
static void append_seconds(struct strbuf *b, uint64_t ns)
{
	uint64_t us = ns / CLOCK_NS_PER_US;

	strbuf_appendf(b, "%llu.%06llu", (unsigned long long)(us / US_PER_SECOND),
		       (unsigned long long)(us % US_PER_SECOND));
}

/* The same connection gets the same id, in every run. */
static void append_uid(struct strbuf *b, const struct closed_connection *c, uint64_t start_ns)
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const uint8_t *key = (const uint8_t *)&c->record.key;
	unsigned __int128 hash = ((unsigned __int128)0x6c62272e07bb0142 << 64) | 0x62b821756295c58d;
	unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b; /* FNV-1a, 128 bits */

	for (size_t i = 0; i < sizeof(c->record.key); i++)
		hash = (hash ^ key[i]) * prime;
	for (int i = 0; i < 8; i++)
		hash = (hash ^ (uint8_t)(start_ns >> 8 * i)) * prime;
	strbuf_append_char(b, 'C');
	for (int i = 0; i < UID_LETTERS; i++, hash /= 62)
		strbuf_append_char(b, digits[hash % 62]);
}

static void append_count(struct strbuf *b, bool is_known, uint64_t count)
{
	strbuf_append_char(b, '\t');
	if (is_known)
		strbuf_append_u64(b, count);
	else
		strbuf_append_char(b, '-');
}

static void append_text(struct strbuf *b, const char *text)
{
	strbuf_append_char(b, '\t');
	strbuf_append_str(b, text && *text ? text : "-");
}

static void append_endpoint(struct strbuf *b, const struct closed_connection *c, bool is_local)
{
	strbuf_append_char(b, '\t');
	strbuf_append_ip(b, is_local ? connection_local_addr(c) : connection_peer_addr(c));
	strbuf_append_char(b, '\t');
	strbuf_append_u64(b, is_local ? connection_local_port(c) : connection_peer_port(c));
}

/* Of a live record: when it began, and who. Zeek's counts are not known. */
static void summary_of_record(const struct closed_connection *c, struct zeek_summary *ret)
{
	*ret = (struct zeek_summary){ .last_ns = c->wall_ns };
	ret->start_ns = c->wall_ns - c->duration_us * CLOCK_NS_PER_US;
	ret->state = conn_state_of(c);
	ret->originator_is_local = c->client != CONNECTION_CLIENT_PEER;
	ret->bytes[!ret->originator_is_local] = c->record.bytes_sent;
	ret->bytes[ret->originator_is_local] = c->record.bytes_received;
}

static void zeek_append(struct form *form, struct strbuf *b, const void *row)
{
	const struct closed_connection *c = row;
	struct zeek_summary made;
	const struct zeek_summary *zeek = c->zeek;
	bool lasted, has_bytes = connection_has(c, CONNECTION_HAS_BYTES);

	(void)form;
	/* No connection, so nothing for a log of connections. */
	if (c->record.evidence.subject == SUBJECT_LISTENER)
		return;
	if (!zeek) {
		summary_of_record(c, &made);
		zeek = &made;
	}
	lasted = zeek->last_ns > zeek->start_ns;
	append_seconds(b, zeek->start_ns);
	strbuf_append_char(b, '\t');
	append_uid(b, c, zeek->start_ns);
	append_endpoint(b, c, zeek->originator_is_local);
	append_endpoint(b, c, !zeek->originator_is_local);
	strbuf_append_str(b, "\ttcp\t-\t");
	if (lasted)
		append_seconds(b, zeek->last_ns - zeek->start_ns);
	else
		strbuf_append_char(b, '-');
	append_count(b, lasted && has_bytes, zeek->bytes[0]);
	append_count(b, lasted && has_bytes, zeek->bytes[1]);
	append_text(b, zeek->state);
	strbuf_append_str(b, "\t-\t-\t-");
	append_text(b, zeek->history);
	append_count(b, c->zeek, zeek->packets[0]);
	append_count(b, c->zeek, zeek->ip_bytes[0]);
	append_count(b, c->zeek, zeek->packets[1]);
	append_count(b, c->zeek, zeek->ip_bytes[1]);
	strbuf_append_str(b, "\t-\n");
}

static void zeek_tail(struct form *form, struct strbuf *b)
{
	(void)form;
	append_stamp(b, "close");
}

static void zeek_close(struct form **form)
{
	free(*form);
	*form = NULL;
}

const struct form_ops zeek_form_ops = {
	.name = "zeek",
	.meaning = "Zeek's conn.log: one line per connection, tabs between the columns",
	.open = zeek_open,
	.head = zeek_head,
	.append = zeek_append,
	.tail = zeek_tail,
	.close = zeek_close,
};
