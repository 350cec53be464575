/* SPDX-License-Identifier: MIT */
#include "svc/request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/sign.h"
#include "util/str.h"

#define SQL_FIND                                                                                   \
	"SELECT r.id, r.digest, r.state, r.changed, r.job, r.status, r.output, "                   \
	"j.state IN ('failed', 'cancelled') "                                                      \
	"FROM request r LEFT JOIN job j ON j.id = r.job WHERE r.key = ?1"
#define SQL_AGAIN  "UPDATE request SET changed = 0, job = NULL WHERE id = ?1"
#define SQL_NEW    "INSERT INTO request (key, digest, created) VALUES (?1, ?2, ?3)"
#define SQL_FORGET "DELETE FROM request WHERE id = ?1 AND changed = 0"
#define SQL_END    "UPDATE request SET state = 'done', status = ?2, output = ?3 WHERE id = ?1"

/* Does the path still lead to this file? Who had the lock before takes the file away. */
static bool is_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* One run at a time a key: a lock file named by the key's digest; the kernel drops it with us. */
static int take_lock(struct sxc *s, struct request *r, struct err *e)
{
	char hex[SHA256_HEX];

	sha256_buf(s->request_key, strlen(s->request_key), hex);
	autofree char *rel = str_fmt("run/request-%.16s.lock", hex);
	autofree char *path = sxc_path(s, rel);

	for (;;) {
		r->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		if (r->lock < 0)
			return err_sys(e, "%s", path);
		if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
			return err_set(e, E_BUSY,
				"request key '%s' is being worked on by another run",
				s->request_key);
		if (is_file(r->lock, path))
			break;
		close(r->lock);
	}
	r->path = steal(&path);
	return 0;
}

static int found(struct sxc *s, struct query *q, const char *digest, struct request *r,
	struct err *e)
{
	if (strcmp(db_text(q, 1), digest) != 0)
		return err_set(e, E_INTEGRITY, "request key '%s' was used for other arguments",
			s->request_key);
	if (strcmp(db_text(q, 2), "done") == 0) {
		r->result = REQUEST_DONE;
		r->status = (int)db_i64(q, 5);
		r->output = db_text_dup(q, 6);
		return 0;
	}
	s->request_id = db_i64(q, 0);
	if (db_i64(q, 7)) { /* its job failed and was undone: nothing is left of it */
		r->result = REQUEST_NEW;
		return db_run(s->db, e, SQL_AGAIN, s->request_id);
	}
	r->job = db_i64(q, 4);
	r->result = r->job ? REQUEST_JOB : db_i64(q, 3) ? REQUEST_CHANGED : REQUEST_NEW;
	return 0;
}

int request_begin(struct sxc *s, const char *args, struct request *r, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char digest[SHA256_HEX];
	int rc;

	*r = (struct request){.lock = -1};
	sha256_buf(args, strlen(args), digest);
	if ((rc = take_lock(s, r, e)) < 0)
		return rc;
	if ((rc = db_one(s->db, &q, e, SQL_FIND, s->request_key)) < 0)
		return rc;
	if (rc > 0)
		return found(s, &q, digest, r, e);
	if ((rc = db_run(s->db, e, SQL_NEW, s->request_key, digest, s->now)) < 0)
		return rc;
	s->request_id = db_last_id(s->db);
	r->result = REQUEST_NEW;
	return 0;
}

int request_end(struct sxc *s, struct request *r, int status, const char *output, struct err *e)
{
	int64_t id = s->request_id;
	int rc;

	s->request_id = 0;
	if (!id || r->result == REQUEST_DONE)
		return 0;
	if (status != 0) {
		/* What changed nothing may be tried again; what left a job is gone on with. */
		if ((rc = db_run(s->db, e, SQL_FORGET, id)) < 0)
			return rc;
		return 0;
	}
	return db_run(s->db, e, SQL_END, id, status, output);
}

void request_release(struct request *r)
{
	free(r->output);
	if (r->path)
		unlink(r->path);
	free(r->path);
	if (r->lock >= 0)
		close(r->lock);
	*r = (struct request){.lock = -1};
}
