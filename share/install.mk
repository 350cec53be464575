# SPDX-License-Identifier: MIT
# make install DESTDIR= PREFIX=
install: all
	install -D -m 755 sxc $(DESTDIR)$(PREFIX)/bin/sxc
	install -D -m 755 sxc-agent $(DESTDIR)$(PREFIX)/lib/sxc/sxc-agent
