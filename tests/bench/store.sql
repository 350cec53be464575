-- 1,000 servers; 100,000 accounts, each with a subscription, a private server with an address, a
-- domain, a paid invoice and a closed ticket; every hundredth has an open invoice and ticket too.
PRAGMA synchronous = OFF;
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TEMP TABLE n AS
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000) SELECT i FROM c;
INSERT INTO node_name (name, kind) SELECT printf('server%04d', i), 'server' FROM n WHERE i <= 1000;
INSERT INTO server (name, state, host, port, user, os, kernel, arch, cpus, memory, disk, quota, created)
	SELECT printf('server%04d', i), 'active', printf('192.0.%d.%d', i / 250, i % 250 + 1), 22, 'root',
		'Debian', '6.1.0', 'x86_64', 8, 68719476736, 1099511627776, 1, 1767225600
	FROM n WHERE i <= 1000;
INSERT INTO image (name, digest, size, unpacked, os, created)
	VALUES ('debian-12', printf('%064d', 0), 1, 1, 'Debian', 1767225600);
INSERT INTO address_pool (id, cidr, family, first, last, purpose, created)
	VALUES (1, '10.0.0.0/8', 4, 0, 16777215, 'any', 1767225600);
INSERT INTO account (id, name, email, kind, currency, timezone, created)
	SELECT i, printf('account%06d', i), printf('a%d@example.com', i), 'consumer', 'USD', 'UTC',
		1767225600 FROM n;
INSERT INTO subscription (id, account, number, state, plan, term, currency, start, first_paid,
	setup_due, paid_until, next_bill, wake, provided, created)
	SELECT i, i, 1, 'active', 1, i, 'USD', '2026-01-01', '2026-01-01', 0, '2026-02-01',
		'2026-02-01', '2026-02-01', i, 1767225600 FROM n;
INSERT INTO subscription_term (id, subscription, seq, start, version, anchor, anchor_day,
	billed_until, created)
	SELECT i, i, 1, '2026-01-01', 1, '2026-01-01', 1, '2026-02-01', 1767225600 FROM n;
INSERT INTO party (id, role, data) VALUES (1, 'seller', '{}');
INSERT INTO series (prefix, kind, last, date) VALUES ('B-', 'invoice', 101000, '2026-01-01');
INSERT INTO invoice (id, number, prefix, seq, kind, account, state, date, due, currency, subtotal,
	discount, tax, total, paid, opening_credit, seller, buyer, opened, round)
	SELECT i, printf('B-%06d', i), 'B-', i, 'invoice', i, 'paid', '2026-01-01', '2026-01-15',
		'USD', 1000, 0, 0, 1000, 1000, 0, 1, 1, 1767225600, 'line' FROM n;
INSERT INTO invoice (id, number, prefix, seq, kind, account, state, date, due, currency, subtotal,
	discount, tax, total, opening_credit, seller, buyer, opened, round)
	SELECT 100000 + i, printf('B-%06d', 100000 + i), 'B-', 100000 + i, 'invoice', i * 100, 'open',
		'2026-01-01', '2026-01-15', 'USD', 1000, 0, 0, 1000, 0, 1, 1, 1767225600, 'line'
	FROM n WHERE i <= 1000;
INSERT INTO node_name (name, kind) SELECT printf('ps%06d', i), 'ps' FROM n;
INSERT INTO ps (id, name, server, image, account, subscription, state, hostname, uid_slot, cpu,
	memory, disk, procs, created)
	SELECT i, printf('ps%06d', i), i % 1000 + 1, 1, i, i, 'running', 'h', 16 + i / 1000, 10, 67108864,
		1073741824, 100, 1767225600 FROM n;
INSERT INTO address (pool, n, ip, ps)
	SELECT 1, i, printf('10.%d.%d.%d', i / 65536, i / 256 % 256, i % 256), i FROM n;
INSERT INTO domain (name, title, ps, account, subscription, state, created)
	SELECT printf('www%06d.example', i), printf('www%06d.example', i), i, i, i, 'active', 1767225600
	FROM n;
INSERT INTO ticket (account, subject, state, created, updated, closed)
	SELECT i, 'a question', 'closed', 1767225600, 1767225600, 1767225600 FROM n;
INSERT INTO ticket (account, subject, created, updated)
	SELECT i * 100, 'a question', 1767225600, 1767225600 FROM n WHERE i <= 1000;
COMMIT;
ANALYZE;
