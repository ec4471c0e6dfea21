# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tests. unit, parity, bpf: one program per test_*.c; bench: one per .c; e2e: one of all.
#
#   tests/harness/*.c          linked into every test program that uses it
#   tests/{parity,bpf,bench,e2e}/X.bpf.c  -> #include "tests/parity/X.skel.h", struct X_bpf
#
# A unit test links no code that includes the closetrace skeleton, unless UNIT_WITH_SKELETON names it.
# Units run the product's code compiled a second time, with the sanitizers on.

TEST_SANITIZE := address,undefined
TEST_CFLAGS = $(CFLAGS_ALL) -Wno-missing-prototypes -Werror=unused-function
TEST_LIBS = $(LIBS) -lcmocka -ljansson -lpthread

TEST_SKELETONS := $(patsubst %.bpf.c,$(BUILD)/%.skel.h,$(wildcard tests/*/*.bpf.c))
UNIT_WITH_SKELETON :=
HARNESS_SOURCES := $(wildcard tests/harness/*.c)
test_sources = $(filter-out %.bpf.c,$(wildcard $(1)))
single_programs = $(patsubst %.c,$(BUILD)/%,$(call test_sources,tests/$(1)/test_*.c))

UNIT_TESTS := $(call single_programs,unit)
PARITY_TESTS := $(call single_programs,parity)
BPF_TESTS := $(call single_programs,bpf)
E2E_SOURCES := $(call test_sources,tests/e2e/*.c)
E2E_BATTERY := $(if $(E2E_SOURCES),$(BUILD)/tests/e2e/battery)
BENCH := $(patsubst %.c,$(BUILD)/%,$(call test_sources,tests/bench/*.c))
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.bpf.c))

# -- objects: obj-test/ has the sanitizers, obj/ is the product's own ---------------------------
SAN_HARNESS := $(BUILD)/obj-test/libharness.a
HARNESS := $(BUILD)/obj/libharness.a
$(BUILD)/obj-test/libskel.a: $(SKELETON_SOURCES:%.c=$(BUILD)/obj-test/%.o)
$(BUILD)/obj-test/libuser.a: $(PLAIN_SOURCES:%.c=$(BUILD)/obj-test/%.o)
$(SAN_HARNESS): $(HARNESS_SOURCES:%.c=$(BUILD)/obj-test/%.o)
$(HARNESS): $(HARNESS_SOURCES:%.c=$(BUILD)/obj/%.o)

# Tests that may use a skeleton wait for all of them.
$(patsubst $(BUILD)/%,$(BUILD)/obj-test/%.o,$(PARITY_TESTS) $(BPF_TESTS)): | $(SKELETON) $(TEST_SKELETONS)
$(BENCH:$(BUILD)/%=$(BUILD)/obj/%.o): | $(TEST_SKELETONS)
$(E2E_SOURCES:%.c=$(BUILD)/obj/%.o): | $(TEST_SKELETONS)
$(UNIT_WITH_SKELETON:%=$(BUILD)/obj-test/tests/unit/%.o): | $(SKELETON)

$(BUILD)/obj-test/%.o: %.c $(BUILD)/flags | $(BUILD)/tools
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TEST_CFLAGS) $(call SANITIZE_FLAGS,$(TEST_SANITIZE)) $(DEPS) -c $< -o $@

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/flags | $(BUILD)/tools
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TEST_CFLAGS) $(PRODUCT_FLAGS) $(DEPS) -c $< -o $@

$(BUILD)/tests/%.skel.h: $(BUILD)/tests/%.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*))_bpf > $@

# -- fuzz targets: clang's libFuzzer, and the product's code compiled once more for it -------------
FUZZ_SANITIZE := address,undefined
FUZZ_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/obj-fuzz/libuser.a: $(PLAIN_SOURCES:%.c=$(BUILD)/obj-fuzz/%.o)

$(BUILD)/obj-fuzz/%.o: %.c $(BUILD)/flags | $(BUILD)/tools
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CLANG) $(TEST_CFLAGS) $(call SANITIZE_FLAGS,fuzzer-no-link,$(FUZZ_SANITIZE)) $(DEPS) -c $< -o $@

$(FUZZ_TESTS): $(BUILD)/%: $(BUILD)/obj-fuzz/%.o $(BUILD)/obj-fuzz/libuser.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CLANG) $(call SANITIZE_FLAGS,fuzzer,$(FUZZ_SANITIZE)) $(LDFLAGS) $(call grouped,$^) $(TEST_LIBS) -o $@

# -- programs --------------------------------------------------------------------------------------
$(PARITY_TESTS) $(BPF_TESTS) $(UNIT_WITH_SKELETON:%=$(BUILD)/tests/unit/%): $(BUILD)/obj-test/libskel.a

# The SQL of filters is tried in SQLite.
$(BUILD)/tests/unit/test_filter_sql: TEST_LIBS += -lsqlite3

$(UNIT_TESTS) $(PARITY_TESTS) $(BPF_TESTS): $(BUILD)/%: $(BUILD)/obj-test/%.o $(SAN_HARNESS) $(BUILD)/obj-test/libuser.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(call SANITIZE_FLAGS,$(TEST_SANITIZE)) $(LDFLAGS) $(call grouped,$^) $(TEST_LIBS) -o $@

$(E2E_BATTERY): $(E2E_SOURCES:%.c=$(BUILD)/obj/%.o)
$(E2E_BATTERY)-static: $(E2E_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BENCH): $(BUILD)/%: $(BUILD)/obj/%.o
$(E2E_BATTERY) $(BENCH): $(HARNESS) $(BUILD)/obj/libuser.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(PRODUCT_FLAGS) $(LDFLAGS) $(call grouped,$^) $(TEST_LIBS) -o $@

# For guests, which have no libraries. Their stacks are asked for, and static programs have no index of
# their unwind tables unless told so.
KERNEL_HELPERS := $(patsubst tests/kernels/payload/%.c,$(BUILD)/tests/kernels/%,$(wildcard tests/kernels/payload/*.c))
$(KERNEL_HELPERS): $(BUILD)/tests/kernels/%: $(BUILD)/obj/tests/kernels/payload/%.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -static -Wl,--eh-frame-hdr $^ -o $@

$(BUILD)/tests/e2e/battery-static: $(STATIC_STUBS) $(HARNESS) $(BUILD)/obj/libuser.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(PRODUCT_FLAGS) $(LDFLAGS) -static $(call grouped,$^) $(STATIC_LIBS) -ljansson -lpthread -o $@

# The tiers bpf and parity for guests: they bring their libraries, but not the sanitizers.
GUEST_TESTS := $(addprefix $(BUILD)/tests/guest/,$(notdir $(PARITY_TESTS) $(BPF_TESTS)))
$(patsubst $(BUILD)/%,$(BUILD)/obj/%.o,$(PARITY_TESTS) $(BPF_TESTS)): | $(SKELETON) $(TEST_SKELETONS)
$(foreach test,$(PARITY_TESTS) $(BPF_TESTS),$(eval $(BUILD)/tests/guest/$(notdir $(test)): $(test:$(BUILD)/%=$(BUILD)/obj/%.o)))
$(GUEST_TESTS): $(HARNESS) $(USER_ARCHIVES)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(PRODUCT_FLAGS) $(LDFLAGS) $(call grouped,$^) $(TEST_LIBS) -o $@

# -- targets ---------------------------------------------------------------------------------------
# Each installs what it needs, builds, and runs its tier. $(1): tiers, $(2): what to build.
BUILD_check = $(BUILD)/closetrace $(GENERATED)
BUILD_unit := $(UNIT_TESTS)
BUILD_parity := $(PARITY_TESTS)
BUILD_bpf := $(BPF_TESTS)
BUILD_e2e := $(E2E_BATTERY) $(BUILD)/closetrace
BUILD_cli = $(BUILD)/closetrace $(GENERATED) $(BUILD)/tests/bench/connload $(E2E_BATTERY)
TIERS := check unit fuzz cli parity bpf e2e kernels systems
QUICK_TIERS := unit parity bpf check
BUILD_fuzz := $(FUZZ_TESTS)
BUILD_kernels := $(BUILD)/closetrace-static $(KERNEL_HELPERS)
BUILD_guests = $(BUILD_kernels) $(if $(E2E_BATTERY),$(E2E_BATTERY)-static) $(GUEST_TESTS)
RUN_TIERS = BUILD='$(BUILD)' V='$(V)' STRICT='$(STRICT)' FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/run.sh

test: ## install what is missing, build everything, run every test
	$(Q)packaging/install-deps build test kernels
	$(Q)+$(MAKE) --no-print-directory all tests
	$(Q)GUEST_BATTERY=0 $(RUN_TIERS) $(TIERS)

test-quick: $(foreach tier,$(QUICK_TIERS),$(BUILD_$(tier))) ## what says within two minutes that a change is sound: unit, parity, bpf, check
	$(Q)$(RUN_TIERS) $(QUICK_TIERS)

tests: $(foreach tier,$(TIERS),$(BUILD_$(tier))) ## build the tests, run nothing

check: $(BUILD_check) ## the checks of the source: layers, format, sizes, words, calls, ABI, documents
	$(Q)$(RUN_TIERS) check

test-unit: $(BUILD_unit) ## the modules, each alone, under the sanitizers; no privilege
	$(Q)$(RUN_TIERS) unit

fuzz: FUZZ_SECONDS ?= 60
fuzz: $(BUILD_fuzz) ## every fuzz target for FUZZ_SECONDS, 60 by default
	$(Q)$(RUN_TIERS) fuzz

test-cli: $(BUILD_cli) ## the command line (bats)
	$(Q)$(RUN_TIERS) cli

test-parity: $(BUILD_parity) ## the same inputs natively and in the kernel; root
	$(Q)$(RUN_TIERS) parity

test-bpf: $(BUILD_bpf) ## the BPF programs on crafted packets; root
	$(Q)$(RUN_TIERS) bpf

test-e2e: $(BUILD_e2e) ## real connections, every kind of ending; root
	$(Q)$(RUN_TIERS) e2e

test-systems: ## `make run` and `make static` in minimal systems of Debian 12 and 13; root
	$(Q)$(RUN_TIERS) systems

test-mix: $(BUILD_e2e) ## 200,000 connections that end at random; root. ARGS="--mix N --seed S"
	$(Q)$$([ "$$(id -u)" = 0 ] || echo sudo) $(E2E_BATTERY) --closetrace $(BUILD)/closetrace --mix 200000 $(ARGS)

guests: $(BUILD_guests) ## build what runs in the guests, run nothing

test-kernels: ## the product and its endings on other kernels, booted with qemu
	$(Q)packaging/install-deps build test kernels
	$(Q)packaging/install-deps arm64 || echo "the guests of arm64 will be skipped"
	$(Q)+$(MAKE) --no-print-directory guests
	$(Q)+BUILD='$(BUILD)' tests/kernels/cross-arm64.sh || [ $$? = 77 ]
	$(Q)BUILD='$(BUILD)' V='$(V)' STRICT='$(STRICT)' tests/kernels/run.sh $(or $(ARGS),all)

bench: ## what tracing costs, as ratios against the untraced case of the same run; root
	$(Q)packaging/install-deps build test bench
	$(Q)+$(MAKE) --no-print-directory all $(BENCH) $(BENCH_OBJECTS)
	$(Q)BUILD='$(BUILD)' tests/bench/bench.sh $(ARGS)

.PHONY: test test-quick tests guests check test-unit fuzz test-cli test-parity test-bpf test-e2e test-systems test-mix test-kernels bench

-include $(shell find $(BUILD)/obj-test $(BUILD)/obj-fuzz $(BUILD)/obj/tests $(BUILD)/tests -name '*.d' 2>/dev/null)
