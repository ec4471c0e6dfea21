// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/fields.h"

#include <errno.h>
#include <string.h>

#include "user/model/capture_filter.h"
#include "user/model/capture_story.h"
#include "user/model/community_id.h"
#include "user/model/conn_state.h"
#include "user/model/explanation.h"
#include "user/model/say_death.h"
#include "user/model/zeek_summary.h"

#define UNUSED __attribute__((unused))

/* A getter is the body behind this head: it sets *ret, or returns false for null. */
#define GETTER(field)                                                                              \
	static bool field_get_##field(const struct closed_connection *c UNUSED,                    \
				      struct strbuf *scratch UNUSED, struct field_value *ret)

static const char *role_name(uint8_t role)
{
	return role == CONNECTION_ROLE_CLIENT ? "client" :
	       role == CONNECTION_ROLE_SERVER ? "server" :
						"unknown";
}

static const char *reason_source_name(uint8_t is_derived)
{
	return is_derived == 0 ? "kernel" : is_derived == 1 ? "derived" : "unknown";
}

static const char *container_runtime_name(uint8_t runtime)
{
#define CONTAINER_RUNTIME_WORD(id, word) [CONTAINER_RUNTIME_##id] = (word),
	static const char *const names[] = { CONTAINER_RUNTIMES(CONTAINER_RUNTIME_WORD) };

	return names[runtime < CONTAINER_RUNTIME_COUNT ? runtime : CONTAINER_RUNTIME_NONE];
}

const struct word_list container_runtime_words = { container_runtime_name,
						   CONTAINER_RUNTIME_COUNT };
const struct word_list conn_state_words = { conn_state_name, CONN_STATE_COUNT };
const struct word_list role_words = { role_name, CONNECTION_ROLE_SERVER + 1 };
const struct word_list reason_source_words = { reason_source_name, 2 };

static bool give_string(struct field_value *ret, const char *text)
{
	if (!text)
		return false;
	ret->text = text;
	ret->len = strlen(text);
	return true;
}

static bool give_number(struct field_value *ret, uint64_t number)
{
	ret->number = number;
	return true;
}

static bool give_number_if(struct field_value *ret, bool is_known, uint64_t number)
{
	ret->number = number;
	return is_known;
}

static bool give_list(struct field_value *ret, const struct string_list *list)
{
	ret->text = list->text;
	ret->len = list->len;
	return list->len != 0;
}

static bool give_comm(struct field_value *ret, const struct task_identity *task)
{
	ret->text = task->comm;
	ret->len = task_comm_len(task);
	return task->pid != 0;
}

/* -- what ------------------------------------------------------------------------------------ */
GETTER(time)
{
	return give_number(ret, c->wall_ns);
}

GETTER(host)
{
	return give_string(ret, c->host);
}

GETTER(class)
{
	return give_string(ret, class_name(class_of_verdict(c->record.decision.verdict)));
}

GETTER(verdict)
{
	return give_string(ret, verdict_name(c->record.decision.verdict));
}

GETTER(cause)
{
	return give_string(ret, cause_name(c->record.decision.cause));
}

GETTER(initiator)
{
	return give_string(ret, initiator_name(c->record.decision.initiator));
}

GETTER(stage)
{
	return give_string(ret, stage_name(c->record.decision.stage));
}

GETTER(confidence)
{
	return give_string(ret, confidence_name(c->record.decision.confidence));
}

GETTER(benign)
{
	ret->truth = c->record.decision.benign != 0;
	return true;
}

GETTER(evidence)
{
	ret->bits = c->record.decision.used;
	return true;
}

GETTER(explanation)
{
	strbuf_reset(scratch);
	explanation_append(scratch, c);
	ret->text = scratch->data;
	ret->len = scratch->len;
	return !scratch->failed;
}

/* -- kernel ---------------------------------------------------------------------------------- */
GETTER(state)
{
	return c->record.evidence.state &&
	       give_string(ret, tcp_state_name(c->record.evidence.state));
}

GETTER(reason)
{
	return c->record.decision.reset_reason &&
	       give_string(ret, reset_reason_name(c->record.decision.reset_reason));
}

GETTER(reason_source)
{
	return c->record.decision.reset_reason &&
	       give_string(ret, reason_source_name(c->record.decision.reason_derived));
}

GETTER(reason_derived)
{
	uint8_t reason = reset_reason_derive(&c->record.decision, &c->record.evidence);

	return reason && c->record.decision.reset_reason &&
	       give_string(ret, reset_reason_name(reason));
}

GETTER(drop_reason)
{
	return c->record.evidence.drop_reason &&
	       give_string(ret, drop_reason_name(c->record.evidence.drop_reason));
}

GETTER(error)
{
	uint16_t error =
		c->record.evidence.error ? c->record.evidence.error : c->record.evidence.error_soft;

	/* connect() returned it, and left no trace of it in the socket. */
	if (c->record.decision.cause == CLOSE_CAUSE_NO_LOCAL_PORT)
		error = EADDRNOTAVAIL;
	return error && give_string(ret, error_name(error));
}

GETTER(kernel_stack)
{
	return give_list(ret, &c->kernel_stack);
}

GETTER(user_stack)
{
	return give_list(ret, &c->user_stack);
}

/* -- connection ------------------------------------------------------------------------------ */
GETTER(role)
{
	return c->role && give_string(ret, role_name(c->role));
}

GETTER(ip_version)
{
	return give_number(ret, flow_addr_is_ipv4(connection_local_addr(c)) ? 4 : 6);
}

/* A listener has no peer, and listeners that are not known have no address. */
static bool has_peer(const struct closed_connection *c)
{
	return c->record.evidence.subject != SUBJECT_LISTENER;
}

static bool has_local(const struct closed_connection *c)
{
	return has_peer(c) || connection_local_port(c);
}

GETTER(local_addr)
{
	ret->ip = connection_local_addr(c);
	return has_local(c);
}

/* A socket that found no free port has none. */
GETTER(local_port)
{
	return give_number_if(ret, connection_local_port(c) != 0, connection_local_port(c));
}

GETTER(peer_addr)
{
	ret->ip = connection_peer_addr(c);
	return has_peer(c);
}

GETTER(peer_port)
{
	return give_number_if(ret, connection_peer_port(c) != 0, connection_peer_port(c));
}

static bool give_addr_of(const struct closed_connection *c, struct field_value *ret,
			 enum connection_client local_if)
{
	ret->ip = c->client == local_if ? connection_local_addr(c) : connection_peer_addr(c);
	return c->client != CONNECTION_CLIENT_UNKNOWN &&
	       (c->client == local_if ? has_local(c) : has_peer(c));
}

static bool give_port_of(const struct closed_connection *c, struct field_value *ret,
			 enum connection_client local_if)
{
	uint16_t port = c->client == local_if ? connection_local_port(c) : connection_peer_port(c);

	return give_number_if(ret, c->client != CONNECTION_CLIENT_UNKNOWN && port, port);
}

GETTER(client_addr)
{
	return give_addr_of(c, ret, CONNECTION_CLIENT_LOCAL);
}

GETTER(client_port)
{
	return give_port_of(c, ret, CONNECTION_CLIENT_LOCAL);
}

GETTER(server_addr)
{
	return give_addr_of(c, ret, CONNECTION_CLIENT_PEER);
}

GETTER(server_port)
{
	return give_port_of(c, ret, CONNECTION_CLIENT_PEER);
}

GETTER(zone_client)
{
	return c->client && give_string(ret, c->client == CONNECTION_CLIENT_LOCAL ? c->zone_local :
										    c->zone_peer);
}

GETTER(zone_server)
{
	return c->client &&
	       give_string(ret, c->client == CONNECTION_CLIENT_PEER ? c->zone_local : c->zone_peer);
}

GETTER(netns)
{
	return give_number_if(ret, c->record.key.netns != 0, c->record.key.netns);
}

GETTER(interface)
{
	return give_string(ret, c->interface);
}

GETTER(community_id)
{
	strbuf_reset(scratch);
	community_id_append(scratch, &c->record.key);
	ret->text = scratch->data;
	ret->len = scratch->len;
	return has_peer(c) && !scratch->failed;
}

GETTER(conn_state)
{
	return give_string(ret, conn_state_of(c));
}

GETTER(history)
{
	return c->zeek && c->zeek->history[0] && give_string(ret, c->zeek->history);
}

/* -- who ------------------------------------------------------------------------------------- */
GETTER(pid)
{
	return give_number_if(ret, c->record.owner.pid != 0, c->record.owner.pid);
}

GETTER(comm)
{
	return give_comm(ret, &c->record.owner);
}

GETTER(uid)
{
	return give_number_if(ret, c->record.owner.pid != 0, c->record.owner.uid);
}

GETTER(closer_pid)
{
	return give_number_if(ret, c->record.closer.pid != 0, c->record.closer.pid);
}

GETTER(closer_comm)
{
	return give_comm(ret, &c->record.closer);
}

GETTER(death)
{
	return give_string(ret, death_name(&c->record.detail));
}

GETTER(exit_code)
{
	return give_number_if(ret, c->record.detail.death == CLOSE_DEATH_EXIT,
			      c->record.detail.exit_code);
}

GETTER(killer_pid)
{
	return give_number_if(ret, c->record.detail.killer.pid != 0, c->record.detail.killer.pid);
}

GETTER(killer_comm)
{
	return give_comm(ret, &c->record.detail.killer);
}

GETTER(peer_pid)
{
	return give_number_if(ret, c->other_end != NULL,
			      c->other_end ? c->other_end->owner.pid : 0);
}

GETTER(peer_comm)
{
	return c->other_end && give_comm(ret, &c->other_end->owner);
}

GETTER(peer_container_name)
{
	return c->other_end && c->other_end->container_name[0] &&
	       give_string(ret, c->other_end->container_name);
}

GETTER(owner_source)
{
	return c->record.owner_source &&
	       give_string(ret, owner_source_name(c->record.owner_source));
}

GETTER(cgroup)
{
	return give_string(ret, c->cgroup);
}

GETTER(container_id)
{
	return c->container && give_string(ret, c->container->id);
}

GETTER(container_name)
{
	return c->container && give_string(ret, c->container->name);
}

GETTER(container_runtime)
{
	return c->container && c->container->runtime &&
	       give_string(ret, container_runtime_name(c->container->runtime));
}

GETTER(pod)
{
	return c->container && give_string(ret, c->container->pod);
}

GETTER(pod_namespace)
{
	return c->container && give_string(ret, c->container->pod_namespace);
}

/* -- how it went ----------------------------------------------------------------------------- */
GETTER(duration_us)
{
	return give_number_if(ret, connection_has(c, CONNECTION_HAS_DURATION), c->duration_us);
}

GETTER(idle_us)
{
	return give_number_if(ret, connection_has(c, CONNECTION_HAS_IDLE), c->idle_us);
}

GETTER(idle_before_us)
{
	return give_number_if(ret, c->record.detail.idle_before_us != 0,
			      c->record.detail.idle_before_us);
}

GETTER(peer_fin_us)
{
	uint64_t fin_ns = c->record.detail.peer_fin_ns, end_ns = c->record.head.time_ns;

	return give_number_if(ret, fin_ns && fin_ns <= end_ns, (end_ns - fin_ns) / CLOCK_NS_PER_US);
}

GETTER(rtt_us)
{
	return give_number_if(ret, c->record.rtt_us != 0, c->record.rtt_us);
}

static bool give_of_socket(const struct closed_connection *c, struct field_value *ret,
			   uint64_t number)
{
	return give_number_if(ret, connection_has(c, CONNECTION_HAS_SOCKET), number);
}

static bool give_of_bytes(const struct closed_connection *c, struct field_value *ret,
			  uint64_t number)
{
	return give_number_if(ret, connection_has(c, CONNECTION_HAS_BYTES), number);
}

GETTER(retransmits)
{
	return give_of_bytes(c, ret, c->record.evidence.retransmits);
}

GETTER(bytes_sent)
{
	return give_of_bytes(c, ret, c->record.bytes_sent);
}

GETTER(bytes_received)
{
	return give_of_bytes(c, ret, c->record.bytes_received);
}

GETTER(bytes_unread)
{
	return give_of_socket(c, ret, c->record.evidence.unread_bytes);
}

GETTER(bytes_unsent)
{
	return give_of_socket(c, ret, c->record.evidence.unsent_bytes);
}

GETTER(bytes_unacked)
{
	return give_of_socket(c, ret, c->record.evidence.unacked_bytes);
}

/* -- counts ---------------------------------------------------------------------------------- */
/* A packet that was counted is a fact; that none was is one only where somebody watched. */
static bool give_sum(const struct closed_connection *c, struct field_value *ret, uint32_t watched,
		     uint32_t local, uint32_t peer)
{
	uint64_t sum = (uint64_t)local + peer;

	return give_number_if(ret, sum || connection_has(c, watched), sum);
}

static bool give_side(const struct closed_connection *c, struct field_value *ret, uint32_t watched,
		      uint8_t side_is_local_if, uint32_t local, uint32_t peer)
{
	uint32_t count = c->client == side_is_local_if ? local : peer;

	return give_number_if(ret, c->client && (count || connection_has(c, watched)), count);
}

#define COUNT_GETTERS(kind, watched)                                                               \
	GETTER(kind##_count)                                                                       \
	{                                                                                          \
		return give_sum(c, ret, watched, c->record.evidence.local_##kind##_count,          \
				c->record.evidence.peer_##kind##_count);                           \
	}                                                                                          \
	GETTER(kind##_count_clt)                                                                   \
	{                                                                                          \
		return give_side(c, ret, watched, CONNECTION_CLIENT_LOCAL,                         \
				 c->record.evidence.local_##kind##_count,                          \
				 c->record.evidence.peer_##kind##_count);                          \
	}                                                                                          \
	GETTER(kind##_count_srv)                                                                   \
	{                                                                                          \
		return give_side(c, ret, watched, CONNECTION_CLIENT_PEER,                          \
				 c->record.evidence.local_##kind##_count,                          \
				 c->record.evidence.peer_##kind##_count);                          \
	}

COUNT_GETTERS(syn, CONNECTION_HAS_SYN)
COUNT_GETTERS(fin, CONNECTION_HAS_WIRE)
COUNT_GETTERS(rst, CONNECTION_HAS_WIRE)

GETTER(ct_count)
{
	const struct close_evidence *e = &c->record.evidence;

	if (connection_saw(c, EVIDENCE(ESTABLISHED)) ||
	    (e->subject == SUBJECT_FORWARDED && connection_saw(c, EVIDENCE(SYN_ACK_IN))))
		return give_number(ret, 1);
	return give_number_if(ret, c->record.decision.stage == CLOSE_STAGE_HANDSHAKE, 0);
}

GETTER(rst_ignored)
{
	const struct close_evidence *e = &c->record.evidence;
	uint32_t ended = connection_saw(c, EVIDENCE(RST_IN)) &&
			 (connection_saw(c, EVIDENCE(RECEIVE_RESET)) ||
			  !connection_has(c, CONNECTION_HAS_SOCKET));

	if (c->capture)
		return give_number(ret, c->capture->rst_ignored[0] + c->capture->rst_ignored[1]);
	return give_number_if(ret, connection_has(c, CONNECTION_HAS_WIRE),
			      e->peer_rst_count > ended ? e->peer_rst_count - ended : 0);
}

/* Both ends know both numbers, each the other way round: sorted, they are the same text. */
static bool give_incident(const struct close_record *record, struct strbuf *scratch,
			  struct field_value *ret)
{
	uint32_t local = record->local_isn, peer = record->peer_isn;

	strbuf_reset(scratch);
	strbuf_append_hex(scratch, local > peer ? local : peer, 8);
	strbuf_append_hex(scratch, local > peer ? peer : local, 8);
	ret->text = scratch->data;
	ret->len = scratch->len;
	return (local || peer) && !scratch->failed;
}

GETTER(incident)
{
	return give_incident(&c->record, scratch, ret);
}

GETTER(follows)
{
	return c->follows && give_incident(c->follows, scratch, ret);
}

GETTER(isn_local)
{
	return give_number_if(ret, c->record.local_isn != 0, c->record.local_isn);
}

GETTER(isn_peer)
{
	return give_number_if(ret, c->record.peer_isn != 0, c->record.peer_isn);
}

/* -- wire ------------------------------------------------------------------------------------ */
GETTER(ttl_min)
{
	return give_number_if(ret, c->record.evidence.peer_ttl_min != 0,
			      c->record.evidence.peer_ttl_min);
}

GETTER(ttl_max)
{
	return give_number_if(ret, c->record.evidence.peer_ttl_max != 0,
			      c->record.evidence.peer_ttl_max);
}

GETTER(rst_ttl)
{
	return give_number_if(ret, connection_saw(c, EVIDENCE(RST_IN)), c->record.evidence.rst_ttl);
}

GETTER(rst_ip_id)
{
	return give_number_if(ret,
			      connection_saw(c, EVIDENCE(RST_IN)) &&
				      flow_addr_is_ipv4(connection_peer_addr(c)),
			      c->record.evidence.rst_ip_id);
}

GETTER(rst_seq_offset)
{
	ret->integer = c->record.evidence.rst_seq_offset;
	return connection_saw(c, EVIDENCE(RST_IN)) && connection_has(c, CONNECTION_HAS_SOCKET);
}

/* -- storm, and captures ----------------------------------------------------------------------- */
GETTER(repeated)
{
	return give_number(ret, c->repeated);
}

GETTER(first_time)
{
	return give_number_if(ret, c->first_wall_ns != 0, c->first_wall_ns);
}

GETTER(frame)
{
	return give_number_if(ret, c->capture, c->capture ? c->capture->frame : 0);
}

GETTER(first_frame)
{
	return give_number_if(ret, c->capture, c->capture ? c->capture->first_frame : 0);
}

GETTER(capture_file)
{
	return give_string(ret, c->capture ? c->capture->file : NULL);
}

GETTER(display_filter)
{
	strbuf_reset(scratch);
	capture_filter_append(scratch, c);
	ret->text = scratch->data;
	ret->len = scratch->len;
	return c->capture && !scratch->failed;
}

/* -- the registry ---------------------------------------------------------------------------- */
#define FIELD_ROW(field, kind, unit_of, words_of, meaning_of)                                      \
	[FIELD_ID_##field] = { .name = #field,                                                     \
			       .unit = unit_of,                                                    \
			       .meaning = meaning_of,                                              \
			       .words = words_of,                                                  \
			       .type = FIELD_##kind,                                               \
			       .id = FIELD_ID_##field },

const struct field connection_fields[FIELD_COUNT] = { CONNECTION_FIELDS(FIELD_ROW) };

typedef bool (*field_getter)(const struct closed_connection *c, struct strbuf *scratch,
			     struct field_value *ret);

#define FIELD_GETTER(field, ...) [FIELD_ID_##field] = field_get_##field,
static const field_getter getters[FIELD_COUNT] = { CONNECTION_FIELDS(FIELD_GETTER) };

static bool connection_get(const void *row, unsigned int field, struct strbuf *scratch,
			   struct field_value *ret)
{
	return getters[field](row, scratch, ret);
}

static const struct field_alias aliases[] = {
	{ "addr", FIELD_ID_local_addr, FIELD_ID_peer_addr },
	{ "port", FIELD_ID_local_port, FIELD_ID_peer_port },
	{ "client", FIELD_ID_client_addr, FIELD_ID_client_addr },
	{ "server", FIELD_ID_server_addr, FIELD_ID_server_addr },
	{ "container", FIELD_ID_container_name, FIELD_ID_container_name },
};

const struct row_type connection_row_type = {
	.name = "connection",
	.what = "a closed connection",
	.hint = "`closetrace explain` lists them",
	.fields = connection_fields,
	.field_count = FIELD_COUNT,
	.aliases = aliases,
	.alias_count = sizeof(aliases) / sizeof(aliases[0]),
	.rest = ROW_NO_FIELD,
	.get = connection_get,
};
