# SPDX-License-Identifier: MIT
# A target is tests/fuzz/NAME.c with its corpus in tests/fuzz/corpus/NAME. Further sources stand in a
# line "/* SRCS: … */", flags in "/* CFLAGS: … */".
# make replay: every target over its corpus and fixed changes of it, part of make check.
# make fuzz: libFuzzer with the sanitizers, FUZZ_SECONDS a target; what it finds goes to build-fuzz/.

FUZZ_SECONDS ?= 60
FUZZ_SRC  := $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
FUZZ_NAME := $(FUZZ_SRC:tests/fuzz/%.c=%)
REPLAY_BIN := $(FUZZ_NAME:%=$(B)/tests/replay/%)
FUZZ_BIN  := $(FUZZ_NAME:%=build-fuzz/%)
FUZZ_OWN   = $$(sed -n 's|^/\* CFLAGS: \(.*\) \*/$$|\1|p' $<)
FUZZ_SRCS  = $$(sed -n 's|^/\* SRCS: \(.*\) \*/$$|\1|p' $<)

.PHONY: replay
replay: $(REPLAY_BIN)

$(B)/tests/replay/%: tests/fuzz/%.c tests/fuzz/replay.c tests/fuzz/fuzz.h $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) $(MODE_LDFLAGS) -Itests/fuzz \
		-DFUZZ_CORPUS='"tests/fuzz/corpus/$*"' $(FUZZ_OWN) -o $@ $< tests/fuzz/replay.c $(FUZZ_SRCS) \
		$(CORE_OBJ) $(PKG_LIBS) -lpthread

FUZZ_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined
FUZZ_OBJ := $(CORE_SRC:%.c=build-fuzz/%.o) build-fuzz/schema.o

build-fuzz/%.o: %.c | fuzz-deps
	@mkdir -p $(@D)
	$(call say,CLANG,$<)
	$(Q)clang $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
build-fuzz/schema.o: $(B)/schema.c | fuzz-deps
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(FUZZ_CFLAGS) -c -o $@ $<
$(FUZZ_BIN): build-fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h $(FUZZ_OBJ)
	$(call say,CLANG,$@)
	$(Q)clang $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer -Itests/fuzz $(FUZZ_OWN) -o $@ $< \
		$(FUZZ_SRCS) $(FUZZ_OBJ) $(PKG_LIBS) -lpthread

-include $(FUZZ_OBJ:.o=.d)

# What was found before is kept in build-fuzz/corpus and gone on from.
fuzz: $(FUZZ_BIN)
	@for t in $(FUZZ_NAME); do \
		echo "fuzz $$t: $(FUZZ_SECONDS) s"; \
		mkdir -p build-fuzz/corpus/$$t build-fuzz/found; \
		build-fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=1024 \
			-print_final_stats=1 -verbosity=0 -artifact_prefix=build-fuzz/found/$$t- \
			build-fuzz/corpus/$$t tests/fuzz/corpus/$$t >build-fuzz/$$t.log 2>&1 || \
			{ tail -n 60 build-fuzz/$$t.log; exit 1; }; \
		sed -n 's/^stat::number_of_executed_units: */  inputs: /p' build-fuzz/$$t.log; \
	done
.PHONY: fuzz-deps
fuzz-deps:
	@tests/deps/install build fuzz
