/* SPDX-License-Identifier: MIT */
#include "agent/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/str.h"

#define FILES_WANTED 8192 /* one a level, and PATH_MAX allows 2048 levels */

/* ---- walking ---- */

struct walk {
	const struct tree_visitor *v;
	struct str path;
};

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int walk_dir(struct walk *w, int fd, struct err *e);

static int walk_below(struct walk *w, const struct tree_entry *en, struct err *e)
{
	int fd = openat(en->dir, en->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "opening %.200s", en->path) : walk_dir(w, fd, e);
}

static int walk_entry(struct walk *w, int dir, const char *name, struct err *e)
{
	size_t len = w->path.len;
	struct stat st;
	struct tree_entry en = {.dir = dir, .name = name, .st = &st};
	int rc;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "looking at %.200s/%s", str_c(&w->path), name);
	if (len)
		str_addc(&w->path, '/');
	str_add(&w->path, name);
	if (w->path.len >= PATH_MAX)
		return err_set(e, E_LIMIT, "a path in it is longer than %d bytes", PATH_MAX - 1);
	en.path = str_c(&w->path);
	rc = w->v->enter(w->v->arg, &en, e);
	if (rc == 0 && S_ISDIR(st.st_mode)) {
		rc = walk_below(w, &en, e);
		en.path = str_c(&w->path); /* it may have moved */
		if (rc == 0 && w->v->leave)
			rc = w->v->leave(w->v->arg, &en, e);
	}
	str_setlen(&w->path, len);
	return rc < 0 ? rc : 0;
}

/* Takes over fd. */
static int walk_dir(struct walk *w, int fd, struct err *e)
{
	autoclean(close_dir) DIR *d = fdopendir(fd);
	struct dirent *de;
	int rc = 0;

	if (!d) {
		rc = err_sys(e, "reading %.200s", str_c(&w->path));
		close(fd);
		return rc;
	}
	while (rc == 0 && (errno = 0, de = readdir(d)))
		if (!str_eq(de->d_name, ".") && !str_eq(de->d_name, ".."))
			rc = walk_entry(w, dirfd(d), de->d_name, e);
	return rc == 0 && errno ? err_sys(e, "reading %.200s", str_c(&w->path)) : rc;
}

static void allow_depth(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= FILES_WANTED)
		return;
	r.rlim_cur = r.rlim_max < FILES_WANTED ? r.rlim_max : FILES_WANTED;
	setrlimit(RLIMIT_NOFILE, &r);
}

int tree_walk(int root, const struct tree_visitor *v, struct err *e)
{
	struct walk w = {.v = v, .path = STR_INIT};
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	allow_depth();
	rc = fd < 0 ? err_sys(e, "reading a directory") : walk_dir(&w, fd, e);
	str_release(&w.path);
	return rc;
}

/* ---- links: a hash table with open addressing ---- */

struct tree_link {
	dev_t dev;
	ino_t ino;
	char path[];
};

static size_t link_slot(const struct tree_links *l, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h >> 20) & (l->cap - 1);

	while (l->v[i] && (l->v[i]->dev != dev || l->v[i]->ino != ino))
		i = (i + 1) & (l->cap - 1);
	return i;
}

static void links_grow(struct tree_links *l)
{
	struct tree_links more = {.cap = l->cap ? l->cap * 2 : 64, .n = l->n};

	more.v = mem_zalloc(more.cap * sizeof(*more.v));
	for (size_t i = 0; i < l->cap; i++)
		if (l->v[i])
			more.v[link_slot(&more, l->v[i]->dev, l->v[i]->ino)] = l->v[i];
	free(l->v);
	*l = more;
}

const char *tree_links_seen(struct tree_links *l, const struct stat *st, const char *path)
{
	struct tree_link *k;
	size_t n = strlen(path) + 1, i;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	if (l->n * 2 >= l->cap)
		links_grow(l);
	i = link_slot(l, st->st_dev, st->st_ino);
	if (l->v[i])
		return l->v[i]->path;
	k = mem_alloc(sizeof(*k) + n);
	k->dev = st->st_dev;
	k->ino = st->st_ino;
	memcpy(k->path, path, n);
	l->v[i] = k;
	l->n++;
	return NULL;
}

void tree_links_release(struct tree_links *l)
{
	for (size_t i = 0; i < l->cap; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct tree_links){0};
}

/* ---- measuring ---- */

struct measure {
	struct tree_links links;
	int64_t bytes;
};

static int measure_one(void *arg, const struct tree_entry *en, struct err *e)
{
	struct measure *m = arg;

	(void)e;
	if (!tree_links_seen(&m->links, en->st, en->path))
		m->bytes += (int64_t)en->st->st_blocks * 512;
	return 0;
}

int tree_size(int root, int64_t *bytes, struct err *e)
{
	struct measure m = {0};
	struct tree_visitor v = {.enter = measure_one, .arg = &m};
	int rc = tree_walk(root, &v, e);

	tree_links_release(&m.links);
	*bytes = m.bytes;
	return rc;
}
