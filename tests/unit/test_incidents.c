// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A night as it was played, and the story that is told of it. */
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/report/incidents.h"

#define SECOND CLOCK_NS_PER_SECOND

static uint32_t isn = 1;

/* An ending of `pid` at `second`; a socket of ours on `port`, called by 10.0.0.`peer`. */
static struct closed_connection ending(uint64_t second, const char *comm, uint32_t pid,
				       uint16_t port, uint8_t peer, uint8_t verdict)
{
	struct close_record record = sample_record();
	struct closed_connection c;
	char addr[32];

	snprintf(addr, sizeof(addr), "10.0.0.%u", peer);
	sample_set_key(&record, "10.0.0.9", port, addr, (uint16_t)(40000 + isn % 20000));
	record.local_isn = isn++;
	record.peer_isn = isn++;
	memset(&record.owner, 0, sizeof(record.owner));
	memset(&record.closer, 0, sizeof(record.closer));
	if (comm) {
		sample_set_task(&record.owner, pid, 0, comm);
		sample_set_task(&record.closer, pid, 0, comm);
	}
	record.decision.verdict = verdict;
	record.decision.cause = CLOSE_CAUSE_NONE;
	record.evidence.seen = EVIDENCE(SERVER);
	memset(&record.detail, 0, sizeof(record.detail));
	c = sample_connection_of(&record);
	c.wall_ns = SAMPLE_WALL_NS + second * SECOND;
	c.client = CONNECTION_CLIENT_PEER;
	c.present &= ~CONNECTION_HAS_IDLE;
	return c;
}

static struct closed_connection died(struct closed_connection c, uint8_t death, uint8_t signal)
{
	c.record.detail.death = death;
	c.record.detail.death_signal = signal;
	return c;
}

/* The other way round: we called that port of the peer. */
static struct closed_connection call(struct closed_connection c, uint64_t idle_us)
{
	__be16 *port = c.record.key.port, local = port[0];

	port[0] = port[1];
	port[1] = local;
	c.client = CONNECTION_CLIENT_LOCAL;
	c.present |= CONNECTION_HAS_IDLE;
	c.idle_us = idle_us;
	c.record.decision.stage = CLOSE_STAGE_ESTABLISHED;
	return c;
}

static void add(struct incidents *incidents, struct closed_connection c)
{
	assert_int_equal(incidents_add(incidents, &c), 0);
}

struct story {
	struct incidents *incidents;
	struct incident **list;
	size_t count;
	uint64_t beyond;
};

static void story_end(struct story *story)
{
	assert_int_equal(
		incidents_finish(story->incidents, &story->list, &story->count, &story->beyond), 0);
}

static const struct incident *only(struct story *story, enum incident_kind kind)
{
	story_end(story);
	if (story->count != 1 || story->list[0]->kind != kind)
		fail_msg("%zu incidents, the first is %s", story->count,
			 story->count ? incident_kind_word(story->list[0]->kind) : "none");
	return story->list[0];
}

static struct story story_new(void)
{
	struct story story = { 0 };

	assert_int_equal(incidents_new(&story.incidents), 0);
	return story;
}

static void says(const struct incident *incident, const char *words)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;

	incident_append_sentence(&b, incident);
	if (!strstr(b.data, words))
		fail_msg("%s\ndoes not say %s", b.data, words);
}

TEST(a_program_that_dies_again_and_again_is_one_crash_loop_with_the_refusals_in_between)
{
	struct story story = story_new();
	const struct incident *incident;

	for (uint32_t round = 0; round < 14; round++) {
		for (int i = 0; i < 3; i++)
			add(story.incidents,
			    died(ending(round * 20, "api", 100 + round, 8080, 5,
					i ? CLOSE_LOCAL_APP_ABORT : CLOSE_FIN_NORMAL),
				 CLOSE_DEATH_SIGNAL, 11));
		for (int i = 0; i < 10; i++)
			add(story.incidents,
			    ending(round * 20 + 2, NULL, 0, 8080, 5, CLOSE_LOCAL_REFUSED));
	}
	incident = only(&story, INCIDENT_CRASH_LOOP);
	assert_int_equal(incident->count, 42);
	assert_int_equal(incident->merged, 140);
	says(incident, "14 processes");
	says(incident, "api");
	says(incident,
	     "42 connections were cut off; while it was away 140 connections were refused");
	incidents_free(&story.incidents);
}

TEST(one_peer_at_many_closed_ports_is_a_scan)
{
	struct story story = story_new();
	const struct incident *incident;

	for (uint16_t port = 1; port <= 50; port++)
		add(story.incidents, ending(port / 10, NULL, 0, port, 66, CLOSE_LOCAL_REFUSED));
	incident = only(&story, INCIDENT_SCAN);
	says(incident, "10.0.0.66 tried 50 ports where nothing listens, 50 times");
	incidents_free(&story.incidents);
}

TEST(a_backend_that_refuses_names_who_is_refused)
{
	struct story story = story_new();

	for (int i = 0; i < 5; i++)
		add(story.incidents,
		    call(ending((uint64_t)i, "web", 7, 5432, 7, CLOSE_PEER_REFUSED), 0));
	says(only(&story, INCIDENT_DEAD_BACKEND), "refuses: web called it 5 times");
	incidents_free(&story.incidents);
}

TEST(resets_after_the_same_silence_are_a_timer)
{
	struct story story = story_new();

	for (uint64_t i = 0; i < 20; i++)
		add(story.incidents, call(ending(i * 10, "web", 7, 5432, 7, CLOSE_PEER_RESET),
					  350000000 + i * 1000));
	says(only(&story, INCIDENT_IDLE_TIMER), "idle for 350 s: 20 connections were reset");
	incidents_free(&story.incidents);
}

TEST(resets_after_different_silences_are_none)
{
	struct story story = story_new();

	for (uint64_t i = 0; i < 20; i++)
		add(story.incidents,
		    call(ending(i * 10, "web", 7, 5432, 7, CLOSE_PEER_RESET), (i + 1) * 7000000));
	only(&story, INCIDENT_PEER_RESETS);
	incidents_free(&story.incidents);
}

TEST(a_process_that_was_asked_to_end_is_a_deploy)
{
	struct story story = story_new();

	for (uint32_t i = 0; i < 6; i++)
		add(story.incidents,
		    died(ending(1, "gunicorn", 800 + i % 2, 8000, 5, CLOSE_LOCAL_APP_ABORT),
			 CLOSE_DEATH_SIGNAL, 15));
	says(only(&story, INCIDENT_DEPLOY), "gunicorn on :8000 was stopped");
	incidents_free(&story.incidents);
}

TEST(both_ends_of_a_connection_are_one_ending)
{
	struct story story = story_new();
	struct closed_connection server = ending(1, "api", 100, 8080, 9, CLOSE_LOCAL_APP_ABORT);
	struct closed_connection client = call(server, 0);

	client.record.key = server.record.key;
	client.record.local_isn = server.record.peer_isn;
	client.record.peer_isn = server.record.local_isn;
	client.record.local_side = !server.record.local_side;
	client.record.decision.verdict = CLOSE_PEER_RESET;
	client.record.decision.initiator = CLOSE_BY_PEER;
	add(story.incidents, client);
	add(story.incidents, server);
	assert_int_equal(only(&story, INCIDENT_ABORTS)->count, 1);
	incidents_free(&story.incidents);
}

TEST(what_is_far_apart_is_another_incident_and_the_first_was_before)
{
	struct story story = story_new();

	for (int i = 0; i < 3; i++)
		add(story.incidents, ending(0, NULL, 0, 81, 5, CLOSE_LOCAL_REFUSED));
	add(story.incidents, ending(1000, NULL, 0, 81, 5, CLOSE_LOCAL_REFUSED));
	story_end(&story);
	assert_int_equal(story.count, 2);
	assert_int_equal(story.list[0]->count, 3);
	assert_int_equal(story.list[0]->before, 0);
	assert_int_equal(story.list[1]->before, 3);
	incidents_free(&story.incidents);
}

TEST(a_storm_counts_as_many_as_it_stands_for_and_the_text_has_all_it_needs)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct closed_connection storm = ending(60, NULL, 0, 81, 5, CLOSE_LOCAL_REFUSED);
	struct brief_style style = { .width = 80 };
	struct story story = story_new();

	setenv("TZ", "UTC", 1);
	storm.first_wall_ns = storm.wall_ns - 60 * SECOND;
	storm.repeated = 1070;
	add(story.incidents, storm);
	incident_append_text(&b, only(&story, INCIDENT_NO_LISTENER), &style);
	assert_non_null(strstr(b.data, "2026-03-04 05:06:07 to 05:07:07  no_listener"));
	assert_non_null(
		strstr(b.data, "nothing listens on port 81, and 10.0.0.5 called it 1,070 times"));
	assert_non_null(strstr(b.data, "in the hour before: none"));
	assert_non_null(strstr(b.data, "next: start what should listen there"));
	incidents_free(&story.incidents);
}

TEST(room_is_bounded_and_what_is_beyond_is_counted)
{
	struct story story = story_new();

	for (uint32_t i = 0; i < INCIDENTS_MOST + 10; i++)
		add(story.incidents,
		    call(ending(1, "web", 7, (uint16_t)(1 + i), 7, CLOSE_PEER_REFUSED), 0));
	story_end(&story);
	assert_int_equal(story.count, INCIDENTS_MOST);
	assert_int_equal(story.beyond, 10);
	incidents_free(&story.incidents);
}

TEST_MAIN()
