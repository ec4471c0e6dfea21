// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Destroys the sockets of this namespace that are connected to one port (kernels from 6.5). */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

struct sock_common {
	__be16 skc_dport;
} __attribute__((preserve_access_index));

struct bpf_iter__tcp {
	struct sock_common *sk_common;
} __attribute__((preserve_access_index));

extern int bpf_sock_destroy(struct sock_common *sock) __ksym;

const volatile __be16 server_port = 0;
int destroyed = 0;

SEC("iter/tcp")
int destroy_client_sockets(struct bpf_iter__tcp *context)
{
	struct sock_common *socket = context->sk_common;

	if (socket && socket->skc_dport == server_port && !bpf_sock_destroy(socket))
		destroyed++;
	return 0;
}

/* The kernel lets programs with a GPL-compatible license call it. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
