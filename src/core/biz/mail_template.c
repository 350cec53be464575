/* SPDX-License-Identifier: MIT */
/* Templates of messages: which there are, what they may name, one's own in the home directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/mail.h"
#include "svc/template.h"
#include "util/slurp.h"
#include "util/str.h"
#include "util/vec.h"

#define TEXT_MOST (256u << 10)

#define WHO     "seller seller_address seller_email account name email date "
#define INVOICE WHO "invoice invoice_date due total balance currency overdue method "

/* In the order of a customer's life; the words are what each may name. */
static const struct known {
	const char *name, *help, *words;
} known[] = {
	{"invoice", "an invoice was opened", INVOICE},
	{"credit-note", "a credit note was opened", INVOICE},
	{"reminder", "an invoice is open, before or after it fell due", INVOICE},
	{"payment-failed", "a charge did not go through", INVOICE "reason"},
	{"action-required", "a charge waits for the customer's consent", INVOICE "url"},
	{"throttled", "services were slowed down", INVOICE "subscriptions"},
	{"suspended", "services were suspended", INVOICE "subscriptions"},
	{"terminated", "services have ended", INVOICE "subscriptions until"},
	{"resumed", "services run again", WHO "subscriptions"},
	{"plan-change", "a plan will change for who has it",
		WHO "subscription plan price price_before from"},
	{"test", "sent by mail test", WHO},
};

static const struct known *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(known[i].name, name))
			return &known[i];
	return NULL;
}

static int need_known(const char *name, const struct known **k, struct err *e)
{
	*k = find(name);
	if (*k)
		return 0;
	return err_set(e, E_NOTFOUND, "no template named '%.40s': \"sxc mail template list\"",
		name);
}

/* ---- where they are ---- */

static char *own_path(struct sxc *s, const char *name)
{
	autofree char *rel = str_fmt("mail/%s.txt", name);

	return sxc_path(s, rel);
}

static char *beside_program(const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	return slash ? str_fmt("%.*s/share/mail/%s.txt", (int)(slash - exe), exe, name) : NULL;
}

static char *shared_path(const char *name)
{
	autofree char *path = beside_program(name);

	if (path && access(path, R_OK) == 0)
		return steal(&path);
	return str_fmt(SXC_PREFIX "/share/sxc/mail/%s.txt", name);
}

static char *path_of(struct sxc *s, const char *name, bool *own)
{
	autofree char *path = own_path(s, name);

	*own = access(path, F_OK) == 0;
	return *own ? steal(&path) : shared_path(name);
}

int mail_template_list(struct sxc *s, mail_row_fn fn, void *arg, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(known); i++) {
		bool own;
		autofree char *path = path_of(s, known[i].name, &own);
		struct mail_template_row row = {known[i].name, own ? "own" : "shared",
			known[i].help};

		r = fn(arg, &row, e);
	}
	return r;
}

static int load(struct sxc *s, const char *name, struct str *text, char **path, struct err *e)
{
	bool own;

	*path = path_of(s, name, &own);
	return slurp(*path, TEXT_MOST, text, e);
}

int mail_template_text(struct sxc *s, const char *name, char **text, struct err *e)
{
	autofree char *path = NULL;
	autostr out = STR_INIT;
	const struct known *k;
	int r;

	if ((r = need_known(name, &k, e)) < 0 || (r = load(s, name, &out, &path, e)) < 0)
		return r;
	*text = str_steal(&out);
	return 0;
}

/* ---- rendering ---- */

struct values {
	const struct known *known;
	const json_t *json; /* NULL: a check, everything is there */
};

static bool may_name(const struct known *k, const char *word)
{
	autostrvec words = {0};

	strvec_split(&words, k->words, " ");
	for (size_t i = 0; i < words.n; i++)
		if (str_eq(words.v[i], word))
			return true;
	return false;
}

static bool lookup(void *arg, const char *name, struct template_value *out)
{
	const struct values *v = arg;
	const char *text = json_string_value(json_object_get(v->json, name));

	if (!may_name(v->known, name))
		return false;
	*out = (struct template_value){.text = text ? text : "", .truth = !v->json || text};
	return true;
}

/* "Subject: …", an empty line, the body. */
static int split(const char *file, const char *text, char **subject, const char **body,
	struct err *e)
{
	static const char head[] = "Subject: ";
	size_t n = strcspn(text, "\n");

	if (!str_starts(text, head) || n == strlen(head))
		return err_set(e, E_USAGE, "%s:1: the first line is \"Subject: \" and the subject",
			file);
	if (strncmp(text + n, "\n\n", 2) != 0 || !text[n + 2])
		return err_set(e, E_USAGE, "%s:2: an empty line and the text follow the subject",
			file);
	*subject = mem_strndup(text + strlen(head), n - strlen(head));
	*body = text + n + 2;
	return 0;
}

static int render(const struct known *k, const char *file, const char *text, size_t n,
	const json_t *values, char **subject, char **body, struct err *e)
{
	struct values v = {k, values};
	autostr out = STR_INIT;
	const char *rest;
	int r;

	if (!str_is_utf8(text, n))
		return err_set(e, E_USAGE, "%s: is not UTF-8", file);
	if ((r = template_render(file, text, n, lookup, &v, &out, e)) < 0 ||
		(r = split(file, str_c(&out), subject, &rest, e)) < 0)
		return r;
	*body = mem_strdup(rest);
	return 0;
}

int mail_template_render(struct sxc *s, const char *name, const json_t *values, char **subject,
	char **body, struct err *e)
{
	autofree char *path = NULL;
	autostr text = STR_INIT;
	const struct known *k;
	int r;

	if ((r = need_known(name, &k, e)) < 0 || (r = load(s, name, &text, &path, e)) < 0)
		return r;
	return render(k, path, str_c(&text), text.len, values, subject, body, e);
}

/* ---- one's own ---- */

int mail_template_check(const char *name, const char *file, const char *text, size_t n,
	struct err *e)
{
	autofree char *subject = NULL, *body = NULL, *full = NULL, *rest = NULL;
	autofree char *bare = NULL;
	const char *ignored;
	const struct known *k;
	int r;

	if ((r = need_known(name, &k, e)) < 0)
		return r;
	if (n > TEXT_MOST)
		return err_set(e, E_USAGE, "%s: larger than %u bytes", file, TEXT_MOST);
	/* As it stands, and with all that it may name. */
	bare = mem_strndup(text, n);
	if (memchr(text, '\0', n) || (r = split(file, bare, &subject, &ignored, e)) == 0)
		r = render(k, file, text, n, NULL, &full, &rest, e);
	return r;
}

static int write_whole(const char *path, const char *text, struct err *e)
{
	autofree char *tmp = str_fmt("%s.new", path);
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 || rename(tmp, path) < 0) {
		err_sys(e, "%s", path);
		unlink(tmp);
		return e->code;
	}
	return 0;
}

static int audit_template(struct sxc *s, const char *name, bool set, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = audit_add(s, set ? "mail.template.set" : "mail.template.unset", name, NULL, NULL, e);
	if (r < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int mail_template_set(struct sxc *s, const char *name, const char *text, struct err *e)
{
	autofree char *dir = sxc_path(s, "mail"), *path = own_path(s, name);
	const struct known *k;
	int r;

	if ((r = need_known(name, &k, e)) < 0)
		return r;
	if (!text) {
		if (s->dry_run ? access(path, F_OK) < 0 : unlink(path) < 0)
			return errno == ENOENT
			               ? err_set(e, E_STATE,
						 "template %s is the shared one already", name)
			               : err_sys(e, "%s", path);
		return audit_template(s, name, false, e);
	}
	if (s->dry_run)
		return 0;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s", dir);
	if ((r = write_whole(path, text, e)) < 0)
		return r;
	return audit_template(s, name, true, e);
}
