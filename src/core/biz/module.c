/* SPDX-License-Identifier: MIT */
#include "biz/module.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/modinfo.h"
#include "util/slurp.h"
#include "util/str.h"

#define SQL_PUT                                                                                    \
	"INSERT INTO module_build (release, version, srcversion, vermagic, digest, size, signed, " \
	"created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (release) DO UPDATE SET "    \
	"version = ?2, srcversion = ?3, vermagic = ?4, digest = ?5, size = ?6, signed = ?7, "      \
	"created = ?8"
#define SQL_FIND   "SELECT version, vermagic, digest FROM module_build WHERE release = ?1"
#define SQL_REMOVE "DELETE FROM module_build WHERE release = ?1"
#define SQL_ROWS                                                                                   \
	"SELECT release, version, srcversion, vermagic, digest, size, signed, created "            \
	"FROM module_build ORDER BY release"

/* ---- builds that were added ---- */

static char *kept_path(const struct sxc *s, const char *release)
{
	return str_fmt("%s/modules/%s/sxps.ko", s->home, release);
}

static int read_build(const char *path, struct str *file, struct modinfo *m, struct err *e)
{
	int r = slurp(path, MODINFO_MAX, file, e);

	if (r < 0)
		return r;
	if (modinfo_parse(str_c(file), file->len, m, e) < 0)
		return err_wrap(e, "%s", path);
	if (!m->name || !str_eq(m->name, "sxps") || !m->version)
		return err_set(e, E_INTEGRITY, "%s: it is not a build of the module sxps", path);
	return 0;
}

static int write_file(const char *path, const struct str *file, struct err *e)
{
	autofree char *tmp = str_fmt("%s.new", path);
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, file->p, file->len) != (ssize_t)file->len || fsync(fd) < 0 ||
		rename(tmp, path) < 0) {
		int r = err_sys(e, "%s", path);

		unlink(tmp);
		return r;
	}
	return 0;
}

static int keep_file(struct sxc *s, const struct str *file, const char *release, struct err *e)
{
	autofree char *all = sxc_path(s, "modules");
	autofree char *dir = str_fmt("%s/%s", all, release), *path = kept_path(s, release);

	if ((mkdir(all, 0700) < 0 && errno != EEXIST) || (mkdir(dir, 0700) < 0 && errno != EEXIST))
		return err_sys(e, "%s", dir);
	return write_file(path, file, e);
}

static int put_row(struct sxc *s, const struct str *file, const struct modinfo *m, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	char digest[SHA256_HEX];
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	sha256_buf(file->p, file->len, digest);
	if ((r = db_run(s->db, e, SQL_PUT, m->release, m->version, m->srcversion, m->vermagic,
		     digest, (int64_t)file->len, m->is_signed, s->now)) < 0 ||
		(r = audit_add(s, "server.module.add", m->release, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int module_add(struct sxc *s, const char *path, char **release, struct err *e)
{
	autostr file = STR_INIT;
	struct modinfo m;
	int r = read_build(path, &file, &m, e);

	if (r < 0)
		return r;
	if (!str_eq(m.version, SXC_VERSION))
		return err_set(e, E_STATE, "%s is of version %.40s, this sxc of version %s", path,
			m.version, SXC_VERSION);
	if ((r = keep_file(s, &file, m.release, e)) < 0 || (r = put_row(s, &file, &m, e)) < 0)
		return r;
	*release = mem_strdup(m.release);
	return 0;
}

int module_remove(struct sxc *s, const char *release, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *path = NULL, *dir = NULL;
	autoclean(db_done) struct query q = {0};
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = db_one(s->db, &q, e, SQL_FIND, release)) <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no build for kernel '%.80s'", release);
	if ((r = db_run(s->db, e, SQL_REMOVE, release)) < 0 ||
		(r = audit_add(s, "server.module.remove", release, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	if ((r = tx_commit(s, e)) < 0)
		return r;
	path = kept_path(s, release);
	dir = mem_strndup(path, strlen(path) - strlen("/sxps.ko"));
	unlink(path);
	rmdir(dir);
	return 0;
}

int module_list(struct sxc *s, module_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_ROWS);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct module_row row = {db_text(&q, 0), db_text(&q, 1), db_text(&q, 2),
			db_text(&q, 3), db_text(&q, 4), db_i64(&q, 5), db_i64(&q, 6),
			db_i64(&q, 7)};

		r = fn(arg, &row, e);
	}
	return r;
}

/* ---- finding one ---- */

/* The directory sxc runs from, in fresh memory; NULL when it cannot be told. */
static char *program_dir(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	return mem_strdup(self);
}

static bool same_kernel(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0;
}

/* A file that came with sxc, if it is for that kernel. */
static bool fits(char *path, const char *release, const char *vermagic, char digest[SHA256_HEX])
{
	autostr file = STR_INIT;
	struct modinfo m;

	if (access(path, R_OK) < 0 || read_build(path, &file, &m, NULL) < 0 ||
		!str_eq(m.version, SXC_VERSION) || !str_eq(m.release, release) ||
		!same_kernel(m.vermagic, vermagic))
		return false;
	sha256_buf(file.p, file.len, digest);
	return true;
}

static bool find_shipped(const char *release, const char *vermagic, char **path,
	char digest[SHA256_HEX])
{
	autofree char *here = program_dir();
	autofree char *installed = str_fmt("%s/lib/sxc/modules/%s/sxps.ko", SXC_PREFIX, release);
	autofree char *beside = str_fmt("%s/kmod/sxps.ko", here ? here : "");

	if (fits(installed, release, vermagic, digest))
		*path = mem_strdup(installed);
	else if (here && fits(beside, release, vermagic, digest))
		*path = mem_strdup(beside);
	return *path != NULL;
}

int module_find(struct sxc *s, const char *release, const char *vermagic, char **path,
	char digest[SHA256_HEX], struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_FIND, release);

	*path = NULL;
	if (r < 0)
		return r;
	if (r > 0 && str_eq(db_text(&q, 0), SXC_VERSION) && same_kernel(db_text(&q, 1), vermagic)) {
		snprintf(digest, SHA256_HEX, "%s", db_text(&q, 2));
		*path = kept_path(s, release);
		return 1;
	}
	return find_shipped(release, vermagic, path, digest);
}

/* ---- the source ---- */

static bool is_source(const char *name)
{
	return str_ends(name, ".c") || str_ends(name, ".h") || str_eq(name, "Kbuild") ||
	       str_eq(name, "Makefile");
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* All source files of dir, under prefix. */
static int add_files(struct msg *m, const char *dir, const char *prefix, struct err *e)
{
	autoclean(close_dir) DIR *d = opendir(dir);
	struct dirent *de;
	int r = 0;

	if (!d)
		return err_sys(e, "%s", dir);
	while (r == 0 && (de = readdir(d))) {
		autofree char *path = str_fmt("%s/%s", dir, de->d_name);
		autofree char *name = str_fmt("%s%s", prefix, de->d_name);
		autostr text = STR_INIT;
		struct msg *file;

		if (!is_source(de->d_name))
			continue;
		if ((r = slurp(path, 256 << 10, &text, e)) < 0)
			break;
		file = msg_new();
		msg_add_text(file, "name", name);
		msg_add_text(file, "text", str_c(&text));
		msg_add_msg(m, "file", file);
	}
	return r;
}

int module_source(struct msg *m, struct err *e)
{
	autofree char *here = program_dir();
	autofree char *beside = str_fmt("%s/kmod", here ? here : "");
	autofree char *installed = str_fmt("%s/src/sxps-%s", SXC_PREFIX, SXC_VERSION);
	autofree char *probe = str_fmt("%s/Kbuild", beside);
	const char *dir = here && access(probe, R_OK) == 0 ? beside : installed;
	autofree char *uapi = str_fmt("%s/uapi", dir);
	int r;

	if (access(dir, R_OK) < 0)
		return err_set(e, E_NOTFOUND, "the module's source is not installed here (%s)",
			installed);
	r = add_files(m, dir, "", e);
	return r < 0 ? r : add_files(m, uapi, "uapi/", e);
}
