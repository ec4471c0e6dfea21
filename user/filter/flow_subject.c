// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/flow_subject.h"

#include "user/model/flow_row.h"

static const struct filter_alias flow_aliases[] = {
	{ "addr", FLOW_FIELD_client_addr, FLOW_FIELD_server_addr },
	{ "port", FLOW_FIELD_client_port, FLOW_FIELD_server_port },
	{ "zone", FLOW_FIELD_zone_client, FLOW_FIELD_zone_server },
	{ "client", FLOW_FIELD_client_addr, FLOW_FIELD_client_addr },
	{ "server", FLOW_FIELD_server_addr, FLOW_FIELD_server_addr },
	{ "container_name", FLOW_FIELD_container, FLOW_FIELD_container },
};

const struct filter_subject flow_filter_subject = {
	.what = "a row of counts",
	.fields = flow_fields,
	.field_count = FLOW_FIELD_COUNT,
	.aliases = flow_aliases,
	.alias_count = sizeof(flow_aliases) / sizeof(flow_aliases[0]),
	.get = flow_row_get,
};
