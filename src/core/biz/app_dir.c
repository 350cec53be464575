/* SPDX-License-Identifier: MIT */
#include "biz/app_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/package_write.h"
#include "util/slurp.h"
#include "util/str.h"

#define FILE_MAX  (1u << 20)
#define MARK      "@NAME@"
#define LOCK_FILE "wrapper.lock"

/* ---- a new one ---- */

/* From the skeleton, to NAME; @NAME@ stands for the name in both texts. */
static const struct part {
	const char *from, *to;
	unsigned mode;
} parts[] = {
	{"wrapper.yaml", "wrapper.yaml", 0644},
	{"files/conf.in", "files/" MARK ".conf.in", 0644},
	{"files/service.in", "files/" MARK ".service.in", 0644},
	{"scripts/install", "scripts/install", 0755},
	{"scripts/remove", "scripts/remove", 0755},
};

static char *skeleton_dir(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0) {
		exe[n] = '\0';
		autofree char *dir = str_fmt("%.*s/share/skeleton", (int)(strrchr(exe, '/') - exe),
			exe);

		if (access(dir, R_OK) == 0)
			return steal(&dir);
	}
	return mem_strdup(SXC_PREFIX "/share/sxc/skeleton");
}

static void add_named(struct str *s, const char *text, const char *name)
{
	const char *mark;

	while ((mark = strstr(text, MARK))) {
		str_addn(s, text, (size_t)(mark - text));
		str_add(s, name);
		text = mark + strlen(MARK);
	}
	str_add(s, text);
}

static int write_part(const char *from, const char *name, const struct part *p, struct err *e)
{
	autofree char *path = str_fmt("%s/%s", from, p->from);
	autostr text = STR_INIT, to = STR_INIT, out = STR_INIT;
	int r = slurp(path, FILE_MAX, &text, e);

	if (r < 0)
		return r;
	str_addf(&to, "%s/", name);
	add_named(&to, p->to, name);
	add_named(&out, str_c(&text), name);
	autoclose int fd = open(str_c(&to), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, p->mode);
	if (fd < 0 || write(fd, out.p, out.len) != (ssize_t)out.len)
		return err_sys(e, "%s", str_c(&to));
	return 0;
}

int app_dir_new(const char *name, struct err *e)
{
	autofree char *from = skeleton_dir();
	autofree char *files = str_fmt("%s/files", name), *scripts = str_fmt("%s/scripts", name);
	int r = 0;

	if (mkdir(name, 0755) < 0)
		return errno == EEXIST ? err_set(e, E_EXISTS, "%s is there already", name)
		                       : err_sys(e, "%s", name);
	if (mkdir(files, 0755) < 0 || mkdir(scripts, 0755) < 0)
		return err_sys(e, "%s", name);
	for (size_t i = 0; i < ARRAY_LEN(parts) && r == 0; i++)
		r = write_part(from, name, &parts[i], e);
	return r;
}

/* ---- what is missing ---- */

struct check {
	const char *dir;
	char *file; /* DIR/wrapper.yaml */
	const struct yaml_node *root;
	const struct wrapper *w;
	struct str texts; /* of all templates and scripts: where settings are used */
	app_row_fn fn;
	void *arg;
	struct err *e;
	int errors, failed; /* failed: what fn said */
};

static void finding(struct check *c, const char *where, const char *level, const char *text)
{
	struct app_finding_row row = {where, level, text};

	c->errors += strcmp(level, "error") == 0;
	if (c->failed == 0)
		c->failed = c->fn(c->arg, &row, c->e);
}

__attribute__((format(printf, 4, 5))) static void at_line(struct check *c,
	const struct yaml_node *n, const char *level, const char *fmt, ...)
{
	autofree char *where = str_fmt("%s:%d", c->file, n ? n->line : 1);
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	finding(c, where, level, str_c(&text));
}

/* A message that begins with its place, "FILE:LINE:COLUMN: what", taken apart. */
static void as_placed(struct check *c, const struct err *why)
{
	const char *p = why->msg, *end = strstr(p, ": ");

	if (!end || !memchr(p, ':', (size_t)(end - p))) {
		finding(c, c->file, "error", p);
		return;
	}
	autofree char *where = mem_strndup(p, (size_t)(end - p));
	finding(c, where, "error", end + 2);
}

/* Its text is kept to look for settings. */
static void check_file(struct check *c, const char *rel, const struct yaml_node *at, bool script)
{
	autofree char *path = str_fmt("%s/%s", c->dir, rel);
	autostr text = STR_INIT;
	struct err why;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		at_line(c, at, "error", "%s is not there", rel);
		return;
	}
	if (slurp(path, FILE_MAX, &text, &why) < 0) {
		at_line(c, at, "error", "%s", why.msg);
		return;
	}
	str_add(&c->texts, str_c(&text));
	if (!script)
		return;
	if (!(st.st_mode & 0100))
		at_line(c, at, "error", "%s is not executable: chmod 755", rel);
	if (!str_starts(str_c(&text), "#!"))
		at_line(c, at, "error", "%s does not begin with #! and an interpreter", rel);
}

static void check_scripts(struct check *c, const char *group)
{
	const struct yaml_node *n = yaml_get(c->root, group);

	for (size_t i = 0; n && i < n->n; i++)
		check_file(c, n->items[i]->text, n->items[i], true);
}

static void check_templates(struct check *c)
{
	const struct yaml_node *n = yaml_get(c->root, "templates");
	struct err why;

	for (size_t i = 0; n && i < n->n; i++) {
		const struct yaml_node *from = yaml_get(n->items[i], "from");
		int before = c->errors;

		check_file(c, from->text, from, false);
		if (c->errors == before &&
			package_try_template(c->dir, c->w, &c->w->templates.v[i], &why) < 0)
			as_placed(c, &why);
	}
}

static void check_services(struct check *c)
{
	const struct yaml_node *n = yaml_get(c->root, "services");

	if (!n || n->n == 0)
		at_line(c, n, "advice", "no services: nothing tells whether it is up");
	for (size_t i = 0; n && i < n->n; i++)
		if (!yaml_get(n->items[i], "probe"))
			at_line(c, n->items[i], "advice",
				"no probe: it counts as up when the unit runs, answering or not");
}

static bool is_used(const struct check *c, const char *name)
{
	autostr env = STR_INIT;

	str_add(&env, "SXC_SETTING_");
	for (const char *p = name; *p; p++)
		str_addc(&env, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	autofree char *value = str_fmt("{{%s}}", name), *section = str_fmt("{{#%s}}", name),
		      *absent = str_fmt("{{^%s}}", name);
	const char *all = str_c(&c->texts);

	return strstr(all, value) || strstr(all, section) || strstr(all, absent) ||
	       strstr(all, str_c(&env));
}

static void check_settings(struct check *c)
{
	const struct yaml_node *n = yaml_get(c->root, "settings");

	for (size_t i = 0; n && i < n->n; i++)
		if (!is_used(c, n->keys[i]->text))
			at_line(c, n->keys[i], "advice",
				"the setting %s is used in no template and no script",
				n->keys[i]->text);
}

static void check_rest(struct check *c)
{
	const struct yaml_node *platforms = yaml_get(c->root, "platforms");
	autofree char *lock = str_fmt("%s/" LOCK_FILE, c->dir);

	if (c->w->templates.n && !c->w->check.n)
		at_line(c, yaml_get(c->root, "templates"), "advice",
			"no check: a configuration goes live untested");
	if (!c->w->data.n)
		at_line(c, c->root, "advice",
			"no data: nothing is saved before an update or kept on uninstall");
	for (size_t i = 0; i < c->w->platforms.n; i++)
		if (c->w->platforms.v[i].packages.n && !c->w->platforms.v[i].bundle)
			at_line(c, platforms->items[i], "advice",
				"no bundle: private servers fetch the packages from the network");
	if (access(lock, F_OK) != 0)
		at_line(c, platforms, "advice",
			"no " LOCK_FILE " yet: \"sxc app pack\" writes it; keep it with the rest");
}

static void check_all(struct check *c)
{
	check_templates(c);
	check_scripts(c, "actions");
	check_scripts(c, "site");
	check_services(c);
	check_settings(c);
	check_rest(c);
}

static void check_release(struct check *c)
{
	free(c->file);
	str_release(&c->texts);
}

int app_dir_check(const char *dir, app_row_fn fn, void *arg, struct err *e)
{
	autoclean(wrapper_release) struct wrapper w = {0};
	autoclean(check_release) struct check c = {.dir = dir,
		.file = str_fmt("%s/" WRAPPER_FILE, dir),
		.w = &w,
		.fn = fn,
		.arg = arg,
		.e = e};
	autoyaml *doc = NULL;
	struct err why;
	int r = package_load_wrapper(dir, &doc, &w, &why);

	if (r == E_NOTFOUND)
		return err_set(e, r, "%s", why.msg);
	if (r < 0) {
		as_placed(&c, &why);
	} else {
		c.root = yaml_root(doc);
		check_all(&c);
	}
	return c.failed < 0 ? c.failed : c.errors;
}
