/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "util/vec.h"

static int make_one(const char *path, unsigned mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return chmod(path, mode) < 0 ? err_sys(e, "%s", path) : 0;
	if (errno != EEXIST)
		return err_sys(e, "%s", path);
	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	return S_ISDIR(st.st_mode) ? 0 : err_set(e, E_STATE, "%s is not a directory", path);
}

int dir_make(const char *path, unsigned mode, struct err *e)
{
	autofree char *p = mem_strdup(path);
	int r = 0;

	for (char *c = p + 1; r == 0 && (c = strchr(c, '/')); *c++ = '/') {
		*c = '\0';
		if (access(p, F_OK) != 0)
			r = make_one(p, str_eq(p, AGENT_STATE) ? 0700 : 0755, e);
	}
	return r == 0 ? make_one(p, mode, e) : r;
}

/*
 * Removing a tree that others filled: never through a link, never into another mount, with one open
 * directory at a time however deep it goes. The way back is "..", which must be where we came from.
 */
struct level {
	dev_t dev;
	ino_t ino;
	char *name; /* of the directory below it that is being emptied */
};

struct walk {
	const char *path; /* for messages */
	VEC(struct level) up;
	int fd;
};

static void walk_release(struct walk *w)
{
	vec_each(&w->up, l)
		free(l->name);
	vec_release(&w->up);
	if (w->fd >= 0)
		close(w->fd);
}

static int open_below(int dir, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static int go_down(struct walk *w, const char *name, struct err *e)
{
	struct level l = {0};
	struct stat st;
	int fd = open_below(w->fd, name);

	if (fd < 0 && errno == EXDEV)
		return err_set(e, E_STATE, "something is mounted beneath %s, at \"%s\"", w->path,
			name);
	if (fd < 0 || fstat(w->fd, &st) < 0) {
		int r = err_sys(e, "beneath %s: %s", w->path, name);

		if (fd >= 0)
			close(fd);
		return r;
	}
	l.dev = st.st_dev;
	l.ino = st.st_ino;
	l.name = mem_strdup(name);
	vec_push(&w->up, l);
	close(w->fd);
	w->fd = fd;
	return 0;
}

static int go_up(struct walk *w, struct err *e)
{
	struct level l = w->up.v[--w->up.n];
	autofree char *name = l.name;
	int fd = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "beneath %s: %s/..", w->path, name);
	close(w->fd);
	w->fd = fd;
	if (fstat(fd, &st) < 0 || st.st_dev != l.dev || st.st_ino != l.ino)
		return err_set(e, E_STATE, "%s changed while it was being removed", w->path);
	return unlinkat(fd, name, AT_REMOVEDIR) < 0 ? err_sys(e, "beneath %s: %s", w->path, name)
	                                            : 0;
}

/* Remove what can be; *below gets the name of a directory that is not empty. */
static int empty_dir(struct walk *w, char **below, struct err *e)
{
	DIR *d = fdopendir(openat(w->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *de;
	int r = 0;

	if (!d)
		return err_sys(e, "beneath %s", w->path);
	while (r == 0 && !*below && (de = readdir(d))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (unlinkat(w->fd, de->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if ((errno == EISDIR || errno == EPERM) &&
			(unlinkat(w->fd, de->d_name, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY ||
				errno == EEXIST || errno == EBUSY))
			*below = faccessat(w->fd, de->d_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
			                 ? mem_strdup(de->d_name)
			                 : NULL;
		else
			r = err_sys(e, "beneath %s: %s", w->path, de->d_name);
	}
	closedir(d);
	return r;
}

static int empty_tree(struct walk *w, struct err *e)
{
	int r = 0;

	while (r == 0) {
		autofree char *below = NULL;

		if ((r = empty_dir(w, &below, e)) < 0)
			break;
		if (below)
			r = go_down(w, below, e);
		else if (w->up.n)
			r = go_up(w, e);
		else
			break;
	}
	return r;
}

int dir_remove(const char *path, struct err *e)
{
	autoclean(walk_release) struct walk w = {.path = path, .fd = -1};
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return unlink(path) < 0 ? err_sys(e, "%s", path) : 0;
	w.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (w.fd < 0)
		return err_sys(e, "%s", path);
	if ((r = empty_tree(&w, e)) < 0)
		return r;
	return rmdir(path) < 0 ? err_sys(e, "%s", path) : 0;
}
