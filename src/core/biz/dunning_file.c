/* SPDX-License-Identifier: MIT */
#include "biz/dunning_file.h"

#include <string.h>

#include "svc/yaml.h"
#include "util/money.h"
#include "util/period.h"
#include "util/units.h"
#include "util/vec.h"

#define FILE_NAME  "dunning.schedules"
#define STEPS_MOST 50
#define DAYS_MOST  3650

static const char STANDARD[] = "- {after: 3 days, do: remind}\n"
			       "- {after: 3 days, do: collect}\n"
			       "- {after: 7 days, do: remind}\n"
			       "- {after: 7 days, do: collect}\n"
			       "- {after: 14 days, do: suspend}\n"
			       "- {after: 21 days, do: remind}\n"
			       "- {after: 60 days, do: terminate}\n";

static const char *const WORDS[] = {
	[DUN_REMIND] = "remind",
	[DUN_COLLECT] = "collect",
	[DUN_LATE_FEE] = "late-fee",
	[DUN_THROTTLE] = "throttle",
	[DUN_SUSPEND] = "suspend",
	[DUN_TERMINATE] = "terminate",
};

void dunning_schedule_release(struct dunning_schedule *s)
{
	vec_each(s, step)
		free(step->fees);
	vec_release(s);
}

const char *dunning_do_name(enum dunning_do act)
{
	return WORDS[act];
}

/* ---- one step ---- */

/* "3 days", "-1 day", "2 weeks". */
static int read_after(const struct yaml_node *n, int64_t *days, struct err *e)
{
	const char *text;
	struct every every;
	bool before;
	int r = yaml_text(n, "after", &text, e);

	if (r < 0)
		return r;
	before = *text == '-';
	if (str_eq(text, "0") || str_eq(text, "0 days")) {
		*days = 0;
		return 0;
	}
	if (every_parse(text + before, &every, e) < 0 ||
		(every.unit != UNIT_DAY && every.unit != UNIT_WEEK) ||
		every.n * (every.unit == UNIT_WEEK ? 7 : 1) > DAYS_MOST)
		return yaml_err(e, n, "after must be days or weeks such as 3 days, not '%.40s'",
			text);
	*days = every.n * (every.unit == UNIT_WEEK ? 7 : 1) * (before ? -1 : 1);
	return 0;
}

static int read_do(const struct yaml_node *n, enum dunning_do *act, struct err *e)
{
	const char *text;
	int r = yaml_text(n, "do", &text, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
		if (str_eq(WORDS[i], text)) {
			*act = (enum dunning_do)i;
			return 0;
		}
	return yaml_err(e, n,
		"do must be one of: remind, collect, late-fee, throttle, suspend, terminate, not "
		"'%.40s'",
		text);
}

static int read_fee(const struct yaml_node *currency, const struct yaml_node *amount,
	struct dunning_fee *fee, struct err *e)
{
	const char *text;
	struct err why;
	int r = yaml_text(amount, "amount", &text, e);

	if (r < 0)
		return r;
	if (money_check_currency(currency->text, &why) < 0)
		return yaml_err(e, currency, "%s", why.msg);
	strncpy(fee->currency, currency->text, sizeof(fee->currency) - 1);
	if (money_parse(text, fee->currency, &fee->amount, &why) < 0)
		return yaml_err(e, amount, "%s", why.msg);
	if (fee->amount <= 0)
		return yaml_err(e, amount, "a late fee must be more than nothing");
	return 0;
}

static int read_fees(const struct yaml_node *step, struct dunning_step *out, struct err *e)
{
	const struct yaml_node *amount = yaml_get(step, "amount");
	int r;

	if (out->act != DUN_LATE_FEE)
		return amount ? yaml_err(e, amount, "only a late-fee has an amount") : 0;
	if (!amount)
		return yaml_err(e, step,
			"a late-fee needs its amount by currency: amount: {USD: 5.00}");
	if ((r = yaml_need_map(amount, "amount", e)) < 0)
		return r;
	out->fees = mem_zalloc(sizeof(*out->fees) * (amount->n + 1));
	for (out->n_fees = 0; out->n_fees < amount->n; out->n_fees++)
		if ((r = read_fee(amount->keys[out->n_fees], amount->items[out->n_fees],
			     &out->fees[out->n_fees], e)) < 0)
			return r;
	return 0;
}

static int check_order(const struct yaml_node *n, const struct dunning_schedule *s,
	const struct dunning_step *step, struct err *e)
{
	if (s->n && s->v[s->n - 1].after > step->after)
		return yaml_err(e, n, "steps stand in the order of their days");
	if (step->after < 0 && step->act != DUN_REMIND)
		return yaml_err(e, n, "before an invoice is due, only remind can be done");
	if (s->n && s->v[s->n - 1].act == DUN_TERMINATE && step->act != DUN_REMIND)
		return yaml_err(e, n, "nothing but remind can follow terminate");
	return 0;
}

static int read_step(const struct yaml_node *n, struct dunning_schedule *s, struct err *e)
{
	static const char *const keys[] = {"after", "do", "amount", NULL};
	struct dunning_step step = {0};
	int r;

	if ((r = yaml_need_map(n, "a step", e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0 ||
		(r = yaml_need_key(n, "after", e)) < 0 || (r = yaml_need_key(n, "do", e)) < 0 ||
		(r = read_after(yaml_get(n, "after"), &step.after, e)) < 0 ||
		(r = read_do(yaml_get(n, "do"), &step.act, e)) < 0 ||
		(r = check_order(n, s, &step, e)) < 0)
		return r;
	r = read_fees(n, &step, e);
	vec_push(s, step);
	return r;
}

/* ---- schedules ---- */

static int read_list(const struct yaml_node *list, const char *what, struct dunning_schedule *out,
	struct err *e)
{
	int r = yaml_need_list(list, what, e);

	if (r == 0 && list->n > STEPS_MOST)
		return yaml_err(e, list, "a schedule has at most %d steps", STEPS_MOST);
	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = read_step(list->items[i], out, e);
	return r;
}

static int read_standard(struct dunning_schedule *out, struct err *e)
{
	autoyaml *y = NULL;
	int r = yaml_parse(&y, "standard", STANDARD, sizeof(STANDARD) - 1, e);

	return r < 0 ? r : read_list(yaml_root(y), "standard", out, e);
}

int dunning_schedule_read(const char *yaml, const char *name, struct dunning_schedule *out,
	struct err *e)
{
	const struct yaml_node *list;
	autoyaml *y = NULL;
	int r;

	if (yaml && (r = yaml_parse(&y, FILE_NAME, yaml, strlen(yaml), e)) < 0)
		return r;
	list = y ? yaml_get(yaml_root(y), name) : NULL;
	if (list)
		return read_list(list, name, out, e);
	if (str_eq(name, "standard"))
		return read_standard(out, e);
	return err_set(e, E_NOTFOUND,
		"no dunning schedule named '%.40s': \"sxc config get dunning.schedules\"", name);
}

/* Steps stand in order: the first one counts. */
static void first_of(const struct dunning_schedule *s, int64_t *after)
{
	if (s->n && s->v[0].after < *after)
		*after = s->v[0].after;
}

int dunning_schedules_first(const char *yaml, int64_t *after, struct err *e)
{
	autoschedule standard = {0};
	const struct yaml_node *root;
	autoyaml *y = NULL;
	int r;

	*after = DAYS_MOST;
	if ((r = read_standard(&standard, e)) < 0)
		return r;
	first_of(&standard, after);
	if (!yaml || (r = yaml_parse(&y, FILE_NAME, yaml, strlen(yaml), e)) < 0)
		return r;
	root = yaml_root(y);
	for (size_t i = 0; r == 0 && i < root->n; i++) {
		autoschedule s = {0};

		r = read_list(root->items[i], root->keys[i]->text, &s, e);
		first_of(&s, after);
	}
	return r;
}

int dunning_schedules_check(const char *yaml, struct err *e)
{
	const struct yaml_node *root;
	autoyaml *y = NULL;
	int r = yaml_parse(&y, FILE_NAME, yaml, strlen(yaml), e);

	if (r < 0 || (r = yaml_need_map(root = yaml_root(y), "the setting", e)) < 0)
		return r;
	for (size_t i = 0; i < root->n; i++) {
		autoschedule s = {0};

		if (!str_is_name(root->keys[i]->text))
			return yaml_err(e, root->keys[i], "'%.40s' is not a name of a schedule",
				root->keys[i]->text);
		if ((r = read_list(root->items[i], root->keys[i]->text, &s, e)) < 0)
			return r;
	}
	return 0;
}
