# SPDX-License-Identifier: MIT
# Tests. check-fast: unit and command tests; check: also SSH and lab tests.

UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT_BIN := $(UNIT_SRC:%.c=$(B)/%)
CORE_LIB_OBJ = $(CORE_OBJ)

# A unit test names further sources in a line "/* SRCS: … */" and flags in "/* CFLAGS: … */".
$(B)/tests/unit/%: tests/unit/%.c $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) $(MODE_LDFLAGS) \
		$$(sed -n 's|^/\* CFLAGS: \(.*\) \*/$$|\1|p' $<) -o $@ $< \
		$$(sed -n 's|^/\* SRCS: \(.*\) \*/$$|\1|p' $<) \
		$$(grep -q '^/\* NOCORE \*/$$' $< || echo $(CORE_OBJ) $(PKG_LIBS) -lpthread)

unit: $(UNIT_BIN)

include tests/fuzz/fuzz.mk
include tests/bench.mk

check-fast: all unit replay
	tests/run fast

check: all unit replay
	tests/deps/install build test lab kmod
	tests/run all

lint: all
	tests/lint/run

asan:
	$(MAKE) MODE=asan unit build-asan/sxc
faults:
	$(MAKE) MODE=faults build-faults/sxc

# Installs what is missing, builds, runs the whole life cycle on a lab server.
demo:
	tests/deps/install build test lab kmod
	$(MAKE) sxc sxc-agent sxc-paper
	tests/demo/demo

# What is too long for every change; tests/soak/RESULTS.md keeps what it found last.
# SOAK="kill faults" runs these parts alone.
soak: all
	tests/deps/install build test lab kmod
	tests/soak/run $(SOAK)
