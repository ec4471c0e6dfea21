/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Endings as incidents: those with one cause, close in time, become one thing to read, and what
 * such a thing usually is gets its name. Reads connections in order of time, asks nobody.
 */
#ifndef USER_REPORT_INCIDENTS_H
#define USER_REPORT_INCIDENTS_H

#include "user/base/clock.h"
#include "user/base/strbuf.h"
#include "user/render/brief_lines.h"

/* What is further apart is another incident. */
#define INCIDENT_GAP_NS (300 * CLOCK_NS_PER_SECOND)
#define INCIDENTS_MOST 4096 /* what is beyond is counted, not told apart */
#define INCIDENT_SET 64 /* different peers, ports, processes that are told apart */
#define INCIDENT_IDLES 256
#define INCIDENT_EXEMPLARS 3

/*
 * X(ID, "word", what to do next). The first that fits names an incident; how each is recognised
 * stands in docs/report.md and incident_name() in incidents.c.
 */
#define INCIDENT_KINDS(X)                                                                          \
	X(CRASH_LOOP, "crash_loop",                                                                \
	  "look at its logs and at `coredumpctl`, `dmesg` for each death")                         \
	X(OUT_OF_MEMORY, "out_of_memory",                                                          \
	  "raise the limit of its cgroup or find what it needs the memory for")                    \
	X(DEPLOY, "deploy", "let it drain: stop listening, then wait for its connections to end")  \
	X(SCAN, "scan", "nothing is wrong here, unless the ports should not be reachable at all")  \
	X(DEAD_BACKEND, "dead_backend", "start it, or take its address out of use")                \
	X(NO_LISTENER, "no_listener",                                                              \
	  "start what should listen there, or find who still calls it")                            \
	X(QUEUE_FULL, "queue_full",                                                                \
	  "accept faster, or raise the listener's backlog and net.core.somaxconn")                 \
	X(FIREWALL, "firewall", "`nft list ruleset`, `iptables-save`: look for the rule")          \
	X(IDLE_TIMER, "idle_timer",                                                                \
	  "keep connections alive more often than that, or close them earlier yourself")           \
	X(KEEPALIVE_RACE, "keepalive_race",                                                        \
	  "make this side's idle time shorter than the peer's; retry what is safe to repeat")      \
	X(PORTS_USED_UP, "ports_used_up",                                                          \
	  "reuse connections, or widen net.ipv4.ip_local_port_range")                              \
	X(PATH, "path", "look between the ends: the record says what contradicts the peer")        \
	X(UNREACHABLE, "unreachable",                                                              \
	  "see whether packets leave this host and whether any come back")                         \
	X(ABORTS, "aborts", "`closetrace explain local_app_abort`")                                \
	X(PEER_RESETS, "peer_resets", "run closetrace at the other end: it knows why")             \
	X(OTHER, "other", "`closetrace report records` shows each with its sentence")

#define INCIDENT_KIND_ENUM(id, ...) INCIDENT_##id,
enum incident_kind { INCIDENT_KINDS(INCIDENT_KIND_ENUM) INCIDENT_KIND_COUNT };

const char *incident_kind_word(enum incident_kind kind);
const char *incident_kind_next(enum incident_kind kind);

/* Values that were different, and how often each came; beyond INCIDENT_SET only that there were. */
struct incident_set {
	uint64_t values[INCIDENT_SET];
	uint64_t counts[INCIDENT_SET];
	uint8_t addrs[INCIDENT_SET][16]; /* of peers alone */
	size_t count;
	bool has_more;
};

/**
 * @first_ns @last_ns  Wall time.
 * @count        Endings; the two ends of a connection are one.
 * @peak         In its worst minute.
 * @brief        The first of them.
 * @exemplars    Some of them: wall times.
 * @deaths       Endings whose process crashed, was killed or failed; @ooms of them for memory.
 * @merged       Other endings that belong to it: refusals while a service was down.
 * @before       Endings of the kind in the hour before, by what was read.
 */
struct incident {
	enum incident_kind kind;
	uint64_t key;
	uint64_t first_ns, last_ns;
	uint64_t count, peak;
	uint64_t minute, minute_count;
	uint64_t deaths, ooms, asked_to_end;
	uint64_t merged;
	uint64_t before;
	uint8_t cause;
	uint16_t service_port;
	uint8_t service_addr[16];
	bool is_served_here;
	struct brief brief;
	struct incident_set peers, ports, processes;
	uint32_t idles_ms[INCIDENT_IDLES];
	size_t idle_count;
	uint64_t exemplars[INCIDENT_EXEMPLARS];
};

struct incidents;

/* 0 or -ENOMEM. */
int incidents_new(struct incidents **ret);
void incidents_free(struct incidents **incidents);

/* In order of time, with a clock that may have been set back. 0 or -ENOMEM. */
int incidents_add(struct incidents *incidents, const struct closed_connection *c);

/**
 * Nothing more comes: merge what belongs together, name each, the most hurtful first.
 *
 * @ret     `*ret_count` pointers, valid as long as `incidents`; the array too.
 * @ret_beyond  Endings that found no room in any.
 */
int incidents_finish(struct incidents *incidents, struct incident ***ret, size_t *ret_count,
		     uint64_t *ret_beyond);

/* The incident as one sentence, escaped, without a full stop. */
void incident_append_sentence(struct strbuf *b, const struct incident *incident);

/**
 * For people: when, how many, the sentence, who was hit, what was normal before, what to do next.
 *
 * @return  How many lines.
 */
void incident_append_text(struct strbuf *b, const struct incident *incident,
			  const struct brief_style *style);

#endif
