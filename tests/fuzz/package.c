/* SPDX-License-Identifier: MIT */
/* Packages from anywhere: as a file, and as a manifest alone so that what it says is reached. */
#include "svc/package_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* What was accepted keeps the promises that the unpacker relies on. */
static void hold(const struct package *p)
{
	for (size_t i = 0; i < p->members.n; i++) {
		const struct package_member *m = &p->members.v[i];

		if (!ident_is_path(m->path) || m->path[0] == '/' || strstr(m->path, "/../") ||
			(m->mode != 0644 && m->mode != 0755) || !sha256_is_hex(m->sha256))
			abort();
		if (i && strcmp(m[-1].path, m->path) >= 0)
			abort();
	}
	if (p->unpacked < 0 || p->unpacked > PACKAGE_MAX_UNPACKED)
		abort();
	for (size_t i = 0; i < p->wrapper.templates.n; i++)
		if (!package_member_find(&p->members, p->wrapper.templates.v[i].from) ||
			p->wrapper.templates.v[i].to[0] != '/')
			abort();
}

static void outcome(int r, const struct package *p, const struct err *e)
{
	if (r == 0)
		hold(p);
	else if (p || e->code != r || !*e->msg || strchr(e->msg, '\n'))
		abort();
}

static void as_manifest(const uint8_t *data, size_t size)
{
	autopackage *p = NULL;
	struct err e = {0};
	int r = package_read_manifest((const char *)data, size, "fuzz", &p, &e);

	outcome(r, p, &e);
}

static void as_file(const uint8_t *data, size_t size)
{
	autoclose int fd = memfd_create("fuzz", MFD_CLOEXEC);
	autopackage *p = NULL;
	struct err e = {0};
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return;
	r = package_read(fd, "fuzz", &p, &e);
	outcome(r, p, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_manifest(data, size);
	as_file(data, size);
	return 0;
}
