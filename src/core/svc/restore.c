/* SPDX-License-Identifier: MIT */
#include "svc/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/iso8601.h"
#include "util/str.h"

#define SQL_KIND "SELECT value FROM meta WHERE key = 'kind'"

static const char *const parts[] = {"", "-wal", "-shm", "-journal"};

static void remove_all(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		autofree char *part = str_fmt("%s%s", path, parts[i]);

		unlink(part);
	}
}

/* ---- the copy ---- */

static int copy_bytes(int from, int to, const char *name, struct err *e)
{
	enum { CHUNK = 256 * 1024 };
	autofree char *buf = mem_alloc(CHUNK);
	ssize_t n;

	while ((n = read(from, buf, CHUNK)) > 0) {
		if (interrupted)
			return err_interrupted(e);
		for (ssize_t done = 0, w; done < n; done += w)
			if ((w = write(to, buf + done, (size_t)(n - done))) < 0)
				return err_sys(e, "copying %s", name);
	}
	if (n < 0)
		return err_sys(e, "cannot read %s", name);
	return fsync(to) < 0 ? err_sys(e, "copying %s", name) : 0;
}

static int open_backup(const char *file, struct err *e)
{
	autofree char *wal = str_fmt("%s-wal", file);
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? err_set(e, E_NOTFOUND, "no backup %s", file)
		                       : err_sys(e, "cannot read %s", file);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = err_set(e, E_USAGE, "%s is not a file", file);
	else if (st.st_size == 0)
		r = err_set(e, E_INTEGRITY, "%s is empty", file);
	else if (stat(wal, &st) == 0 && st.st_size > 0)
		r = err_set(e, E_INTEGRITY,
			"%s is a store in use (%s lies beside it), not a backup", file, wal);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int copy_file(const char *file, const char *to, struct err *e)
{
	autoclose int in = open_backup(file, e), out = -1;

	if (in < 0)
		return in;
	remove_all(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(e, "%s", to);
	return copy_bytes(in, out, file, e);
}

/* ---- is it sound? ---- */

static void first_finding(void *arg, const char *finding)
{
	char **first = arg;

	if (!*first)
		*first = mem_strdup(finding);
}

static int check(struct sxc *copy, struct err *e)
{
	autofree char *finding = NULL;
	int64_t rows;
	int n = db_check(copy->db, first_finding, &finding, e);

	if (n > 0)
		return err_set(e, E_INTEGRITY, "it is damaged: %s", finding);
	return n < 0 ? n : audit_verify(copy, &rows, e);
}

/* Migrating makes a copy of its own, which is of no use here. */
static int open_checked(struct sxc *copy, const char *path, const char *file, struct err *e)
{
	int r = db_open(&copy->db, path, DB_WRITE, e);

	for (int v = 1; v < db_schema_version(); v++) {
		autofree char *old = str_fmt("%s.v%d", path, v);

		unlink(old);
	}
	if (r == 0)
		r = check(copy, e);
	return r < 0 ? err_wrap(e, "backup %s", file) : 0;
}

static int note_restore(struct sxc *copy, const char *file, struct err *e)
{
	int r = tx_begin(copy, e);

	if (r < 0)
		return r;
	r = audit_add(copy, "restore", file, NULL, NULL, e);
	if (r == 0)
		return tx_commit(copy, e);
	tx_rollback(copy);
	return r;
}

/* ---- changing places ---- */

static int same_kind(struct db *live, struct db *backup, struct err *e)
{
	autofree char *a = NULL, *b = NULL;
	int r;

	if ((r = db_get_text(live, &a, e, SQL_KIND)) < 0 ||
		(r = db_get_text(backup, &b, e, SQL_KIND)) < 0 || str_eq(a, b))
		return r < 0 ? r : 0;
	return err_set(e, E_STATE, "the backup is of a %s control center, this is a %s one",
		b ? b : "?", a ? a : "?");
}

struct keep {
	const char *store, *to;
};

static int keep_copy(void *arg, struct err *e)
{
	const struct keep *k = arg;
	autoclean(db_close) struct db *db = NULL;
	int r = db_open(&db, k->store, DB_READ, e);

	return r < 0 ? r : db_backup(db, k->to, e);
}

static int replace_live(struct db *live, struct db *copy, const char *store, const char *kept,
	struct err *e)
{
	struct keep k = {store, kept};
	int r = same_kind(live, copy, e);

	return r < 0 ? r : db_replace(live, copy, keep_copy, &k, e);
}

/* A store that cannot be opened: all its files get the other name, itself last. A log left behind
 * would be taken for the new store's. */
static int move_damaged(const char *store, const char *kept, struct err *e)
{
	for (size_t i = ARRAY_LEN(parts); i-- > 0;) {
		autofree char *from = str_fmt("%s%s", store, parts[i]);
		autofree char *to = str_fmt("%s%s", kept, parts[i]);

		if (rename(from, to) < 0 && errno != ENOENT)
			return err_sys(e, "moving %s aside", from);
	}
	return 0;
}

static int take_place(struct db **copy, const char *path, const char *store, const char *kept,
	struct err *e)
{
	int r;

	if ((r = db_close_whole(copy, e)) < 0 || (r = move_damaged(store, kept, e)) < 0)
		return r;
	return rename(path, store) < 0 ? err_sys(e, "%s", store) : 0;
}

static char *free_name(const struct sxc *s, const char *store)
{
	autostr t = STR_INIT;
	char *name = NULL;

	iso8601_add(&t, s->now);
	for (int i = 0; !name || access(name, F_OK) == 0; i++) {
		free(name);
		name = i ? str_fmt("%s.replaced-%s.%d", store, str_c(&t), i)
		         : str_fmt("%s.replaced-%s", store, str_c(&t));
	}
	return name;
}

static int put_in_place(struct sxc *s, struct sxc *copy, const char *path, const char *store,
	char **kept, struct err *e)
{
	autoclean(db_close) struct db *live = NULL;
	autofree char *aside = free_name(s, store);
	int r = db_open(&live, store, DB_WRITE, e);

	if (r == 0)
		r = s->dry_run ? same_kind(live, copy->db, e)
		               : replace_live(live, copy->db, store, aside, e);
	else if (s->dry_run)
		r = r == E_INTEGRITY || r == E_NOTFOUND ? 0 : r;
	else if (r == E_INTEGRITY || r == E_NOTFOUND)
		r = take_place(&copy->db, path, store, aside, e);
	if (r == 0 && access(aside, F_OK) == 0)
		*kept = steal(&aside);
	return r;
}

int sxc_restore(struct sxc *s, const char *file, char **kept, struct err *e)
{
	autofree char *store = sxc_path(s, "sxc.db"), *path = sxc_path(s, "sxc.db.restore");
	struct sxc copy = *s;
	int r;

	copy.db = NULL;
	*kept = NULL;
	if (access(s->home, F_OK) != 0)
		return err_set(e, E_NOTFOUND,
			"no control center at %s: make one with \"sxc init\", then restore",
			s->home);
	if ((r = copy_file(file, path, e)) == 0 && (r = open_checked(&copy, path, file, e)) == 0 &&
		(r = note_restore(&copy, file, e)) == 0)
		r = put_in_place(s, &copy, path, store, kept, e);
	db_close(&copy.db);
	remove_all(path);
	return r;
}
