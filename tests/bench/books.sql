-- :n accounts, each with a subscription of 9.99 a month that was billed for January and falls due
-- on 2026-02-01, one in ten with a tax of 20 %.
PRAGMA synchronous = OFF;
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TEMP TABLE n AS
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < :n) SELECT i FROM c;
INSERT INTO party (id, role, data)
	SELECT i, 'buyer', json_object('account', printf('account%07d', i), 'contact', json('{}'),
		'email', printf('a%d@example.com', i)) FROM n;
INSERT INTO account (id, name, email, kind, country, currency, timezone, wake, buyer, created)
	SELECT i, printf('account%07d', i), printf('a%d@example.com', i), 'consumer',
		CASE i % 10 WHEN 0 THEN 'FR' END, 'USD', 'UTC', '2026-02-01', i, 1767225600 FROM n;
INSERT INTO tax (id, name, country, customer, created)
	VALUES (1, 'tva', 'FR', 'any', 1767225600);
INSERT INTO tax_rate (tax, start, rate) VALUES (1, '2000-01-01', 20000000);
INSERT INTO subscription (id, account, number, state, plan, term, currency, start, first_paid,
	setup_due, paid_until, next_bill, wake, provided, created)
	SELECT i, i, 1, 'active', 1, i, 'USD', '2026-01-01', '2026-01-01', 0, '2026-02-01',
		'2026-02-01', '2026-02-01', NULL, 1767225600 FROM n;
INSERT INTO subscription_term (id, subscription, seq, start, version, anchor, anchor_day,
	billed_until, created)
	SELECT i, i, 1, '2026-01-01', 1, '2026-01-01', 1, '2026-02-01', 1767225600 FROM n;
COMMIT;
ANALYZE;
