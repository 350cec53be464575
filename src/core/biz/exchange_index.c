/* SPDX-License-Identifier: MIT */
#include "biz/exchange_index.h"

#include <string.h>

#include "util/ident.h"
#include "util/iso8601.h"
#include "util/str.h"

#define FORMAT     1
#define MARK       "# signature: "
#define SERIAL_MAX INT64_C(9007199254740991)
#define SIZE_MAX_  (INT64_C(16) << 30)

void index_release(struct index *x)
{
	yaml_cleanup(&x->doc);
	vec_release(&x->entries);
}

/* ---- writing ---- */

static void add_text(struct str *s, const char *key, const char *value)
{
	str_addf(s, "    %s: ", key);
	yaml_emit_scalar(s, value);
	str_addc(s, '\n');
}

static void add_time(struct str *s, const char *key, int64_t when)
{
	str_addf(s, "%s: \"", key);
	iso8601_add(s, when);
	str_add(s, "\"\n");
}

static void add_entry(struct str *s, const struct index_entry *en)
{
	str_add(s, "  - app: ");
	yaml_emit_scalar(s, en->app);
	str_addc(s, '\n');
	str_addf(s, "    version: \"%s\"\n", en->version);
	add_text(s, "title", en->title);
	add_text(s, "file", en->file);
	str_addf(s, "    size: %lld\n    sha256: \"%s\"\n    security: %s\n", (long long)en->size,
		en->sha256, en->security ? "yes" : "no");
}

static void hash(const char *p, size_t n, unsigned char out[SHA256_SIZE])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, p, n);
	sha256_end(&h, out);
}

void index_write(const struct index *x, const unsigned char secret[SIGN_SECRET_SIZE],
	struct str *out)
{
	unsigned char digest[SHA256_SIZE], sig[SIGN_SIZE];
	char hex[2 * SIGN_SIZE + 1];

	str_addf(out, "format: %d\nserial: %lld\n", FORMAT, (long long)x->serial);
	add_time(out, "created", x->created);
	add_time(out, "expires", x->expires);
	str_add(out, x->entries.n ? "packages:\n" : "packages: []\n");
	for (size_t i = 0; i < x->entries.n; i++)
		add_entry(out, &x->entries.v[i]);
	hash(out->p, out->len, digest);
	sign_make(secret, digest, sizeof(digest), sig);
	hex_encode(sig, sizeof(sig), hex);
	str_addf(out, MARK "%.*s\n", 2 * SIGN_SIZE, hex);
}

/* ---- reading ---- */

/* The signature stands in the last line, which has one length. */
static int check_signature(const char *text, size_t n, const unsigned char pub[SIGN_PUBLIC_SIZE],
	const char *label, size_t *body, struct err *e)
{
	const size_t line = strlen(MARK) + 2 * SIGN_SIZE + 1;
	unsigned char digest[SHA256_SIZE], sig[SIGN_SIZE];
	char hex[2 * SIGN_SIZE + 1];
	const char *last = text + n - line;

	if (n <= line || last[-1] != '\n' || !str_starts(last, MARK) || text[n - 1] != '\n')
		return err_set(e, E_INTEGRITY, "%s refused: it is not signed in its last line",
			label);
	memcpy(hex, last + strlen(MARK), 2 * SIGN_SIZE);
	hex[2 * SIGN_SIZE] = '\0';
	hash(text, n - line, digest);
	if (hex_decode(hex, sig, sizeof(sig)) < 0 ||
		sign_check(pub, digest, sizeof(digest), sig, e) < 0)
		return err_set(e, E_INTEGRITY,
			"%s refused: its signature is not of the key that is trusted for it",
			label);
	*body = n - line;
	return 0;
}

static int read_time(const struct yaml_node *n, const char *what, int64_t *out, struct err *e)
{
	const char *t;
	int r = yaml_text(n, what, &t, e);

	if (r < 0)
		return r;
	return iso8601_parse(t, out) == 0 ? 0 : yaml_err(e, n, "%s must be a time", what);
}

/* A name in the exchange's own directory. */
static bool is_file_name(const char *s)
{
	return ident_is_path(s) && !strchr(s, '/') && s[0] != '.' && str_ends(s, ".sxa");
}

static int check_entry(const struct yaml_node *n, const struct index_entry *en, struct err *e)
{
	if (!ident_is_version(en->version))
		return yaml_err(e, yaml_get(n, "version"), "version must be one");
	if (!str_is_line(en->title, 200))
		return yaml_err(e, yaml_get(n, "title"), "title must be one line of text");
	if (!is_file_name(en->file))
		return yaml_err(e, yaml_get(n, "file"), "file must be the name of a package");
	if (!sha256_is_hex(en->sha256))
		return yaml_err(e, yaml_get(n, "sha256"), "sha256 must be 64 hex digits");
	return 0;
}

static int need_keys(const struct yaml_node *n, const char *const *keys, struct err *e)
{
	int r = yaml_only_keys(n, keys, e);

	for (; r == 0 && *keys; keys++)
		r = yaml_need_key(n, *keys, e);
	return r;
}

static int read_entry(const struct yaml_node *n, struct index_entry *en, struct err *e)
{
	static const char *const keys[] = {"app", "version", "title", "file", "size", "sha256",
		"security", NULL};
	int r;

	if ((r = need_keys(n, keys, e)) < 0 ||
		(r = yaml_name(yaml_get(n, "app"), "app", &en->app, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "version"), "version", &en->version, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "title"), "title", &en->title, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "file"), "file", &en->file, e)) < 0 ||
		(r = yaml_i64(yaml_get(n, "size"), "size", 1, SIZE_MAX_, &en->size, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "sha256"), "sha256", &en->sha256, e)) < 0 ||
		(r = yaml_bool(yaml_get(n, "security"), "security", &en->security, e)) < 0)
		return r;
	return check_entry(n, en, e);
}

static bool is_twice(const struct index *x, const struct index_entry *en)
{
	vec_each(&x->entries, o) {
		if (strcmp(o->app, en->app) == 0 && strcmp(o->version, en->version) == 0)
			return true;
	}
	return false;
}

static int read_entries(const struct yaml_node *list, struct index *x, struct err *e)
{
	int r = yaml_need_list(list, "packages", e);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct index_entry en = {0};

		if ((r = read_entry(list->items[i], &en, e)) < 0)
			return r;
		if (is_twice(x, &en))
			return yaml_err(e, list->items[i], "%s %s is there twice", en.app,
				en.version);
		vec_push(&x->entries, en);
	}
	return r;
}

static int read_root(const struct yaml_node *root, struct index *x, struct err *e)
{
	static const char *const keys[] = {"format", "serial", "created", "expires", "packages",
		NULL};
	int64_t format;
	int r;

	if ((r = need_keys(root, keys, e)) < 0 ||
		(r = yaml_i64(yaml_get(root, "format"), "format", FORMAT, FORMAT, &format, e)) <
			0 ||
		(r = yaml_i64(yaml_get(root, "serial"), "serial", 1, SERIAL_MAX, &x->serial, e)) <
			0 ||
		(r = read_time(yaml_get(root, "created"), "created", &x->created, e)) < 0 ||
		(r = read_time(yaml_get(root, "expires"), "expires", &x->expires, e)) < 0)
		return r;
	return read_entries(yaml_get(root, "packages"), x, e);
}

int index_read(const char *text, size_t n, const unsigned char pub[SIGN_PUBLIC_SIZE],
	const char *label, struct index *out, struct err *e)
{
	autoclean(index_release) struct index x = {0};
	struct err why;
	size_t body = 0;
	int r = check_signature(text, n, pub, label, &body, e);

	if (r < 0)
		return r;
	sha256_buf(text, n, x.digest);
	if (yaml_parse(&x.doc, label, text, body, &why) < 0 ||
		read_root(yaml_root(x.doc), &x, &why) < 0)
		return err_set(e, E_INTEGRITY, "%s", why.msg);
	*out = x;
	x = (struct index){0};
	return 0;
}
