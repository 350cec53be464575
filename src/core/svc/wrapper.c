/* SPDX-License-Identifier: MIT */
#include "svc/wrapper.h"

#include <string.h>

#define MODE_MAX    0777
#define TIMEOUT_MAX 3600

static const char *const script_names[SCRIPT_COUNT] = {"install", "update", "remove", "add",
	"remove", "suspend", "resume", "usage"};

bool words_have(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i], word) == 0)
			return true;
	return false;
}

void words_join(const struct words *w, struct str *s)
{
	for (size_t i = 0; i < w->n; i++)
		str_addf(s, "%s%s", i ? " " : "", w->v[i]);
}

static bool is_platform(const char *s)
{
	return str_is_name(s) && strchr(s, '-');
}

/* ---- small readers ---- */

static int read_words(const struct yaml_node *n, const char *what, bool (*good)(const char *),
	const char *form, struct words *out, struct err *e)
{
	int r;

	if (!n)
		return 0;
	if ((r = yaml_need_list(n, what, e)) < 0)
		return r;
	for (size_t i = 0; i < n->n; i++) {
		const char *t;

		if ((r = yaml_text(n->items[i], what, &t, e)) < 0)
			return r;
		if (!good(t))
			return yaml_err(e, n->items[i], "%s must be %s", what, form);
		vec_push(out, t);
	}
	return 0;
}

static int read_path(const struct yaml_node *n, const char *what, bool absolute, const char **out,
	struct err *e)
{
	const char *t;
	int r = yaml_text(n, what, &t, e);

	if (r < 0)
		return r;
	if (!(absolute ? ident_is_absolute(t) : ident_is_path(t)))
		return yaml_err(e, n, "%s must be %s path without empty, . and .. parts", what,
			absolute ? "an absolute" : "a relative");
	*out = t;
	return 0;
}

/* ---- parts of a wrapper ---- */

static int read_platform(struct wrapper *w, const struct yaml_node *key, const struct yaml_node *n,
	struct err *e)
{
	static const char *const keys[] = {"packages", "bundle", NULL};
	struct wrapper_platform p = {.name = key->text};
	const struct yaml_node *bundle;
	int r;

	if (!is_platform(key->text))
		return yaml_err(e, key, "a platform is named like debian-12");
	if ((r = yaml_only_keys(n, keys, e)) < 0)
		return r;
	r = read_words(yaml_get(n, "packages"), "packages", ident_is_package, "a package's name",
		&p.packages, e);
	if (r == 0 && (bundle = yaml_get(n, "bundle")))
		r = yaml_bool(bundle, "bundle", &p.bundle, e);
	vec_push(&w->platforms, p);
	return r;
}

static int read_platforms(struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	int r = yaml_need_map(n, "platforms", e);

	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = read_platform(w, n->keys[i], n->items[i], e);
	if (r == 0 && n->n == 0)
		return yaml_err(e, n, "platforms must name at least one");
	return r;
}

static int read_port(const struct yaml_node *n, struct wrapper_port *p, struct err *e)
{
	const char *t;
	char *end;
	long v;
	int r = yaml_text(n, "a port", &t, e);

	if (r < 0)
		return r;
	v = strtol(t, &end, 10);
	if (!strchr("0123456789", t[0]) || v < 1 || v > 65535 ||
		(strcmp(end, "/tcp") != 0 && strcmp(end, "/udp") != 0))
		return yaml_err(e, n, "a port must be like 80/tcp or 53/udp");
	*p = (struct wrapper_port){(int)v, strcmp(end, "/udp") == 0};
	return 0;
}

static int read_ports(const struct yaml_node *n, struct wrapper_service *s, struct err *e)
{
	int r = n ? yaml_need_list(n, "ports", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		struct wrapper_port p;

		if ((r = read_port(n->items[i], &p, e)) == 0)
			vec_push(&s->ports, p);
	}
	return r;
}

/* Is there something that can be asked so? */
static int check_service(const struct yaml_node *n, const struct wrapper_service *s, struct err *e)
{
	const struct wrapper_probe *p = &s->probe;
	bool udp = false;

	for (size_t i = 0; i < s->ports.n; i++)
		udp |= s->ports.v[i].udp;
	if (p->kind != PROBE_NONE && p->kind != PROBE_COMMAND && !s->ports.n)
		return yaml_err(e, yaml_get(n, "probe"), "a probe needs ports to ask");
	if (p->kind == PROBE_DNS && !udp)
		return yaml_err(e, yaml_get(n, "probe"), "the probe dns asks ports of udp");
	if (!s->unit && p->kind != PROBE_COMMAND)
		return yaml_err(e, n, "a service has a unit or a probe that runs a command");
	return 0;
}

static int read_service(const struct yaml_node *n, struct wrapper_service *s, struct err *e)
{
	static const char *const keys[] = {"unit", "ports", "probe", "when", NULL};
	const struct yaml_node *unit, *probe, *when;
	int r = yaml_only_keys(n, keys, e);

	if (r < 0)
		return r;
	if ((unit = yaml_get(n, "unit")) && (r = yaml_text(unit, "unit", &s->unit, e)) < 0)
		return r;
	if (unit && !ident_is_unit(s->unit))
		return yaml_err(e, unit, "a unit is named like nginx.service");
	if ((when = yaml_get(n, "when")) && (r = yaml_text(when, "when", &s->when, e)) < 0)
		return r;
	if ((r = read_ports(yaml_get(n, "ports"), s, e)) < 0)
		return r;
	if ((probe = yaml_get(n, "probe")) && (r = wrapper_probe_read(&s->probe, probe, e)) < 0)
		return r;
	return check_service(n, s, e);
}

static int read_services(struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	int r = n ? yaml_need_list(n, "services", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		struct wrapper_service s = {0};

		r = read_service(n->items[i], &s, e);
		vec_push(&w->services, s);
	}
	return r;
}

static int read_mode(const struct yaml_node *n, unsigned *mode, struct err *e)
{
	const char *t;
	char *end;
	int r;

	*mode = 0644;
	if (!n)
		return 0;
	if ((r = yaml_text(n, "mode", &t, e)) < 0)
		return r;
	unsigned long v = strtoul(t, &end, 8);
	if (strlen(t) < 3 || strlen(t) > 4 || *end || v > MODE_MAX)
		return yaml_err(e, n, "mode must be octal, quoted, \"0000\" to \"0777\"");
	*mode = (unsigned)v;
	return 0;
}

static int read_template(const struct yaml_node *n, struct wrapper_template *t, struct err *e)
{
	static const char *const keys[] = {"from", "to", "mode", NULL};
	int r = yaml_only_keys(n, keys, e);

	if (r == 0)
		r = read_path(yaml_get(n, "from"), "from", false, &t->from, e);
	if (r == 0)
		r = read_path(yaml_get(n, "to"), "to", true, &t->to, e);
	return r < 0 ? r : read_mode(yaml_get(n, "mode"), &t->mode, e);
}

static int read_templates(struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	int r = n ? yaml_need_list(n, "templates", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		struct wrapper_template t = {0};

		if ((r = read_template(n->items[i], &t, e)) == 0)
			vec_push(&w->templates, t);
	}
	return r;
}

/* The scripts numbered from first on, as many as their names in this part. */
static int read_scripts(struct wrapper *w, const struct yaml_node *n, const char *const *keys,
	int first, struct err *e)
{
	int r;

	if (!n)
		return 0;
	if ((r = yaml_only_keys(n, keys, e)) < 0)
		return r;
	for (int i = 0; keys[i]; i++) {
		const struct yaml_node *s = yaml_get(n, keys[i]);

		if (s && (r = read_path(s, keys[i], false, &w->scripts[first + i], e)) < 0)
			return r;
	}
	return 0;
}

static int read_license(struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	static const char *const keys[] = {"pool", NULL};

	if (!n || (n->kind == YAML_SCALAR && strcmp(n->text, "free") == 0))
		return 0;
	if (n->kind != YAML_MAP)
		return yaml_err(e, n, "license must be free or {pool: NAME}");
	int r = yaml_only_keys(n, keys, e);
	return r < 0 ? r : yaml_name(yaml_get(n, "pool"), "pool", &w->pool, e);
}

/* ---- settings ---- */

static int read_type(const struct yaml_node *n, struct typed *out, struct err *e)
{
	const char *t;
	int r = yaml_text(n, "type", &t, e);

	if (r < 0)
		return r;
	if ((r = typed_find(t)) < 0)
		return yaml_err(e, n,
			"type must be integer, size, duration, boolean, string, choice, secret or "
			"list");
	out->kind = (enum typed_kind)r;
	typed_widest(out);
	return 0;
}

/* A default may be a list of items; its form is that of the command line. */
static int read_default(const struct yaml_node *n, struct wrapper_setting *s, struct err *e)
{
	autostr text = STR_INIT;
	int r;

	if (!n)
		return 0;
	for (size_t i = 0; n->kind == YAML_LIST && i < n->n; i++) {
		const char *t;

		if ((r = yaml_text(n->items[i], "an item", &t, e)) < 0)
			return r;
		str_addf(&text, "%s%s", i ? "," : "", t);
	}
	if (n->kind == YAML_MAP || (n->kind == YAML_LIST) != (s->type.kind == TYPED_LIST))
		return yaml_err(e, n, "default must be a value of its type");
	if (n->kind == YAML_SCALAR)
		str_add(&text, n->text);
	struct err why;
	if (typed_canon(&s->type, str_c(&text), &s->def, &why) < 0)
		return yaml_err(e, n, "default: %s", why.msg);
	return 0;
}

/* A text or a list may be bounded in length, a number in size; the rest by nothing. */
static int read_bounds(const struct yaml_node *n, struct typed *t, struct err *e)
{
	const struct yaml_node *v;
	struct err why;
	int r;

	if ((v = yaml_get(n, "min")) && (r = yaml_i64(v, "min", t->min, t->max, &t->min, e)) < 0)
		return r;
	if ((v = yaml_get(n, "max")) && (r = yaml_i64(v, "max", t->min, t->max, &t->max, e)) < 0)
		return r;
	if (!(v = yaml_get(n, "match")))
		return 0;
	if ((r = yaml_text(v, "match", &t->match, e)) < 0)
		return r;
	return typed_check_match(t->match, &why) < 0 ? yaml_err(e, v, "%s", why.msg) : 0;
}

static int read_setting(const struct yaml_node *key, const struct yaml_node *n,
	struct wrapper_setting *s, struct err *e)
{
	static const char *const keys[] = {"type", "min", "max", "match", "choices", "default",
		"help", NULL};
	int r;

	s->name = key->text;
	if (!ident_is_variable(key->text))
		return yaml_err(e, key, "a setting is named by a-z, then also 0-9 and _");
	if ((r = yaml_only_keys(n, keys, e)) < 0 ||
		(r = read_type(yaml_get(n, "type"), &s->type, e)) < 0)
		return r;
	if ((r = read_bounds(n, &s->type, e)) < 0)
		return r;
	if ((r = read_words(yaml_get(n, "choices"), "choices", ident_is_argument, "a word",
		     &s->choices, e)) < 0)
		return r;
	s->type.choices = s->choices.v;
	s->type.n = s->choices.n;
	if ((s->type.kind == TYPED_CHOICE) != (s->choices.n > 0))
		return yaml_err(e, n, "choices belong to the type choice, and it needs them");
	if ((r = yaml_text(yaml_get(n, "help"), "help", &s->help, e)) < 0)
		return r;
	return read_default(yaml_get(n, "default"), s, e);
}

static int read_settings(struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	int r = n ? yaml_need_map(n, "settings", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		struct wrapper_setting s = {0};

		r = read_setting(n->keys[i], n->items[i], &s, e);
		vec_push(&w->settings, s);
	}
	return r;
}

/* What services wait for are settings that exist. */
static int check_when(const struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	for (size_t i = 0; i < w->services.n; i++) {
		const char *when = w->services.v[i].when;

		if (when && !wrapper_setting(w, when))
			return yaml_err(e, yaml_get(n->items[i], "when"),
				"there is no setting '%s'", when);
	}
	return 0;
}

/* ---- the whole ---- */

static int read_timeout(struct wrapper *w, const struct yaml_node *n, struct err *e)
{
	struct typed t = {.kind = TYPED_DURATION, .min = 1, .max = TIMEOUT_MAX};
	autofree char *canon = NULL;
	struct err why;
	const char *text;
	int r;

	if (!n)
		return 0;
	if ((r = yaml_text(n, "timeout", &text, e)) < 0)
		return r;
	if (typed_canon(&t, text, &canon, &why) < 0)
		return yaml_err(e, n, "timeout: %s", why.msg);
	w->timeout = strtoll(canon, NULL, 10);
	return 0;
}

static int read_head(struct wrapper *w, const struct yaml_node *root, struct err *e)
{
	const struct yaml_node *version = yaml_get(root, "version");
	int r;

	if ((r = yaml_name(yaml_get(root, "app"), "app", &w->app, e)) < 0 ||
		(r = yaml_text(version, "version", &w->version, e)) < 0 ||
		(r = yaml_text(yaml_get(root, "title"), "title", &w->title, e)) < 0)
		return r;
	if (strcmp(w->version, "auto") != 0 && !ident_is_version(w->version))
		return yaml_err(e, version,
			"version must be auto or begin with a digit and hold "
			"letters, digits and . + ~ : - only");
	if (!ident_is_argument(w->title))
		return yaml_err(e, yaml_get(root, "title"), "title must be one line of text");
	return read_license(w, yaml_get(root, "license"), e);
}

static int read_relations(struct wrapper *w, const struct yaml_node *root, struct err *e)
{
	int r = read_words(yaml_get(root, "provides"), "provides", str_is_name, "a name",
		&w->provides, e);

	if (r == 0)
		r = read_words(yaml_get(root, "requires"), "requires", str_is_name, "a name",
			&w->requires, e);
	if (r == 0)
		r = read_words(yaml_get(root, "conflicts"), "conflicts", str_is_name, "a name",
			&w->conflicts, e);
	if (r == 0)
		r = read_words(yaml_get(root, "check"), "check", ident_is_argument, "an argument",
			&w->check, e);
	if (r == 0)
		r = read_words(yaml_get(root, "data"), "data", ident_is_absolute,
			"an absolute path", &w->data, e);
	return r;
}

int wrapper_read(struct wrapper *w, const struct yaml_node *root, struct err *e)
{
	static const char *const keys[] = {"app", "version", "title", "license", "provides",
		"requires", "conflicts", "platforms", "services", "settings", "templates", "check",
		"actions", "site", "data", "timeout", NULL};
	const char *const actions[] = {script_names[0], script_names[1], script_names[2], NULL};
	const char *const site[] = {script_names[3], script_names[4], script_names[5],
		script_names[6], script_names[7], NULL};
	int r;

	*w = (struct wrapper){0};
	if ((r = yaml_only_keys(root, keys, e)) < 0 || (r = read_head(w, root, e)) < 0 ||
		(r = read_relations(w, root, e)) < 0 ||
		(r = read_platforms(w, yaml_get(root, "platforms"), e)) < 0 ||
		(r = read_timeout(w, yaml_get(root, "timeout"), e)) < 0 ||
		(r = read_services(w, yaml_get(root, "services"), e)) < 0 ||
		(r = read_settings(w, yaml_get(root, "settings"), e)) < 0 ||
		(r = check_when(w, yaml_get(root, "services"), e)) < 0 ||
		(r = read_templates(w, yaml_get(root, "templates"), e)) < 0 ||
		(r = read_scripts(w, yaml_get(root, "actions"), actions, SCRIPT_INSTALL, e)) < 0)
		return r;
	return read_scripts(w, yaml_get(root, "site"), site, SCRIPT_SITE_ADD, e);
}

static void words_release(struct words *w)
{
	vec_release(w);
}

void wrapper_release(struct wrapper *w)
{
	vec_each(&w->platforms, p)
		words_release(&p->packages);
	vec_each(&w->services, s) {
		vec_release(&s->ports);
		wrapper_probe_release(&s->probe);
	}
	vec_each(&w->settings, s) {
		words_release(&s->choices);
		free(s->def);
	}
	vec_release(&w->platforms);
	vec_release(&w->services);
	vec_release(&w->settings);
	vec_release(&w->templates);
	words_release(&w->provides);
	words_release(&w->requires);
	words_release(&w->conflicts);
	words_release(&w->check);
	words_release(&w->data);
	*w = (struct wrapper){0};
}

const struct wrapper_platform *wrapper_platform(const struct wrapper *w, const char *name)
{
	vec_each(&w->platforms, p) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}
