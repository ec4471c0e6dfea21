/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the running kernel and the privileges of this process allow, found by trying. */
#ifndef USER_KERNEL_FEATURES_H
#define USER_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/* X(ID, "name", required, "since", meaning, what its absence costs) */
#define KERNEL_FEATURES(X)                                                                         \
	X(PRIVILEGE, "privilege", true, "", "capabilities BPF, PERFMON and NET_ADMIN",             \
	  "run it as root, or give it CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN")                     \
	X(BTF, "btf", true, "5.4", "the kernel describes its types (CONFIG_DEBUG_INFO_BTF)",       \
	  "use a kernel built with CONFIG_DEBUG_INFO_BTF")                                         \
	X(RAW_ACCESS, "raw_access", true, "", "BPF may read kernel memory",                        \
	  "boot without lockdown=confidentiality")                                                 \
	X(ERROR_REPORT, "inet_sk_error_report", true, "5.14",                                      \
	  "the tracepoint that tells a socket's error", "use a kernel of 5.15 or newer")           \
	X(RING_BUFFER, "ring_buffer", true, "5.8", "records reach user space in order",            \
	  "use a kernel of 5.15 or newer")                                                         \
	X(SOCKET_STORAGE, "socket_storage", true, "5.11", "state is kept in the socket itself",    \
	  "use a kernel of 5.15 or newer")                                                         \
	X(DROP_REASON, "drop_reason", false, "5.17", "kfree_skb says why a packet was dropped",    \
	  "refusals are told from the packets alone")                                              \
	X(RESET_REASON, "reset_reason", false, "6.10",                                             \
	  "tcp_send_reset names its reason and fires without a socket",                            \
	  "reasons are derived from the socket's fields")                                          \
	X(TCX, "tcx", false, "6.6", "TC programs that go away with this process",                  \
	  "clsact filters are used; after SIGKILL the next start removes them")                    \
	X(CGROUP_EVENTS, "cgroup_events", false, "5.5",                                            \
	  "tracepoints that tell of cgroups that come and go (CONFIG_CGROUPS)",                    \
	  "containers that live for a moment only stay unknown")                                   \
	X(SIGNAL_EVENTS, "signal_events", false, "",                                               \
	  "the tracepoint that tells who sends a signal", "who killed a process stays unknown")    \
	X(OOM_EVENTS, "oom_events", false, "4.14",                                                 \
	  "the tracepoint that tells whom the kernel kills for memory",                            \
	  "a process killed for memory is one killed by SIGKILL")                                  \
	X(ATOMIC_TRACEPOINTS, "atomic_tracepoints", false, "until 6.19",                           \
	  "a task that is within a tracepoint is not preempted there",                             \
	  "programs are skipped meanwhile; standby programs take over what they missed")           \
	X(ALL_NAMESPACES, "all_namespaces", false, "",                                             \
	  "CAP_SYS_ADMIN to watch interfaces of other network namespaces",                         \
	  "packets are watched in this network namespace only")

#define KERNEL_FEATURE_ENUM(id, ...) KERNEL_FEATURE_##id,
enum kernel_feature { KERNEL_FEATURES(KERNEL_FEATURE_ENUM) KERNEL_FEATURE_COUNT };

struct kernel_feature_info {
	const char *name;
	bool is_required;
	const char *since; /* documentation only */
	const char *meaning;
	const char *absence;
};

/**
 * @present  One bit per enum kernel_feature. A probe that could not run counts as absent.
 */
struct kernel_features {
	uint32_t present;
};

const struct kernel_feature_info *kernel_feature_info(enum kernel_feature feature);

static inline bool kernel_features_has(const struct kernel_features *features,
				       enum kernel_feature feature)
{
	return features->present & (1u << feature);
}

/**
 * Probe. Loads a few tiny maps and programs and removes them again; nothing is attached.
 *
 * Probes after the first missing required one do not run: they could only mislead.
 */
void kernel_features_probe(struct kernel_features *ret);

/* The first required feature that is absent; KERNEL_FEATURE_COUNT when none is. */
enum kernel_feature kernel_features_missing(const struct kernel_features *features);

/* Log the one sentence that says what is missing and what to do. Always -EOPNOTSUPP. */
int kernel_features_log_missing(enum kernel_feature feature);

#endif
