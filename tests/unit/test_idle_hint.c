// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/idle_hint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/kernel/host_timeouts.h"

static const struct host_timeouts own = {
	.conntrack_established = 7000,
	.conntrack_close_wait = 90,
	.conntrack_fin_wait = 300,
	.keepalive_time = 7200,
};

#define JIFFIES_HZ 250

/* The hint in a buffer that the next call overwrites. */
static const char *hint_of_jiffies(uint32_t idle_jiffies, uint8_t state, uint64_t seen,
				   const struct host_timeouts *timeouts)
{
	static struct strbuf b;
	struct close_record record = sample_record();
	struct closed_connection c;

	record.birth_ns = 0; /* older than the tracer: nothing bounds the idle time */
	record.idle_jiffies = idle_jiffies;
	record.evidence.state = state;
	record.evidence.seen = seen;
	c = sample_connection_of(&record);
	c.timeouts = timeouts;
	strbuf_reset(&b);
	idle_hint_append(&b, &c);
	assert_false(b.failed);
	return b.len ? b.data : "";
}

static const char *hint_of(unsigned int idle_seconds, uint8_t state, uint64_t seen,
			   const struct host_timeouts *timeouts)
{
	return hint_of_jiffies(idle_seconds * JIFFIES_HZ, state, seen, timeouts);
}

TEST(idle_timeouts_match_within_one_percent)
{
	static const uint32_t seconds[] = { 60, 300, 350, 600, 3600 };
	static const uint8_t state = TCP_STATE_ESTABLISHED;
	size_t i;

	for (i = 0; i < 5; i++) {
		uint32_t jiffies = seconds[i] * JIFFIES_HZ, off = jiffies / 100;
		char *hint = strdup(hint_of_jiffies(jiffies, state, 0, NULL));

		assert_non_null(hint);
		assert_true(*hint);
		assert_string_equal(hint_of_jiffies(jiffies - off, state, 0, NULL), hint);
		assert_string_equal(hint_of_jiffies(jiffies + off, state, 0, NULL), hint);
		assert_string_equal(hint_of_jiffies(jiffies - off - 1, state, 0, NULL), "");
		assert_string_equal(hint_of_jiffies(jiffies + off + 1, state, 0, NULL), "");
		free(hint);
	}
	assert_string_equal(hint_of_jiffies(UINT32_MAX - 1, state, 0, NULL), "");
}

TEST(the_usual_timeouts_are_named)
{
	assert_string_equal(hint_of(350, TCP_STATE_ESTABLISHED, 0, NULL),
			    "; 350 s is the idle timeout of some load balancers");
	assert_string_equal(hint_of(350, TCP_STATE_ESTABLISHED, 0, &own),
			    "; 350 s is the idle timeout of some load balancers");
	assert_string_equal(hint_of(3600, TCP_STATE_ESTABLISHED, 0, NULL),
			    "; 3,600 s is the idle timeout of many firewalls");
	assert_string_equal(hint_of(400, TCP_STATE_ESTABLISHED, 0, &own), "");
}

TEST(conntrack_is_asked_for_the_state_of_the_socket)
{
	assert_string_equal(hint_of(7000, TCP_STATE_ESTABLISHED, 0, &own),
			    "; 7,000 s is this host's nf_conntrack_tcp_timeout_established");
	assert_string_equal(hint_of(90, TCP_STATE_CLOSE_WAIT, 0, &own),
			    "; 90 s is this host's nf_conntrack_tcp_timeout_close_wait");
	/* A setting of this host rather than that of "some". */
	assert_string_equal(hint_of(300, TCP_STATE_FIN_WAIT2, 0, &own),
			    "; 300 s is this host's nf_conntrack_tcp_timeout_fin_wait");
	assert_string_equal(hint_of(7000, TCP_STATE_CLOSE_WAIT, 0, &own), "");
	assert_string_equal(hint_of(7000, TCP_STATE_ESTABLISHED, 0, NULL), "");
}

TEST(the_keepalive_time_counts_only_with_keepalive_on)
{
	assert_string_equal(hint_of(7200, TCP_STATE_ESTABLISHED, 0, &own), "");
	assert_string_equal(hint_of(7200, TCP_STATE_ESTABLISHED, EVIDENCE(KEEPALIVE_ON), &own),
			    "; 7,200 s is this host's tcp_keepalive_time: the first probe may have "
			    "met someone who no longer knew the connection");
}

TEST(settings_that_are_not_known_match_nothing)
{
	static const struct host_timeouts none;

	assert_string_equal(hint_of(0, TCP_STATE_ESTABLISHED, EVIDENCE(KEEPALIVE_ON), &none), "");
	assert_string_equal(hint_of(60, TCP_STATE_ESTABLISHED, EVIDENCE(KEEPALIVE_ON), &none),
			    "; 60 s is the idle timeout of many proxies and load balancers");
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

TEST(settings_are_read_from_their_files)
{
	char root[] = "/tmp/closetrace-test.XXXXXX", folder[512], command[600];
	struct host_timeouts timeouts;

	assert_non_null(mkdtemp(root));
	host_timeouts_read(root, &timeouts);
	assert_int_equal(timeouts.conntrack_established, 0);
	assert_int_equal(timeouts.keepalive_time, 0);
	snprintf(folder, sizeof(folder), "%s/net", root);
	assert_int_equal(mkdir(folder, 0755), 0);
	snprintf(folder, sizeof(folder), "%s/net/ipv4", root);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_file(folder, "tcp_keepalive_time", "7201\n");
	snprintf(folder, sizeof(folder), "%s/net/netfilter", root);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_file(folder, "nf_conntrack_tcp_timeout_established", "432000\n");
	write_file(folder, "nf_conntrack_tcp_timeout_close_wait", "soon\n");
	write_file(folder, "nf_conntrack_tcp_timeout_fin_wait", "");
	host_timeouts_read(root, &timeouts);
	assert_int_equal(timeouts.keepalive_time, 7201);
	assert_int_equal(timeouts.conntrack_established, 432000);
	assert_int_equal(timeouts.conntrack_close_wait, 0);
	assert_int_equal(timeouts.conntrack_fin_wait, 0);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

TEST_MAIN()
