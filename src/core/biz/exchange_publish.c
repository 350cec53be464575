/* SPDX-License-Identifier: MIT */
/* A directory that is an exchange, made of the packages registered here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/exchange_int.h"
#include "svc/package_write.h"
#include "util/slurp.h"
#include "util/str.h"

struct publishing {
	struct sxc *s;
	const struct exchange_publish *p;
	unsigned char secret[SIGN_SECRET_SIZE], pub[SIGN_PUBLIC_SIZE];
	struct index before, next;
	struct strvec texts; /* what next borrows */
};

static void publishing_release(struct publishing *w)
{
	mem_wipe(w->secret, sizeof(w->secret));
	index_release(&w->before);
	index_release(&w->next);
	strvec_release(&w->texts);
}

static const char *keep(struct publishing *w, const char *text)
{
	strvec_push(&w->texts, text);
	return w->texts.v[w->texts.n - 1];
}

static int load_keys(struct publishing *w, struct err *e)
{
	autofree char *key = sxc_path(w->s, "keys/sign"), *pub = sxc_path(w->s, "keys/sign.pub");
	int r = sign_key_load(key, w->secret, e);

	return r < 0 ? r : sign_public_load(pub, w->pub, e);
}

/* The index that is there: of this control center, or it is another's exchange. */
static int load_before(struct publishing *w, struct err *e)
{
	autofree char *path = str_fmt("%s/" INDEX_FILE, w->p->dir);
	autostr text = STR_INIT;
	int r;

	if (access(path, F_OK) != 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	if ((r = slurp(path, INDEX_MAX, &text, e)) < 0)
		return r;
	return index_read(str_c(&text), text.len, w->pub, path, &w->before, e);
}

/* ---- entries ---- */

static bool was_security(const struct index *x, const char *app, const char *version)
{
	vec_each(&x->entries, en) {
		if (strcmp(en->app, app) == 0 && strcmp(en->version, version) == 0)
			return en->security;
	}
	return false;
}

static bool is_security(const struct publishing *w, const char *app, const char *version)
{
	autofree char *pair = str_fmt("%s=%s", app, version);

	for (size_t i = 0; i < w->p->security->n; i++)
		if (strcmp(w->p->security->v[i], pair) == 0)
			return true;
	return was_security(&w->before, app, version);
}

static int add_entry(void *arg, const void *row, struct err *e)
{
	const struct app_row *a = row;
	struct publishing *w = arg;
	autofree char *file = package_file_name(a->app, a->version);
	struct index_entry en = {.app = keep(w, a->app),
		.version = keep(w, a->version),
		.title = keep(w, a->title),
		.file = keep(w, file),
		.sha256 = keep(w, a->digest),
		.size = a->size,
		.security = is_security(w, a->app, a->version)};

	(void)e;
	vec_push(&w->next.entries, en);
	return 0;
}

/* A mark for what is not published is a slip. */
static int check_marks(const struct publishing *w, struct err *e)
{
	for (size_t i = 0; i < w->p->security->n; i++) {
		const char *pair = w->p->security->v[i];
		bool found = false;

		vec_each(&w->next.entries, en) {
			autofree char *name = str_fmt("%s=%s", en->app, en->version);

			found = found || strcmp(name, pair) == 0;
		}
		if (!found)
			return err_set(e, E_NOTFOUND,
				"'%.100s' is no APP=VERSION that is registered", pair);
	}
	return 0;
}

/* ---- files ---- */

static int write_file(const char *dir, const char *name, const char *p, size_t n, struct err *e)
{
	autofree char *to = str_fmt("%s/%s", dir, name), *tmp = str_fmt("%s/.%s.new", dir, name);
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || fsync(fd) < 0 || rename(tmp, to) < 0)
		return err_sys(e, "%s", to);
	return 0;
}

static int copy_package(struct publishing *w, const struct index_entry *en, struct err *e)
{
	autofree char *from = app_path(w->s, en->sha256);
	autofree char *to = str_fmt("%s/%s", w->p->dir, en->file);
	autofree char *tmp = str_fmt("%s/.%s.new", w->p->dir, en->file);
	char digest[SHA256_HEX];
	int r;

	if (access(to, F_OK) == 0 && sha256_file(to, digest, NULL, e) == 0 &&
		strcmp(digest, en->sha256) == 0)
		return 0;
	unlink(tmp);
	if ((r = app_copy_file(from, tmp, 0644, e)) < 0 ||
		(r = sha256_file(tmp, digest, NULL, e)) < 0)
		return r;
	if (strcmp(digest, en->sha256) != 0)
		return err_set(e, E_INTEGRITY, "%s is not what was registered", from);
	return rename(tmp, to) < 0 ? err_sys(e, "%s", to) : app_sign(w->s, to, e);
}

static int write_index(struct publishing *w, struct err *e)
{
	char hex[2 * SIGN_PUBLIC_SIZE + 2];
	autostr text = STR_INIT;
	int r;

	hex_encode(w->pub, sizeof(w->pub), hex);
	hex[2 * SIGN_PUBLIC_SIZE] = '\n';
	if ((r = write_file(w->p->dir, EXCHANGE_PUB, hex, 2 * SIGN_PUBLIC_SIZE + 1, e)) < 0)
		return r;
	index_write(&w->next, w->secret, &text);
	return write_file(w->p->dir, INDEX_FILE, text.p, text.len, e);
}

/* What the index before named and this one does not is of no use to anyone. */
static void drop_old(const struct publishing *w)
{
	vec_each(&w->before.entries, old) {
		autofree char *path = str_fmt("%s/%s", w->p->dir, old->file);
		autofree char *sig = str_fmt("%s.sig", path);
		bool stays = false;

		vec_each(&w->next.entries, en)
			stays = stays || strcmp(en->file, old->file) == 0;
		if (!stays) {
			unlink(path);
			unlink(sig);
		}
	}
}

static int record(struct sxc *s, const struct publishing *w, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *after = str_fmt("{\"serial\":%lld}", (long long)w->next.serial);
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = audit_add(s, "app.exchange.publish", w->p->dir, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int exchange_publish(struct sxc *s, const struct exchange_publish *p, int64_t *serial,
	int64_t *packages, struct err *e)
{
	autoclean(publishing_release) struct publishing w = {.s = s, .p = p};
	int r;

	if (!s->dry_run && mkdir(p->dir, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "%s", p->dir);
	if ((r = load_keys(&w, e)) < 0 || (r = load_before(&w, e)) < 0 ||
		(r = app_list(s, NULL, add_entry, &w, e)) < 0 || (r = check_marks(&w, e)) < 0)
		return r;
	w.next.serial = w.before.serial + 1;
	w.next.created = s->now;
	w.next.expires = s->now + p->seconds;
	*serial = w.next.serial;
	*packages = (int64_t)w.next.entries.n;
	if (s->dry_run)
		return 0;
	for (size_t i = 0; i < w.next.entries.n && r == 0; i++)
		r = (r = err_interrupted(e)) < 0 ? r : copy_package(&w, &w.next.entries.v[i], e);
	if (r < 0 || (r = write_index(&w, e)) < 0)
		return r;
	drop_old(&w);
	return record(s, &w, e);
}
