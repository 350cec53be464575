# SPDX-License-Identifier: MIT
# Measurements; tests/bench/RESULTS.md keeps what the last ones were.

BENCH_BIN := $(B)/tests/bench/floor $(B)/tests/bench/push $(B)/tests/bench/books
PUSH_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard src/core/util/*.c src/core/svc/remote*.c) \
	$(addprefix src/core/svc/,engine.c msg.c wire.c sign.c))

$(B)/tests/bench/floor: tests/bench/floor.c | deps-built
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) -o $@ $< -lssh -lpthread
$(B)/tests/bench/books: tests/bench/books.c | deps-built
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) -o $@ $< -lsqlite3
$(B)/tests/bench/push: tests/bench/push.c $(PUSH_OBJ)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS) -lpthread

# BENCH="store money ssh lab peers bombs" says which parts.
bench:
	tests/deps/install build test lab bench
	$(MAKE) sxc sxc-agent $(BENCH_BIN)
	tests/bench/run $(BENCH)
