/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One run, assembled: host, clocks and their steps, timeouts, zones, the habit, signals, a source,
 * the pipeline, the outlets and the ledger. Commands are clients of it. README.md shows one.
 */
#ifndef USER_ENGINE_ENGINE_H
#define USER_ENGINE_ENGINE_H

#include <signal.h>

#include "user/engine/source.h"
#include "user/enrich/zones.h"
#include "user/filter/filter.h"
#include "user/outlet/outlets.h"

/**
 * @outlets      Their memory, and between how many it is divided.
 * @filter       Of connections; NULL = all. Borrowed.
 * @filters_here The source does not decide all of it: endings that a storm only counted are judged
 *               by the one that stands for them, and that is said at the end.
 * @zones_path   NULL = the built-in zones, where `with_zones`: looking them up costs.
 * @with_habit   Mark resets that an application makes by habit; wants to see all endings.
 * @show_all     Normal and benign endings, too.
 * @count_limit  Stop after so many records; 0 = never.
 * @duration_ns  Stop so long after engine_start(); 0 = never.
 */
struct engine_options {
	struct outlets_options outlets;
	struct filter *filter;
	bool filters_here;
	const char *zones_path;
	bool with_zones;
	bool with_habit;
	bool show_all;
	uint64_t count_limit;
	uint64_t duration_ns;
};

struct engine;

/**
 * Where outlets.source_waits (a capture), host, clocks and timeouts are not this host's, signals are
 * caught without the loop: engine_interrupted; and zones are read by engine_open_zones().
 *
 * SIGINT, SIGTERM and SIGHUP end the run from now on, and a reader that goes is an error of write(2).
 *
 * @options  Copied.
 * @return   0; -EINVAL for a file of zones that is wrong; another negative errno. Logged.
 */
int engine_new(const struct engine_options *options, struct engine **ret);
void engine_free(struct engine **engine);

/* Read the zones now: for who gives up privilege before. 0 or a negative errno, logged. */
int engine_open_zones(struct engine *engine);

/* Not 0 when a signal has come; for sources with `run`. */
extern volatile sig_atomic_t engine_interrupted;

/* All stay the engine's. The zones are NULL where there are none. */
struct event_loop *engine_loop(const struct engine *engine);
struct outlets *engine_outlets(const struct engine *engine);
const struct zones *engine_zones(const struct engine *engine);
const struct record_context *engine_context(const struct engine *engine);

/**
 * Start the source with the outlets that are open by now.
 *
 * @source  Taken over, also on failure.
 * @return  0 or a negative errno, logged; exit_code_of() knows them.
 */
int engine_start(struct engine *engine, struct source *source);

/**
 * Run until the source has no more, the time is over, a signal comes, or nobody wants more.
 *
 * @return  0 or a negative errno, not logged.
 */
int engine_run(struct engine *engine);

/* Stop the source; the last records go to the outlets, and the outlets are finished. */
void engine_stop(struct engine *engine);

/**
 * After engine_stop(): wait until the outlets have written what they have; of a live run a moment
 * at most. What fails or is lost is said.
 *
 * @return  0; the errno of the worst failure; a reader that has gone is none.
 */
int engine_drain(struct engine *engine);

/* Now, as it is: complete after engine_drain(). 0 or negative errno, and then *ret is of no use. */
int engine_fill_ledger(const struct engine *engine, struct ledger *ret);

/* On stderr. @with_counters Every counter that is not 0, too. */
void engine_print_ledger(const struct engine *engine, bool with_counters);

#endif
