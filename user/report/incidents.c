// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/report/incidents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

#define JOINS 4096
#define JOIN_NS (2 * CLOCK_NS_PER_SECOND)
#define MINUTE_NS (60 * CLOCK_NS_PER_SECOND)
#define HOUR_NS (3600 * CLOCK_NS_PER_SECOND)
#define SCAN_PORTS 10
#define LOOP_PROCESSES 3
#define TIMER_CASES 5
/* Idle times of one timer lie that close: nine of ten within a twentieth. */
#define TIMER_SPREAD 20
#define TIMER_LEAST_MS 1000

#define KIND_WORD(id, word, next) word,
#define KIND_NEXT(id, word, next) next,
static const char *const kind_words[] = { INCIDENT_KINDS(KIND_WORD) };
static const char *const kind_nexts[] = { INCIDENT_KINDS(KIND_NEXT) };

const char *incident_kind_word(enum incident_kind kind)
{
	return kind_words[kind];
}

const char *incident_kind_next(enum incident_kind kind)
{
	return kind_nexts[kind];
}

/* One ending on its way, with what a brief leaves out. */
struct ending {
	struct brief brief;
	uint8_t cause;
	uint8_t death;
	bool died;
	bool was_asked_to_end;
	uint32_t closer_pid;
	uint32_t idle_ms;
	bool has_idle;
	uint8_t service_addr[16];
	uint16_t service_port;
	bool is_served_here;
	bool is_used;
};

/**
 * @waiting   Endings whose other end may still come, by their incident id.
 * @open      In the order in which they began.
 */
struct incidents {
	struct ending waiting[JOINS];
	struct incident **open;
	size_t count, capacity;
	uint64_t beyond;
};

int incidents_new(struct incidents **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void incidents_free(struct incidents **incidents)
{
	struct incidents *gone = *incidents;

	if (!gone)
		return;
	for (size_t i = 0; i < JOINS; i++)
		if (gone->waiting[i].is_used)
			brief_release(&gone->waiting[i].brief);
	for (size_t i = 0; i < gone->count; i++) {
		brief_release(&gone->open[i]->brief);
		free(gone->open[i]);
	}
	free(gone->open);
	free(gone);
	*incidents = NULL;
}

/* -- an ending into an incident -------------------------------------------------------------- */
static void set_add(struct incident_set *set, uint64_t value, const uint8_t *addr, uint64_t count)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->values[i] == value) {
			set->counts[i] += count;
			return;
		}
	if (set->count == INCIDENT_SET) {
		set->has_more = true;
		return;
	}
	set->values[set->count] = value;
	set->counts[set->count] = count;
	if (addr)
		memcpy(set->addrs[set->count], addr, 16);
	set->count++;
}

static uint64_t addr_hash(const uint8_t *addr)
{
	uint64_t halves[2];

	memcpy(halves, addr, sizeof(halves));
	return halves[0] * UINT64_C(0x9e3779b97f4a7c15) ^ halves[1];
}

static struct incident *incident_find(struct incidents *incidents, const struct ending *ending)
{
	for (size_t i = incidents->count; i-- > 0;) {
		struct incident *incident = incidents->open[i];

		if (incident->key == ending->brief.alike &&
		    ending->brief.first_wall_ns < incident->last_ns + INCIDENT_GAP_NS &&
		    ending->brief.wall_ns + INCIDENT_GAP_NS > incident->first_ns)
			return incident;
	}
	return NULL;
}

static struct incident *incident_begin(struct incidents *incidents, struct ending *ending)
{
	struct incident *incident;

	if (incidents->count == incidents->capacity) {
		size_t capacity = incidents->capacity ? incidents->capacity * 2 : 64;
		struct incident **open =
			realloc(incidents->open, capacity * sizeof(struct incident *));

		if (!open)
			return NULL;
		incidents->open = open;
		incidents->capacity = capacity;
	}
	incident = calloc(1, sizeof(*incident));
	if (!incident)
		return NULL;
	incident->key = ending->brief.alike;
	incident->first_ns = ending->brief.first_wall_ns;
	incident->cause = ending->cause;
	incident->service_port = ending->service_port;
	memcpy(incident->service_addr, ending->service_addr, 16);
	incident->is_served_here = ending->is_served_here;
	incident->brief = ending->brief;
	ending->brief.sentence = NULL;
	incidents->open[incidents->count++] = incident;
	return incident;
}

static void incident_take(struct incident *incident, const struct ending *ending)
{
	const struct brief *brief = &ending->brief;
	uint64_t minute = brief->wall_ns / MINUTE_NS;
	size_t exemplar = 0;

	if (brief->wall_ns > incident->last_ns)
		incident->last_ns = brief->wall_ns;
	if (brief->first_wall_ns < incident->first_ns)
		incident->first_ns = brief->first_wall_ns;
	incident->count += brief->repeated;
	if (minute != incident->minute)
		incident->minute_count = 0;
	incident->minute = minute;
	incident->minute_count += brief->repeated;
	if (incident->minute_count > incident->peak)
		incident->peak = incident->minute_count;
	incident->deaths += ending->died ? brief->repeated : 0;
	incident->ooms += ending->death == CLOSE_DEATH_OOM ? brief->repeated : 0;
	incident->asked_to_end += ending->was_asked_to_end ? brief->repeated : 0;
	set_add(&incident->peers, addr_hash(brief->peer_addr), brief->peer_addr, brief->repeated);
	set_add(&incident->ports, ending->service_port, NULL, brief->repeated);
	if (ending->closer_pid)
		set_add(&incident->processes, ending->closer_pid, NULL, brief->repeated);
	if (ending->has_idle && incident->idle_count < INCIDENT_IDLES)
		incident->idles_ms[incident->idle_count++] = ending->idle_ms;
	while (exemplar < INCIDENT_EXEMPLARS && incident->exemplars[exemplar])
		exemplar++;
	if (exemplar < INCIDENT_EXEMPLARS)
		incident->exemplars[exemplar] = brief->wall_ns;
}

static int ending_place(struct incidents *incidents, struct ending *ending)
{
	struct incident *incident = incident_find(incidents, ending);
	int err = 0;

	if (!incident && incidents->count < INCIDENTS_MOST) {
		incident = incident_begin(incidents, ending);
		err = incident ? 0 : -ENOMEM;
	}
	if (incident) {
		if (!ending->brief.sentence && incident->brief.sentence && !incident->count)
			ending->brief.repeated = incident->brief.repeated;
		incident_take(incident, ending);
	} else {
		incidents->beyond += ending->brief.repeated;
	}
	brief_release(&ending->brief);
	ending->is_used = false;
	return err;
}

/* -- connections into endings ---------------------------------------------------------------- */
static void ending_fill(struct ending *ending, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;
	const struct brief *brief = &ending->brief;

	ending->cause = c->record.decision.cause;
	ending->death = detail->death;
	ending->died = death_is_abnormal(detail);
	ending->was_asked_to_end = detail->death && !ending->died;
	ending->closer_pid = c->record.closer.pid ?: c->record.owner.pid;
	ending->has_idle = connection_has(c, CONNECTION_HAS_IDLE) &&
			   c->record.decision.stage != CLOSE_STAGE_HANDSHAKE;
	ending->idle_ms = (uint32_t)(c->idle_us / 1000);
	ending->is_served_here = !brief->local_is_client && !brief->is_forwarded;
	ending->service_port = ending->is_served_here ? brief->local_port : brief->peer_port;
	memcpy(ending->service_addr, ending->is_served_here ? brief->local_addr : brief->peer_addr,
	       16);
	ending->is_used = true;
}

/* Both ends of a connection are one ending, of the end that knows more. */
static void ending_join(struct ending *waiting, struct ending *ending)
{
	struct ending first = *waiting;
	uint8_t verdict = first.brief.verdict;

	brief_join(&first.brief, &ending->brief);
	*waiting = first.brief.verdict == verdict ? first : *ending;
	waiting->brief = first.brief;
	waiting->is_used = true;
}

int incidents_add(struct incidents *incidents, const struct closed_connection *c)
{
	struct ending ending = { .is_used = false };
	struct ending *waiting;
	int err = brief_from_connection(c, &ending.brief);

	if (err)
		return err;
	ending_fill(&ending, c);
	if (!ending.brief.incident)
		return ending_place(incidents, &ending);
	waiting = &incidents->waiting[ending.brief.incident % JOINS];
	if (waiting->is_used && brief_is_other_end(&waiting->brief, &ending.brief) &&
	    ending.brief.wall_ns < waiting->brief.wall_ns + JOIN_NS) {
		ending_join(waiting, &ending);
		return ending_place(incidents, waiting);
	}
	if (waiting->is_used)
		err = ending_place(incidents, waiting);
	*waiting = ending;
	return err;
}

/* -- names ----------------------------------------------------------------------------------- */
static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Nine of ten within a narrow band around their median, in *ret_ms. */
static bool idles_are_narrow(struct incident *incident, uint32_t *ret_ms)
{
	size_t n = incident->idle_count;
	uint32_t low, high, median;

	if (n < TIMER_CASES)
		return false;
	qsort(incident->idles_ms, n, sizeof(uint32_t), compare_u32);
	low = incident->idles_ms[n / 20];
	high = incident->idles_ms[n - 1 - n / 20];
	median = incident->idles_ms[n / 2];
	*ret_ms = median;
	return median >= TIMER_LEAST_MS && high - low <= median / TIMER_SPREAD;
}

static enum incident_kind incident_name(struct incident *incident)
{
	uint32_t idle_ms;

	if (incident->ooms)
		return INCIDENT_OUT_OF_MEMORY;
	if (incident->deaths && incident->processes.count >= LOOP_PROCESSES)
		return INCIDENT_CRASH_LOOP;
	if (incident->cause == CLOSE_CAUSE_KEEPALIVE_RACE ||
	    incident->cause == CLOSE_CAUSE_STALE_POOL)
		return INCIDENT_KEEPALIVE_RACE;
	if (incident->cause == CLOSE_CAUSE_REJECT ||
	    incident->brief.verdict == CLOSE_LOCAL_FIREWALL)
		return INCIDENT_FIREWALL;
	switch (incident->brief.verdict) {
	case CLOSE_LOCAL_REFUSED:
	case CLOSE_LOCAL_NO_SOCKET:
	case CLOSE_PEER_RESET_HANDSHAKE:
		if (incident->ports.count >= SCAN_PORTS)
			return INCIDENT_SCAN;
		return incident->brief.verdict == CLOSE_LOCAL_REFUSED ? INCIDENT_NO_LISTENER :
									INCIDENT_OTHER;
	case CLOSE_PEER_REFUSED:
		return INCIDENT_DEAD_BACKEND;
	case CLOSE_LOCAL_LISTEN_OVERFLOW:
		return INCIDENT_QUEUE_FULL;
	case CLOSE_PATH_RESET:
	case CLOSE_PATH_ICMP:
		return INCIDENT_PATH;
	case CLOSE_TIMEOUT_HANDSHAKE:
	case CLOSE_TIMEOUT_DATA:
	case CLOSE_TIMEOUT_KEEPALIVE:
		return INCIDENT_UNREACHABLE;
	case CLOSE_PEER_RESET:
		return idles_are_narrow(incident, &idle_ms) ? INCIDENT_IDLE_TIMER :
							      INCIDENT_PEER_RESETS;
	case CLOSE_LOCAL_APP_ABORT:
	case CLOSE_LOCAL_UNACCEPTED:
		if (incident->asked_to_end)
			return INCIDENT_DEPLOY;
		return incident->brief.verdict == CLOSE_LOCAL_APP_ABORT ? INCIDENT_ABORTS :
									  INCIDENT_DEPLOY;
	default:
		return INCIDENT_OTHER;
	}
}

/* -- what belongs together ------------------------------------------------------------------- */
static void set_merge(struct incident_set *into, const struct incident_set *from)
{
	for (size_t i = 0; i < from->count; i++)
		set_add(into, from->values[i], from->addrs[i], from->counts[i]);
	into->has_more |= from->has_more;
}

static void incident_merge(struct incidents *incidents, struct incident *into, size_t from_at)
{
	struct incident *from = incidents->open[from_at];

	if (from->first_ns < into->first_ns)
		into->first_ns = from->first_ns;
	if (from->last_ns > into->last_ns)
		into->last_ns = from->last_ns;
	into->count += from->count;
	into->peak = from->peak > into->peak ? from->peak : into->peak;
	into->deaths += from->deaths;
	into->ooms += from->ooms;
	into->asked_to_end += from->asked_to_end;
	into->merged += from->merged;
	set_merge(&into->peers, &from->peers);
	set_merge(&into->ports, &from->ports);
	set_merge(&into->processes, &from->processes);
	brief_release(&from->brief);
	free(from);
	incidents->open[from_at] = incidents->open[--incidents->count];
}

static bool overlap(const struct incident *a, const struct incident *b, uint64_t slack_ns)
{
	return a->first_ns < b->last_ns + slack_ns && b->first_ns < a->last_ns + slack_ns;
}

static bool is_refusal(const struct incident *incident)
{
	return incident->brief.verdict == CLOSE_LOCAL_REFUSED ||
	       incident->brief.verdict == CLOSE_PEER_REFUSED ||
	       incident->brief.verdict == CLOSE_LOCAL_NO_SOCKET;
}

/* A scan: one peer at many ports. The deaths of one program: whatever its connections were. */
static bool are_one(const struct incident *a, const struct incident *b)
{
	if (a->brief.verdict == CLOSE_LOCAL_REFUSED && b->brief.verdict == CLOSE_LOCAL_REFUSED)
		return a->peers.count == 1 && b->peers.count == 1 &&
		       a->peers.values[0] == b->peers.values[0];
	return a->deaths && b->deaths && a->brief.program[0] &&
	       !strcmp(a->brief.program, b->brief.program);
}

static void incidents_merge(struct incidents *incidents)
{
	for (size_t i = 0; i < incidents->count; i++)
		for (size_t j = i + 1; j < incidents->count;) {
			struct incident *a = incidents->open[i];

			if (are_one(a, incidents->open[j]) &&
			    overlap(a, incidents->open[j], INCIDENT_GAP_NS))
				incident_merge(incidents, a, j);
			else
				j++;
		}
}

/* While a program was down its port refused: that is part of the same story. */
static void incidents_merge_refusals(struct incidents *incidents)
{
	for (size_t i = 0; i < incidents->count; i++) {
		struct incident *down = incidents->open[i];

		if (!down->deaths && !down->asked_to_end)
			continue;
		for (size_t j = 0; j < incidents->count;) {
			struct incident *refused = incidents->open[j];

			if (i != j && is_refusal(refused) && refused->ports.count == 1 &&
			    refused->service_port == down->service_port &&
			    overlap(down, refused, MINUTE_NS)) {
				down->merged += refused->count;
				refused->count = 0;
				refused->merged = 0;
				/* Its place is taken by the last one, which may be `down`. */
				if (i == incidents->count - 1)
					i = j;
				brief_release(&refused->brief);
				free(refused);
				incidents->open[j] = incidents->open[--incidents->count];
			} else {
				j++;
			}
		}
	}
}

static void incidents_note_before(struct incidents *incidents)
{
	for (size_t i = 0; i < incidents->count; i++)
		for (size_t j = 0; j < incidents->count; j++) {
			struct incident *now = incidents->open[i];
			const struct incident *before = incidents->open[j];

			if (i != j && now->key == before->key && before->last_ns < now->first_ns &&
			    before->last_ns + HOUR_NS > now->first_ns)
				now->before += before->count;
		}
}

static int kind_hurts(const struct incident *incident)
{
	switch (incident->kind) {
	case INCIDENT_SCAN:
		return 0;
	case INCIDENT_NO_LISTENER:
	case INCIDENT_OTHER:
		return 1;
	case INCIDENT_CRASH_LOOP:
	case INCIDENT_OUT_OF_MEMORY:
		return 3;
	default:
		return 2;
	}
}

/* By what it is first, then by how many: one crash loop before ten thousand scanned ports. */
static int compare_incidents(const void *a, const void *b)
{
	const struct incident *x = *(struct incident *const *)a;
	const struct incident *y = *(struct incident *const *)b;
	uint64_t x_count = x->count + x->merged, y_count = y->count + y->merged;

	if (x->brief.is_benign != y->brief.is_benign)
		return x->brief.is_benign ? 1 : -1;
	if (kind_hurts(x) != kind_hurts(y))
		return kind_hurts(y) - kind_hurts(x);
	if (x_count != y_count)
		return x_count < y_count ? 1 : -1;
	return x->first_ns < y->first_ns ? -1 : x->first_ns > y->first_ns;
}

int incidents_finish(struct incidents *incidents, struct incident ***ret, size_t *ret_count,
		     uint64_t *ret_beyond)
{
	int err = 0;

	for (size_t i = 0; i < JOINS && !err; i++)
		if (incidents->waiting[i].is_used)
			err = ending_place(incidents, &incidents->waiting[i]);
	if (err)
		return err;
	incidents_merge(incidents);
	incidents_merge_refusals(incidents);
	incidents_note_before(incidents);
	for (size_t i = 0; i < incidents->count; i++)
		incidents->open[i]->kind = incident_name(incidents->open[i]);
	if (incidents->count)
		qsort(incidents->open, incidents->count, sizeof(struct incident *),
		      compare_incidents);
	*ret = incidents->open;
	*ret_count = incidents->count;
	*ret_beyond = incidents->beyond;
	return 0;
}
