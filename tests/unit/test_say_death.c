// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each clause of how a process went is made true once, and false once. */
#include "user/model/say_death.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/model/explanation.h"
#include "user/model/oom_kill.h"

/* What is said of nginx[812], whose connection with 5 bytes unread was closed so. */
static const char *said_of(struct close_detail detail, const struct oom_kill *oom_kill)
{
	static struct strbuf b;
	struct close_record record = sample_record();
	struct closed_connection c;

	sample_set_task(&record.closer, 812, 33, "sleep");
	record.evidence.unread_bytes = 5;
	record.evidence.unsent_bytes = record.evidence.unacked_bytes = 0;
	record.detail = detail;
	c = sample_connection_of(&record);
	c.oom_kill = oom_kill;
	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_false(b.failed);
	return b.data;
}

#define RST " with 5 bytes unread, so the kernel sent RST (TCP_ABORT_ON_CLOSE)"
#define ASSERT_SAID(text, ...)                                                                     \
	assert_string_equal(said_of((struct close_detail){ __VA_ARGS__ }, NULL),                   \
			    "nginx[812]" text RST)

TEST(a_close_of_its_own)
{
	ASSERT_SAID(" closed");
}

TEST(an_exit_with_and_without_a_code)
{
	ASSERT_SAID(" exited", .death = CLOSE_DEATH_EXIT);
	ASSERT_SAID(" exited (code 3)", .death = CLOSE_DEATH_EXIT, .exit_code = 3);
}

TEST(a_crash_with_and_without_a_core)
{
	ASSERT_SAID(" crashed (SIGSEGV)", .death = CLOSE_DEATH_SIGNAL, .death_signal = 11);
	ASSERT_SAID(" crashed (SIGABRT, core dumped)", .death = CLOSE_DEATH_SIGNAL,
		    .death_signal = 6, .death_flags = DEATH_CORE_DUMPED);
}

TEST(a_signal_of_somebody_who_is_known_or_not)
{
	ASSERT_SAID(" was killed (SIGKILL)", .death = CLOSE_DEATH_SIGNAL, .death_signal = 9);
	ASSERT_SAID(" was killed (SIGKILL by kill[99])", .death = CLOSE_DEATH_SIGNAL,
		    .death_signal = 9, .killer = { .pid = 99, .comm = "kill" });
	/* Sent from outside it is no crash. */
	ASSERT_SAID(" was killed (SIGSEGV by kill[99], core dumped)", .death = CLOSE_DEATH_SIGNAL,
		    .death_signal = 11, .death_flags = DEATH_CORE_DUMPED,
		    .killer = { .pid = 99, .comm = "kill" });
	ASSERT_SAID(" was killed (real-time signal)", .death = CLOSE_DEATH_SIGNAL,
		    .death_signal = 40);
}

TEST(the_first_process_of_a_container_takes_the_others_with_it)
{
	ASSERT_SAID(
		" was killed (SIGKILL, because tini[7], the first process of its pid namespace, "
		"ended)",
		.death = CLOSE_DEATH_SIGNAL, .death_signal = 9, .death_flags = DEATH_WITH_INIT,
		.killer = { .pid = 7, .comm = "tini" });
}

TEST(the_oom_killer_of_a_cgroup_of_the_host_or_of_nobody_knows_what)
{
	const struct close_detail detail = { .death = CLOSE_DEATH_OOM, .death_signal = 9 };
	struct oom_kill kill = { .limit_bytes = 60 << 20, .cgroup = "/web" };

	assert_string_equal(said_of(detail, &kill),
			    "nginx[812] was killed (SIGKILL by the OOM killer "
			    "of cgroup /web, limit 60 MB)" RST);
	kill.limit_bytes = 512 << 10;
	assert_non_null(strstr(said_of(detail, &kill), "limit 512 kB)"));
	kill.limit_bytes = 0;
	assert_string_equal(
		said_of(detail, &kill),
		"nginx[812] was killed (SIGKILL by the OOM killer: this host ran out of "
		"memory)" RST);
	assert_string_equal(said_of(detail, NULL),
			    "nginx[812] was killed (SIGKILL by the OOM killer)" RST);
}

TEST(an_exec_says_what_became_of_it)
{
	struct close_record record = sample_record();
	struct closed_connection c;
	struct strbuf b = STRBUF_INIT;

	ASSERT_SAID(" became sleep[812] by exec", .death = CLOSE_DEATH_EXEC);
	/* Who it was before is not known, or it is the same program again. */
	record.detail.death = CLOSE_DEATH_EXEC;
	c = sample_connection_of(&record);
	say_closed(&b, &c);
	assert_string_equal(b.data, " closed by exec (FD_CLOEXEC)");
	c.record.closer = c.record.owner;
	strbuf_reset(&b);
	say_closed(&b, &c);
	assert_string_equal(b.data, " closed by exec (FD_CLOEXEC)");
	strbuf_release(&b);
}

/* A clean exchange of FINs of a process that crashed. */
static const char *fin_said_of(uint8_t state, uint64_t more)
{
	static struct strbuf b;
	struct close_record record = sample_record();
	struct closed_connection c;

	record.evidence = (struct close_evidence){
		.subject = SUBJECT_SOCKET,
		.state = state,
		.seen = EVIDENCE(SERVER) | EVIDENCE(ESTABLISHED) | EVIDENCE(PEER_FIN) | more,
	};
	record.closer = record.owner;
	record.birth_ns = 0;
	record.detail = (struct close_detail){};
	if (more)
		record.detail =
			(struct close_detail){ .death = CLOSE_DEATH_SIGNAL, .death_signal = 11 };
	close_decide(&record.evidence, &record.decision);
	assert_int_equal(close_is_abnormal(&record.decision), more != 0);
	c = sample_connection_of(&record);
	strbuf_reset(&b);
	explanation_append(&b, &c);
	return b.data;
}

TEST(a_clean_close_of_a_process_that_crashed_is_abnormal)
{
	const uint64_t died = EVIDENCE(CLOSER_DIED);

	assert_string_equal(fin_said_of(TCP_STATE_FIN_WAIT2, died),
			    "nginx[812] crashed (SIGSEGV), which closed the connection; "
			    "10.0.0.5:45012 followed; 123,456 bytes sent, 98,765 received");
	assert_string_equal(
		fin_said_of(TCP_STATE_LAST_ACK, died),
		"10.0.0.5:45012 sent FIN first, then nginx[812] crashed (SIGSEGV); 123,456 "
		"bytes sent, 98,765 received");
	assert_string_equal(
		fin_said_of(TCP_STATE_FIN_WAIT2, 0),
		"nginx[812] sent FIN first, 10.0.0.5:45012 followed; 123,456 bytes sent, "
		"98,765 received");
}

TEST(only_an_end_that_nobody_asked_for_is_abnormal)
{
	struct close_detail detail = { .death = CLOSE_DEATH_SIGNAL };

	for (uint8_t number = 1; number < 32; number++) {
		detail.death_signal = number;
		assert_int_equal(death_is_abnormal(&detail),
				 number != 1 && number != 2 && number != 15);
	}
	detail = (struct close_detail){ .death = CLOSE_DEATH_EXIT };
	assert_false(death_is_abnormal(&detail));
	detail.exit_code = 1;
	assert_true(death_is_abnormal(&detail));
	detail = (struct close_detail){ .death = CLOSE_DEATH_EXEC };
	assert_false(death_is_abnormal(&detail));
	detail = (struct close_detail){ .death = CLOSE_DEATH_OOM };
	assert_true(death_is_abnormal(&detail));
}

TEST(a_reset_of_the_peer_has_no_closer_that_died)
{
	struct close_record record = sample_record();
	struct closed_connection c;

	record.evidence.seen = EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN);
	record.evidence.error = EVIDENCE_ECONNRESET;
	record.detail.death = CLOSE_DEATH_SIGNAL;
	close_decide(&record.evidence, &record.decision);
	assert_int_equal(record.decision.verdict, CLOSE_PEER_RESET);
	c = sample_connection_of(&record);
	assert_false(closer_died(&c));
}

TEST_MAIN()
