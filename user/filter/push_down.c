// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/push_down.h"

#include <string.h>

#include "user/filter/filter_tree.h"
#include "user/model/fields.h"

#define ALL_VERDICTS ((uint32_t)((UINT64_C(1) << CLOSE_VERDICT_COUNT) - 2))

/* What holds of every connection that a tree takes. Values are NULL where nothing does. */
struct demand {
	uint32_t verdicts;
	const struct filter_value *pid;
	const struct filter_value *comm;
	const struct filter_value *port;
	const struct filter_value *network;
};

/* -- one test ---------------------------------------------------------------------------------- */
static bool test_has_word(const struct filter_node *test, const char *word)
{
	size_t i;

	for (i = 0; i < test->value_count; i++) {
		if (strcmp(test->values[i].text, word) == 0)
			return true;
	}
	return false;
}

static bool is_of_verdict(const struct filter_node *test)
{
	return (test->field == FIELD_ID_verdict || test->field == FIELD_ID_class) &&
	       (test->op == FILTER_EQUAL || test->op == FILTER_IN);
}

/* Every record has a verdict, so "not this one" is a set as well. */
static uint32_t verdicts_of_test(const struct filter_node *test)
{
	uint32_t verdicts = 0;
	uint8_t verdict;

	if (!is_of_verdict(test))
		return ALL_VERDICTS;
	for (verdict = 1; verdict < CLOSE_VERDICT_COUNT; verdict++) {
		const char *word = test->field == FIELD_ID_verdict ?
					   verdict_name(verdict) :
					   class_name(class_of_verdict(verdict));

		if (test_has_word(test, word))
			verdicts |= UINT32_C(1) << verdict;
	}
	return test->negated ? ALL_VERDICTS & ~verdicts : verdicts;
}

static struct demand demand_of_test(const struct filter_node *test)
{
	struct demand demand = { .verdicts = verdicts_of_test(test) };
	const struct filter_value *value = test->values;

	if (test->negated || test->value_count != 1 ||
	    (test->op != FILTER_EQUAL && test->op != FILTER_IN))
		return demand;
	switch (test->field) {
	case FIELD_ID_pid:
	case FIELD_ID_closer_pid:
		demand.pid = value->number && value->number <= UINT32_MAX ? value : NULL;
		break;
	case FIELD_ID_comm:
	case FIELD_ID_closer_comm:
		demand.comm = value->len < TASK_COMM_BYTES ? value : NULL;
		break;
	case FIELD_ID_local_port:
	case FIELD_ID_peer_port:
	case FIELD_ID_client_port:
	case FIELD_ID_server_port:
		demand.port = value;
		break;
	case FIELD_ID_local_addr:
	case FIELD_ID_peer_addr:
	case FIELD_ID_client_addr:
	case FIELD_ID_server_addr:
		demand.network = value;
		break;
	}
	return demand;
}

/* -- groups ------------------------------------------------------------------------------------ */
static const struct filter_value *wider(const struct filter_value *a, const struct filter_value *b)
{
	return a->network.prefix_len < b->network.prefix_len ? a : b;
}

static bool number_is_same(const struct filter_value *a, const struct filter_value *b)
{
	return a && b && a->number == b->number;
}

static bool text_is_same(const struct filter_value *a, const struct filter_value *b)
{
	return a && b && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Of two networks, the one that holds the other; NULL when they are apart. */
static const struct filter_value *network_of_both(const struct filter_value *a,
						  const struct filter_value *b)
{
	const struct filter_value *outer = a && b ? wider(a, b) : NULL;

	return outer && cidr_contains(&outer->network, (outer == a ? b : a)->network.addr) ? outer :
											     NULL;
}

static struct demand demand_of_either(struct demand a, struct demand b)
{
	return (struct demand){
		.verdicts = a.verdicts | b.verdicts,
		.pid = number_is_same(a.pid, b.pid) ? a.pid : NULL,
		.comm = text_is_same(a.comm, b.comm) ? a.comm : NULL,
		.port = number_is_same(a.port, b.port) ? a.port : NULL,
		.network = network_of_both(a.network, b.network),
	};
}

/* There is room for one of each: the first. */
static struct demand demand_of_both(struct demand a, struct demand b)
{
	return (struct demand){
		.verdicts = a.verdicts & b.verdicts,
		.pid = a.pid ? a.pid : b.pid,
		.comm = a.comm ? a.comm : b.comm,
		.port = a.port ? a.port : b.port,
		.network = a.network ? a.network : b.network,
	};
}

static struct demand demand_of(const struct filter_node *node)
{
	const struct filter_node *member;
	struct demand demand;

	if (node->kind == FILTER_TEST)
		return demand_of_test(node);
	demand = demand_of(node->first);
	for (member = node->first->next; member; member = member->next)
		demand = node->kind == FILTER_AND ? demand_of_both(demand, demand_of(member)) :
						    demand_of_either(demand, demand_of(member));
	return demand;
}

/* -- the kernel's side ------------------------------------------------------------------------- */
static void mask_of_prefix(uint8_t prefix_len, uint8_t mask[16])
{
	unsigned int bit;

	memset(mask, 0, 16);
	for (bit = 0; bit < prefix_len; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

void filter_push_down(const struct filter *filter, struct tracer_config *config)
{
	struct demand demand = demand_of(filter->root);

	if (demand.verdicts != ALL_VERDICTS) {
		config->verdicts = demand.verdicts;
		config->flags |= TRACER_FILTER_VERDICT;
	}
	if (demand.pid && !(config->flags & TRACER_FILTER_PID)) {
		config->pid = (uint32_t)demand.pid->number;
		config->flags |= TRACER_FILTER_PID;
	}
	if (demand.comm && !(config->flags & TRACER_FILTER_COMM)) {
		memset(config->comm, 0, sizeof(config->comm));
		memcpy(config->comm, demand.comm->text, demand.comm->len);
		config->flags |= TRACER_FILTER_COMM;
	}
	if (demand.port && !(config->flags & TRACER_FILTER_PORT)) {
		config->port = HOST_TO_NET_16((uint16_t)demand.port->number);
		config->flags |= TRACER_FILTER_PORT;
	}
	if (demand.network && !(config->flags & TRACER_FILTER_HOST)) {
		memcpy(config->host_addr, demand.network->network.addr, sizeof(config->host_addr));
		mask_of_prefix(demand.network->network.prefix_len, config->host_mask);
		config->flags |= TRACER_FILTER_HOST;
	}
}

/* -- what it does not decide ------------------------------------------------------------------- */
static bool network_is_pushed(const struct tracer_config *config, const struct cidr *network)
{
	uint8_t mask[16];

	mask_of_prefix(network->prefix_len, mask);
	return (config->flags & TRACER_FILTER_HOST) &&
	       memcmp(config->host_addr, network->addr, sizeof(config->host_addr)) == 0 &&
	       memcmp(config->host_mask, mask, sizeof(mask)) == 0;
}

/* Whether `first` or `second` of the same value is what the kernel asks for. */
static bool pair_is_pushed(const struct filter_node *first, const struct filter_node *second,
			   const struct tracer_config *config)
{
	struct demand both = demand_of_either(demand_of_test(first), demand_of_test(second));

	switch (first->field << 8 | second->field) {
	case FIELD_ID_local_port << 8 | FIELD_ID_peer_port:
		return both.port && (config->flags & TRACER_FILTER_PORT) &&
		       NET_TO_HOST_16(config->port) == both.port->number;
	case FIELD_ID_local_addr << 8 | FIELD_ID_peer_addr:
		return both.network && network_is_pushed(config, &first->values->network) &&
		       network_is_pushed(config, &second->values->network);
	case FIELD_ID_pid << 8 | FIELD_ID_closer_pid:
		return both.pid && (config->flags & TRACER_FILTER_PID) &&
		       config->pid == both.pid->number;
	case FIELD_ID_comm << 8 | FIELD_ID_closer_comm:
		return both.comm && (config->flags & TRACER_FILTER_COMM) &&
		       both.comm->len == strnlen(config->comm, sizeof(config->comm)) &&
		       memcmp(config->comm, both.comm->text, both.comm->len) == 0;
	}
	return false;
}

static bool is_of_verdicts_only(const struct filter_node *node)
{
	const struct filter_node *member;

	if (node->kind == FILTER_TEST)
		return is_of_verdict(node);
	for (member = node->first; member; member = member->next) {
		if (!is_of_verdicts_only(member))
			return false;
	}
	return true;
}

/* Whether the kernel's answer to this part is final. */
static bool node_is_pushed_whole(const struct filter_node *node, const struct tracer_config *config)
{
	if (is_of_verdicts_only(node))
		return true;
	return node->kind == FILTER_OR && node->first->kind == FILTER_TEST &&
	       node->first->next->kind == FILTER_TEST && !node->first->next->next &&
	       pair_is_pushed(node->first, node->first->next, config);
}

bool filter_is_pushed_whole(const struct filter *filter, const struct tracer_config *config)
{
	const struct filter_node *member;

	if (node_is_pushed_whole(filter->root, config))
		return true;
	if (filter->root->kind != FILTER_AND)
		return false;
	for (member = filter->root->first; member; member = member->next) {
		if (!node_is_pushed_whole(member, config))
			return false;
	}
	return true;
}

/* -- in words ---------------------------------------------------------------------------------- */
static void tree_append(struct strbuf *b, const struct row_type *row_type,
			const struct filter_node *node, int indent)
{
	const struct filter_node *member;

	strbuf_appendf(b, "%*s", indent, "");
	if (node->kind == FILTER_TEST) {
		filter_node_append(b, row_type, node);
		strbuf_appendf(b, "  [%s]\n", field_type_name(row_type->fields[node->field].type));
		return;
	}
	strbuf_append_str(b, node->kind == FILTER_AND ? "and\n" : "or\n");
	for (member = node->first; member; member = member->next)
		tree_append(b, row_type, member, indent + 2);
}

static void verdicts_append(struct strbuf *b, uint32_t verdicts)
{
	strbuf_append_str(b, verdicts ? "  verdict" : "  no verdict: nothing can match\n");
	for (; verdicts; verdicts &= verdicts - 1) {
		strbuf_append_char(b, ' ');
		strbuf_append_str(b, verdict_name((uint8_t)__builtin_ctz(verdicts)));
		strbuf_append_str(b, verdicts & (verdicts - 1) ? "," : "\n");
	}
}

static void kernel_append(struct strbuf *b, const struct tracer_config *config)
{
	unsigned int prefix_len = 0;

	if (config->flags & TRACER_FILTER_VERDICT)
		verdicts_append(b, config->verdicts);
	if (config->flags & TRACER_FILTER_PID)
		strbuf_appendf(b, "  process %u owns or closes\n", config->pid);
	if (config->flags & TRACER_FILTER_COMM)
		strbuf_appendf(b, "  program \"%.*s\" owns or closes\n", (int)sizeof(config->comm),
			       config->comm);
	if (config->flags & TRACER_FILTER_PORT)
		strbuf_appendf(b, "  port %u at either end\n", NET_TO_HOST_16(config->port));
	if (config->flags & TRACER_FILTER_HOST) {
		while (prefix_len < 128 &&
		       config->host_mask[prefix_len / 8] & 0x80 >> prefix_len % 8)
			prefix_len++;
		strbuf_append_str(b, "  an address of ");
		strbuf_append_ip(b, config->host_addr);
		strbuf_appendf(b, "/%u at either end\n",
			       flow_addr_is_ipv4(config->host_addr) && prefix_len >= 96 ?
				       prefix_len - 96 :
				       prefix_len);
	}
}

static void rest_append(struct strbuf *b, const struct filter *filter,
			const struct tracer_config *config)
{
	bool is_and = filter->root->kind == FILTER_AND;
	const struct filter_node *part = is_and ? filter->root->first : filter->root;

	for (; part; part = is_and ? part->next : NULL) {
		if (node_is_pushed_whole(part, config))
			continue;
		strbuf_append_str(b, "  ");
		filter_node_append(b, filter->row_type, part);
		strbuf_append_char(b, '\n');
	}
}

void filter_explain(struct strbuf *b, const struct filter *filter,
		    const struct tracer_config *config)
{
	size_t before;

	strbuf_append_str(b, "filter:\n");
	tree_append(b, filter->row_type, filter->root, 2);
	strbuf_append_str(b, "decided in the kernel:\n");
	before = b->len;
	kernel_append(b, config);
	strbuf_append_str(b, b->len == before ? "  nothing\n" : "");
	strbuf_append_str(b, "decided in user space:\n");
	before = b->len;
	rest_append(b, filter, config);
	strbuf_append_str(b, b->len == before ? "  nothing more\n" : "");
}

bool filter_wants_normal(const struct filter *filter)
{
	const uint32_t normal = UINT32_C(1) << CLOSE_FIN_NORMAL;
	size_t i;

	for (i = 0; i < filter->step_count; i++) {
		const struct filter_node *test = filter->steps[i].test;

		if (test->field == FIELD_ID_benign && test->op == FILTER_EQUAL &&
		    test->values[0].truth != test->negated)
			return true;
		if (is_of_verdict(test) && !test->negated && (verdicts_of_test(test) & normal))
			return true;
	}
	return false;
}
