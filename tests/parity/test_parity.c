// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The pure code of include/, compiled for BPF and run by the kernel, against the same text
 * compiled natively: the same inputs must give the same outputs, byte for byte.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <unistd.h>

#include "tests/bpf/frame.h"
#include "tests/harness/test.h"
#include "tests/parity/parity.h"
#include "tests/parity/random_inputs.h"

#include "tests/parity/parity.skel.h"
#include "tests/parity/parity_broken.skel.h"

#define DECIDE_BATCHES 4000
#define FOLD_BATCHES 1600
#define FILTER_BATCHES 1000
#define STORM_BATCHES 1000
#define FRAMES 250000
#define SHOWN_MISMATCHES 3

/* The programs and the memory that they share with this process. */
struct kernel_side {
	int decide, fold, filter, storm, parse, parse_l3;
	struct parity_decide *decide_items;
	struct parity_step *fold_steps;
	struct flow_state *fold_flow;
	struct parity_filter *filter_items;
	struct parity_storm *storm_items;
	struct parity_parse *parse_result;
};

#define KERNEL_SIDE_FILL(side, skeleton)                                                           \
	((side) = (struct kernel_side){                                                            \
		 .decide = bpf_program__fd((skeleton)->progs.parity_decide),                       \
		 .fold = bpf_program__fd((skeleton)->progs.parity_fold),                           \
		 .filter = bpf_program__fd((skeleton)->progs.parity_filter),                       \
		 .storm = bpf_program__fd((skeleton)->progs.parity_storm),                         \
		 .parse = bpf_program__fd((skeleton)->progs.parity_parse),                         \
		 .parse_l3 = bpf_program__fd((skeleton)->progs.parity_parse_l3),                   \
		 .decide_items = (skeleton)->bss->decide_items,                                    \
		 .fold_steps = (skeleton)->bss->fold_steps,                                        \
		 .fold_flow = &(skeleton)->bss->fold_flow,                                         \
		 .filter_items = (skeleton)->bss->filter_items,                                    \
		 .storm_items = (skeleton)->bss->storm_items,                                      \
		 .parse_result = &(skeleton)->bss->parse_result,                                   \
	 })

static struct parity_bpf *skeleton;
static struct parity_broken_bpf *skeleton_broken;
static struct kernel_side kernel, kernel_broken;

static void kernel_run(int program, const void *packet, size_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = (uint32_t)len,
		    .repeat = 1);

	if (bpf_prog_test_run_opts(program, &opts))
		fail_msg("test run of %zu bytes: %s", len, strerror(errno));
}

static void kernel_run_batch(int program)
{
	static const uint8_t packet[64];

	kernel_run(program, packet, sizeof(packet));
}

static void dump(const char *what, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	printf("# %s:", what);
	for (size_t i = 0; i < len; i++)
		printf("%s%02x", i % 8 ? "" : " ", at[i]);
	printf("\n");
}

/* Returns 1 when the outputs differ; shows the first few. */
static uint64_t compare(const char *what, uint64_t number, const void *input, size_t input_len,
			const void *native, const void *from_kernel, size_t len, bool is_quiet)
{
	static int shown;

	if (!memcmp(native, from_kernel, len))
		return 0;
	if (!is_quiet && shown++ < SHOWN_MISMATCHES) {
		printf("# mismatch of %s, input %" PRIu64 "\n", what, number);
		dump("input", input, input_len);
		dump("native", native, len);
		dump("kernel", from_kernel, len);
	}
	return 1;
}

/* -- close_decide() -------------------------------------------------------------------------- */
struct reached {
	uint64_t verdicts[CLOSE_VERDICT_COUNT];
	uint64_t causes[CLOSE_CAUSE_COUNT];
};

static uint64_t decide_compare(const struct kernel_side *side, uint64_t seed, int batches,
			       struct reached *reached, bool is_quiet)
{
	struct random_stream random = { seed };
	uint64_t mismatches = 0;

	for (int batch = 0; batch < batches; batch++) {
		for (int i = 0; i < PARITY_BATCH; i++) {
			struct parity_decide *item = &side->decide_items[i];

			random_evidence(&random, &item->evidence);
			memset(&item->decision, 0xa5, sizeof(item->decision));
		}
		kernel_run_batch(side->decide);
		for (int i = 0; i < PARITY_BATCH; i++) {
			const struct parity_decide *item = &side->decide_items[i];
			struct parity_decide native = *item;

			close_decide(&native.evidence, &native.decision);
			native.is_abnormal = (uint32_t)close_is_abnormal(&native.decision);
			mismatches += compare("close_decide",
					      (uint64_t)batch * PARITY_BATCH + (uint64_t)i,
					      &item->evidence, sizeof(item->evidence), &native,
					      item, sizeof(native), is_quiet);
			assert_in_range(native.decision.verdict, 1, CLOSE_VERDICT_COUNT - 1);
			assert_in_range(native.decision.cause, 0, CLOSE_CAUSE_COUNT - 1);
			reached->verdicts[native.decision.verdict]++;
			reached->causes[native.decision.cause]++;
		}
	}
	return mismatches;
}

static int row_check(const char *kind, const char *name, uint64_t count)
{
	printf("# %-8s %-24s %8" PRIu64 "\n", kind, name, count);
	return count == 0;
}

TEST(close_decide_is_the_same_in_the_kernel_and_every_rule_was_reached)
{
	const uint64_t seed = 20240601;
	struct reached reached = { 0 };
	uint64_t mismatches = decide_compare(&kernel, seed, DECIDE_BATCHES, &reached, false);
	int unreached = 0;

	printf("# close_decide: seed %" PRIu64 ", %d inputs, %" PRIu64 " mismatches\n", seed,
	       DECIDE_BATCHES * PARITY_BATCH, mismatches);
#define VERDICT_CHECK(id, number, name, ...)                                                       \
	unreached += row_check("verdict", name, reached.verdicts[number]);
	CLOSE_VERDICTS(VERDICT_CHECK)
	/* No rule of the decision says that a capture ends (include/capture_flow.h). */
	assert_int_equal(reached.causes[CLOSE_CAUSE_CAPTURE_END], 0);
#define CAUSE_CHECK(id, number, name, ...)                                                         \
	if ((number) != CLOSE_CAUSE_CAPTURE_END)                                                   \
		unreached += row_check("cause", name, reached.causes[number]);
	CLOSE_CAUSES(CAUSE_CHECK)
	assert_int_equal(mismatches, 0);
	assert_int_equal(unreached, 0);
}

/* -- flow_fold(), flow_fold_icmp(), flow_evidence_fill() ------------------------------------- */
struct fold_reached {
	uint64_t counted, restarts, icmp_from_peer, rst_old, rst_ttl_off;
	uint64_t tallied[TALLY_COUNT];
};

static uint64_t fold_compare(const struct kernel_side *side, uint64_t seed, int batches,
			     struct fold_reached *reached, bool is_quiet)
{
	struct random_stream random = { seed };
	struct flow_state flow = { 0 };
	uint64_t mismatches = 0, now_ns = 1;

	memset(side->fold_flow, 0, sizeof(*side->fold_flow));
	for (int batch = 0; batch < batches; batch++) {
		for (int i = 0; i < PARITY_BATCH; i++)
			random_step(&random, &side->fold_steps[i], &now_ns);
		kernel_run_batch(side->fold);
		for (int i = 0; i < PARITY_BATCH; i++) {
			const struct parity_step *step = &side->fold_steps[i];
			struct parity_step native = *step;
			uint32_t generation = flow_generation(&flow);

			parity_step_run(&native, &flow);
			mismatches +=
				compare("flow_fold", (uint64_t)batch * PARITY_BATCH + (uint64_t)i,
					step, offsetof(struct parity_step, found), &native, step,
					sizeof(native), is_quiet);
			reached->counted += native.found != 0;
			for (int count = 0; count < TALLY_COUNT; count++)
				reached->tallied[count] += native.tallied >> count & 1;
			reached->restarts += flow_generation(&flow) == generation + 1;
			reached->icmp_from_peer += flow.icmp_from_peer;
			for (int end = 0; end < 2; end++) {
				const struct close_evidence *e = &native.filled[end];

				reached->rst_old += flow.side[end ^ 1].rst_count &&
						    !(e->seen & EVIDENCE(RST_IN));
				reached->rst_ttl_off += (e->seen & EVIDENCE(RST_TTL_OFF)) != 0;
			}
		}
	}
	return mismatches;
}

TEST(flow_fold_and_flow_evidence_fill_are_the_same_in_the_kernel)
{
	const uint64_t seed = 20240602;
	struct fold_reached reached = { 0 };
	uint64_t mismatches = fold_compare(&kernel, seed, FOLD_BATCHES, &reached, false);

	printf("# flow_fold: seed %" PRIu64 ", %d steps, %" PRIu64 " mismatches; counted %" PRIu64
	       ", restarts %" PRIu64 ", ICMP of the peer %" PRIu64 ", old RST %" PRIu64
	       ", TTL off %" PRIu64 "\n",
	       seed, FOLD_BATCHES * PARITY_BATCH, mismatches, reached.counted, reached.restarts,
	       reached.icmp_from_peer, reached.rst_old, reached.rst_ttl_off);
	assert_int_equal(mismatches, 0);
	assert_true(reached.counted > 1000 && reached.restarts > 1000 && reached.rst_old > 1000 &&
		    reached.rst_ttl_off > 1000 && reached.icmp_from_peer > 1000);
	/* All but the endings that no packet tells. */
	for (int count = 0; count < TALLY_COUNT; count++)
		if (count != TALLY_HALF_CLOSED && count != TALLY_TIMED_OUT)
			assert_true(reached.tallied[count] > 100);
}

/* -- packet_view_parse(), packet_is_plain() -------------------------------------------------- */
/* In a heap block of the frame's own size: one byte too far is an error. */
static void parse_native(const struct frame *f, size_t skip, struct parity_parse *result)
{
	size_t len = f->len - skip;
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, f->bytes + skip, len);
	memset(result, 0, sizeof(*result));
	result->is_plain = packet_is_plain(copy, copy + len, skip ? 0 : 14);
	result->kind = skip ? packet_view_parse_ip(copy, copy + len, 0, &result->view) :
			      packet_view_parse(copy, copy + len, &result->view);
	free(copy);
	/* Undefined by contract. */
	if (result->kind < PACKET_TCP_CONTROL)
		memset(&result->view, 0, sizeof(result->view));
}

/* `skip` 14: the frame without its Ethernet header, for the programs of links that have none. */
static uint64_t frame_compare(const struct kernel_side *side, const struct frame *f, size_t skip,
			      uint64_t number, uint64_t kinds[4], bool is_quiet)
{
	struct parity_parse native, from_kernel;

	memset(side->parse_result, 0xa5, sizeof(*side->parse_result));
	kernel_run(skip ? side->parse_l3 : side->parse, f->bytes + skip, f->len - skip);
	from_kernel = *side->parse_result;
	if (from_kernel.kind < PACKET_TCP_CONTROL)
		memset(&from_kernel.view, 0, sizeof(from_kernel.view));
	parse_native(f, skip, &native);
	assert_in_range(native.kind, PACKET_IGNORED, PACKET_ICMP_ERROR);
	if (native.is_plain && native.kind >= PACKET_TCP_CONTROL) {
		dump("a plain frame that is of interest", f->bytes + skip, f->len - skip);
		fail_msg("packet_is_plain() hides what packet_view_parse() wants");
	}
	kinds[native.kind]++;
	return compare("packet_view_parse", number, f->bytes + skip, f->len - skip, &native,
		       &from_kernel, sizeof(native), is_quiet);
}

static uint64_t parse_compare(const struct kernel_side *side, uint64_t seed, int frames,
			      uint64_t kinds[4], bool is_quiet)
{
	struct random_stream random = { seed };
	uint64_t mismatches = 0;

	for (int i = 0; i < frames; i++) {
		struct frame f;

		frame_make_random(&random, &f);
		mismatches += frame_compare(side, &f, 0, (uint64_t)i, kinds, is_quiet);
		/* A test run takes no fewer than 14 bytes. */
		if (i % 2 && f.len >= 14 + 14)
			mismatches += frame_compare(side, &f, 14, (uint64_t)i, kinds, is_quiet);
	}
	return mismatches;
}

TEST(frames_are_parsed_the_same_in_the_kernel_and_no_plain_one_is_of_interest)
{
	const uint64_t seed = 20240603;
	uint64_t kinds[4] = { 0 };
	uint64_t mismatches = parse_compare(&kernel, seed, FRAMES, kinds, false);

	printf("# packet_view_parse: seed %" PRIu64 ", %" PRIu64 " frames, %" PRIu64
	       " mismatches; ignored %" PRIu64 ", data %" PRIu64 ", control %" PRIu64
	       ", ICMP %" PRIu64 "\n",
	       seed, kinds[0] + kinds[1] + kinds[2] + kinds[3], mismatches, kinds[0], kinds[1],
	       kinds[2], kinds[3]);
	assert_int_equal(mismatches, 0);
	assert_true(kinds[0] > 1000 && kinds[1] > 1000 && kinds[2] > 1000 && kinds[3] > 1000);
}

/* -- tracer_config_passes() ------------------------------------------------------------------ */
static uint64_t filter_compare(const struct kernel_side *side, uint64_t seed, int batches,
			       uint64_t *ret_passed, bool is_quiet)
{
	struct random_stream random = { seed };
	uint64_t mismatches = 0, passed = 0;

	for (int batch = 0; batch < batches; batch++) {
		for (int i = 0; i < PARITY_BATCH; i++) {
			random_filter(&random, &side->filter_items[i]);
			side->filter_items[i].passes = 0x5a5a;
		}
		kernel_run_batch(side->filter);
		for (int i = 0; i < PARITY_BATCH; i++) {
			const struct parity_filter *item = &side->filter_items[i];
			int32_t native = tracer_config_passes(&item->config, &item->record);

			mismatches += compare("tracer_config_passes",
					      (uint64_t)batch * PARITY_BATCH + (uint64_t)i, item,
					      offsetof(struct parity_filter, passes), &native,
					      &item->passes, sizeof(native), is_quiet);
			passed += native != 0;
		}
	}
	*ret_passed = passed;
	return mismatches;
}

TEST(tracer_config_passes_is_the_same_in_the_kernel)
{
	const uint64_t seed = 20240604, inputs = FILTER_BATCHES * PARITY_BATCH;
	uint64_t passed;
	uint64_t mismatches = filter_compare(&kernel, seed, FILTER_BATCHES, &passed, false);

	printf("# tracer_config_passes: seed %" PRIu64 ", %" PRIu64 " inputs, %" PRIu64
	       " mismatches; %" PRIu64 " pass\n",
	       seed, inputs, mismatches, passed);
	assert_int_equal(mismatches, 0);
	assert_true(passed > inputs / 10 && passed < inputs * 9 / 10);
}

/* -- storm_key_make(), storm_bucket_take() --------------------------------------------------- */
static uint64_t storm_compare(const struct kernel_side *side, uint64_t seed, int batches,
			      uint64_t *ret_taken, bool is_quiet)
{
	struct random_stream random = { seed };
	uint64_t mismatches = 0, taken = 0;

	for (int batch = 0; batch < batches; batch++) {
		for (int i = 0; i < PARITY_BATCH; i++)
			random_storm(&random, &side->storm_items[i]);
		kernel_run_batch(side->storm);
		for (int i = 0; i < PARITY_BATCH; i++) {
			struct parity_storm native = side->storm_items[i];

			parity_storm_run(&native);
			mismatches +=
				compare("storm", (uint64_t)batch * PARITY_BATCH + (uint64_t)i,
					&native, offsetof(struct parity_storm, taken), &native,
					&side->storm_items[i], sizeof(native), is_quiet);
			taken += native.taken != 0;
		}
	}
	*ret_taken = taken;
	return mismatches;
}

TEST(storms_are_grouped_the_same_in_the_kernel)
{
	const uint64_t seed = 20240605, inputs = STORM_BATCHES * PARITY_BATCH;
	uint64_t taken;
	uint64_t mismatches = storm_compare(&kernel, seed, STORM_BATCHES, &taken, false);

	printf("# storm: seed %" PRIu64 ", %" PRIu64 " inputs, %" PRIu64 " mismatches; %" PRIu64
	       " take a token\n",
	       seed, inputs, mismatches, taken);
	assert_int_equal(mismatches, 0);
	assert_true(taken > inputs / 10 && taken < inputs * 9 / 10);
}

/* -- the test itself ------------------------------------------------------------------------- */
TEST(one_wrong_word_on_one_side_is_noticed_in_each_part)
{
	struct fold_reached fold_reached = { 0 };
	struct reached reached = { 0 };
	uint64_t kinds[4] = { 0 }, passed, taken;
	uint64_t decide = decide_compare(&kernel_broken, 1, 100, &reached, true);
	uint64_t fold = fold_compare(&kernel_broken, 1, 100, &fold_reached, true);
	uint64_t parse = parse_compare(&kernel_broken, 1, 5000, kinds, true);
	uint64_t filter = filter_compare(&kernel_broken, 1, 100, &passed, true);
	uint64_t storm = storm_compare(&kernel_broken, 1, 100, &taken, true);

	printf("# mismatches with a wrong word: close_decide %" PRIu64 ", flow_fold %" PRIu64
	       ", packet_view_parse %" PRIu64 ", tracer_config_passes %" PRIu64 ", storm %" PRIu64
	       "\n",
	       decide, fold, parse, filter, storm);
	assert_int_not_equal(decide, 0);
	assert_int_not_equal(fold, 0);
	assert_int_not_equal(parse, 0);
	assert_int_not_equal(filter, 0);
	assert_int_not_equal(storm, 0);
}

int main(int argc, char **argv)
{
	int result;

	if (geteuid()) {
		puts("needs root, to load BPF programs");
		return 77;
	}
	skeleton = parity_bpf__open_and_load();
	skeleton_broken = parity_broken_bpf__open_and_load();
	if (!skeleton || !skeleton_broken) {
		fprintf(stderr, "cannot load the programs: %s\n", strerror(errno));
		return errno == EPERM ? 77 : 1;
	}
	KERNEL_SIDE_FILL(kernel, skeleton);
	KERNEL_SIDE_FILL(kernel_broken, skeleton_broken);
	result = test_run_all(__FILE__, argc > 1 ? argv[1] : NULL);
	parity_bpf__destroy(skeleton);
	parity_broken_bpf__destroy(skeleton_broken);
	return result;
}
