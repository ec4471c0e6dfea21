/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a running command may do, and nothing else. The one table of capabilities, and the steps that
 * give the rest up; docs/privileges.md is held against it by tests/cli/privilege.bats.
 */
#ifndef USER_KERNEL_PRIVILEGE_H
#define USER_KERNEL_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a command does after its start. X(ID, "what") */
#define PRIVILEGE_USES(X)                                                                          \
	X(TRACE, "reads what the programs send")                                                   \
	X(HOOKS, "hooks interfaces that come later")                                               \
	X(NAMESPACES, "finds other network namespaces, and enters them")                           \
	X(STACKS, "names the functions of stacks")                                                 \
	X(NAMES, "names cgroups and containers")                                                   \
	X(FILES, "renames files, and makes them anew, in a folder that is not its own")

#define PRIVILEGE_USE_NUMBER(id, ...) PRIVILEGE_USE_NUMBER_##id,
enum { PRIVILEGE_USES(PRIVILEGE_USE_NUMBER) PRIVILEGE_USE_COUNT };
#define PRIVILEGE_USE_BIT(id, ...) PRIVILEGE_FOR_##id = 1 << PRIVILEGE_USE_NUMBER_##id,
enum privilege_use { PRIVILEGE_USES(PRIVILEGE_USE_BIT) };

/* Whether this thread has a CAP_* now. */
bool privilege_has(unsigned int capability);

/**
 * Who to become, and what to keep.
 *
 * @uses  PRIVILEGE_FOR_*; 0 keeps no capability.
 * @uid   Of a user without any right, when this is root and may change; else (uid_t)-1.
 */
struct privilege_plan {
	uint32_t uses;
	uid_t uid;
	gid_t gid;
};

/*
 * The user `closetrace` of /etc/passwd; else a number that no process and no line there has, from
 * those that systemd lends to services (61184 to 65519): not `nobody`, whose other processes could
 * then send us signals.
 */
void privilege_plan(uint32_t uses, struct privilege_plan *ret);

/**
 * Give up, for good and for this thread: every capability that the plan has no use for, the bounding
 * and the inheritable set, the user, the groups, and what a program that is started could gain.
 * Every thread calls it for itself.
 *
 * @return  0 or negative errno; what could not be given up is kept.
 */
int privilege_drop(const struct privilege_plan *plan);

/**
 * The same for a thread that does nothing but write what is open. Called first in it, whenever that is:
 * it keeps nothing. Where a file is to be renamed when it is full, and made anew, the thread keeps the
 * user, whose file it is, without any capability; in a folder of another user it takes DAC_OVERRIDE
 * and FOWNER.
 *
 * @renamed  The path of that file; NULL for none.
 * @return   As privilege_drop().
 */
int privilege_drop_in_writer(const char *renamed);

/* Say what is lost for want of a capability that these uses would take. */
void privilege_tell_missing(uint32_t uses);

/**
 * The last step, once for all threads: only the system calls of user/kernel/seccomp.h from here on.
 *
 * @return  0; -EOPNOTSUPP where the kernel or this build has no filter; another negative errno.
 */
int privilege_filter_calls(void);

/* Both steps, for who has one thread. Failures are logged, and cost nothing else. */
void privilege_drop_everything(uint32_t uses);

/*
 * The same for who goes on with a file, and with others beside it that are made as they are needed, as
 * a database has: no capability, but the user stays whose folder it is (see privilege_drop_in_writer()).
 */
void privilege_drop_but_file(const char *path);

/* Give up all capabilities, in this thread. Async-signal-safe. */
void privilege_drop_all(void);

#endif
