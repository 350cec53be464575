/* SPDX-License-Identifier: MIT */
/* What is installed where, as encoded messages in apps and sites of a place's directory. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/app.h"

static char *kind_dir(const char *ps, const char *kind)
{
	autofree char *dir = place_dir(ps);

	return str_fmt("%s/%s", dir, kind);
}

static char *record_path(const char *ps, const char *kind, const char *name)
{
	autofree char *dir = kind_dir(ps, kind);

	return str_fmt("%s/%s", dir, name);
}

static int record_read(const char *ps, const char *kind, const char *name, struct msg **out,
	struct err *e)
{
	autofree char *path = record_path(ps, kind, name);
	autostr enc = STR_INIT;
	int r;

	if (access(path, F_OK) != 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	if ((r = file_read(path, &enc, MSG_MAX_SIZE, e)) < 0)
		return r;
	if (msg_decode(out, enc.p, enc.len, e) < 0)
		return err_wrap(e, "%s is damaged", path);
	return 1;
}

static int record_write(const char *ps, const char *kind, const char *name, const struct msg *m,
	struct err *e)
{
	autofree char *dir = kind_dir(ps, kind);
	autofree char *path = record_path(ps, kind, name);
	autostr enc = STR_INIT;
	int r;

	if ((r = msg_encode(m, &enc, e)) < 0 || (r = dir_make(dir, 0700, e)) < 0)
		return r;
	return file_write(path, enc.p, enc.len, 0600, e);
}

static int record_remove(const char *ps, const char *kind, const char *name, struct err *e)
{
	autofree char *path = record_path(ps, kind, name);

	return unlink(path) < 0 && errno != ENOENT ? err_sys(e, "%s", path) : 0;
}

int record_names(const char *ps, const char *kind, struct strvec *names, struct err *e)
{
	autofree char *dir = kind_dir(ps, kind);
	DIR *d = opendir(dir);
	struct dirent *de;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "%s", dir);
	while ((de = readdir(d)))
		if (de->d_name[0] != '.')
			strvec_push(names, de->d_name);
	closedir(d);
	return 0;
}

int app_record_read(const char *ps, const char *app, struct msg **out, struct err *e)
{
	return record_read(ps, "apps", app, out, e);
}

int app_record_write(const char *ps, const char *app, const struct msg *m, struct err *e)
{
	return record_write(ps, "apps", app, m, e);
}

int app_record_remove(const char *ps, const char *app, struct err *e)
{
	return record_remove(ps, "apps", app, e);
}

int site_record_read(const char *ps, const char *site, struct msg **out, struct err *e)
{
	return record_read(ps, "sites", site, out, e);
}

int site_record_write(const char *ps, const char *site, const struct msg *m, struct err *e)
{
	return record_write(ps, "sites", site, m, e);
}

int site_record_remove(const char *ps, const char *site, struct err *e)
{
	return record_remove(ps, "sites", site, e);
}
