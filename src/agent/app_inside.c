/* SPDX-License-Identifier: MIT */
/* Doing things inside a private server: programs, files, scripts. Root there is hostile. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/app.h"
#include "agent/ps.h"

#define OUTPUT_TAIL    4096
#define ERROR_TAIL     600
#define SCRIPT_TIME    300
#define UNPACK_TIME    300
#define OS_RELEASE     "usr/lib/os-release"
#define OS_RELEASE_MAX 8192

/* ---- running ---- */

/* The last lines of what a program said, safe to show. */
static void add_tail(struct str *s, const struct str *out)
{
	size_t n = out->len, from;

	while (n && isspace((unsigned char)out->p[n - 1]))
		n--;
	from = n > ERROR_TAIL ? n - ERROR_TAIL : 0;
	while (from && from < n && (out->p[from] & 0xc0) == 0x80)
		from++;
	for (size_t i = from; i < n; i++)
		if (out->p[i] == '\n')
			out->p[i] = '|';
	str_add_clean(s, n ? out->p + from : "", n - from, false);
}

static int run(const char *ps, char *const argv[], const struct inside_opts *o, const char *what,
	struct err *e)
{
	int status = place_run(ps, argv, o, e);
	autofree char *where = place_where(ps);

	if (status <= 0)
		return status < 0 ? err_wrap(e, "%s %s", what, where) : 0;
	autostr tail = STR_INIT;
	add_tail(&tail, o->out);
	return err_set(e, E_FAIL, "%s %s ended with status %d%s%s", what, where, status,
		tail.len ? ": " : "", str_c(&tail));
}

int inside_run(const char *ps, char *const argv[], char *const env[], int timeout, struct err *e)
{
	autostr out = STR_INIT;
	struct inside_opts o = {.env = env,
		.timeout = timeout,
		.out = &out,
		.out_max = OUTPUT_TAIL};

	return run(ps, argv, &o, argv[0], e);
}

int inside_output(const char *ps, char *const argv[], int timeout, struct str *out, struct err *e)
{
	struct inside_opts o = {.timeout = timeout, .out = out, .out_max = 1 << 20};

	return run(ps, argv, &o, argv[0], e);
}

int inside_sh(const char *ps, const char *text, const char *const *words, int timeout,
	struct err *e)
{
	autostrvec argv = {0};
	autostr out = STR_INIT;
	struct inside_opts o = {.timeout = timeout, .out = &out, .out_max = OUTPUT_TAIL};

	strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, text);
	strvec_push(&argv, "sxc");
	for (; *words; words++)
		strvec_push(&argv, *words);
	return run(ps, strvec_argv(&argv), &o, "a step", e);
}

/* ---- files ---- */

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == 512, "a tar block (POSIX.1-2017, pax, ustar)");

/* Name and prefix part at a slash. */
static int put_name(struct ustar *h, const char *path, struct err *e)
{
	size_t n = strlen(path);
	const char *cut = path;

	if (n > sizeof(h->name)) {
		cut = strchr(path + n - sizeof(h->name) - 1, '/');
		if (!cut || (size_t)(cut - path) > sizeof(h->prefix))
			return err_set(e, E_LIMIT, "%s: its name is too long", path);
		memcpy(h->prefix, path, (size_t)(cut - path));
		cut++;
	}
	memcpy(h->name, cut, strlen(cut));
	return 0;
}

int bundle_add(struct bundle *b, const char *path, unsigned mode, const void *p, size_t n,
	struct err *e)
{
	static const char zero[512];
	struct ustar h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
	unsigned sum = 0;
	int r = put_name(&h, path, e);

	if (r < 0)
		return r;
	snprintf(h.mode, sizeof(h.mode), "%07o", mode & 0777);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)n & 077777777777ULL);
	snprintf(h.mtime, sizeof(h.mtime), "%011o", 0);
	memset(h.sum, ' ', sizeof(h.sum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.sum, sizeof(h.sum), "%06o", sum & 0777777);
	str_addn(&b->tar, &h, sizeof(h));
	str_addn(&b->tar, p, n);
	str_addn(&b->tar, zero, (512 - n % 512) % 512);
	return 0;
}

int bundle_send(struct bundle *b, const char *ps, const char *dir, struct err *e)
{
	static const char text[] = "set -e; umask 022; rm -rf -- \"$1\"; mkdir -p -- \"$1\"; "
				   "exec tar -xp --no-same-owner -C \"$1\" -f -";
	static const char end[1024];
	char sh[] = "/bin/sh", c[] = "-c", me[] = "sxc";
	autofree char *script = mem_strdup(text), *to = mem_strdup(dir);
	char *argv[] = {sh, c, script, me, to, NULL};
	autostr out = STR_INIT;

	str_addn(&b->tar, end, sizeof(end));
	struct inside_opts o = {.timeout = UNPACK_TIME,
		.in = b->tar.p,
		.in_len = b->tar.len,
		.out = &out,
		.out_max = OUTPUT_TAIL};
	int r = run(ps, argv, &o, "copying files", e);
	str_release(&b->tar);
	return r;
}

/* ---- scripts ---- */

int app_script(struct app_on *o, enum wrapper_script script, const char *action,
	const struct strvec *more_env, struct err *e)
{
	const char *path = o->p->wrapper.scripts[script];
	autostrvec env = {0};

	if (!path)
		return 0;
	for (size_t i = 0; i < o->env.n; i++)
		strvec_push(&env, o->env.v[i]);
	for (size_t i = 0; more_env && i < more_env->n; i++)
		strvec_push(&env, more_env->v[i]);
	autofree char *act = str_fmt("SXC_ACTION=%s", action);
	strvec_push(&env, act);
	autofree char *full = str_fmt("%s/wrapper/%s", o->dir, path);
	char *argv[] = {full, NULL};
	int r = inside_run(o->ps, argv, strvec_argv(&env), app_patience(o, SCRIPT_TIME), e);
	return r < 0 ? app_hide_secrets(o, e) : r;
}

/* ---- what it runs ---- */

static int read_os_release(const char *ps, struct str *out, struct err *e)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	autoclose int root = -1;
	struct stat st;
	ssize_t n;
	int r = place_root_fd(ps, &root, e);

	if (r < 0)
		return r;
	autoclose int fd = (int)syscall(SYS_openat2, root, OS_RELEASE, &how, sizeof(how));
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "/" OS_RELEASE);
	if (!S_ISREG(st.st_mode))
		return err_set(e, E_INTEGRITY, "/" OS_RELEASE " is no file");
	str_reserve(out, OS_RELEASE_MAX);
	if ((n = read(fd, out->p, OS_RELEASE_MAX)) < 0)
		return err_sys(e, "/" OS_RELEASE);
	str_setlen(out, (size_t)n);
	return 0;
}

/* The value of KEY= in os-release(5), quotes taken off, at most 40 bytes of a name's kind. */
static void find_value(const struct strvec *lines, const char *key, struct str *out)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < lines->n; i++) {
		const char *l = lines->v[i];

		if (strncmp(l, key, n) != 0 || l[n] != '=')
			continue;
		l += n + 1 + (l[n + 1] == '"' || l[n + 1] == '\'');
		str_clear(out);
		str_addn(out, l,
			strnlen(l, strspn(l, "abcdefghijklmnopqrstuvwxyz0123456789.") < 40
					   ? strspn(l, "abcdefghijklmnopqrstuvwxyz0123456789.")
					   : 40));
	}
}

int inside_platform(const char *ps, char **out, struct err *e)
{
	autostr text = STR_INIT, id = STR_INIT, version = STR_INIT;
	autostrvec lines = {0};
	int r = read_os_release(ps, &text, e);

	if (r < 0)
		return r;
	strvec_split(&lines, str_c(&text), "\n");
	find_value(&lines, "ID", &id);
	find_value(&lines, "VERSION_ID", &version);
	*out = str_fmt("%s-%s", id.len ? str_c(&id) : "unknown", str_c(&version));
	return 0;
}
