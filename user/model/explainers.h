/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sentence of each verdict, by subject: explanation_{closed,local,reply,peer,timeout}.c. Used by
 * explanation.c alone; `b` and `c` are those of explanation_append().
 */
#ifndef USER_MODEL_EXPLAINERS_H
#define USER_MODEL_EXPLAINERS_H

#include "user/base/strbuf.h"
#include "user/model/connection.h"

void explain_fin_normal(struct strbuf *b, const struct closed_connection *c);
void explain_half_close_timeout(struct strbuf *b, const struct closed_connection *c);
void explain_fin_unacked(struct strbuf *b, const struct closed_connection *c);
void explain_port_reuse(struct strbuf *b, const struct closed_connection *c);
void explain_orphan(struct strbuf *b, const struct closed_connection *c);

void explain_app_abort(struct strbuf *b, const struct closed_connection *c);
void explain_unaccepted(struct strbuf *b, const struct closed_connection *c);
void explain_admin_kill(struct strbuf *b, const struct closed_connection *c);
void explain_late_data(struct strbuf *b, const struct closed_connection *c);
void explain_resource(struct strbuf *b, const struct closed_connection *c);
void explain_cancel(struct strbuf *b, const struct closed_connection *c);

void explain_refused_here(struct strbuf *b, const struct closed_connection *c);
void explain_no_socket(struct strbuf *b, const struct closed_connection *c);
void explain_listen_overflow(struct strbuf *b, const struct closed_connection *c);
/* explanation_path.c */
void explain_black_hole(struct strbuf *b, const struct closed_connection *c);
void explain_no_local_port(struct strbuf *b, const struct closed_connection *c);
/* "; the peer read too slowly: ...", "; the peer sent its SYN-ACK 4 times ...", "; connections of this server
 * end after 5.00 s idle (97 of 100)", each where it was so. */
void say_slow_reader(struct strbuf *b, const struct closed_connection *c);
void say_one_way(struct strbuf *b, const struct closed_connection *c);
void say_idle_habit(struct strbuf *b, const struct closed_connection *c);

/* Of a listener: explanation_listen.c. */
void explain_accept_queue(struct strbuf *b, const struct closed_connection *c);
void explain_bad_segment(struct strbuf *b, const struct closed_connection *c);
void explain_firewall(struct strbuf *b, const struct closed_connection *c);

void explain_refused_there(struct strbuf *b, const struct closed_connection *c);
/* Causes of peer_reset: explanation_idle.c. */
void explain_keepalive_race(struct strbuf *b, const struct closed_connection *c);
void explain_stale_pool(struct strbuf *b, const struct closed_connection *c);
void explain_peer_reset(struct strbuf *b, const struct closed_connection *c);
void explain_reset_handshake(struct strbuf *b, const struct closed_connection *c);
void explain_path_reset(struct strbuf *b, const struct closed_connection *c);
void explain_path_icmp(struct strbuf *b, const struct closed_connection *c);

void explain_timeout_handshake(struct strbuf *b, const struct closed_connection *c);
void explain_timeout_data(struct strbuf *b, const struct closed_connection *c);
void explain_timeout_keepalive(struct strbuf *b, const struct closed_connection *c);

/* Of any ending in a capture: c->capture must be set. */
void explain_captured(struct strbuf *b, const struct closed_connection *c);

#endif
