# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# user/ -> build/closetrace. All layers go into archives and main.c alone stays out, so that the
# tests link exactly the code of the product and pull in only what they use. What includes the
# skeleton is an archive of its own: the rest, and its unit tests, build without the BPF side.

USER_SOURCES := $(wildcard user/*/*.c)
SKELETON_HEADERS := $(shell grep -l 'closetrace\.skel\.h"' user/*/*.h 2>/dev/null)
SKELETON_SOURCES := $(shell grep -l $(SKELETON_HEADERS:%=-e '"%"') -e 'closetrace\.skel\.h"' \
	$(USER_SOURCES) /dev/null)
PLAIN_SOURCES := $(filter-out $(SKELETON_SOURCES),$(USER_SOURCES))
USER_OBJECTS := $(USER_SOURCES:%.c=$(BUILD)/obj/%.o)
USER_MAIN := $(BUILD)/obj/user/main.o
USER_ARCHIVES := $(BUILD)/obj/libskel.a $(BUILD)/obj/libuser.a
grouped = -Wl,--start-group $(1) -Wl,--end-group

$(SKELETON_SOURCES:%.c=$(BUILD)/obj/%.o) $(SKELETON_SOURCES:%.c=$(BUILD)/obj-test/%.o): | $(SKELETON)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/tools
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CFLAGS_ALL) $(PRODUCT_FLAGS) $(DEPS) -c $< -o $@

%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/obj/libskel.a: $(SKELETON_SOURCES:%.c=$(BUILD)/obj/%.o)
$(BUILD)/obj/libuser.a: $(PLAIN_SOURCES:%.c=$(BUILD)/obj/%.o)

$(BUILD)/closetrace: $(USER_MAIN) $(USER_ARCHIVES)
	$(call say,LINK,$@)$(CC) $(CFLAGS_ALL) $(PRODUCT_FLAGS) $(LDFLAGS) $(call grouped,$^) $(LIBS) -o $@

# libelf's own needs differ by release (zlib, then also zstd): pkg-config knows.
# See user/static_stubs.c for what is left out.
STATIC_LIBS = $(filter-out -ldbus-1 -lsystemd,$(shell $(PKG_CONFIG) --static --libs $(LIBRARIES)))
STATIC_STUBS := $(BUILD)/obj/user/static_stubs.o

$(BUILD)/closetrace-static: $(USER_MAIN) $(STATIC_STUBS) $(USER_ARCHIVES)
	$(call say,LINK,$@)$(CC) $(CFLAGS_ALL) $(PRODUCT_FLAGS) $(LDFLAGS) -static $(call grouped,$^) $(STATIC_LIBS) -o $@

-include $(USER_OBJECTS:.o=.d) $(USER_MAIN:.o=.d) $(STATIC_STUBS:.o=.d)
