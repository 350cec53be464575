# SPDX-License-Identifier: MIT
# make -f tests/remote/driver.mk: the remote engine by hand, for server.bats.
include Makefile
REMOTE_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard src/core/util/*.c) \
	$(wildcard src/core/svc/remote*.c) $(addprefix src/core/svc/,engine.c msg.c wire.c sign.c))
.DEFAULT_GOAL := $(B)/tests/remote/driver
$(B)/tests/remote/driver: tests/remote/driver.c $(REMOTE_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS) -lpthread
