// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/kernel/attach_tcx.h"
#include "user/kernel/limits.h"
#include "user/kernel/privilege.h"

#define KERNEL_FEATURE_ROW(id, name, required, since, meaning, absence)                            \
	[KERNEL_FEATURE_##id] = { name, required, since, meaning, absence },

static const struct kernel_feature_info feature_infos[] = { KERNEL_FEATURES(KERNEL_FEATURE_ROW) };

const struct kernel_feature_info *kernel_feature_info(enum kernel_feature feature)
{
	return &feature_infos[feature];
}

/* What the probes share: the kernel's BTF is read once. */
struct probe_context {
	struct btf *btf;
};

static bool probe_privilege(struct probe_context *context)
{
	(void)context;
	if (!privilege_has(CAP_NET_ADMIN))
		return false;
	return privilege_has(CAP_SYS_ADMIN) ||
	       (privilege_has(CAP_BPF) && privilege_has(CAP_PERFMON));
}

static bool probe_btf(struct probe_context *context)
{
	context->btf = btf__load_vmlinux_btf();
	return context->btf != NULL;
}

static int probe_load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t count)
{
	return bpf_prog_load(type, NULL, "GPL", insns, count, NULL);
}

#define INSN(op, dst, src, offset, immediate)                                                      \
	((struct bpf_insn){ .code = (op),                                                          \
			    .dst_reg = (dst),                                                      \
			    .src_reg = (src),                                                      \
			    .off = (offset),                                                       \
			    .imm = (immediate) })
#define INSN_MOV_IMM(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define INSN_CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define INSN_EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* bpf_probe_read_kernel() from a TC program: needs CAP_PERFMON and no lockdown. */
static bool probe_raw_access(struct probe_context *context)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_1, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8),
		INSN_MOV_IMM(BPF_REG_2, 8),
		INSN_CALL(BPF_FUNC_probe_read_kernel),
		INSN_MOV_IMM(BPF_REG_0, 0),
		INSN_EXIT,
	};
	_cleanup_close_ int fd = -1;

	(void)context;
	fd = probe_load(BPF_PROG_TYPE_SCHED_CLS, insns, sizeof(insns) / sizeof(insns[0]));
	return fd >= 0;
}

static bool btf_has(const struct probe_context *context, const char *name, uint32_t kind)
{
	return btf__find_by_name_kind(context->btf, name, kind) > 0;
}

static bool probe_error_report(struct probe_context *context)
{
	return btf_has(context, "btf_trace_inet_sk_error_report", BTF_KIND_TYPEDEF);
}

static bool probe_ring_buffer(struct probe_context *context)
{
	_cleanup_close_ int fd = -1;

	(void)context;
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE),
			    NULL);
	return fd >= 0;
}

/* A tp_btf program that calls bpf_get_socket_cookie() on its socket: came with the storage. */
static bool probe_socket_storage(struct probe_context *context)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 0, 0),
		INSN_CALL(BPF_FUNC_get_socket_cookie),
		INSN_MOV_IMM(BPF_REG_0, 0),
		INSN_EXIT,
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
	_cleanup_close_ int fd = -1;

	options.attach_btf_id = btf__find_by_name_kind(context->btf, "btf_trace_tcp_destroy_sock",
						       BTF_KIND_TYPEDEF);
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", insns,
			   sizeof(insns) / sizeof(insns[0]), &options);
	return fd >= 0;
}

static bool probe_drop_reason(struct probe_context *context)
{
	return btf_has(context, "skb_drop_reason", BTF_KIND_ENUM);
}

static bool probe_reset_reason(struct probe_context *context)
{
	return btf_has(context, "sk_rst_reason", BTF_KIND_ENUM);
}

/* An interface that cannot exist: a kernel that knows TCX says ENODEV, another EINVAL. */
static bool probe_tcx(struct probe_context *context)
{
	const struct bpf_insn insns[] = { INSN_MOV_IMM(BPF_REG_0, -1), INSN_EXIT };
	_cleanup_close_ int fd = -1;
	int err;

	(void)context;
	fd = probe_load(BPF_PROG_TYPE_SCHED_CLS, insns, 2);
	if (fd < 0)
		return false;
	err = tcx_link_create(fd, INT32_MAX, TCX_EGRESS);
	return err == -ENODEV;
}

static bool probe_cgroup_events(struct probe_context *context)
{
	return btf_has(context, "btf_trace_cgroup_mkdir", BTF_KIND_TYPEDEF) &&
	       btf_has(context, "btf_trace_cgroup_rmdir", BTF_KIND_TYPEDEF);
}

static bool probe_signal_events(struct probe_context *context)
{
	return btf_has(context, "btf_trace_signal_generate", BTF_KIND_TYPEDEF);
}

static bool probe_oom_events(struct probe_context *context)
{
	return btf_has(context, "btf_trace_mark_victim", BTF_KIND_TYPEDEF);
}

/*
 * 7.0, a46023d5616e: what is on a tracepoint may be preempted, and until it goes on the kernel skips
 * the same program for every other task of that processor. The commit brought the member.
 */
static bool probe_atomic_tracepoints(struct probe_context *context)
{
	int id = btf__find_by_name_kind(context->btf, "tp_transition_snapshot", BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(context->btf, id) : NULL;
	const struct btf_member *member = type ? btf_members(type) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(context->btf, member[i].name_off), "srcu_gp"))
			return false;
	return true;
}

static bool probe_all_namespaces(struct probe_context *context)
{
	(void)context;
	return privilege_has(CAP_SYS_ADMIN);
}

static bool (*const feature_probes[])(struct probe_context *) = {
	[KERNEL_FEATURE_PRIVILEGE] = probe_privilege,
	[KERNEL_FEATURE_BTF] = probe_btf,
	[KERNEL_FEATURE_RAW_ACCESS] = probe_raw_access,
	[KERNEL_FEATURE_ERROR_REPORT] = probe_error_report,
	[KERNEL_FEATURE_RING_BUFFER] = probe_ring_buffer,
	[KERNEL_FEATURE_SOCKET_STORAGE] = probe_socket_storage,
	[KERNEL_FEATURE_DROP_REASON] = probe_drop_reason,
	[KERNEL_FEATURE_RESET_REASON] = probe_reset_reason,
	[KERNEL_FEATURE_TCX] = probe_tcx,
	[KERNEL_FEATURE_CGROUP_EVENTS] = probe_cgroup_events,
	[KERNEL_FEATURE_SIGNAL_EVENTS] = probe_signal_events,
	[KERNEL_FEATURE_OOM_EVENTS] = probe_oom_events,
	[KERNEL_FEATURE_ATOMIC_TRACEPOINTS] = probe_atomic_tracepoints,
	[KERNEL_FEATURE_ALL_NAMESPACES] = probe_all_namespaces,
};

_Static_assert(sizeof(feature_probes) / sizeof(feature_probes[0]) == KERNEL_FEATURE_COUNT,
	       "every feature has a probe");

void kernel_features_probe(struct kernel_features *ret)
{
	struct probe_context context = {};

	ret->present = 0;
	for (int i = 0; i < KERNEL_FEATURE_COUNT; i++) {
		if (feature_probes[i](&context))
			ret->present |= 1u << i;
		else if (feature_infos[i].is_required)
			break;
	}
	btf__free(context.btf);
}

enum kernel_feature kernel_features_missing(const struct kernel_features *features)
{
	for (int i = 0; i < KERNEL_FEATURE_COUNT; i++)
		if (feature_infos[i].is_required && !kernel_features_has(features, i))
			return i;
	return KERNEL_FEATURE_COUNT;
}

int kernel_features_log_missing(enum kernel_feature feature)
{
	const struct kernel_feature_info *info = &feature_infos[feature];
	struct utsname name = {};

	uname(&name);
	if (feature != KERNEL_FEATURE_PRIVILEGE && limits_log_blamed(0))
		return -EOPNOTSUPP;
	if (feature == KERNEL_FEATURE_PRIVILEGE)
		return log_error(-EOPNOTSUPP, "not enough privilege to trace this host: %s",
				 info->absence);
	return log_error(-EOPNOTSUPP, "kernel %s cannot be traced: it lacks %s (%s); %s",
			 name.release, info->name, info->meaning, info->absence);
}
