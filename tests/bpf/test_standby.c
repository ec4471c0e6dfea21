// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Standbys tell what the program before them missed, and nothing twice. Here the programs before
 * them are taken off, so that they miss everything.
 */
#include "tests/bpf/socket_lab.h"

#define UNREAD_BYTES 4312

/* Those before the last standby, by the end of their names: taken off when below `missing`. */
static void programs_take_off(struct closetrace_bpf *skeleton, int missing)
{
	for (int i = 0; i < skeleton->skeleton->prog_cnt; i++) {
		const char *name = skeleton->skeleton->progs[i].name,
			   *end = name + strlen(name) - 2;
		struct bpf_link **link = skeleton->skeleton->progs[i].link;
		int number = end[0] == '_' ? end[1] - '0' : 0;

		if (*link && number < missing) {
			bpf_link__destroy(*link);
			*link = NULL;
		}
	}
}

/* Refused; reset by the client; reset by the server, which leaves bytes unread; closed by both. */
static void connections_end(void)
{
	static const char bytes[UNREAD_BYTES];
	const struct linger none = { .l_onoff = 1 };
	struct sockaddr_in address;
	int listener = server_listen(&address), client, child;

	for (int i = 0; i < 3; i++) {
		client = client_connect(&address);
		child = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(client >= 0 && child >= 0);
		if (i == 0)
			setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		if (i == 1) {
			assert_int_equal(send(client, bytes, sizeof(bytes), 0), sizeof(bytes));
			close(child);
		}
		close(client);
		if (i != 1)
			close(child);
	}
	close(listener);
	assert_int_equal(client_connect(&address), -1);
}

static void assert_all_told_once(int missing)
{
	int refusals = refusals_are_traced();
	struct socket_lab lab;

	socket_lab_open(&lab, TRACER_STANDBYS);
	programs_take_off(lab.skeleton, missing);
	connections_end();
	ring_buffer__consume(lab.ring);
	for (size_t i = 0; i < lab.record_count; i++)
		printf("# verdict %u, unread %u, owner %s\n", lab.records[i].decision.verdict,
		       lab.records[i].evidence.unread_bytes, lab.records[i].owner.comm);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_APP_ABORT), 2);
	assert_int_equal(verdict_count(&lab, CLOSE_PEER_RESET), 2);
	assert_int_equal(verdict_count(&lab, CLOSE_PEER_REFUSED), 1);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_REFUSED), refusals);
	assert_int_equal(lab.record_count + counter_read(&lab, COUNTER_CLOSE_AWAITING_FIN),
			 7 + refusals);
	assert_int_equal(lab.amend_count, 0);
	assert_int_equal(counter_read(&lab, COUNTER_RST_REPLY_TRACED), refusals);
	assert_int_equal(counter_read(&lab, COUNTER_TRANSITION_MISSED), 0);
	assert_int_equal(counter_read(&lab, COUNTER_SOCKET_UNKNOWN), 0);
	assert_int_equal(counter_read(&lab, COUNTER_SCRATCH_FAILED), 0);
	for (size_t i = 0; i < lab.record_count; i++) {
		const struct close_record *record = &lab.records[i];

		/* A refusal has no socket of its own, so nobody owns it. */
		if (record->decision.verdict != CLOSE_LOCAL_REFUSED)
			assert_int_equal(record->owner.pid, getpid());
	}
	socket_lab_close(&lab);
}

TEST(with_all_programs_each_ending_is_told_once)
{
	assert_all_told_once(0);
}

TEST(what_the_program_missed_its_standby_tells)
{
	assert_all_told_once(1);
}

TEST(the_last_standby_alone_tells_everything)
{
	assert_all_told_once(3);
}

#ifdef __x86_64__
static bool program_has_a_stack_per_processor(const struct bpf_program *program)
{
	/* What the JIT begins such a program with: add this processor's offset to R9. */
	static const uint8_t add_offset[] = { 0x65, 0x4c, 0x03, 0x0c, 0x25 };
	static uint8_t code[1 << 20];
	struct bpf_prog_info info = {
		.jited_prog_insns = (uint64_t)(uintptr_t)code,
		.jited_prog_len = sizeof(code),
	};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
	assert_in_range(info.jited_prog_len, 1, sizeof(code));
	return memmem(code, info.jited_prog_len, add_offset, sizeof(add_offset)) != NULL;
}

/* It would be destroyed by the program that runs on top: a kernel that crashes. */
TEST(no_program_that_is_reentered_has_a_stack_per_processor)
{
	struct socket_lab lab;
	struct closetrace_bpf *s;

	socket_lab_open(&lab, TRACER_STANDBYS);
	s = lab.skeleton;
	assert_false(program_has_a_stack_per_processor(s->progs.ct_set_state));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_recv_reset));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_send_reset));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_error_report));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_destroy));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_first_recv));
	/* That it would be recognised: others have one, if this kernel knows of them. */
	printf("# ct_synack_rtx has one: %d\n",
	       program_has_a_stack_per_processor(s->progs.ct_synack_rtx));
	socket_lab_close(&lab);
}
#endif

TEST_MAIN()
