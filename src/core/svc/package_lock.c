/* SPDX-License-Identifier: MIT */
#include "svc/package_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "svc/sign.h"
#include "svc/yaml.h"
#include "util/str.h"

void package_lock_release(struct package_lock *l)
{
	for (size_t i = 0; i < l->platforms.n; i++) {
		free(l->platforms.v[i].name);
		apt_packages_release(&l->platforms.v[i].packages);
	}
	vec_release(&l->platforms);
	free(l->version);
	*l = (struct package_lock){0};
}

/* ---- reading ---- */

static int read_package(const struct yaml_node *n, struct apt_package *p, struct err *e)
{
	static const char *const keys[] = {"name", "version", "arch", "size", "sha256", NULL};
	const char *name, *version, *arch, *sha256;
	int64_t size;
	int r = yaml_only_keys(n, keys, e);

	if (r < 0 || (r = yaml_text(yaml_get(n, "name"), "name", &name, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "version"), "version", &version, e)) < 0 ||
		(r = yaml_name(yaml_get(n, "arch"), "arch", &arch, e)) < 0 ||
		(r = yaml_i64(yaml_get(n, "size"), "size", 1, INT32_MAX, &size, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "sha256"), "sha256", &sha256, e)) < 0)
		return r;
	if (!sha256_is_hex(sha256) || !ident_is_version(version) || !*name ||
		name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+.-")])
		return yaml_err(e, n, "this is no package with name, version and SHA-256");
	*p = (struct apt_package){.name = mem_strdup(name),
		.version = mem_strdup(version),
		.arch = mem_strdup(arch),
		.sha256 = mem_strdup(sha256),
		.size = size};
	return 0;
}

static int read_platform(struct package_lock *l, const struct yaml_node *key,
	const struct yaml_node *list, struct err *e)
{
	struct lock_platform pl = {.name = mem_strdup(key->text)};
	int r = str_is_name(key->text) ? yaml_need_list(list, key->text, e)
	                               : yaml_err(e, key, "a platform is named like debian-12");

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct apt_package p;

		if ((r = read_package(list->items[i], &p, e)) == 0)
			vec_push(&pl.packages, p);
	}
	vec_push(&l->platforms, pl);
	return r;
}

static int read_tree(struct package_lock *l, const struct yaml_node *root, struct err *e)
{
	static const char *const keys[] = {"version", "packages", NULL};
	const struct yaml_node *packages = yaml_get(root, "packages");
	const char *version;
	int r = yaml_only_keys(root, keys, e);

	if (r < 0 || (r = yaml_text(yaml_get(root, "version"), "version", &version, e)) < 0 ||
		(r = yaml_need_map(packages, "packages", e)) < 0)
		return r;
	if (!ident_is_version(version))
		return yaml_err(e, yaml_get(root, "version"), "this is no version");
	l->version = mem_strdup(version);
	for (size_t i = 0; r == 0 && i < packages->n; i++)
		r = read_platform(l, packages->keys[i], packages->items[i], e);
	return r;
}

int package_lock_load(struct package_lock *l, const char *dir, struct err *e)
{
	autofree char *path = str_fmt("%s/" LOCK_FILE, dir);
	autoyaml *doc = NULL;
	int r;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	if ((r = yaml_load(&doc, path, NULL, e)) < 0 || (r = read_tree(l, yaml_root(doc), e)) < 0)
		return r;
	return 1;
}

/* ---- writing ---- */

static void add_package(struct str *s, const struct apt_package *p)
{
	str_add(s, "    - {name: ");
	yaml_emit_scalar(s, p->name);
	str_add(s, ", version: \"");
	str_addf(s, "%s\", arch: %s, size: %lld, sha256: \"%s\"}\n", p->version, p->arch,
		(long long)p->size, p->sha256);
}

int package_lock_save(const struct package_lock *l, const char *dir, struct err *e)
{
	autofree char *path = str_fmt("%s/" LOCK_FILE, dir), *tmp = str_fmt("%s.new", path);
	autostr s = STR_INIT;
	int r = 0;

	str_addf(&s,
		"# Written by sxc app pack: what this version is made of.\nversion: \"%s\"\n"
		"packages:%s\n",
		l->version, l->platforms.n ? "" : " {}");
	for (size_t i = 0; i < l->platforms.n; i++) {
		const struct lock_platform *pl = &l->platforms.v[i];

		str_addf(&s, "  %s:%s\n", pl->name, pl->packages.n ? "" : " []");
		for (size_t k = 0; k < pl->packages.n; k++)
			add_package(&s, &pl->packages.v[k]);
	}
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, s.p, s.len) != (ssize_t)s.len || fsync(fd) < 0 ||
		rename(tmp, path) < 0)
		r = err_sys(e, "%s", path);
	return r;
}

/* ---- resolving ---- */

/* The version of the platform's first package. */
static int main_version_of(struct apt *apt, const struct wrapper_platform *p,
	const struct apt_packages *bundle, char **version, struct err *e)
{
	for (size_t i = 0; i < bundle->n; i++)
		if (strcmp(bundle->v[i].name, p->packages.v[0]) == 0) {
			*version = mem_strdup(bundle->v[i].version);
			return 0;
		}
	return apt_version(apt, p->packages.v[0], version, e);
}

static int resolve_platform(struct package_lock *l, const struct wrapper_platform *p,
	const char *cache, char **main_version, struct err *e)
{
	autoclean(apt_release) struct apt apt = {0};
	struct lock_platform pl = {0};
	autofree char *dir = str_fmt("%s/apt-%s", cache, p->name);
	int r;

	if (!p->packages.n)
		return 0;
	if ((r = apt_open(&apt, dir, p->name, e)) < 0)
		return r;
	if (p->bundle)
		r = apt_closure(&apt, p->packages.v, p->packages.n, &pl.packages, e);
	if (r == 0 && !*main_version)
		r = main_version_of(&apt, p, &pl.packages, main_version, e);
	if (!p->bundle)
		return r;
	pl.name = mem_strdup(p->name);
	vec_push(&l->platforms, pl);
	return r;
}

/* MAIN+sN, N one higher than that of the same MAIN before. */
static char *next_version(const char *main_version, const struct package_lock *old)
{
	size_t n = strlen(main_version);
	long last = 0;

	if (old && old->version && strncmp(old->version, main_version, n) == 0 &&
		strncmp(old->version + n, "+s", 2) == 0)
		last = strtol(old->version + n + 2, NULL, 10);
	return str_fmt("%s+s%ld", main_version, last + 1);
}

int package_lock_resolve(struct package_lock *l, const struct wrapper *w,
	const struct package_lock *old, const char *cache, struct err *e)
{
	autofree char *main_version = NULL;
	int r;

	for (size_t i = 0; i < w->platforms.n; i++)
		if ((r = resolve_platform(l, &w->platforms.v[i], cache, &main_version, e)) < 0)
			return err_wrap(e, "packages of %s for %s", w->app, w->platforms.v[i].name);
	if (strcmp(w->version, "auto") != 0)
		l->version = mem_strdup(w->version);
	else if (!main_version)
		return err_set(e, E_USAGE, "%s: version auto needs a package to take it from",
			w->app);
	else
		l->version = next_version(main_version, old);
	return 0;
}

/* ---- fetching ---- */

static bool is_cached(const struct apt_package *p, const char *cache)
{
	autofree char *path = str_fmt("%s/%s.deb", cache, p->sha256);
	char hex[SHA256_HEX];
	struct err ignored;

	if (access(path, R_OK) != 0)
		return false;
	if (sha256_file(path, hex, NULL, &ignored) == 0 && strcmp(hex, p->sha256) == 0)
		return true;
	unlink(path);
	return false;
}

static int fetch_platform(const struct lock_platform *pl, const char *cache, struct err *e)
{
	autoclean(apt_release) struct apt apt = {0};
	autofree struct apt_package *missing = mem_zalloc(
		(pl->packages.n + 1) * sizeof(*missing)); /* borrowed */
	struct apt_packages want = {missing, 0, pl->packages.n};
	autofree char *dir = str_fmt("%s/apt-%s", cache, pl->name);
	int r;

	for (size_t i = 0; i < pl->packages.n; i++)
		if (!is_cached(&pl->packages.v[i], cache))
			missing[want.n++] = pl->packages.v[i];
	if (!want.n)
		return 0;
	r = apt_open(&apt, dir, pl->name, e);
	return r < 0 ? r : apt_fetch(&apt, &want, cache, e);
}

int package_lock_fetch(const struct package_lock *l, const char *cache, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->platforms.n && r == 0; i++)
		r = fetch_platform(&l->platforms.v[i], cache, e);
	return r;
}
