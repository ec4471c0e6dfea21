// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An incident in the words of who has to fix it. */
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/model/duration_text.h"
#include "user/model/names.h"
#include "user/report/incidents.h"

#define INDENT 2
#define HIT_SHOWN 3

/* -- words ----------------------------------------------------------------------------------- */
static void append_count(struct strbuf *b, uint64_t count, const char *one, const char *many)
{
	strbuf_append_u64_grouped(b, count);
	strbuf_append_char(b, ' ');
	strbuf_append_str(b, count == 1 ? one : many);
}

static void append_connections(struct strbuf *b, uint64_t count, const char *were)
{
	append_count(b, count, "connection", "connections");
	strbuf_append_str(b, count == 1 ? " was " : " were ");
	strbuf_append_str(b, were);
}

static void append_service(struct strbuf *b, const struct incident *incident)
{
	if (incident->is_served_here && incident->brief.program[0]) {
		strbuf_append_str(b, incident->brief.program);
		strbuf_appendf(b, " on :%u", incident->service_port);
	} else if (incident->is_served_here) {
		strbuf_appendf(b, "port %u of this host", incident->service_port);
	} else {
		endpoint_append(b, incident->service_addr, incident->service_port);
	}
}

static void append_program(struct strbuf *b, const struct incident *incident, const char *otherwise)
{
	strbuf_append_str(b, incident->brief.program[0] ? incident->brief.program : otherwise);
}

static void append_peers(struct strbuf *b, const struct incident *incident)
{
	if (incident->peers.count == 1) {
		strbuf_append_ip(b, incident->peers.addrs[0]);
		return;
	}
	if (incident->peers.has_more)
		strbuf_append_str(b, "more than ");
	append_count(b, incident->peers.count, "peer", "peers");
}

static void append_processes(struct strbuf *b, const struct incident *incident)
{
	if (incident->processes.has_more)
		strbuf_append_str(b, "more than ");
	append_count(b, incident->processes.count, "process", "processes");
}

static void append_meanwhile(struct strbuf *b, const struct incident *incident)
{
	if (!incident->merged)
		return;
	strbuf_append_str(b, "; while it was away ");
	append_connections(b, incident->merged, "refused");
}

/* -- sentences ------------------------------------------------------------------------------- */
static void say_deaths(struct strbuf *b, const struct incident *incident)
{
	append_service(b, incident);
	strbuf_append_str(b, incident->kind == INCIDENT_OUT_OF_MEMORY ?
				     ": the kernel killed for memory " :
				     ": one after the other died, ");
	append_processes(b, incident);
	strbuf_append_str(b, ", and ");
	append_connections(b, incident->count, "cut off");
	append_meanwhile(b, incident);
}

static void say_deploy(struct strbuf *b, const struct incident *incident)
{
	append_service(b, incident);
	strbuf_append_str(b, " was stopped or replaced while in use: ");
	append_connections(b, incident->count, "cut off");
	append_meanwhile(b, incident);
}

static void say_scan(struct strbuf *b, const struct incident *incident)
{
	append_peers(b, incident);
	strbuf_append_str(b, " tried ");
	if (incident->ports.has_more)
		strbuf_append_str(b, "more than ");
	append_count(b, incident->ports.count, "port", "ports");
	strbuf_append_str(b, " where nothing listens, ");
	append_count(b, incident->count, "time", "times");
}

static void say_refused(struct strbuf *b, const struct incident *incident)
{
	if (incident->kind == INCIDENT_NO_LISTENER) {
		strbuf_appendf(b, "nothing listens on port %u, and ", incident->service_port);
		append_peers(b, incident);
		strbuf_append_str(b, " called it ");
	} else {
		append_service(b, incident);
		strbuf_append_str(b, " refuses: ");
		append_program(b, incident, "this host");
		strbuf_append_str(b, " called it ");
	}
	append_count(b, incident->count, "time", "times");
}

static void say_timer(struct strbuf *b, const struct incident *incident)
{
	uint64_t idle_us = (uint64_t)incident->idles_ms[incident->idle_count / 2] * 1000;

	append_service(b, incident);
	strbuf_append_str(b, " or something before it resets connections that were idle for ");
	duration_append(b, idle_us, " ");
	strbuf_append_str(b, ": ");
	append_connections(b, incident->count, "reset");
}

static void say_other(struct strbuf *b, const struct incident *incident)
{
	append_count(b, incident->count, "time", "times");
	strbuf_append_str(b, ": ");
	strbuf_append_str(b, incident->brief.sentence ? incident->brief.sentence :
							verdict_meaning(incident->brief.verdict));
}

static void say_with(struct strbuf *b, const struct incident *incident, const char *what,
		     const char *were)
{
	append_service(b, incident);
	strbuf_append_str(b, what);
	append_connections(b, incident->count, were);
}

void incident_append_sentence(struct strbuf *b, const struct incident *incident)
{
	switch (incident->kind) {
	case INCIDENT_CRASH_LOOP:
	case INCIDENT_OUT_OF_MEMORY:
		say_deaths(b, incident);
		break;
	case INCIDENT_DEPLOY:
		say_deploy(b, incident);
		break;
	case INCIDENT_SCAN:
		say_scan(b, incident);
		break;
	case INCIDENT_DEAD_BACKEND:
	case INCIDENT_NO_LISTENER:
		say_refused(b, incident);
		break;
	case INCIDENT_IDLE_TIMER:
		say_timer(b, incident);
		break;
	case INCIDENT_QUEUE_FULL:
		say_with(b, incident,
			 " accepts too slowly, its queue is full: ", "dropped or refused");
		break;
	case INCIDENT_FIREWALL:
		say_with(b, incident, ": a rule of this host rejects, ", "rejected");
		break;
	case INCIDENT_KEEPALIVE_RACE:
		say_with(b, incident,
			 " closes idle connections while requests are on their way: ", "reset");
		break;
	case INCIDENT_UNREACHABLE:
		say_with(b, incident, " does not answer: ", "given up");
		break;
	case INCIDENT_PEER_RESETS:
		say_with(b, incident, ": the other end resets, ", "reset");
		break;
	case INCIDENT_ABORTS:
		append_program(b, incident, "a process of this host");
		strbuf_append_str(b, " aborts: ");
		append_connections(b, incident->count, "reset");
		break;
	default:
		say_other(b, incident);
	}
}

/* -- for people ------------------------------------------------------------------------------ */
static void append_times(struct strbuf *b, const struct incident *incident)
{
	time_t first = (time_t)(incident->first_ns / CLOCK_NS_PER_SECOND);
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&first, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strbuf_append_str(b, text);
	if (incident->last_ns > incident->first_ns + CLOCK_NS_PER_SECOND) {
		strbuf_append_str(b, " to ");
		clock_append_local_hms(b, NULL, incident->last_ns, false);
	}
}

static void append_hit(struct strbuf *b, const struct incident *incident)
{
	bool shown[INCIDENT_SET] = { false };
	size_t n;

	strbuf_append_str(b, "peers: ");
	for (n = 0; n < HIT_SHOWN && n < incident->peers.count; n++) {
		size_t most = INCIDENT_SET;

		for (size_t i = 0; i < incident->peers.count; i++)
			if (!shown[i] && (most == INCIDENT_SET ||
					  incident->peers.counts[i] > incident->peers.counts[most]))
				most = i;
		shown[most] = true;
		strbuf_append_str(b, n ? ", " : "");
		strbuf_append_ip(b, incident->peers.addrs[most]);
		strbuf_append_char(b, ' ');
		strbuf_append_u64_grouped(b, incident->peers.counts[most]);
	}
	if (incident->peers.count > n) {
		strbuf_append_str(b, incident->peers.has_more ? " and more than " : " and ");
		append_count(b, incident->peers.count - n, "other", "others");
	}
}

static void append_rate(struct strbuf *b, const struct incident *incident)
{
	if (incident->count > incident->peak) {
		strbuf_append_str(b, "at its height ");
		strbuf_append_u64_grouped(b, incident->peak);
		strbuf_append_str(b, " a minute; ");
	}
	strbuf_append_str(b, "in the hour before: ");
	if (incident->before)
		strbuf_append_u64_grouped(b, incident->before);
	else
		strbuf_append_str(b, "none");
}

static void append_wrapped(struct strbuf *b, struct strbuf *line, const struct brief_style *style)
{
	size_t width = style->width < BRIEF_CELLS_MIN ? BRIEF_CELLS_MIN : style->width;

	strbuf_append_str(b, "  ");
	text_append_wrapped(b, line->data ? line->data : "", line->len, width, INDENT, INDENT);
	strbuf_append_char(b, '\n');
	b->failed |= line->failed;
	strbuf_reset(line);
}

void incident_append_text(struct strbuf *b, const struct incident *incident,
			  const struct brief_style *style)
{
	_cleanup_(strbuf_release) struct strbuf line = STRBUF_INIT;

	append_times(b, incident);
	strbuf_append_str(b, "  ");
	if (style->colour)
		strbuf_append_str(b, class_colour(incident->brief.class_number));
	strbuf_append_str(b, incident_kind_word(incident->kind));
	if (style->colour)
		strbuf_append_str(b, "\033[0m");
	strbuf_append_str(b, "  ");
	strbuf_append_str(b, verdict_name(incident->brief.verdict));
	strbuf_append_char(b, '\n');
	incident_append_sentence(&line, incident);
	append_wrapped(b, &line, style);
	append_hit(&line, incident);
	strbuf_append_str(&line, "; ");
	append_rate(&line, incident);
	append_wrapped(b, &line, style);
	if (incident->kind != INCIDENT_OTHER && incident->brief.sentence) {
		strbuf_append_str(&line, "for example: ");
		strbuf_append_str(&line, incident->brief.sentence);
		append_wrapped(b, &line, style);
	}
	strbuf_append_str(&line, "next: ");
	strbuf_append_str(&line, incident_kind_next(incident->kind));
	append_wrapped(b, &line, style);
}
