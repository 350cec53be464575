/* SPDX-License-Identifier: MIT */
#include "svc/package_apt.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "svc/sign.h"
#include "util/str.h"

#define KEYRING    "/usr/share/keyrings/debian-archive-keyring.gpg"
#define OUTPUT_MAX (16u << 20)
#define FRESH      300 /* seconds for which lists need not be asked for again */

static const struct {
	const char *platform, *codename;
} releases[] = {
	{"debian-11", "bullseye"},
	{"debian-12", "bookworm"},
	{"debian-13", "trixie"},
};

extern char **environ;

/* ---- running apt-get ---- */

static char **make_env(const char *conf)
{
	size_t n = 0, k = 0;
	char **env;

	while (environ[n])
		n++;
	env = mem_zalloc((n + 3) * sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (!str_starts(environ[i], "APT_CONFIG=") && !str_starts(environ[i], "LC_ALL="))
			env[k++] = mem_strdup(environ[i]);
	env[k++] = mem_strdup("LC_ALL=C");
	if (conf)
		env[k] = str_fmt("APT_CONFIG=%s", conf);
	return env;
}

static void free_env(char **env)
{
	for (char **p = env; *p; p++)
		free(*p);
	free(env);
}

static int start(char *const argv[], const char *conf, const char *cwd, pid_t *pid, int *out,
	struct err *e)
{
	posix_spawn_file_actions_t fa;
	char **env;
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	env = make_env(conf);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&fa, fds[1], STDERR_FILENO);
	if (cwd)
		posix_spawn_file_actions_addchdir_np(&fa, cwd);
	rc = posix_spawnp(pid, argv[0], &fa, NULL, argv, env);
	posix_spawn_file_actions_destroy(&fa);
	free_env(env);
	close(fds[1]);
	*out = fds[0];
	if (rc == 0)
		return 0;
	close(fds[0]);
	return err_set(e, rc == ENOENT ? E_STATE : E_FAIL, "%s: %s", argv[0],
		rc == ENOENT ? "is not installed here" : strerror(rc));
}

static void collect(int fd, pid_t pid, struct str *text)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (interrupted)
			kill(pid, SIGTERM);
		if (n > 0 && text->len < OUTPUT_MAX)
			str_addn(text, buf, (size_t)n);
	}
}

/* The last line that says what went wrong ("E: …"), else the last one. */
static void last_error(const struct str *text, struct str *out)
{
	autostrvec lines = {0};
	const char *line = "";

	strvec_split(&lines, str_c(text), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_starts(lines.v[i], "E: "))
			line = lines.v[i] + 3;
	if (!*line && lines.n)
		line = lines.v[lines.n - 1];
	str_add_clean(out, line, strnlen(line, 300), false);
}

static int run(char *const argv[], const char *conf, const char *cwd, struct str *text,
	struct err *e)
{
	autoclose int out = -1;
	autostr why = STR_INIT;
	pid_t pid;
	int status, r = start(argv, conf, cwd, &pid, &out, e);

	if (r < 0)
		return r;
	collect(out, pid, text);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "%s", argv[0]);
	if (interrupted)
		return err_interrupted(e);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	last_error(text, &why);
	return err_set(e, E_FAIL, "apt-get: %s", str_c(&why));
}

/* apt-get with the state of its own; words: NULL-terminated. */
static int apt_get(struct apt *a, const char *const *words, const char *cwd, struct str *text,
	struct err *e)
{
	autofree char *conf = str_fmt("%s/apt.conf", a->dir);
	autostrvec argv = {0};

	strvec_push(&argv, "apt-get");
	for (; *words; words++)
		strvec_push(&argv, *words);
	return run(strvec_argv(&argv), conf, cwd, text, e);
}

/* ---- its state ---- */

static int put_file(const char *dir, const char *name, const char *text, struct err *e)
{
	autofree char *path = str_fmt("%s/%s", dir, name);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return err_sys(e, "%s", path);
	return 0;
}

static int make_dirs(const char *dir, struct err *e)
{
	static const char *const parts[] = {"", "/lists", "/lists/partial", "/cache",
		"/cache/archives", "/cache/archives/partial", "/debs"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		autofree char *path = str_fmt("%s%s", dir, parts[i]);

		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "%s", path);
	}
	return 0;
}

static const char *codename_of(const char *platform)
{
	for (size_t i = 0; i < ARRAY_LEN(releases); i++)
		if (strcmp(releases[i].platform, platform) == 0)
			return releases[i].codename;
	return NULL;
}

/* A path that stands in a configuration file between quotes. */
static bool is_plain(const char *path)
{
	return !strpbrk(path, "\"\\\n;{}") && path[0] == '/';
}

static int write_conf(const char *dir, struct err *e)
{
	autofree char *text = str_fmt("Dir::State \"%s\";\n"
				      "Dir::State::status \"%s/status\";\n"
				      "Dir::State::lists \"%s/lists\";\n"
				      "Dir::Cache \"%s/cache\";\n"
				      "Dir::Etc::sourcelist \"%s/sources.list\";\n"
				      "Dir::Etc::sourceparts \"/dev/null\";\n"
				      "Dir::Etc::preferences \"%s/preferences\";\n"
				      "Dir::Etc::preferencesparts \"/dev/null\";\n"
				      "APT::Sandbox::User \"root\";\n"
				      "APT::Architectures { \"amd64\"; };\n"
				      "APT::Architecture \"amd64\";\n"
				      "APT::Install-Recommends \"false\";\n"
				      "APT::Update::Error-Mode \"any\";\n"
				      "Acquire::Languages \"none\";\n"
				      "Acquire::Retries \"2\";\n"
				      "quiet \"2\";\n",
		dir, dir, dir, dir, dir, dir);
	int r = put_file(dir, "apt.conf", text, e);

	if (r == 0)
		r = put_file(dir, "status", "", e);
	return r;
}

/* Other archives may call a release the same; only what Debian made counts. */
static int write_preferences(const char *dir, const char *codename, struct err *e)
{
	autofree char *text =
		str_fmt("Package: *\nPin: release o=Debian,n=%s*\nPin-Priority: 500\n\n"
			"Package: *\nPin: release o=*\nPin-Priority: -1\n",
			codename);

	return put_file(dir, "preferences", text, e);
}

/* The lines "URI|RELEASE" of this machine's own sources that are of the release. */
static int write_sources(const char *dir, const char *codename, const char *platform, struct err *e)
{
	static char prog[] = "apt-get", verb[] = "indextargets", opt[] = "--format",
		    form[] = "$(REPO_URI)|$(RELEASE)", filter[] = "Created-By: Packages",
		    main_only[] = "Component: main";
	char *argv[] = {prog, verb, opt, form, filter, main_only, NULL};
	autostr text = STR_INIT, list = STR_INIT;
	autostrvec lines = {0};
	int r = run(argv, NULL, NULL, &text, e);

	if (r < 0)
		return r;
	strvec_split(&lines, str_c(&text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *bar = strchr(lines.v[i], '|');

		if (!bar || !str_starts(bar + 1, codename) || strpbrk(lines.v[i], " \t[]"))
			continue;
		*bar = '\0';
		str_addf(&list, "deb [signed-by=%s] %s %s main\n", KEYRING, lines.v[i], bar + 1);
	}
	if (!list.len)
		return err_set(e, E_STATE, "/etc/apt names no archive of %s (%s) on this machine",
			platform, codename);
	return put_file(dir, "sources.list", str_c(&list), e);
}

/* Lists that were fetched a moment ago, by the step before, do. */
static int refresh(struct apt *a, struct err *e)
{
	static const char *const update[] = {"update", NULL};
	autofree char *stamp = str_fmt("%s/updated", a->dir);
	autostr text = STR_INIT;
	struct stat st;
	int r;

	if (stat(stamp, &st) == 0 && st.st_mtime <= time(NULL) && st.st_mtime > time(NULL) - FRESH)
		return 0;
	if ((r = apt_get(a, update, NULL, &text, e)) < 0)
		return r;
	return put_file(a->dir, "updated", "", e);
}

int apt_open(struct apt *a, const char *dir, const char *platform, struct err *e)
{
	const char *codename = codename_of(platform);
	int r;

	if (!codename)
		return err_set(e, E_STATE,
			"packages of %s cannot be resolved: known are debian-11 "
			"to debian-13",
			platform);
	if (!is_plain(dir))
		return err_set(e, E_USAGE, "%s: quotes, backslashes, ; { } in its path", dir);
	a->dir = mem_strdup(dir);
	if ((r = make_dirs(dir, e)) < 0 || (r = write_conf(dir, e)) < 0 ||
		(r = write_preferences(dir, codename, e)) < 0 ||
		(r = write_sources(dir, codename, platform, e)) < 0)
		return r;
	return refresh(a, e);
}

void apt_release(struct apt *a)
{
	free(a->dir);
	a->dir = NULL;
}

static void package_release(struct apt_package *p)
{
	free(p->name);
	free(p->version);
	free(p->arch);
	free(p->sha256);
	free(p->file);
}

void apt_packages_release(struct apt_packages *p)
{
	for (size_t i = 0; i < p->n; i++)
		package_release(&p->v[i]);
	vec_release(p);
}

/* ---- what would be installed ---- */

/* "Inst NAME (VERSION ARCHIVES [ARCH])" as pairs "NAME=VERSION". */
static void parse_inst(const char *line, struct strvec *out)
{
	const char *name = line + strlen("Inst "), *open = strstr(line, " (");
	size_t n = strcspn(name, " ");

	if (!open)
		return;
	autofree char *pair = str_fmt("%.*s=%.*s", (int)n, name, (int)strcspn(open + 2, " "),
		open + 2);
	strvec_push(out, pair);
}

static int simulate(struct apt *a, const char *const *names, size_t n, struct strvec *out,
	struct err *e)
{
	autostrvec words = {0}, lines = {0};
	autostr text = STR_INIT;
	int r;

	strvec_push(&words, "-qq");
	strvec_push(&words, "-s");
	strvec_push(&words, "install");
	strvec_push(&words, "--");
	for (size_t i = 0; i < n; i++)
		strvec_push(&words, names[i]);
	if ((r = apt_get(a, (const char *const *)strvec_argv(&words), NULL, &text, e)) < 0)
		return r;
	strvec_split(&lines, str_c(&text), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_starts(lines.v[i], "Inst "))
			parse_inst(lines.v[i], out);
	return 0;
}

static bool have(const struct strvec *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], word) == 0)
			return true;
	return false;
}

/* "'URI' NAME_VERSION_ARCH.deb SIZE SHA256:HEX"; : of an epoch is written %3a in file names. */
static int parse_uri(char *line, struct apt_package *p)
{
	autostrvec w = {0}, part = {0};

	strvec_split(&w, line, " ");
	if (w.n != 4 || !str_starts(w.v[3], "SHA256:") || !sha256_is_hex(w.v[3] + 7))
		return -1;
	strvec_split(&part, w.v[1], "_");
	if (part.n != 3 || !str_ends(part.v[2], ".deb") || strchr(w.v[1], '/'))
		return -1;
	p->file = mem_strdup(w.v[1]);
	p->name = mem_strdup(part.v[0]);
	p->arch = mem_strndup(part.v[2], strlen(part.v[2]) - 4);
	p->size = strtoll(w.v[2], NULL, 10);
	p->sha256 = mem_strdup(w.v[3] + 7);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct apt_package *)a)->name, ((const struct apt_package *)b)->name);
}

/* The version of each from the pair it was asked by. */
static int give_versions(const struct strvec *pairs, struct apt_packages *out, struct err *e)
{
	if (out->n != pairs->n)
		return err_set(e, E_FAIL, "apt-get names no digests");
	for (size_t k = 0; k < out->n; k++) {
		struct apt_package *p = &out->v[k];
		size_t len = strlen(p->name);

		for (size_t i = 0; i < pairs->n && !p->version; i++)
			if (strncmp(pairs->v[i], p->name, len) == 0 && pairs->v[i][len] == '=')
				p->version = mem_strdup(pairs->v[i] + len + 1);
		if (!p->version)
			return err_set(e, E_FAIL, "apt-get does not say what %s is", p->file);
	}
	return 0;
}

/* Size and digest of each "NAME=VERSION". */
static int look_up(struct apt *a, const struct strvec *pairs, struct apt_packages *out,
	struct err *e)
{
	autostrvec words = {0}, lines = {0};
	autostr text = STR_INIT;
	int r;

	strvec_push(&words, "--print-uris");
	strvec_push(&words, "download");
	for (size_t i = 0; i < pairs->n; i++)
		strvec_push(&words, pairs->v[i]);
	if ((r = apt_get(a, (const char *const *)strvec_argv(&words), NULL, &text, e)) < 0)
		return r;
	strvec_split(&lines, str_c(&text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		struct apt_package p = {0};

		if (lines.v[i][0] == '\'' && parse_uri(lines.v[i], &p) == 0)
			vec_push(out, p);
	}
	return give_versions(pairs, out, e);
}

int apt_closure(struct apt *a, const char *const *names, size_t n, struct apt_packages *out,
	struct err *e)
{
	static const char *const minimal[] = {"?essential", "?priority(^required$)", "apt"};
	autostrvec base = {0}, all = {0}, wanted = {0};
	int r;

	if ((r = simulate(a, minimal, ARRAY_LEN(minimal), &base, e)) < 0 ||
		(r = simulate(a, names, n, &all, e)) < 0)
		return r;
	for (size_t i = 0; i < all.n; i++)
		if (!have(&base, all.v[i]))
			strvec_push(&wanted, all.v[i]);
	if (wanted.n && (r = look_up(a, &wanted, out, e)) < 0)
		return r;
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_name);
	return 0;
}

int apt_version(struct apt *a, const char *name, char **version, struct err *e)
{
	autostrvec all = {0};
	size_t n = strlen(name);
	int r = simulate(a, &name, 1, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (strncmp(all.v[i], name, n) == 0 && all.v[i][n] == '=') {
			*version = mem_strdup(all.v[i] + n + 1);
			return 0;
		}
	return r < 0 ? r : err_set(e, E_NOTFOUND, "the archives have no package %s", name);
}

/* ---- fetching ---- */

/* As apt-get download names it: the : of an epoch is written %3a. */
static char *file_name(const struct apt_package *p)
{
	autostr s = STR_INIT;

	str_addf(&s, "%s_", p->name);
	for (const char *v = p->version; *v; v++)
		*v == ':' ? str_add(&s, "%3a") : str_addc(&s, *v);
	str_addf(&s, "_%s.deb", p->arch);
	return str_steal(&s);
}

static int settle(const struct apt *a, const struct apt_package *p, const char *dir, struct err *e)
{
	autofree char *name = file_name(p);
	autofree char *from = str_fmt("%s/debs/%s", a->dir, name);
	autofree char *to = str_fmt("%s/%s.deb", dir, p->sha256);
	char hex[SHA256_HEX];
	int r = sha256_file(from, hex, NULL, e);

	if (r < 0)
		return r;
	if (strcmp(hex, p->sha256) != 0) {
		unlink(from);
		return err_set(e, E_INTEGRITY, "the archives have %s with another digest", name);
	}
	return rename(from, to) < 0 ? err_sys(e, "%s", to) : 0;
}

int apt_fetch(struct apt *a, const struct apt_packages *want, const char *dir, struct err *e)
{
	autofree char *debs = str_fmt("%s/debs", a->dir);
	autostrvec words = {0};
	autostr text = STR_INIT;
	int r;

	strvec_push(&words, "download");
	for (size_t i = 0; i < want->n; i++) {
		autofree char *pair = str_fmt("%s=%s", want->v[i].name, want->v[i].version);

		strvec_push(&words, pair);
	}
	r = apt_get(a, (const char *const *)strvec_argv(&words), debs, &text, e);
	if (r == E_FAIL)
		return err_wrap(e, "fetching what the lock names (\"app pack --update\" takes what "
				   "the archives have now)");
	for (size_t i = 0; i < want->n && r == 0; i++)
		r = settle(a, &want->v[i], dir, e);
	return r;
}
