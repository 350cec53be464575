/* SPDX-License-Identifier: MIT */
/* What each step does. */
#include <string.h>

#include "biz/charge.h"
#include "biz/dunning_int.h"
#include "biz/invoice_fee.h"
#include "biz/mail.h"
#include "biz/method.h"
#include "util/str.h"

#define SQL_HAD_FEE "SELECT count(*) FROM dunning WHERE invoice = ?1 AND do = 'late-fee'"
#define SQL_IS_FEE                                                                                 \
	"SELECT count(*) FROM dunning d JOIN invoice i ON d.note = 'invoice ' || i.number "        \
	"WHERE d.do = 'late-fee' AND i.id = ?1"

static int remind(struct sxc *s, const struct dun *d, size_t step, char **note, struct err *e)
{
	autofree char *key = str_fmt("dunning %lld %zu", (long long)d->id, step + 1);
	struct mail_new m = {.key = key,
		.template = "reminder",
		.account = d->a.id,
		.invoice = d->id};
	int r = mail_queue(s, &m, e);

	if (r == 0)
		*note = mem_strdup("no mail goes out: mail.command is not set");
	return r < 0 ? r : 0;
}

static int collect(struct sxc *s, const struct dun *d, char **note, struct err *e)
{
	int r = charge_queue(s, d->a.id, d->id, e);

	if (r == 0)
		*note = mem_strdup("nothing to collect with: no payment method, or a charge is "
				   "under way");
	return r < 0 ? r : 0;
}

/* Once an invoice, and none on a late fee. */
static int has_fee(struct sxc *s, const struct dun *d, struct err *e)
{
	int64_t had = 0, is = 0;
	int r;

	if ((r = db_get_i64(s->db, &had, e, SQL_HAD_FEE, d->id)) < 0 ||
		(r = db_get_i64(s->db, &is, e, SQL_IS_FEE, d->id)) < 0)
		return r;
	return had || is;
}

static int64_t fee_of(const struct dunning_step *st, const char *currency)
{
	for (size_t i = 0; i < st->n_fees; i++)
		if (str_eq(st->fees[i].currency, currency))
			return st->fees[i].amount;
	return 0;
}

int dun_fee(struct sxc *s, const struct dun *d, const struct dunning_step *st, int64_t *amount,
	struct err *e)
{
	int r = has_fee(s, d, e);

	*amount = r ? 0 : fee_of(st, d->a.currency);
	return r < 0 ? r : 0;
}

static int late_fee(struct sxc *s, const struct dun *d, const struct dunning_step *st, char **note,
	struct job_ids *jobs, struct err *e)
{
	autofree char *text = str_fmt("late fee, invoice %s", d->number);
	int64_t amount = fee_of(st, d->a.currency);
	char number[64];
	int r = has_fee(s, d, e);

	if (r < 0)
		return r;
	if (r > 0 || !amount) {
		*note = r > 0 ? mem_strdup("no further late fee")
		              : str_fmt("the schedule has no late fee in %s", d->a.currency);
		return 0;
	}
	if ((r = invoice_fee(s, d->a.id, amount, text, number, jobs, e)) < 0)
		return r;
	*note = str_fmt("invoice %s", number);
	return 0;
}

static int note_act(struct sxc *s, const struct dun *d, enum dunning_do act, struct err *e)
{
	autofree char *what = str_fmt("dunning.%s", dunning_do_name(act));
	json_t *j = json_pack("{s:s}", "invoice", d->number);
	autofree char *after = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	return audit_add(s, what, d->a.name, NULL, after, e);
}

int dun_act(struct sxc *s, const struct dun *d, size_t step, const struct dunning_step *st,
	char **note, struct job_ids *jobs, struct err *e)
{
	int r = 0;

	switch (st->act) {
	case DUN_REMIND:
		r = remind(s, d, step, note, e);
		break;
	case DUN_COLLECT:
		r = collect(s, d, note, e);
		break;
	case DUN_LATE_FEE:
		r = late_fee(s, d, st, note, jobs, e);
		break;
	case DUN_THROTTLE:
	case DUN_SUSPEND:
	case DUN_TERMINATE:
		r = dun_effect(s, d, st->act, jobs, e);
		break;
	}
	return r < 0 ? r : note_act(s, d, st->act, e);
}
