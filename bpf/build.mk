# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bpf/*.bpf.c -> one linked object -> build/bpf/closetrace.skel.h

BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
BPF_CFLAGS = -target bpf -mcpu=v3 -g -O2 -Wall -Werror -D__TARGET_ARCH_$(BPF_ARCH) \
	-I. -I$(BUILD) -idirafter /usr/include/$(shell uname -m)-linux-gnu

# The linker of libbpf 1.1 keeps the offsets of maps only if their definitions come first.
BPF_SOURCES := bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(wildcard bpf/*.bpf.c))
BPF_OBJECTS := $(BPF_SOURCES:%.c=$(BUILD)/%.o)
SKELETON := $(if $(BPF_SOURCES),$(BUILD)/bpf/closetrace.skel.h)

# The order of both rules matters: the linked object also ends in .bpf.o.
$(BUILD)/bpf/closetrace.bpf.o: $(filter-out %/closetrace.bpf.o,$(BPF_OBJECTS))
	$(call say,BPFLINK,$@)$(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/closetrace.skel.h: $(BUILD)/bpf/closetrace.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name closetrace_bpf > $@

$(BUILD)/%.bpf.o: %.bpf.c $(BUILD)/flags | $(BUILD)/tools
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) $(DEPS) -c $< -o $@

bpf: $(SKELETON) ## build the BPF side alone
.PHONY: bpf

-include $(BPF_OBJECTS:.o=.d)
