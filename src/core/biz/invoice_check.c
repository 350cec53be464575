/* SPDX-License-Identifier: MIT */
/* Proving the books: each question is a statement that finds what must not be. */
#include "biz/invoice.h"
#include "util/mem.h"

/* Each gives rows of (where, what is wrong there). */
static const char *const QUESTIONS[] = {
	/* The ledger balances, entry by entry. */
	"SELECT 'entry ' || entry, 'does not balance: ' || sum(amount) FROM ledger_posting "
	"GROUP BY entry HAVING sum(amount) <> 0",
	"SELECT 'entry ' || e.id, 'has postings in more than one currency' FROM ledger_posting p "
	"JOIN ledger_entry e ON e.id = p.entry GROUP BY e.id HAVING count(DISTINCT p.currency) > 1",

	/* Receivables are the open invoices, and what accounts say. */
	"SELECT a.name, 'owes ' || a.balance || ', its open invoices come to ' || o.balance "
	"FROM account a JOIN (SELECT a.id, coalesce(sum(i.balance), 0) AS balance FROM account a "
	"LEFT JOIN invoice i ON i.account = a.id AND i.state = 'open' GROUP BY a.id) o "
	"ON o.id = a.id WHERE o.balance <> a.balance",
	"SELECT a.name, 'owes ' || a.balance || ', the ledger has ' || l.amount FROM account a "
	"JOIN (SELECT a.id, coalesce(sum(p.amount), 0) AS amount FROM account a LEFT JOIN "
	"(ledger_entry e JOIN ledger_posting p ON p.entry = e.id AND p.book = 'receivable') "
	"ON e.account = a.id GROUP BY a.id) l ON l.id = a.id WHERE l.amount <> a.balance",
	"SELECT a.name, 'has credit ' || a.credit || ', the ledger has ' || -l.amount FROM account a "
	"JOIN (SELECT a.id, coalesce(sum(p.amount), 0) AS amount FROM account a LEFT JOIN "
	"(ledger_entry e JOIN ledger_posting p ON p.entry = e.id AND p.book = 'credit') "
	"ON e.account = a.id GROUP BY a.id) l ON l.id = a.id WHERE -l.amount <> a.credit",
	"SELECT a.name, 'has credit left beside open invoices' FROM account a WHERE a.credit > 0 "
	"AND EXISTS (SELECT 1 FROM invoice i WHERE i.account = a.id AND i.state = 'open')",

	/* Numbers are consecutive, dates never fall. */
	"SELECT 'series ' || s.prefix, 'counts ' || s.last || ' but has ' || count(i.id) "
	"FROM series s LEFT JOIN invoice i ON i.prefix = s.prefix GROUP BY s.prefix "
	"HAVING count(i.id) <> s.last OR max(i.seq) <> s.last OR min(i.seq) <> 1",
	"SELECT number, 'follows ' || before || ': ' || (seq - was - 1) || ' missing between' FROM "
	"(SELECT number, seq, lag(seq) OVER s AS was, lag(number) OVER s AS before FROM invoice "
	"WINDOW s AS (PARTITION BY prefix ORDER BY seq)) WHERE was < seq - 1",
	"SELECT number, 'is dated before the one it follows' FROM (SELECT number, date, "
	"lag(date) OVER (PARTITION BY prefix ORDER BY seq) AS before FROM invoice) "
	"WHERE before > date",

	/* Lines add up, documents are settled by what is said to settle them. */
	"SELECT i.number, 'its lines do not add up' FROM invoice i LEFT JOIN invoice_line l "
	"ON l.invoice = i.id GROUP BY i.id HAVING coalesce(sum(l.amount), 0) <> i.subtotal "
	"OR coalesce(sum(l.tax), 0) <> i.tax OR coalesce(sum(l.discount), 0) <> i.discount",
	"SELECT i.number, 'line ' || l.seq || ': its taxes do not add up' FROM invoice_line l "
	"JOIN invoice i ON i.id = l.invoice LEFT JOIN line_tax t ON t.line = l.id "
	"GROUP BY l.id HAVING coalesce(sum(t.amount), 0) <> l.tax",
	"SELECT i.number, 'is not settled by what is written down' FROM invoice i "
	"LEFT JOIN settlement t ON t.invoice = i.id WHERE i.kind = 'invoice' GROUP BY i.id "
	"HAVING coalesce(sum(CASE WHEN t.payment IS NULL THEN t.amount END), 0) <> i.credit "
	"OR coalesce(sum(CASE WHEN t.payment IS NOT NULL THEN t.amount END), 0) <> i.paid",
	"SELECT number, 'is ' || state || ' with a balance of ' || balance FROM invoice "
	"WHERE balance < 0 OR (state = 'open') <> (balance > 0)",
	"SELECT number, 'is ' || state || ' with ' || written_off || ' written off' FROM invoice "
	"WHERE (state = 'written-off') <> (written_off > 0)",
	"SELECT i.number, 'has ' || i.written_off || ' written off, of which ' || "
	"coalesce(sum(w.amount), 0) || ' is written down' FROM invoice i LEFT JOIN write_off w "
	"ON w.invoice = i.id GROUP BY i.id HAVING coalesce(sum(w.amount), 0) <> i.written_off",
	"SELECT number, 'has ' || written_off || ' written off, the ledger has ' || amount FROM ("
	"SELECT i.number, i.written_off, coalesce((SELECT sum(p.amount) FROM ledger_entry e "
	"JOIN ledger_posting p ON p.entry = e.id AND p.book = 'bad-debt' WHERE e.account = i.account "
	"AND e.invoice = i.id), 0) AS amount FROM invoice i WHERE i.written_off > 0 "
	"OR EXISTS (SELECT 1 FROM write_off w WHERE w.invoice = i.id)) WHERE amount <> written_off",
	"SELECT 'payment ' || y.id, 'is not spent as it came in' FROM payment y "
	"LEFT JOIN (settlement t JOIN invoice i ON i.id = t.invoice AND i.state <> 'void') "
	"ON t.payment = y.id GROUP BY y.id HAVING coalesce(sum(t.amount), 0) > y.amount - (SELECT coalesce(sum(f.amount), 0) "
	"FROM refund f WHERE f.payment = y.id)",

	/* Every day is charged once, less credits; no credit exceeds its line. */
	"SELECT a.name || '/' || s.number, 'days from ' || x.next || ' are charged twice' FROM ("
	"SELECT sub, until, lead(start) OVER (PARTITION BY sub, item ORDER BY start, until) AS next "
	"FROM (SELECT l.subscription AS sub, l.item AS item, l.start AS start, coalesce("
	"(SELECT min(c.start) FROM invoice_line c JOIN invoice i ON i.id = c.invoice "
	"WHERE c.credits = l.id AND i.state <> 'void'), l.until) AS until "
	"FROM billed b JOIN invoice_line l ON l.id = b.line "
	"WHERE b.kind = 'charge' AND l.until IS NOT NULL) WHERE until > start) x "
	"JOIN subscription s ON s.id = x.sub JOIN account a ON a.id = s.account "
	"WHERE x.next < x.until",

	/* And up to where it is billed; dunning may have stopped it in between. */
	"WITH span AS (SELECT b.term AS term, b.start AS start, l.until AS until FROM billed b "
	"JOIN invoice_line l ON l.id = b.line WHERE b.kind = 'charge' AND b.item = 'plan' "
	"UNION ALL SELECT t.id, '', max(t.start, s.first_paid, ifnull(s.prepaid_until, '')) "
	"FROM subscription_term t JOIN subscription s ON s.id = t.subscription), "
	"gap AS (SELECT t.subscription AS sub, t.billed_until AS billed, x.until AS day, "
	"lead(x.start, 1, t.billed_until) OVER (PARTITION BY x.term ORDER BY x.start) AS next "
	"FROM span x JOIN subscription_term t ON t.id = x.term) "
	"SELECT a.name || '/' || s.number, 'days from ' || g.day || ' to ' || g.next || "
	"' count as billed, but no line charges them' FROM gap g JOIN subscription s "
	"ON s.id = g.sub JOIN account a ON a.id = s.account WHERE g.day < g.next "
	"AND g.day < g.billed AND NOT EXISTS (SELECT 1 FROM dunning_hold h "
	"WHERE h.subscription = g.sub AND h.effect = 'suspend' AND h.lifted = g.next)",
	"SELECT i.number, 'line ' || l.seq || ' is credited beyond what it charged' "
	"FROM invoice_line c JOIN invoice ci ON ci.id = c.invoice AND ci.state <> 'void' "
	"JOIN invoice_line l ON l.id = c.credits "
	"JOIN invoice i ON i.id = l.invoice WHERE l.amount >= 0 "
	"GROUP BY l.id HAVING -sum(c.amount) > l.amount OR -sum(c.tax) > l.tax "
	"OR -sum(c.discount) > l.discount",
	"SELECT i.number, 'line ' || l.seq || ' billed a span that is not marked so' "
	"FROM invoice_line l JOIN invoice i ON i.id = l.invoice AND i.state <> 'void' "
	"AND i.corrects IS NULL WHERE l.term IS NOT NULL "
	"AND NOT EXISTS (SELECT 1 FROM billed b WHERE b.line = l.id)",
};

static int ask(struct sxc *s, const char *question, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, question), n = 0;

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct invoice_finding_row row = {db_text(&q, 0), db_text(&q, 1)};

		n++;
		r = fn(arg, &row, e);
	}
	return r < 0 ? r : n;
}

int invoice_check(struct sxc *s, account_row_fn fn, void *arg, struct err *e)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(QUESTIONS); i++) {
		int r = ask(s, QUESTIONS[i], fn, arg, e);

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}
