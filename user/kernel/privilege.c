// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/privilege.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/kernel/seccomp.h"

#define OWN_USER "closetrace"
/* DynamicUser= of systemd.exec(5). */
#define FREE_UID_FIRST 61184
#define FREE_UID_LAST 65519

/* 5.9; older headers do not know it. */
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/* What each capability is kept for, and the sentence for when it is not there; NULL: none is needed. */
static const struct capability_row {
	unsigned int capability;
	uint32_t uses;
	const char *name;
	const char *absence;
} capability_rows[] = {
	/* Maps, below 5.19; programs that the first interface of a kind asks for. */
	{ CAP_BPF, PRIVILEGE_FOR_TRACE, "BPF", NULL },
	{ CAP_PERFMON, PRIVILEGE_FOR_HOOKS, "PERFMON", NULL },
	{ CAP_NET_ADMIN, PRIVILEGE_FOR_HOOKS, "NET_ADMIN", NULL },
	/* setns(2). */
	{ CAP_SYS_ADMIN, PRIVILEGE_FOR_NAMESPACES, "SYS_ADMIN",
	  "packets are watched in this network namespace only" },
	/* /proc/PID/ns of other users; /proc/PID/maps, map_files, root. */
	{ CAP_SYS_PTRACE, PRIVILEGE_FOR_NAMESPACES | PRIVILEGE_FOR_STACKS, "SYS_PTRACE",
	  "network namespaces, and stacks, of other users' processes are not found" },
	{ CAP_CHECKPOINT_RESTORE, PRIVILEGE_FOR_STACKS, "CHECKPOINT_RESTORE",
	  "programs that were deleted or replaced since they began have no names in stacks" },
	/* Addresses in /proc/kallsyms. */
	{ CAP_SYSLOG, PRIVILEGE_FOR_STACKS, "SYSLOG",
	  "the kernel may keep the names of its functions to itself" },
	/* open_by_handle_at(2) of cgroups; files of containers; programs of other users. */
	{ CAP_DAC_READ_SEARCH, PRIVILEGE_FOR_NAMES | PRIVILEGE_FOR_STACKS, "DAC_READ_SEARCH",
	  "cgroups that live for a moment only, and containers whose files others may not read, have "
	  "no names" },
	{ CAP_DAC_OVERRIDE, PRIVILEGE_FOR_FILES, "DAC_OVERRIDE", NULL },
	{ CAP_FOWNER, PRIVILEGE_FOR_FILES, "FOWNER", NULL },
};

/* libcap-ng would do, too, for two system calls and one more library in the static program. */
static int capabilities_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, data) ? -errno : 0;
}

static int capabilities_set(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

bool privilege_has(unsigned int capability)
{
	struct __user_cap_data_struct data[2] = {};

	return !capabilities_get(data) &&
	       (data[capability / 32].effective & (1u << (capability % 32)));
}

void privilege_drop_all(void)
{
	struct __user_cap_data_struct none[2] = {};

	capabilities_set(none);
}

/* Not getpwnam(): that may ask a directory server, and loads what a static program has not. */
static bool passwd_find(const char *name, uid_t uid, struct privilege_plan *ret)
{
	_cleanup_fclose_ FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry;

	while (file && (entry = fgetpwent(file))) {
		if (name ? strcmp(entry->pw_name, name) : entry->pw_uid != uid)
			continue;
		ret->uid = entry->pw_uid;
		ret->gid = entry->pw_gid;
		return true;
	}
	return false;
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool uid_has_processes(uid_t uid)
{
	_cleanup_(dir_close) DIR *dir = opendir("/proc");
	const struct dirent *entry;
	struct stat status;

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    !fstatat(dirfd(dir), entry->d_name, &status, 0) && status.st_uid == uid)
			return true;
	return false;
}

static struct privilege_plan chosen_user;

/* Once: all threads become the same. */
static void user_choose(void)
{
	struct privilege_plan plan = { .uid = (uid_t)-1, .gid = (gid_t)-1 }, taken;
	uid_t uid;

	if (!geteuid() && privilege_has(CAP_SETUID) && privilege_has(CAP_SETGID) &&
	    (!passwd_find(OWN_USER, 0, &plan) || !plan.uid)) {
		/* Several at a time, such as tests, should not meet. */
		uid = FREE_UID_FIRST + (uid_t)getpid() % (FREE_UID_LAST - FREE_UID_FIRST);
		while (passwd_find(NULL, uid, &taken) || uid_has_processes(uid))
			uid = uid < FREE_UID_LAST ? uid + 1 : FREE_UID_FIRST;
		plan.uid = uid;
		plan.gid = (gid_t)uid;
	}
	chosen_user = plan;
}

void privilege_plan(uint32_t uses, struct privilege_plan *ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, user_choose);
	*ret = chosen_user;
	ret->uses = uses;
}

/* By system calls: those of the library change all threads, and each keeps capabilities for itself. */
static int user_change(uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, gid, gid, gid) || syscall(SYS_setresuid, uid, uid, uid) ||
	    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
		return -errno;
	return 0;
}

static int bounding_set_empty(void)
{
	for (unsigned long i = 0; i < 64; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			return -errno;
	return 0;
}

int privilege_drop(const struct privilege_plan *plan)
{
	struct __user_cap_data_struct data[2] = {};
	unsigned int kept[2] = {};
	int err;

	for (size_t i = 0; i < sizeof(capability_rows) / sizeof(capability_rows[0]); i++)
		if (capability_rows[i].uses & plan->uses)
			kept[capability_rows[i].capability / 32] |=
				1u << (capability_rows[i].capability % 32);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* Without the capability for it the set stays, and is of no use to who can start nothing. */
	err = privilege_has(CAP_SETPCAP) ? bounding_set_empty() : 0;
	/* A thread that begins later is that user already, and may not ask again. */
	if (!err && plan->uid != (uid_t)-1 && plan->uid != geteuid())
		err = user_change(plan->uid, plan->gid);
	if (!err)
		err = capabilities_get(data);
	if (err)
		return err;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= kept[i];
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return capabilities_set(data);
}

/* Whether this user may rename there without a capability. */
static bool folder_is_own(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat status;

	if (snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		     slash ? path : ".") >= (int)sizeof(folder) ||
	    stat(folder, &status))
		return false;
	return status.st_uid == geteuid() || status.st_mode & S_IWOTH;
}

int privilege_drop_in_writer(const char *renamed)
{
	struct privilege_plan plan;

	privilege_plan(0, &plan);
	if (renamed) {
		plan.uses = folder_is_own(renamed) ? 0 : PRIVILEGE_FOR_FILES;
		plan.uid = (uid_t)-1;
	}
	return privilege_drop(&plan);
}

void privilege_tell_missing(uint32_t uses)
{
	const struct capability_row *row = capability_rows;

	for (size_t i = 0; i < sizeof(capability_rows) / sizeof(capability_rows[0]); i++, row++) {
		/* Who may do anything in the system may do these, too. */
		if (!(row->uses & uses) || !row->absence || privilege_has(row->capability) ||
		    (row->capability == CAP_CHECKPOINT_RESTORE && privilege_has(CAP_SYS_ADMIN)))
			continue;
		log_warn("without CAP_%s %s", row->name, row->absence);
	}
}

int privilege_filter_calls(void)
{
	return seccomp_install();
}

void privilege_drop_everything(uint32_t uses)
{
	struct privilege_plan plan;
	int err;

	privilege_plan(uses, &plan);
	err = privilege_drop(&plan);
	if (!err)
		err = privilege_filter_calls();
	if (err && err != -EOPNOTSUPP)
		log_warn("keeping more privilege than needed: %s", strerror(-err));
}

void privilege_drop_but_file(const char *path)
{
	int err = privilege_drop_in_writer(path);

	if (!err)
		err = privilege_filter_calls();
	if (err && err != -EOPNOTSUPP)
		log_warn("keeping more privilege than needed: %s", strerror(-err));
}
