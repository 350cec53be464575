/* SPDX-License-Identifier: MIT */
#include "biz/invoice_fee.h"

#include <string.h>

#include "biz/invoice_int.h"

#define SQL_EXTRA                                                                                  \
	"INSERT INTO extra (account, day, amount, taxable, reason, created) "                      \
	"VALUES (?1, ?2, ?3, 0, ?4, ?5)"

static int add_line(struct sxc *s, struct draft *d, int64_t amount, const char *text, struct err *e)
{
	struct bill_item item = {.item = mem_strdup(ITEM_EXTRA),
		.text = mem_strdup(text),
		.start = d->today,
		.until = DAY_NONE,
		.quantity = 1,
		.unit_price = amount,
		.gross = amount};
	char day[DAY_TEXT];
	int r = db_run(s->db, e, SQL_EXTRA, d->a.id, day_format(d->today, day), amount, text,
		s->now);

	item.extra = db_last_id(s->db);
	if (r == 0)
		r = bill_doc_add(&d->doc, &item, NULL, e);
	free(item.item);
	free(item.text);
	return r;
}

int invoice_fee(struct sxc *s, int64_t account, int64_t amount, const char *text, char number[64],
	struct job_ids *jobs, struct err *e)
{
	autobilling b = {0};
	autodraft d = {0};
	int64_t id;
	int r;

	if ((r = billing_begin(&b, s, NULL, e)) < 0 || (r = billing_read_series(&b, e)) < 0 ||
		(r = account_get_id(s, account, &d.a, e)) < 0 ||
		(r = account_today(s, &d.a, &d.today, e)) < 0 ||
		(r = add_line(s, &d, amount, text, e)) < 0)
		return r;
	draft_number(&b, &d);
	if ((r = draft_store(&b, &d, &id, e)) < 0 || (r = billing_write_series(&b, e)) < 0 ||
		(r = settle_credit(s, account, jobs, e)) < 0)
		return r;
	memcpy(number, d.number, sizeof(d.number));
	return 0;
}
