// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/capture_filter.h"

static void append_addr(struct strbuf *b, const uint8_t addr[16])
{
	strbuf_append_str(b, flow_addr_is_ipv4(addr) ? "ip.addr == " : "ipv6.addr == ");
	strbuf_append_ip(b, addr);
}

void capture_filter_append(struct strbuf *b, const struct closed_connection *c)
{
	append_addr(b, connection_local_addr(c));
	strbuf_append_str(b, " && ");
	append_addr(b, connection_peer_addr(c));
	strbuf_append_str(b, " && tcp.port == ");
	strbuf_append_u64(b, connection_local_port(c));
	strbuf_append_str(b, " && tcp.port == ");
	strbuf_append_u64(b, connection_peer_port(c));
}
