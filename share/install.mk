# SPDX-License-Identifier: MIT
# make install DESTDIR= PREFIX=/usr: everything where Debian expects it.

SYSCONFDIR ?= /etc
UNITDIR    ?= $(if $(filter /usr,$(PREFIX)),/lib,$(PREFIX)/lib)/systemd/system
DATADIR     = $(DESTDIR)$(PREFIX)/share

install: $(SXC_BIN) $(AGENT_BIN) $(PAPER_BIN)
	install -D -m 755 $(SXC_BIN) $(DESTDIR)$(PREFIX)/bin/sxc
	install -D -m 755 $(AGENT_BIN) $(DESTDIR)$(PREFIX)/lib/sxc/sxc-agent
	install -D -m 755 $(PAPER_BIN) $(DESTDIR)$(PREFIX)/lib/sxc/sxc-paper
	for page in man/*.[1-8]; do \
		install -D -m 644 $$page $(DATADIR)/man/man$${page##*.}/$${page##*/} || exit 1; \
	done
	install -D -m 644 completions/sxc.bash $(DATADIR)/bash-completion/completions/sxc
	install -D -m 644 completions/_sxc $(DATADIR)/zsh/vendor-completions/_sxc
	install -D -m 644 completions/sxc.fish $(DATADIR)/fish/vendor_completions.d/sxc.fish
	for plan in share/plans/*.yaml; do \
		install -D -m 644 $$plan $(DATADIR)/sxc/plans/$${plan##*/} || exit 1; \
	done
	cd share/skeleton && for file in wrapper.yaml files/* scripts/*; do \
		mode=644; [ -x "$$file" ] && mode=755; \
		install -D -m $$mode "$$file" "$(DATADIR)/sxc/skeleton/$$file" || exit 1; \
	done
	for text in share/mail/*.txt; do \
		install -D -m 644 $$text $(DATADIR)/sxc/mail/$${text##*/} || exit 1; \
	done
	cd wrappers && find . -type f ! -name .gitignore | while read -r file; do \
		mode=644; [ -x "$$file" ] && mode=755; \
		install -D -m $$mode "$$file" "$(DATADIR)/sxc/wrappers/$$file" || exit 1; \
	done
	for unit in share/systemd/*; do \
		install -d $(DESTDIR)$(UNITDIR) && sed 's|@PREFIX@|$(PREFIX)|' $$unit \
			>$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	install -D -m 644 share/logrotate/sxc $(DESTDIR)$(SYSCONFDIR)/logrotate.d/sxc
	install -D -m 644 LICENSE $(DATADIR)/doc/sxc/copyright
	cd kmod && for file in Kbuild Makefile *.[ch] uapi/*.h; do \
		install -D -m 644 $$file $(DESTDIR)$(PREFIX)/src/sxps-$(VERSION)/$$file || exit 1; \
	done
	sed 's|@VERSION@|$(VERSION)|' kmod/dkms.conf >$(DESTDIR)$(PREFIX)/src/sxps-$(VERSION)/dkms.conf
	if [ -f kmod/sxps.ko ]; then \
		release=$$(modinfo -F vermagic kmod/sxps.ko | cut -d' ' -f1) && \
		install -D -m 644 kmod/sxps.ko $(DESTDIR)$(PREFIX)/lib/sxc/modules/$$release/sxps.ko; \
	fi
