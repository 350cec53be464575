/* SPDX-License-Identifier: MIT */
/* One message: what its template is told, and its bytes. */
#include <string.h>

#include "biz/account.h"
#include "biz/domain.h"
#include "biz/invoice.h"
#include "biz/mail_int.h"
#include "svc/mime.h"
#include "util/money.h"
#include "util/period.h"

#define SQL_GET                                                                                    \
	"SELECT m.account, m.invoice, m.attempts, m.dated, m.nonce, m.template, m.data, m.state, " \
	"m.subject, m.body, a.email, coalesce(a.contact ->> 'name', a.contact ->> 'company') "     \
	"FROM mail m LEFT JOIN account a ON a.id = m.account WHERE m.id = ?1"
#define SQL_INVOICE                                                                                \
	"SELECT number, date, due, currency, total, balance, state, "                              \
	"(SELECT coalesce(m.label, g.name) FROM charge c JOIN method m ON m.id = c.method "        \
	"JOIN gateway g ON g.id = c.gateway WHERE c.invoice = i.id AND c.kind = 'charge' "         \
	"ORDER BY c.id DESC LIMIT 1) FROM invoice i WHERE id = ?1"

void mail_release(struct mail *m)
{
	free(m->nonce);
	free(m->template);
	free(m->data);
	free(m->state);
	free(m->subject);
	free(m->body);
	free(m->recipient);
	free(m->recipient_name);
}

int mail_get(struct sxc *s, int64_t id, struct mail *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no mail %lld", (long long)id);
	*m = (struct mail){.id = id,
		.account = db_i64(&q, 0),
		.invoice = db_i64(&q, 1),
		.attempts = db_i64(&q, 2),
		.dated = db_i64(&q, 3),
		.nonce = db_text_dup(&q, 4),
		.template = db_text_dup(&q, 5),
		.data = db_text_dup(&q, 6),
		.state = db_text_dup(&q, 7),
		.subject = db_text_dup(&q, 8),
		.body = db_text_dup(&q, 9),
		.recipient = db_text_dup(&q, 10),
		.recipient_name = db_text_dup(&q, 11)};
	return 0;
}

int mail_sender(struct sxc *s, char **from, struct err *e)
{
	int r = config_get(s, "mail.from", from, e);

	if (r == 0 && !*from)
		r = config_get(s, "seller.email", from, e);
	if (r < 0 || *from)
		return r;
	return err_set(e, E_STATE,
		"mail needs a sender: set mail.from or seller.email with \"sxc config set\"");
}

/* ---- what templates are told ---- */

static void put(json_t *j, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(j, key, json_string(text));
}

static void put_amount(json_t *j, const char *key, int64_t amount, const char *currency)
{
	autostr text = STR_INIT;

	money_format_code(&text, amount, currency);
	put(j, key, str_c(&text));
}

static int add_seller(struct sxc *s, json_t *j, struct err *e)
{
	static const struct {
		const char *key, *word;
	} keys[] = {{"seller.name", "seller"}, {"seller.address", "seller_address"},
		{"seller.email", "seller_email"}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(keys); i++) {
		autofree char *value = NULL;

		r = config_get(s, keys[i].key, &value, e);
		put(j, keys[i].word, value);
	}
	return r;
}

static int add_account(struct sxc *s, const struct mail *m, json_t *j, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	char day[DAY_TEXT];
	int64_t today = s->now / 86400;
	int r = 0;

	if (m->account && ((r = account_get_id(s, m->account, &a, e)) < 0 ||
				  (r = account_today(s, &a, &today, e)) < 0))
		return r;
	put(j, "account", a.name);
	put(j, "email", m->recipient);
	put(j, "name", m->recipient_name ? m->recipient_name : a.name);
	put(j, "date", day_format(today, day));
	return 0;
}

static int add_overdue(json_t *j, const char *due, struct err *e)
{
	int64_t day, today;
	int r;

	if ((r = day_parse(due, &day, e)) < 0 ||
		(r = day_parse(json_string_value(json_object_get(j, "date")), &today, e)) < 0)
		return r;
	if (today > day) {
		autofree char *days = str_fmt("%lld", (long long)(today - day));

		put(j, "overdue", days);
	}
	return 0;
}

static int add_invoice(struct sxc *s, const struct mail *m, json_t *j, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = m->invoice ? db_one(s->db, &q, e, SQL_INVOICE, m->invoice) : 0;

	if (r <= 0)
		return r;
	put(j, "invoice", db_text(&q, 0));
	put(j, "invoice_date", db_text(&q, 1));
	put(j, "due", db_text(&q, 2));
	put(j, "currency", db_text(&q, 3));
	put_amount(j, "total", db_i64(&q, 4), db_text(&q, 3));
	if (db_i64(&q, 5) <= 0 || !str_eq(db_text(&q, 6), "open"))
		return 0;
	put_amount(j, "balance", db_i64(&q, 5), db_text(&q, 3));
	put(j, "method", db_text(&q, 7));
	return add_overdue(j, db_text(&q, 2), e);
}

static int gather(struct sxc *s, const struct mail *m, json_t *j, struct err *e)
{
	json_t *data = m->data ? json_loads(m->data, 0, NULL) : NULL;
	int r;

	if (data)
		json_object_update(j, data);
	json_decref(data);
	if ((r = add_seller(s, j, e)) < 0 || (r = add_account(s, m, j, e)) < 0)
		return r;
	return add_invoice(s, m, j, e);
}

int mail_render(struct sxc *s, struct mail *m, struct err *e)
{
	json_t *j;
	int r;

	if (m->dated && m->subject && m->body)
		return 0;
	j = json_object();
	if ((r = gather(s, m, j, e)) == 0)
		r = mail_template_render(s, m->template, j, &m->subject, &m->body, e);
	json_decref(j);
	m->dated = s->now;
	return r;
}

/* ---- bytes ---- */

/* A domain that is not ASCII goes in its IDNA form; what is before the @ stays as it is. */
static int ascii_address(const char *address, char **out, struct err *e)
{
	const char *at = strrchr(address, '@');
	autofree char *domain = NULL;
	int r;

	for (const char *p = at; p && *p; p++)
		if (*p & 0x80) {
			if ((r = domain_ascii(at + 1, &domain, e)) < 0)
				return r;
			*out = str_fmt("%.*s@%s", (int)(at - address), address, domain);
			return 0;
		}
	*out = mem_strdup(address);
	return 0;
}

/* The document of a message as a file. */
struct document {
	char *name, *text;
	size_t n;
	const char *type; /* NULL: none */
};

static void document_release(struct document *d)
{
	free(d->name);
	free(d->text);
}

static int attach(struct sxc *s, const struct mail *m, struct document *d, struct err *e)
{
	static const struct {
		const char *format, *type, *suffix;
	} forms[] = {{"text", "text/plain; charset=utf-8", "txt"},
		{"pdf", "application/pdf", "pdf"}};
	autofree char *number = NULL, *format = NULL;
	autostr paper = STR_INIT;
	size_t i;
	int r;

	if (!m->invoice)
		return 0;
	if ((r = config_get(s, "mail.attach", &format, e)) < 0)
		return r;
	i = str_eq(format, "pdf");
	if ((r = invoice_name_of(s, m->invoice, &number, e)) <= 0 ||
		(r = invoice_print(s, number, forms[i].format, &paper, e)) < 0)
		return r;
	d->n = paper.len;
	d->text = str_steal(&paper);
	d->type = forms[i].type;
	d->name = str_fmt("%s.%s", number, forms[i].suffix);
	for (char *p = d->name; *p; p++)
		if (*p == '/')
			*p = '-';
	return 0;
}

int mail_bytes(struct sxc *s, const struct mail *m, struct str *out, struct err *e)
{
	autofree char *from = NULL, *seller = NULL, *to = NULL, *id = NULL;
	autoclean(document_release) struct document d = {0};
	int r;

	if (!m->recipient)
		return err_set(e, E_USAGE, "it has no recipient");
	if ((r = mail_sender(s, &from, e)) < 0 ||
		(r = config_get(s, "seller.name", &seller, e)) < 0 ||
		(r = ascii_address(m->recipient, &to, e)) < 0 || (r = attach(s, m, &d, e)) < 0)
		return r;
	id = str_fmt("sxc-%lld-%s@%s", (long long)m->id, m->nonce, strchr(from, '@') + 1);
	struct mime_part part = {d.name, d.type, d.text, d.n};
	struct mime_message msg = {.from = from,
		.from_name = seller,
		.to = to,
		.to_name = m->recipient_name,
		.subject = m->subject,
		.body = m->body,
		.message_id = id,
		.date = m->dated,
		.parts = &part,
		.n = d.type ? 1 : 0};

	return mime_build(&msg, out, e);
}

int mail_message(struct sxc *s, int64_t id, char **text, struct err *e)
{
	automail m = {0};
	autostr out = STR_INIT;
	int r;

	if ((r = mail_get(s, id, &m, e)) < 0 || (r = mail_render(s, &m, e)) < 0 ||
		(r = mail_bytes(s, &m, &out, e)) < 0)
		return r;
	*text = str_steal(&out);
	return 0;
}
