/* SPDX-License-Identifier: MIT */
#include "svc/sxc.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/remote.h"
#include "svc/settings.h"
#include "svc/sign.h"
#include "util/str.h"

#define SQL_META_GET   "SELECT value FROM meta WHERE key = ?1"
#define SQL_META_SET   "INSERT INTO meta (key, value) VALUES (?1, ?2)"
#define SQL_CONFIG_GET "SELECT value FROM config WHERE key = ?1"
#define SQL_CONFIG_SET                                                                             \
	"INSERT INTO config (key, value) VALUES (?1, ?2) "                                         \
	"ON CONFLICT (key) DO UPDATE SET value = excluded.value"
#define SQL_CONFIG_UNSET    "DELETE FROM config WHERE key = ?1"
#define SQL_REQUEST_CHANGED "UPDATE request SET changed = 1 WHERE id = ?1 AND changed = 0"

char *sxc_path(const struct sxc *s, const char *rel)
{
	return str_fmt("%s/%s", s->home, rel);
}

static char *beside_program(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	path = str_fmt("%s/%s", self, name);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *sxc_helper(const char *variable, const char *name)
{
	const char *env = getenv(variable);
	char *beside;

	if (env && *env)
		return mem_strdup(env);
	beside = beside_program(name);
	return beside ? beside : str_fmt(SXC_PREFIX "/lib/sxc/%s", name);
}

void sxc_note(struct sxc *s, int level, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;

	if (!s->note || s->quiet || level > s->verbose)
		return;
	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	s->note(s->tell_arg, str_c(&text));
}

/* ---- opening ---- */

static int read_meta(struct sxc *s, struct err *e)
{
	autofree char *kind = NULL;
	int r = db_get_text(s->db, &kind, e, SQL_META_GET, "kind");

	if (r < 0)
		return r;
	s->rehearsal = str_eq(kind, "rehearsal");
	if (s->now_given && s->mode == DB_WRITE && !s->rehearsal)
		return err_set(e, E_USAGE,
			"--now changes something only in a rehearsal (sxc init --rehearsal)");
	return 0;
}

int sxc_open(struct sxc *s, enum db_mode mode, struct err *e)
{
	autofree char *path = sxc_path(s, "sxc.db");
	int r;

	if (s->db && s->mode >= mode) {
		s->mode = s->mode > mode ? s->mode : mode;
		return read_meta(s, e);
	}
	db_close(&s->db);
	r = db_open(&s->db, path, mode, e);
	if (r == E_NOTFOUND)
		return err_set(e, r, "no control center at %s: make one with \"sxc init\"",
			s->home);
	if (r < 0)
		return r;
	s->mode = mode;
	return read_meta(s, e);
}

void sxc_release(struct sxc *s)
{
	db_close(&s->db);
	remote_pool_free(s->pool);
	free(s->home);
	free(s->login);
	free(s->as);
	free(s->request_key);
	*s = (struct sxc){0};
}

/* ---- making a home ---- */

static int make_dir(const char *path, struct err *e)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? err_sys(e, "%s", path) : 0;
}

static int make_parents(const char *path, struct err *e)
{
	autofree char *p = mem_strdup(path);
	int r = 0;

	for (char *c = p + 1; r == 0 && (c = strchr(c, '/')); *c++ = '/') {
		*c = '\0';
		if (mkdir(p, 0755) < 0 && errno != EEXIST)
			r = err_sys(e, "%s", p);
	}
	return r;
}

static int make_dirs(struct sxc *s, struct err *e)
{
	static const char *const parts[] = {"", "keys", "packages", "images", "cache", "run"};
	int r = make_parents(s->home, e);

	for (size_t i = 0; i < ARRAY_LEN(parts) && r == 0; i++) {
		autofree char *path = sxc_path(s, parts[i]);

		r = make_dir(path, e);
	}
	return r;
}

/* Keys made by an init that was cut short are kept: nothing knows them yet, nothing is lost. */
static int make_keys(struct sxc *s, struct err *e)
{
	autofree char *ssh = sxc_path(s, "keys/ssh");
	autofree char *sign = sxc_path(s, "keys/sign");
	char host[64] = "control-center";
	int r = 0;

	gethostname(host, sizeof(host) - 1);
	autofree char *comment = str_fmt("sxc@%s", host);

	if (access(ssh, F_OK) != 0)
		r = remote_make_key(ssh, comment, e);
	if (r == 0 && access(sign, F_OK) != 0)
		r = sign_key_make(sign, e);
	return r;
}

static int fill_store(struct sxc *s, const char *path, bool rehearsal, struct err *e)
{
	struct sxc fresh = *s;
	int r;

	fresh.db = NULL;
	fresh.request_id = 0;
	if ((r = db_open(&fresh.db, path, DB_CREATE, e)) < 0)
		return r;
	r = tx_begin(&fresh, e);
	if (r == 0)
		r = db_run(fresh.db, e, SQL_META_SET, "kind", rehearsal ? "rehearsal" : "real");
	if (r == 0)
		r = audit_add(&fresh, "init", rehearsal ? "rehearsal" : "real", NULL, NULL, e);
	r = r == 0 ? tx_commit(&fresh, e) : (tx_rollback(&fresh), r);
	/* What is still in the log would be lost by the rename. */
	if (r == 0)
		r = db_close_whole(&fresh.db, e);
	db_close(&fresh.db);
	return r;
}

int sxc_init(struct sxc *s, bool rehearsal, struct err *e)
{
	autofree char *path = sxc_path(s, "sxc.db");
	autofree char *tmp = str_fmt("%s.new", path);
	autofree char *wal = str_fmt("%s-wal", tmp), *shm = str_fmt("%s-shm", tmp);
	int r;

	if (access(path, F_OK) == 0)
		return err_set(e, E_EXISTS, "%s is a control center already", s->home);
	if ((r = make_dirs(s, e)) < 0 || (r = make_keys(s, e)) < 0)
		return r;
	unlink(tmp);
	unlink(wal);
	unlink(shm);
	if ((r = fill_store(s, tmp, rehearsal, e)) < 0)
		return r;
	return rename(tmp, path) < 0 ? err_sys(e, "%s", path) : 0;
}

/* ---- transactions ---- */

int tx_begin(struct sxc *s, struct err *e)
{
	return db_begin(s->db, e);
}

int tx_commit(struct sxc *s, struct err *e)
{
	int r = 0;

	if (s->request_id)
		r = db_run(s->db, e, SQL_REQUEST_CHANGED, s->request_id);
	if (r < 0) {
		db_rollback(s->db);
		return r;
	}
	return db_commit(s->db, e);
}

void tx_rollback(struct sxc *s)
{
	db_rollback(s->db);
}

void tx_cleanup(struct sxc **s)
{
	if (*s)
		db_rollback((*s)->db);
}

/* ---- configuration ---- */

int config_get(struct sxc *s, const char *key, char **out, struct err *e)
{
	int r;

	*out = NULL;
	if ((r = db_get_text(s->db, out, e, SQL_CONFIG_GET, key)) < 0)
		return r;
	if (r == 0)
		*out = mem_strdup0(settings_default(key));
	return 0;
}

int config_get_i64(struct sxc *s, const char *key, int64_t *out, struct err *e)
{
	autofree char *text = NULL;
	int r = config_get(s, key, &text, e);

	if (r == 0 && text)
		*out = strtoll(text, NULL, 10);
	return r;
}

int config_set(struct sxc *s, const char *key, const char *value, struct err *e)
{
	return value ? db_run(s->db, e, SQL_CONFIG_SET, key, value)
	             : db_run(s->db, e, SQL_CONFIG_UNSET, key);
}
