/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/remote_conn.h"
#include "svc/sign.h"

#define STALL 60 /* seconds in which not one byte is taken */

struct transfer {
	int fd;
	const char *path;
	const struct remote_events *ev; /* the caller's, may be NULL */
	struct sha256 hash;
};

static void transfer_progress(void *arg, const char *step, int64_t done, int64_t total)
{
	const struct transfer *t = arg;

	if (t->ev && t->ev->progress)
		t->ev->progress(t->ev->arg, step, done, total);
}

static int read_file(void *arg, void *p, size_t n, struct err *e)
{
	struct transfer *t = arg;
	ssize_t k;

	do {
		k = read(t->fd, p, n);
	} while (k < 0 && errno == EINTR);
	return k < 0 ? err_sys(e, "%s", t->path) : (int)k;
}

static int have(struct remote *r, const char *sha256, bool *complete, int64_t *size, struct err *e)
{
	automsg *req = msg_new(), *ans = NULL;
	int rc;

	msg_add_text(req, "digest", sha256);
	if ((rc = remote_call(r, "store.have", NULL, req, NULL, &ans, e)) < 0)
		return rc;
	*complete = msg_i64(ans, "complete", 0) != 0;
	*size = msg_i64(ans, "size", 0);
	return 0;
}

static int put(struct remote *r, struct transfer *t, const char *sha256, int64_t size,
	int64_t offset, struct err *e)
{
	struct remote_events ev = {.input = read_file,
		.progress = transfer_progress,
		.arg = t,
		.input_fd = -1};
	struct remote_extra x = {.stall = STALL};
	automsg *req = msg_new(), *ans = NULL;

	if (lseek(t->fd, offset, SEEK_SET) < 0)
		return err_sys(e, "%s", t->path);
	msg_add_text(req, "digest", sha256);
	msg_add_i64(req, "size", size);
	msg_add_i64(req, "offset", offset);
	return remote_call_with(r, "store.put", NULL, req, &ev, &x, &ans, e);
}

int remote_push(struct remote *r, const char *path, const char *sha256,
	const struct remote_events *ev, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct transfer t = {.fd = fd, .path = path, .ev = ev};
	struct stat st;
	bool complete;
	int64_t there;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if ((rc = have(r, sha256, &complete, &there, e)) < 0 || complete)
		return rc;
	if (there > st.st_size)
		there = 0;
	return put(r, &t, sha256, st.st_size, there, e);
}

/* ---- the other way ---- */

static int write_file(void *arg, int as, const void *p, size_t n, struct err *e)
{
	struct transfer *t = arg;
	const char *c = p;

	(void)as;
	sha256_add(&t->hash, p, n);
	while (n) {
		ssize_t k = write(t->fd, c, n);

		if (k < 0 && errno != EINTR)
			return err_sys(e, "%s", t->path);
		if (k > 0) {
			c += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

static int get(struct remote *r, struct transfer *t, const char *sha256, struct err *e)
{
	struct remote_events ev = {.data = write_file, .progress = transfer_progress, .arg = t};
	automsg *req = msg_new(), *ans = NULL;
	unsigned char d[SHA256_SIZE];
	char hex[SHA256_HEX];
	int rc;

	sha256_init(&t->hash);
	msg_add_text(req, "digest", sha256);
	if ((rc = remote_call(r, "store.get", NULL, req, &ev, &ans, e)) < 0)
		return rc;
	sha256_end(&t->hash, d);
	sha256_hex(d, hex);
	return strcmp(hex, sha256) == 0
	               ? 0
	               : err_set(e, E_INTEGRITY, "server %s: what came has the digest %s, not %s",
				 r->link.name, hex, sha256);
}

int remote_fetch(struct remote *r, const char *sha256, const char *path,
	const struct remote_events *ev, struct err *e)
{
	autofree char *tmp = str_fmt("%s.XXXXXX", path);
	autoclose int fd = mkostemp(tmp, O_CLOEXEC);
	struct transfer t = {.fd = fd, .path = tmp, .ev = ev};
	int rc;

	if (fd < 0)
		return err_sys(e, "%s", path);
	if ((rc = get(r, &t, sha256, e)) == 0 && (fsync(fd) < 0 || rename(tmp, path) < 0))
		rc = err_sys(e, "%s", path);
	if (rc < 0)
		unlink(tmp);
	return rc;
}
