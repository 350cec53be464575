/* SPDX-License-Identifier: MIT */
/* The worked cases of the billing rules, on the engine alone. */
#include "test.h"
#include "biz/bill.h"
#include "biz/bill_doc.h"
#include "util/num.h"
#include "util/str.h"

static int64_t day(const char *text)
{
	int64_t d = DAY_NONE;

	if (day_parse(text, &d, NULL) < 0)
		CHECK(!"a date");
	return d;
}

static struct bill_term term(int64_t id, const char *start, const char *until, int64_t price,
	struct anchor anchor)
{
	return (struct bill_term){.id = id,
		.start = day(start),
		.until = until ? day(until) : DAY_NONE,
		.billed_until = day(start),
		.anchor = anchor,
		.price = price,
		.title = mem_strdup("P")};
}

/* "+24.95 2021-09-25..2021-10-25" a line, in order. */
static const char *told(const struct bill_items *items)
{
	static struct str s;

	str_clear(&s);
	vec_each(items, it) {
		char a[DAY_TEXT], b[DAY_TEXT];

		str_addf(&s, "%s%" PRId64 " %s..%s", s.len ? ", " : "", it->gross,
			day_format(it->start, a), day_format(it->until, b));
	}
	return str_c(&s);
}

static const char *bill(struct bill_sub *sub, const char *horizon)
{
	struct bill_items items = {0};
	struct err e = {0};
	const char *text;

	sub->paid_until = DAY_NONE;
	if (bill_subscription(sub, day(horizon), &items, &e) < 0)
		CHECK_TEXT(e.msg, "");
	text = told(&items);
	bill_items_release(&items);
	return text;
}

static struct every month = {1, UNIT_MONTH};

static void check_bill_day(void)
{
	struct bill_sub sub = {.id = 1, .first_paid = day("2021-09-16"), .until = DAY_NONE};

	vec_push(&sub.terms,
		term(1, "2021-09-16", NULL, 2495, anchor_aligned(day("2021-09-16"), 25, month)));
	CHECK_TEXT(bill(&sub, "2021-09-15"), "");
	CHECK_TEXT(bill(&sub, "2021-10-25"),
		"724 2021-09-16..2021-09-25, 2495 2021-09-25..2021-10-25, "
		"2495 2021-10-25..2021-11-25");
	CHECK_I64(sub.paid_until, day("2021-11-25"));
	CHECK_I64(sub.next_bill, day("2021-11-25"));
	CHECK_TEXT(bill(&sub, "2021-10-25"), "");
	bill_sub_release(&sub);
}

static void check_change(void)
{
	struct bill_sub sub = {.id = 1, .first_paid = day("2026-04-01"), .until = DAY_NONE};
	struct anchor a = anchor_at(day("2026-04-01"), month);

	/* 50 to 100 after 10 of 30 days, nothing billed before: the same items as day by day. */
	vec_push(&sub.terms, term(1, "2026-04-01", "2026-04-11", 5000, a));
	vec_push(&sub.terms, term(2, "2026-04-11", NULL, 10000, a));
	CHECK_TEXT(bill(&sub, "2026-04-30"),
		"5000 2026-04-01..2026-05-01, -3333 2026-04-11..2026-05-01, "
		"6667 2026-04-11..2026-05-01");
	CHECK_I64(sub.terms.v[0].closed, true);
	bill_sub_release(&sub);
}

static void check_change_first_day(void)
{
	struct bill_sub sub = {.id = 1, .first_paid = day("2026-04-01"), .until = DAY_NONE};
	struct anchor a = anchor_at(day("2026-04-01"), month);
	struct bill_charge c = {.line = 7,
		.term = 1,
		.item = mem_strdup(ITEM_PLAN),
		.start = day("2026-05-01"),
		.until = day("2026-05-31"),
		.quantity = 1,
		.unit_price = 5000,
		.whole = 30};

	vec_push(&sub.terms, term(1, "2026-04-01", "2026-05-01", 5000, a));
	sub.terms.v[0].billed_until = day("2026-05-31");
	vec_push(&sub.terms, term(2, "2026-05-01", NULL, 10000, a));
	vec_push(&sub.charges, c);
	CHECK_TEXT(bill(&sub, "2026-05-01"),
		"-5000 2026-05-01..2026-05-31, 10000 2026-05-01..2026-06-01");
	bill_sub_release(&sub);
}

static void check_arrears(void)
{
	struct bill_sub sub = {.id = 1, .first_paid = day("2026-04-01"), .until = DAY_NONE};
	struct anchor a = anchor_at(day("2026-04-01"), month);

	vec_push(&sub.terms, term(1, "2026-04-01", "2026-04-11", 5000, a));
	vec_push(&sub.terms, term(2, "2026-04-11", NULL, 10000, a));
	sub.terms.v[0].arrears = sub.terms.v[1].arrears = true;
	CHECK_TEXT(bill(&sub, "2026-04-10"), "");
	CHECK_TEXT(bill(&sub, "2026-04-30"), "1667 2026-04-01..2026-04-11");
	CHECK_TEXT(bill(&sub, "2026-05-01"), "6667 2026-04-11..2026-05-01");
	CHECK_I64(sub.next_bill, day("2026-06-01"));
	bill_sub_release(&sub);
}

static void check_setup_and_end(void)
{
	struct bill_sub sub = {.id = 1,
		.first_paid = day("2026-01-31"),
		.until = day("2026-04-30"),
		.setup_due = true};

	vec_push(&sub.terms,
		term(1, "2026-01-01", "2026-04-30", 1000, anchor_at(day("2026-01-31"), month)));
	sub.terms.v[0].billed_until = day("2026-01-31");
	sub.terms.v[0].setup = 900;
	CHECK_TEXT(bill(&sub, "2026-01-30"), "");
	CHECK_I64(sub.next_bill, day("2026-01-31"));
	CHECK_I64(sub.paid_until, DAY_NONE);
	CHECK_TEXT(bill(&sub, "2027-01-31"),
		"900 2026-01-31.., 1000 2026-01-31..2026-02-28, "
		"1000 2026-02-28..2026-03-31, 1000 2026-03-31..2026-04-30");
	CHECK_I64(sub.next_bill, DAY_NONE);
	CHECK_I64(sub.terms.v[0].closed, true);
	bill_sub_release(&sub);
}

static void check_crowd(void)
{
	struct bill_sub sub = {.id = 1, .first_paid = day("2026-04-01"), .until = DAY_NONE};
	struct bill_items items = {0};
	struct err e = {0};

	vec_push(&sub.terms,
		term(1, "2026-04-01", NULL, 5000, anchor_at(day("2026-04-01"), month)));
	for (int i = 0; i < BILL_LINES_A_DAY; i++) {
		struct bill_option o = {str_fmt("o%d", i), 1, 1};

		vec_push(&sub.terms.v[0].options, o);
	}
	CHECK_I64(bill_subscription(&sub, day("2026-04-01"), &items, &e), E_INTEGRITY);
	bill_items_release(&items);
	bill_sub_release(&sub);
}

/* Net, taxes and sums of one amount under some rates, "net: tax tax". */
static const char *taxed(int64_t gross, bool included, const int64_t *rates, size_t n)
{
	static struct str s;
	struct tax_shares t = {0};
	int64_t net = 0;

	for (size_t i = 0; i < n; i++)
		tax_shares_add(&t, "T", NULL, rates[i], 0, 0);
	CHECK_I64(bill_tax(gross, included, 0, &t, &net, NULL), 0);
	str_clear(&s);
	str_addf(&s, "%" PRId64 ":", net);
	vec_each(&t, share)
		str_addf(&s, " %" PRId64, share->amount);
	tax_shares_release(&t);
	return str_c(&s);
}

static void check_tax(void)
{
	const int64_t quebec[] = {5000000, 9975000}, vat[] = {20000000};

	CHECK_TEXT(taxed(6000, false, (const int64_t[]){10000000}, 1), "6000: 600");
	CHECK_TEXT(taxed(10000, false, quebec, 2), "10000: 500 998");
	CHECK_TEXT(taxed(-10000, false, quebec, 2), "-10000: -500 -998");
	CHECK_TEXT(taxed(11498, true, quebec, 2), "10000: 500 998");
	CHECK_TEXT(taxed(999, true, vat, 1), "833: 166");
	CHECK_TEXT(taxed(100, true, NULL, 0), "100:");
	/* 1.00 gross with two rates: what rounding leaves stands on the larger. */
	CHECK_TEXT(taxed(100, true, quebec, 2), "87: 4 9");
}

int main(void)
{
	check_bill_day();
	check_change();
	check_change_first_day();
	check_arrears();
	check_setup_and_end();
	check_crowd();
	check_tax();
	return test_end();
}
