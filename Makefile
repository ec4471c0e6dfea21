# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One dependency graph: this file has the settings and the targets for people, the three build.mk
# have the rules. `make help` lists the targets. Knobs: V=1 (loud), CC=gcc|clang,
# SANITIZE=address,undefined, BUILD=dir, STRICT=1 (tests: an unexpected skip is a failure).

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
V ?= 0

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
BPFTOOL ?= $(or $(shell PATH=$$PATH:/usr/sbin:/sbin command -v bpftool),bpftool)
AR ?= ar
PKG_CONFIG ?= pkg-config

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$(2))';)

LIBRARIES := libbpf libelf zlib jansson libpcap libzstd ncursesw sqlite3
ifneq ($(MAKECMDGOALS),clean)
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
LIBS := $(or $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null),-lbpf -lelf -lz -ljansson -lpcap -lzstd -lncursesw -ltinfo -lsqlite3)
endif

WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes
CPPFLAGS_ALL := -I. -I$(BUILD) -D_GNU_SOURCE= -DCLOSETRACE_VERSION='"$(VERSION)"'
CFLAGS ?= -O2 -g
SANITIZE_FLAGS = -fsanitize=$(1) -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_ALL = -std=gnu11 $(WARNINGS) $(CPPFLAGS_ALL) $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)
PRODUCT_FLAGS = $(if $(SANITIZE),$(call SANITIZE_FLAGS,$(SANITIZE)))
DEPS = -MMD -MP

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

all: $(BUILD)/closetrace ## build build/closetrace (the default)

# The manual and the completions come from the program's own tables. A cross build needs one that
# runs here: GENERATE=...
GENERATE ?= $(BUILD)/closetrace
GENERATED := $(BUILD)/closetrace.8 $(BUILD)/completion/closetrace $(BUILD)/completion/_closetrace

include bpf/build.mk user/build.mk tests/build.mk

# Objects depend on the command line that makes them: a changed CC or SANITIZE rebuilds.
FLAGS_LINE = $(CC) $(CFLAGS_ALL) $(PRODUCT_FLAGS) $(CLANG) $(BPF_CFLAGS) $(LDFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_LINE))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS_LINE))' > $@
FORCE:

# What the build and the tests find on this host: shown before the first compile of a tree.
$(BUILD)/tools: packaging/probe-tools
	@mkdir -p $(@D)
	@CC='$(CC)' CLANG='$(CLANG)' BPFTOOL='$(BPFTOOL)' PKG_CONFIG='$(PKG_CONFIG)' packaging/probe-tools $(LIBRARIES)
	@touch $@

run: ## install what the build needs, build, and trace this host live
	$(Q)packaging/install-deps build
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$$([ "$$(id -u)" = 0 ] || echo sudo) $(BUILD)/closetrace $(ARGS)

$(BUILD)/closetrace.8: packaging/closetrace.8.in $(GENERATE)
	$(call say,GEN,$@)awk '/^@[a-z]+@$$/ { fflush(); if (system("$(GENERATE) help --manual " substr($$0, 2, length - 2))) exit 1; next } \
		{ print }' $< > $@

$(BUILD)/completion/closetrace $(BUILD)/completion/_closetrace: $(GENERATE)
	@mkdir -p $(@D)
	$(call say,GEN,$@)$(GENERATE) help --completion $(if $(filter _%,$(@F)),zsh,bash) > $@

static: $(BUILD)/closetrace-static ## build build/closetrace-static, which needs nothing on the host

install: all $(GENERATED) install-built ## install under $(DESTDIR)$(PREFIX)

# What was built, and nothing is built for it.
install-built: | $(if $(filter install,$(MAKECMDGOALS)),all $(GENERATED))
	$(Q)install -D -m 755 $(BUILD)/closetrace $(DESTDIR)$(PREFIX)/bin/closetrace
	$(Q)install -D -m 644 $(BUILD)/closetrace.8 $(DESTDIR)$(PREFIX)/share/man/man8/closetrace.8
	$(Q)install -D -m 644 $(BUILD)/completion/closetrace $(DESTDIR)$(PREFIX)/share/bash-completion/completions/closetrace
	$(Q)install -D -m 644 $(BUILD)/completion/_closetrace $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_closetrace
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/doc/closetrace/docs
	$(Q)install -m 644 README.md LICENSE LICENSES/* $(DESTDIR)$(PREFIX)/share/doc/closetrace
	$(Q)install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/closetrace/docs

clean: ## remove everything that was built
	$(Q)rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all run static install install-built clean help FORCE
