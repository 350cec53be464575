/* SPDX-License-Identifier: MIT */
#include "biz/logo.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/paper.h"
#include "svc/sign.h"

#define SQL_ADD "INSERT OR IGNORE INTO logo (digest, type, data) VALUES (?1, ?2, ?3)"
#define SQL_GET "SELECT type, data FROM logo WHERE digest = ?1"

static int read_file(const char *path, struct str *data, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > LOGO_MOST)
		return err_set(e, E_USAGE, "%s: a logo is a file of at most 1 MiB", path);
	do {
		str_reserve(data, data->len + 65536);
		n = read(fd, data->p + data->len, 65535);
		if (n > 0)
			str_setlen(data, data->len + (size_t)n);
	} while (n > 0 && data->len <= LOGO_MOST);
	return n < 0 ? err_sys(e, "%s", path) : 0;
}

/* By the first bytes (PNG 5.2, JPEG B.1.1.3). */
static const char *type_of(const struct str *data)
{
	static const char png[] = "\x89PNG\r\n\x1a\n", jpeg[] = "\xff\xd8\xff";

	if (data->len > 8 && memcmp(data->p, png, 8) == 0)
		return "image/png";
	if (data->len > 3 && memcmp(data->p, jpeg, 3) == 0)
		return "image/jpeg";
	return NULL;
}

/* Draw it on a document of nothing else. */
static int try(struct sxc *s, const char *path, const char *type, const struct str *data,
	struct err *e)
{
	autopaper p = {.kind = mem_strdup(""),
		.number = mem_strdup("1"),
		.date = mem_strdup("2000-01-01"),
		.currency = mem_strdup("USD"),
		.payee = mem_strdup(""),
		.logo_type = mem_strdup(type)};
	autostr drawn = STR_INIT;
	struct err why = {0};
	int r;

	str_addn(&p.logo, data->p, data->len);
	r = paper_pdf(s, &p, &drawn, &why);
	if (r == E_FAIL)
		return err_set(e, E_USAGE, "%s cannot be drawn: it is damaged", path);
	return r < 0 ? err_set(e, r, "%s", why.msg) : 0;
}

int logo_add(struct sxc *s, const char *path, char **digest, struct err *e)
{
	autostr data = STR_INIT;
	char hex[SHA256_HEX];
	const char *type;
	int r = read_file(path, &data, e);

	if (r < 0)
		return r;
	type = type_of(&data);
	if (!type)
		return err_set(e, E_USAGE, "%s is neither a PNG nor a JPEG picture", path);
	if ((r = try(s, path, type, &data, e)) < 0)
		return r;
	sha256_buf(data.p, data.len, hex);
	r = db_run(s->db, e, SQL_ADD, hex, type, db_blob(data.p, data.len));
	*digest = mem_strdup(hex);
	return r;
}

int logo_get(struct sxc *s, const char *digest, char **type, struct str *data, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	const void *p;
	size_t n;
	int r = db_one(s->db, &q, e, SQL_GET, digest);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_INTEGRITY, "logo %.12s is missing", digest);
	*type = db_text_dup(&q, 0);
	p = db_bytes(&q, 1, &n);
	str_addn(data, p, n);
	return 0;
}
