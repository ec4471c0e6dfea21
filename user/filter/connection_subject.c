// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/filter.h"

static bool connection_get(const void *row, unsigned int field, struct strbuf *scratch,
			   struct field_value *ret)
{
	return connection_fields[field].get(row, scratch, ret);
}

static const struct filter_alias connection_aliases[] = {
	{ "addr", FIELD_ID_local_addr, FIELD_ID_peer_addr },
	{ "port", FIELD_ID_local_port, FIELD_ID_peer_port },
	{ "client", FIELD_ID_client_addr, FIELD_ID_client_addr },
	{ "server", FIELD_ID_server_addr, FIELD_ID_server_addr },
	{ "container", FIELD_ID_container_name, FIELD_ID_container_name },
};

const struct filter_subject connection_filter_subject = {
	.what = "a closed connection",
	.hint = "`closetrace explain` lists them",
	.fields = connection_fields,
	.field_count = FIELD_COUNT,
	.aliases = connection_aliases,
	.alias_count = sizeof(connection_aliases) / sizeof(connection_aliases[0]),
	.get = connection_get,
};
