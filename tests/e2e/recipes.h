/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Recipes, by group, and the steps they share. A recipe ends when the ending it makes has happened
 * at both ends, as far as the sockets and the link show it.
 */
#ifndef TESTS_E2E_RECIPES_H
#define TESTS_E2E_RECIPES_H

#include <stdbool.h>

#include "tests/e2e/scenarios.h"

#define REQUEST_BYTES 100
#define REPLY_BYTES 200
#define UNREAD_BYTES 1000

/**
 * Compare what a step returned with what it had to return.
 *
 * @return  true when equal; else false, and run->why says which step went wrong and how.
 */
bool recipe_step(struct scenario_run *run, const char *step, int result, int expected);

/* A step of a recipe: leaves the recipe when `call` does not return `expected`. */
#define STEP(call, expected)                                                                       \
	do {                                                                                       \
		if (!recipe_step(run, #call, (call), (expected)))                                  \
			return RECIPE_FAILED;                                                      \
	} while (0)

/* The same for a group of steps. */
#define STEPS(call)                                                                                \
	do {                                                                                       \
		enum recipe_result steps_result_ = (call);                                         \
		if (steps_result_ != RECIPE_DONE)                                                  \
			return steps_result_;                                                      \
	} while (0)

/* Leave with RECIPE_SKIPPED and a reason. */
enum recipe_result recipe_skip(struct scenario_run *run, const char *reason);

/* The server listens. */
enum recipe_result recipe_listen(struct scenario_run *run);
/* The client has a socket. Options may be set on it before it connects. */
enum recipe_result recipe_client_socket(struct scenario_run *run);
/* Listen, connect, accept. */
enum recipe_result recipe_establish(struct scenario_run *run);
/* Establish, a request of REQUEST_BYTES, a reply of REPLY_BYTES, all of it acknowledged. */
enum recipe_result recipe_exchange(struct scenario_run *run);
/* Set packet filters; skips where the kernel has none. */
enum recipe_result recipe_filter(struct scenario_run *run, enum lab_side side, const char *input,
				 const char *output);
/* Wait until the link has shown, at `seen_at`, that many RSTs, FINs or SYNs, or an ACK of all of `to`. */
enum recipe_result recipe_wait_rst(struct scenario_run *run, enum lab_side seen_at,
				   enum lab_side from, unsigned int count);
enum recipe_result recipe_wait_fin(struct scenario_run *run, enum lab_side seen_at,
				   enum lab_side from, unsigned int count);
enum recipe_result recipe_wait_syn(struct scenario_run *run, enum lab_side seen_at,
				   enum lab_side from, unsigned int count);
enum recipe_result recipe_wait_acked(struct scenario_run *run, enum lab_side seen_at,
				     enum lab_side to);

/* recipes_close.c: endings by FIN. */
enum recipe_result recipe_client_closes_first(struct scenario_run *run);
enum recipe_result recipe_server_closes_first(struct scenario_run *run);
enum recipe_result recipe_simultaneous_close(struct scenario_run *run);
enum recipe_result recipe_server_killed(struct scenario_run *run);
enum recipe_result recipe_half_close(struct scenario_run *run);
enum recipe_result recipe_half_close_timeout(struct scenario_run *run);

/* recipes_abort.c: a process or an administrator ends it by RST. */
enum recipe_result recipe_linger0(struct scenario_run *run);
enum recipe_result recipe_unread_close(struct scenario_run *run);
enum recipe_result recipe_unread_killed(struct scenario_run *run);
enum recipe_result recipe_linger2(struct scenario_run *run);
enum recipe_result recipe_admin_kill(struct scenario_run *run);
enum recipe_result recipe_unaccepted(struct scenario_run *run);
enum recipe_result recipe_disconnect(struct scenario_run *run);
enum recipe_result recipe_linger0_after_fin(struct scenario_run *run);
enum recipe_result recipe_unread_after_fin(struct scenario_run *run);
enum recipe_result recipe_unread_linger0(struct scenario_run *run);

/* recipes_kernel.c: the kernel resets. */
enum recipe_result recipe_refused(struct scenario_run *run);
enum recipe_result recipe_late_data_time_wait(struct scenario_run *run);
enum recipe_result recipe_late_data_fin_wait(struct scenario_run *run);
enum recipe_result recipe_late_data_shutdown(struct scenario_run *run);
enum recipe_result recipe_repair_close(struct scenario_run *run);

/* recipes_path.c: filters, ICMP and silence. */
enum recipe_result recipe_cancel(struct scenario_run *run);
enum recipe_result recipe_handshake_timeout(struct scenario_run *run);
enum recipe_result recipe_firewall_handshake(struct scenario_run *run);
enum recipe_result recipe_firewall_established(struct scenario_run *run);
enum recipe_result recipe_icmp_port(struct scenario_run *run);
enum recipe_result recipe_icmp_prohibited(struct scenario_run *run);
enum recipe_result recipe_keepalive(struct scenario_run *run);
enum recipe_result recipe_user_timeout(struct scenario_run *run);
enum recipe_result recipe_retransmission_timeout(struct scenario_run *run);
enum recipe_result recipe_zero_window(struct scenario_run *run);
enum recipe_result recipe_icmp_established(struct scenario_run *run);
enum recipe_result recipe_route_unreachable(struct scenario_run *run);
enum recipe_result recipe_icmpv6_prohibited(struct scenario_run *run);
enum recipe_result recipe_icmpv6_address(struct scenario_run *run);
enum recipe_result recipe_icmpv6_port(struct scenario_run *run);

/* recipes_raw.c: packets that no stack sent. */
enum recipe_result recipe_ignored_rst(struct scenario_run *run);
enum recipe_result recipe_injected_rst(struct scenario_run *run);
enum recipe_result recipe_rst_in_handshake(struct scenario_run *run);
enum recipe_result recipe_rst_too_early(struct scenario_run *run);

/* recipes_forged.c: segments in somebody else's name. */
enum recipe_result recipe_forged_rst(struct scenario_run *run);
enum recipe_result recipe_forged_rst_from_afar(struct scenario_run *run);
enum recipe_result recipe_forged_rst_contradicted(struct scenario_run *run);
enum recipe_result recipe_rst_out_of_window(struct scenario_run *run);
enum recipe_result recipe_syn_in_window(struct scenario_run *run);
enum recipe_result recipe_rsts_disagree(struct scenario_run *run);
enum recipe_result recipe_rst_pair(struct scenario_run *run);
enum recipe_result recipe_rst_in_time_wait(struct scenario_run *run);
enum recipe_result recipe_rst_in_fragments(struct scenario_run *run);
enum recipe_result recipe_rst_in_tiny_fragments(struct scenario_run *run);

/* recipes_listen.c: handshakes that are never finished, segments of no connection. */
enum recipe_result recipe_overflow_reset(struct scenario_run *run);
enum recipe_result recipe_overflow_silent(struct scenario_run *run);
enum recipe_result recipe_syn_flood(struct scenario_run *run);
enum recipe_result recipe_stray_ack(struct scenario_run *run);
enum recipe_result recipe_reflected_syn_ack(struct scenario_run *run);
enum recipe_result recipe_old_ack_while_connecting(struct scenario_run *run);

/* recipes_late.c: one end has closed, or has forgotten. */
enum recipe_result recipe_link_down(struct scenario_run *run);
enum recipe_result recipe_link_down_and_reboot(struct scenario_run *run);
enum recipe_result recipe_late_data_acks_fin(struct scenario_run *run);
enum recipe_result recipe_rst_in_fin_wait2(struct scenario_run *run);
enum recipe_result recipe_reuse_in_time_wait(struct scenario_run *run);
enum recipe_result recipe_fin_never_acked(struct scenario_run *run);
enum recipe_result recipe_too_many_orphans(struct scenario_run *run);
enum recipe_result recipe_read_all_then_close(struct scenario_run *run);
enum recipe_result recipe_linger0_after_peer_fin(struct scenario_run *run);
enum recipe_result recipe_disconnect_unread(struct scenario_run *run);
enum recipe_result recipe_unaccepted_data(struct scenario_run *run);

/* recipes_forward.c: through a router. */
enum recipe_result recipe_router_resets(struct scenario_run *run);
enum recipe_result recipe_router_refuses(struct scenario_run *run);
enum recipe_result recipe_router_drops(struct scenario_run *run);

/* recipes_stack.c: Fast Open, MPTCP, IPv6 options, bpf_sock_destroy(). */
enum recipe_result recipe_fast_open_unread(struct scenario_run *run);
enum recipe_result recipe_fast_open_unaccepted(struct scenario_run *run);
enum recipe_result recipe_fast_open_linger0(struct scenario_run *run);
enum recipe_result recipe_mptcp_subflow_refused(struct scenario_run *run);
enum recipe_result recipe_extension_header(struct scenario_run *run);
enum recipe_result recipe_bpf_destroy(struct scenario_run *run);

/* recipes_owner.c: whose socket it was. */
enum recipe_result recipe_accept_in_thread(struct scenario_run *run);
enum recipe_result recipe_close_in_thread(struct scenario_run *run);
enum recipe_result recipe_accept_in_child(struct scenario_run *run);
enum recipe_result recipe_passed_socket(struct scenario_run *run);
enum recipe_result recipe_linger0_close(struct scenario_run *run);
enum recipe_result recipe_server_close(struct scenario_run *run);
enum recipe_result recipe_reset_on_shared_cpu(struct scenario_run *run);
enum recipe_result recipe_timeout_on_shared_cpu(struct scenario_run *run);
enum recipe_result recipe_unread_exit(struct scenario_run *run);
enum recipe_result recipe_short_lived(struct scenario_run *run);
enum recipe_result recipe_nginx(struct scenario_run *run);

/* recipes_why.c: endings of which more is to be said than that they were. */
enum recipe_result recipe_server_exits(struct scenario_run *run);
enum recipe_result recipe_server_crashes(struct scenario_run *run);
enum recipe_result recipe_server_crashes_unread(struct scenario_run *run);
enum recipe_result recipe_server_execs(struct scenario_run *run);
enum recipe_result recipe_server_is_oom_killed(struct scenario_run *run);
enum recipe_result recipe_listener_killed(struct scenario_run *run);
enum recipe_result recipe_keepalive_race(struct scenario_run *run);
enum recipe_result recipe_stale_pool(struct scenario_run *run);
enum recipe_result recipe_backend_refused(struct scenario_run *run);
enum recipe_result recipe_no_local_port(struct scenario_run *run);
enum recipe_result recipe_mtu_black_hole(struct scenario_run *run);
enum recipe_result recipe_slow_reader(struct scenario_run *run);

#endif
