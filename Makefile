# SPDX-License-Identifier: MIT
# make            build ./sxc, ./sxc-agent and, where kernel headers are, kmod/sxps.ko
# make help       what else there is

VERSION := 0.1.0
PREFIX  ?= /usr
CC      ?= gcc
B       ?= build
MODE    ?= release

PKGS    := libssh sqlite3 libarchive yaml-0.1 libsodium smartcols jansson libedit libidn2 \
	   libcrypt libcurl libseccomp openssl
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	   -Wwrite-strings -Wpointer-arith -Wundef -fno-common -Werror
HARDEN  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
CFLAGS  ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DSXC_VERSION='"$(VERSION)"' -DSXC_PREFIX='"$(PREFIX)"' -Isrc/core -Isrc
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(MODE_CFLAGS) $(HARDEN) -ffile-prefix-map=$(CURDIR)=.

ifeq ($(MODE),asan)
B := build-asan
# The sanitizers' own checks make gcc see null pointers where there are none.
MODE_CFLAGS := -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -Wno-error
MODE_LDFLAGS := -fsanitize=address,undefined
HARDEN := -fstack-protector-strong
endif
ifeq ($(MODE),faults)
B := build-faults
MODE_CFLAGS := -DSXC_FAULTS
endif

CORE_SRC  := $(wildcard src/core/util/*.c src/core/svc/*.c src/core/biz/*.c)
CMD_SRC   := $(wildcard src/cmd/*.c)
AGENT_SRC := $(wildcard src/agent/*.c)
# What the agent shares with the control center: utilities, wire format, package verification.
AGENT_CORE := $(wildcard src/core/util/*.c) $(wildcard $(addprefix src/core/svc/, \
	      msg.c wire.c sign.c yaml.c yaml_read.c package_read.c package_check.c \
	      wrapper.c wrapper_probe.c wrapper_values.c template.c))

PAPER_SRC := $(wildcard src/paper/*.c)

CORE_OBJ  := $(CORE_SRC:%.c=$(B)/%.o) $(B)/schema.o
CMD_OBJ   := $(CMD_SRC:%.c=$(B)/%.o)
PAPER_OBJ := $(PAPER_SRC:%.c=$(B)/paper/%.o)
AGENT_OBJ := $(AGENT_SRC:%.c=$(B)/agent/%.o) $(AGENT_CORE:%.c=$(B)/agent/%.o)

SXC_BIN   := $(if $(filter release,$(MODE)),sxc,$(B)/sxc)
AGENT_BIN := $(if $(filter release,$(MODE)),sxc-agent,$(B)/sxc-agent)
PAPER_BIN := $(if $(filter release,$(MODE)),sxc-paper,$(B)/sxc-paper)

# make V=1 shows each command.
Q   := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

.PHONY: all help clean install check check-fast lint demo asan faults bench soak fuzz unit kmod deps
all: $(SXC_BIN) $(AGENT_BIN) $(PAPER_BIN) kmod

# ---- libraries and binaries -------------------------------------------------------------------

# Asked once, after the packages that are missing were installed.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

$(SXC_BIN): $(CMD_OBJ) $(CORE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODE_LDFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(PKG_LIBS) -lpthread

# Draws documents as PDF: libraries that sxc must not load at every start.
PAPER_PKGS   := pangocairo cairo-pdf jansson
PAPER_CFLAGS = $(eval PAPER_CFLAGS := $$(shell pkg-config --cflags $(PAPER_PKGS)))$(PAPER_CFLAGS)
PAPER_LIBS   = $(eval PAPER_LIBS := $$(shell pkg-config --libs $(PAPER_PKGS)))$(PAPER_LIBS)
$(PAPER_BIN): $(PAPER_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODE_LDFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(PAPER_LIBS)
$(B)/paper/%.o: %.c | deps-built
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PAPER_CFLAGS) $(ALL_CFLAGS) -fPIE -MMD -MP -c -o $@ $<

# Static, and only the code it uses: it is sent to every server.
AGENT_CFLAGS := -Os -ffunction-sections -fdata-sections -DSXC_AGENT
$(AGENT_BIN): $(AGENT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now -s -o $@ $^ \
		-larchive -lzstd -lyaml -lsodium -lseccomp -lcrypto

$(B)/%.o: %.c | deps-built
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) -fPIE -MMD -MP -c -o $@ $<

$(B)/agent/%.o: %.c | deps-built
	@mkdir -p $(@D)
	$(call say,CC,"$< (agent)")
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 $(WARN) $(AGENT_CFLAGS) -g $(HARDEN) \
		-ffile-prefix-map=$(CURDIR)=. -fPIE -MMD -MP -c -o $@ $<

# The completion scripts are embedded.
$(B)/src/cmd/completion.o: $(wildcard completions/*)

SCHEMA := $(sort $(wildcard src/core/schema/*.sql))
$(B)/schema.c: $(SCHEMA) src/core/schema/embed.awk
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)awk -f src/core/schema/embed.awk $(SCHEMA) >$@.tmp && mv $@.tmp $@
$(B)/schema.o: $(B)/schema.c
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIE -c -o $@ $<

.PHONY: deps-built
deps-built:
	@tests/deps/install build

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- kernel module: where headers are present ---------------------------------------------------

KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) $(wildcard /lib/modules/*/build))
help:
	@echo "make              build ./sxc, ./sxc-agent, and kmod/sxps.ko where kernel headers are"
	@echo "sudo make demo    install what is missing, build, run the whole life cycle on a lab server"
	@echo "sudo make check   install what is missing, build, run all tests"
	@echo "make check-fast   unit and command tests only"
	@echo "make lint         manual pages, table of commands, style, static analysis"
	@echo "make soak         the long tests      make fuzz     the fuzzers"
	@echo "make bench        measure             make asan     build with sanitizers"
	@echo "make install [DESTDIR=] [PREFIX=/usr]"

kmod:
ifneq ($(and $(KDIR),$(wildcard kmod/Kbuild)),)
	$(MAKE) -C kmod KDIR=$(KDIR)
else
	@echo "kmod/sxps.ko: not built, no kernel headers here"
endif

clean:
	rm -rf build build-asan build-faults sxc sxc-agent sxc-paper
	@if [ -f kmod/Makefile ] && [ -n "$(KDIR)" ]; then $(MAKE) -s -C kmod KDIR=$(KDIR) clean; fi

include tests/tests.mk
include share/install.mk
