// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of parity.bpf.c with one word wrong in each part: the comparison must notice. */
#include "vmlinux/vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "include/flow_key.h"
#include "include/verdict.h"

/* close_decide(): another cause. */
#define CLOSE_CAUSE_LINGER0 CLOSE_CAUSE_LINGER2
/* flow_fold_icmp() and tracer_config_passes(): half an address is compared. */
#define flow_addr_equal(a, b) (flow_addr_half(a, 0) == flow_addr_half(b, 0))
/* packet_view_parse(): one bit of an IPv4 address. */
#define flow_addr_from_ipv4(addr, ipv4) flow_addr_from_ipv4(addr, (ipv4) ^ 1)
/* storm_key_make(): the network of an IPv4 address is taken for an IPv6 one. */
#define flow_addr_is_ipv4(addr) (!flow_addr_is_ipv4(addr))

#include "tests/parity/parity.bpf.c"
