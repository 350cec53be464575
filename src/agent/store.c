/* SPDX-License-Identifier: MIT */
/* The store: files by their SHA-256. A complete one stands under its digest, a partial one beside
 * it with ".part", so that a transfer cut short goes on where it stopped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/agent.h"
#include "svc/sign.h"

#define CHUNK     (256u << 10)
#define SIZE_MAX_ (INT64_C(1) << 40) /* bytes of one file */
#define SPARE     (16 << 20)         /* bytes of disk left alone */

struct put {
	const char *digest;
	int64_t size, offset;
	char *path, *part;
	int fd, lock;
	struct sha256 hash;
	char *buf;
};

static void put_release(struct put *p)
{
	free(p->path);
	free(p->part);
	free(p->buf);
	if (p->fd >= 0)
		close(p->fd);
	if (p->lock >= 0)
		close(p->lock);
}

static int need_digest(const struct msg *req, const char **out, struct err *e)
{
	int r = msg_need_text(req, "digest", out, e);

	if (r == 0 && !sha256_is_hex(*out))
		return err_set(e, E_USAGE, "\"digest\" is not 64 hex digits");
	return r;
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

AGENT_OP(store_have, "store.have", OP_READ)
{
	const char *digest;
	int64_t whole, part;
	int r = need_digest(req, &digest, e);

	(void)a;
	if (r < 0)
		return r;
	autofree char *path = str_fmt("%s/%s", AGENT_STORE, digest);
	autofree char *partial = str_fmt("%s.part", path);
	whole = size_of(path);
	part = size_of(partial);
	msg_add_i64(ans, "complete", whole >= 0);
	msg_add_i64(ans, "size", whole >= 0 ? whole : part > 0 ? part : 0);
	return 0;
}

static int check_room(const struct put *p, struct err *e)
{
	struct statvfs st;
	int64_t room, want = p->size - p->offset;

	if (statvfs(AGENT_STORE, &st) < 0)
		return err_sys(e, "%s", AGENT_STORE);
	room = (int64_t)(st.f_bavail * st.f_frsize);
	if (room >= want + SPARE)
		return 0;
	return err_set(e, E_LIMIT, "the server's disk is full: %lld bytes wanted, %lld free",
		(long long)want, (long long)room);
}

/* Digest of what is there already, so that the whole is known at the end. */
static int rehash(struct put *p, struct err *e)
{
	for (int64_t off = 0; off < p->offset;) {
		int64_t want = p->offset - off < CHUNK ? p->offset - off : CHUNK;
		ssize_t k = pread(p->fd, p->buf, (size_t)want, off);

		if (k <= 0)
			return err_sys(e, "%s", p->part);
		sha256_add(&p->hash, p->buf, (size_t)k);
		off += k;
	}
	return 0;
}

static int put_open(struct put *p, const struct msg *req, struct err *e)
{
	int64_t there;
	int r;

	if ((r = need_digest(req, &p->digest, e)) < 0 ||
		(r = msg_need_i64(req, "size", 0, SIZE_MAX_, &p->size, e)) < 0 ||
		(r = msg_need_i64(req, "offset", 0, p->size, &p->offset, e)) < 0 ||
		(r = dir_make(AGENT_STORE, 0700, e)) < 0)
		return r;
	autofree char *lock = str_fmt("store-%s", p->digest);
	if ((r = lock_take(lock, "a transfer of the same file", "store.put", &p->lock, e)) < 0)
		return r;
	p->path = str_fmt("%s/%s", AGENT_STORE, p->digest);
	p->part = str_fmt("%s.part", p->path);
	there = size_of(p->part);
	if (p->offset > (there > 0 ? there : 0))
		return err_set(e, E_STATE, "the server has %lld bytes of the file, not %lld",
			(long long)there, (long long)p->offset);
	if ((r = check_room(p, e)) < 0)
		return r;
	p->fd = open(p->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->fd < 0 || ftruncate(p->fd, p->offset) < 0 || lseek(p->fd, p->offset, SEEK_SET) < 0)
		return err_sys(e, "%s", p->part);
	p->buf = mem_alloc(CHUNK);
	sha256_init(&p->hash);
	return rehash(p, e);
}

static int write_all(int fd, const char *buf, size_t n)
{
	for (size_t off = 0; off < n;) {
		ssize_t k = write(fd, buf + off, n - off);

		if (k < 0 && errno != EINTR)
			return -1;
		off += k > 0 ? (size_t)k : 0;
	}
	return 0;
}

static int receive(struct agent *a, struct put *p, struct err *e)
{
	int64_t at = p->offset;
	int n;

	while ((n = agent_input(a, p->buf, CHUNK, e)) > 0) {
		at += n;
		if (at > p->size)
			return err_set(e, E_INTEGRITY, "more bytes came than were announced");
		sha256_add(&p->hash, p->buf, (size_t)n);
		if (write_all(p->fd, p->buf, (size_t)n) < 0)
			return err_sys(e, "%s", p->part);
		agent_progress(a, "receiving", at, p->size);
	}
	if (n < 0)
		return n;
	return at == p->size ? 0
	                     : err_set(e, E_UNREACH, "the transfer ended after %lld of %lld bytes",
				       (long long)at, (long long)p->size);
}

static int check_and_keep(struct put *p, struct err *e)
{
	unsigned char d[SHA256_SIZE];
	char hex[SHA256_HEX];
	autoclose int dir = open(AGENT_STORE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	sha256_end(&p->hash, d);
	sha256_hex(d, hex);
	if (strcmp(hex, p->digest) != 0) {
		unlink(p->part);
		return err_set(e, E_INTEGRITY, "what arrived has the digest %s, not %s", hex,
			p->digest);
	}
	if (fsync(p->fd) < 0 || rename(p->part, p->path) < 0 || dir < 0 || fsync(dir) < 0)
		return err_sys(e, "%s", p->path);
	return 0;
}

AGENT_OP(store_put, "store.put", OP_STREAM)
{
	autoclean(put_release) struct put p = {.fd = -1, .lock = -1};
	int r = put_open(&p, req, e);

	(void)ans;
	if (r < 0 || size_of(p.path) >= 0)
		return r;
	if ((r = receive(a, &p, e)) < 0)
		return r;
	return check_and_keep(&p, e);
}

AGENT_OP(store_get, "store.get", OP_READ)
{
	autofree char *buf = mem_alloc(CHUNK);
	const char *digest;
	int64_t offset = msg_i64(req, "offset", 0), size;
	int r = need_digest(req, &digest, e);

	if (r < 0)
		return r;
	autofree char *path = str_fmt("%s/%s", AGENT_STORE, digest);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT
		               ? err_set(e, E_NOTFOUND, "no file %.12s… in the store", digest)
		               : err_sys(e, "%s", path);
	size = size_of(path);
	if (offset < 0 || offset > size)
		return err_set(e, E_USAGE, "\"offset\" is outside of the file");
	for (ssize_t k; (k = pread(fd, buf, CHUNK, offset)) != 0; offset += k) {
		if (k < 0)
			return err_sys(e, "%s", path);
		if (agent_cancelled(a))
			return err_set(e, E_INTR, "interrupted");
		if ((r = agent_output(a, 1, buf, (size_t)k, e)) < 0)
			return r;
	}
	msg_add_i64(ans, "size", size);
	return 0;
}

AGENT_OP(store_remove, "store.remove", OP_READ)
{
	const char *digest;
	int r = need_digest(req, &digest, e);

	(void)a;
	(void)ans;
	if (r < 0)
		return r;
	autofree char *path = str_fmt("%s/%s", AGENT_STORE, digest);
	autofree char *part = str_fmt("%s.part", path);
	if ((unlink(path) < 0 && errno != ENOENT) || (unlink(part) < 0 && errno != ENOENT))
		return err_sys(e, "%s", path);
	return 0;
}
