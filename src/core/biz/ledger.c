/* SPDX-License-Identifier: MIT */
#include "biz/ledger.h"

#include "util/num.h"
#include "util/period.h"

#define SQL_ENTRY                                                                                  \
	"INSERT INTO ledger_entry (day, text, account, invoice, payment, created) "                \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_POSTING                                                                                \
	"INSERT INTO ledger_posting (entry, book, currency, amount) VALUES (?1, ?2, ?3, ?4)"

int ledger_post(struct sxc *s, const struct ledger_entry *entry, const struct posting *postings,
	size_t n, struct err *e)
{
	int64_t sum = 0, moved = 0, id;
	char day[DAY_TEXT];
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = num_add(sum, postings[i].amount, &sum, e);
		moved |= postings[i].amount;
	}
	if (r < 0)
		return r;
	if (sum != 0)
		return err_set(e, E_INTEGRITY, "%s: the entry does not balance", entry->text);
	if (moved == 0)
		return 0;
	r = db_run(s->db, e, SQL_ENTRY, day_format(s->now / 86400, day), entry->text,
		entry->account, db_ref(entry->invoice), db_ref(entry->payment), s->now);
	id = db_last_id(s->db);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (postings[i].amount)
			r = db_run(s->db, e, SQL_POSTING, id, postings[i].book, entry->currency,
				postings[i].amount);
	return r;
}
