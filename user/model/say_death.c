// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/say_death.h"

#include <string.h>

#include "user/model/oom_kill.h"
#include "user/model/say.h"

/* include/uapi/asm-generic/signal.h; the same numbers on x86 and arm64. */
static const char *const signal_names[] = {
	[1] = "SIGHUP",	  [2] = "SIGINT",   [3] = "SIGQUIT",	[4] = "SIGILL",
	[5] = "SIGTRAP",  [6] = "SIGABRT",  [7] = "SIGBUS",	[8] = "SIGFPE",
	[9] = "SIGKILL",  [10] = "SIGUSR1", [11] = "SIGSEGV",	[12] = "SIGUSR2",
	[13] = "SIGPIPE", [14] = "SIGALRM", [15] = "SIGTERM",	[16] = "SIGSTKFLT",
	[24] = "SIGXCPU", [25] = "SIGXFSZ", [26] = "SIGVTALRM", [27] = "SIGPROF",
	[29] = "SIGIO",	  [30] = "SIGPWR",  [31] = "SIGSYS",
};

#define SIGNAL_COUNT (sizeof(signal_names) / sizeof(signal_names[0]))

static const char *signal_name(uint8_t number)
{
	return number < SIGNAL_COUNT && signal_names[number] ? signal_names[number] :
							       "real-time signal";
}

/* What a program does to itself when it is wrong: signal(7). */
static bool signal_is_crash(uint8_t number)
{
	const uint32_t crashes =
		1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 11 | 1u << 31;

	return number < 32 && crashes >> number & 1;
}

const char *death_name(const struct close_detail *detail)
{
	switch (detail->death) {
	case CLOSE_DEATH_EXIT:
		return "exit";
	case CLOSE_DEATH_SIGNAL:
		return signal_name(detail->death_signal);
	case CLOSE_DEATH_OOM:
		return "oom";
	case CLOSE_DEATH_EXEC:
		return "exec";
	default:
		return NULL;
	}
}

bool closer_died(const struct closed_connection *c)
{
	return death_name(&c->record.detail) != NULL;
}

/* As people set limits: 60 MB, 512 kB. */
static void say_limit(struct strbuf *b, uint64_t bytes)
{
	bool is_mega = bytes >= UINT64_C(1) << 20;

	strbuf_append_u64_grouped(b, bytes >> (is_mega ? 20 : 10));
	say(b, is_mega ? " MB" : " kB");
}

static void say_oom(struct strbuf *b, const struct oom_kill *kill)
{
	say(b, " was killed (SIGKILL by the OOM killer");
	if (kill && kill->limit_bytes) {
		say(b, " of cgroup ");
		say(b, kill->cgroup);
		say(b, ", limit ");
		say_limit(b, kill->limit_bytes);
	} else if (kill) {
		say(b, ": this host ran out of memory");
	}
	say(b, ")");
}

static void say_signal(struct strbuf *b, const struct close_detail *detail)
{
	bool is_crash = signal_is_crash(detail->death_signal) && !detail->killer.pid;
	bool with_init = detail->death_flags & DEATH_WITH_INIT;

	say(b, is_crash ? " crashed (" : " was killed (");
	say(b, signal_name(detail->death_signal));
	if (detail->killer.pid) {
		say(b, with_init ? ", because " : " by ");
		task_append(b, &detail->killer);
		say(b, with_init ? ", the first process of its pid namespace, ended" : "");
	}
	if (detail->death_flags & DEATH_CORE_DUMPED)
		say(b, ", core dumped");
	say(b, ")");
}

/* The descriptor was closed under the name of the new program. */
static void say_exec(struct strbuf *b, const struct closed_connection *c)
{
	const struct task_identity *owner = &c->record.owner, *closer = &c->record.closer;

	if (owner->pid != closer->pid || !memcmp(owner->comm, closer->comm, sizeof(owner->comm))) {
		say(b, " closed by exec (FD_CLOEXEC)");
		return;
	}
	say(b, " became ");
	task_append(b, closer);
	say(b, " by exec");
}

static void say_closed_otherwise(struct strbuf *b, const struct closed_connection *c,
				 const char *otherwise)
{
	const struct close_detail *detail = &c->record.detail;

	switch (detail->death) {
	case CLOSE_DEATH_EXIT:
		say(b, " exited");
		if (detail->exit_code) {
			say(b, " (code ");
			strbuf_append_u64(b, detail->exit_code);
			say(b, ")");
		}
		return;
	case CLOSE_DEATH_SIGNAL:
		say_signal(b, detail);
		return;
	case CLOSE_DEATH_OOM:
		say_oom(b, c->oom_kill);
		return;
	case CLOSE_DEATH_EXEC:
		say_exec(b, c);
		return;
	default:
		say(b, otherwise);
	}
}

void say_closed(struct strbuf *b, const struct closed_connection *c)
{
	say_closed_otherwise(b, c, " closed");
}

void say_had_closed(struct strbuf *b, const struct closed_connection *c)
{
	say_closed_otherwise(b, c, " had closed");
}
