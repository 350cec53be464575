-- Plans, accounts, subscriptions, invoices, payments, the ledger.
-- Amounts are minor units of the currency beside them; days are TEXT YYYY-MM-DD, [start, end).

CREATE TABLE plan (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired')),
	version INTEGER NOT NULL CHECK (version > 0),
	created INTEGER NOT NULL
) STRICT;

CREATE TABLE plan_version (
	id INTEGER PRIMARY KEY,
	plan INTEGER NOT NULL REFERENCES plan (id),
	version INTEGER NOT NULL CHECK (version > 0),
	title TEXT NOT NULL,
	currency TEXT NOT NULL,
	every_n INTEGER NOT NULL CHECK (every_n > 0),
	every_unit TEXT NOT NULL CHECK (every_unit IN ('day', 'week', 'month', 'year')),
	align INTEGER CHECK (align BETWEEN 1 AND 31),
	bill TEXT NOT NULL CHECK (bill IN ('advance', 'arrears')),
	trial_n INTEGER NOT NULL CHECK (trial_n >= 0),
	trial_unit TEXT NOT NULL CHECK (trial_unit IN ('day', 'week', 'month', 'year')),
	upgrade TEXT NOT NULL CHECK (upgrade IN ('now', 'renewal')),
	downgrade TEXT NOT NULL CHECK (downgrade IN ('now', 'renewal')),
	cancel TEXT NOT NULL CHECK (cancel IN ('now', 'end')),
	taxable INTEGER NOT NULL CHECK (taxable IN (0, 1)),
	tax_included INTEGER NOT NULL CHECK (tax_included IN (0, 1)),
	provision TEXT NOT NULL CHECK (provision IN ('order', 'paid')),
	stock INTEGER CHECK (stock >= 0),
	per_account INTEGER CHECK (per_account > 0),
	provides TEXT,
	best_effort TEXT,
	attributes TEXT,
	content TEXT NOT NULL, -- what it says, as JSON: two files that say the same are one version
	source TEXT NOT NULL,  -- the file as it was applied
	reseller TEXT AS (content ->> '$.reseller'), -- makes it a plan for resellers
	created INTEGER NOT NULL,
	UNIQUE (plan, version)
) STRICT;

CREATE TABLE plan_price (
	version INTEGER NOT NULL REFERENCES plan_version (id),
	currency TEXT NOT NULL,
	price INTEGER NOT NULL CHECK (price >= 0),
	setup INTEGER CHECK (setup >= 0), -- NULL: not priced in this currency
	PRIMARY KEY (version, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_option (
	version INTEGER NOT NULL REFERENCES plan_version (id),
	currency TEXT NOT NULL,
	name TEXT NOT NULL,
	price INTEGER NOT NULL CHECK (price >= 0),
	most INTEGER CHECK (most > 0),
	adds TEXT, -- to what the plan provides, JSON
	PRIMARY KEY (version, currency, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tax (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	country TEXT CHECK (length(country) = 2),
	customer TEXT NOT NULL CHECK (customer IN ('consumer', 'business', 'any')),
	note TEXT,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX tax_country ON tax (country);
CREATE TABLE tax_rate (
	tax INTEGER NOT NULL REFERENCES tax (id),
	start TEXT NOT NULL,
	rate INTEGER NOT NULL CHECK (rate BETWEEN 0 AND 1000000000), -- millionths of a percent
	PRIMARY KEY (tax, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	email TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('consumer', 'business')),
	country TEXT CHECK (length(country) = 2),
	tax_id TEXT,
	currency TEXT NOT NULL,
	timezone TEXT NOT NULL,
	bill_day INTEGER CHECK (bill_day BETWEEN 1 AND 31),
	terms INTEGER CHECK (terms >= 0), -- days; NULL: as configured
	dunning TEXT, -- the name of a schedule; NULL: as configured
	contact TEXT NOT NULL DEFAULT '{}',
	state TEXT NOT NULL DEFAULT 'active'
		CHECK (state IN ('active', 'parked', 'locked', 'suspended', 'closed')),
	parked INTEGER NOT NULL DEFAULT 0 CHECK (parked IN (0, 1)),
	balance INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0), -- of open invoices
	credit INTEGER NOT NULL DEFAULT 0 CHECK (credit >= 0),
	wake TEXT, -- the day on which invoice run has to look at it
	buyer INTEGER REFERENCES party (id), -- as documents name it; NULL: not since it changed
	created INTEGER NOT NULL
) STRICT;
CREATE TRIGGER account_moves AFTER UPDATE OF name, email, country, tax_id, contact ON account
BEGIN UPDATE account SET buyer = NULL WHERE id = new.id; END;
CREATE INDEX account_wake ON account (wake, id) WHERE wake IS NOT NULL AND parked = 0;
CREATE TABLE account_tax (
	account INTEGER NOT NULL REFERENCES account (id),
	tax INTEGER NOT NULL REFERENCES tax (id),
	PRIMARY KEY (account, tax)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_tax_tax ON account_tax (tax);
-- What holds an account back, and who did it: only they lift it.
CREATE TABLE account_hold (
	account INTEGER NOT NULL REFERENCES account (id),
	kind TEXT NOT NULL CHECK (kind IN ('suspend', 'lock', 'park')),
	by TEXT NOT NULL CHECK (by IN ('person', 'billing')),
	reason TEXT NOT NULL,
	since INTEGER NOT NULL,
	PRIMARY KEY (account, kind, by)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscription (
	id INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	number INTEGER NOT NULL CHECK (number > 0),
	label TEXT,
	state TEXT NOT NULL CHECK (state = 'pending' OR state = 'active' OR state = 'suspended'
		OR state = 'ended'),
	plan INTEGER NOT NULL REFERENCES plan (id), -- of the term in force
	term INTEGER,                               -- the term in force
	currency TEXT NOT NULL,
	start TEXT NOT NULL,
	first_paid TEXT NOT NULL,
	until TEXT,      -- cancelled from this day
	withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)), -- set-up goes back, too
	refund INTEGER NOT NULL DEFAULT 0 CHECK (refund IN (0, 1)), -- what its end credits goes back
	setup_due INTEGER NOT NULL CHECK (setup_due IN (0, 1)),
	prepaid_until TEXT, -- the days before were paid elsewhere
	paid_until TEXT, -- charged for the days before
	next_bill TEXT,
	wake TEXT,       -- the day on which invoice run has to look at it
	provided INTEGER, -- the term by which it is provided; NULL: nothing is
	request TEXT,    -- what to provision with once it is paid
	coupon INTEGER REFERENCES coupon (id),
	created INTEGER NOT NULL,
	UNIQUE (account, number)
) STRICT;
CREATE INDEX subscription_pending ON subscription (account) WHERE state = 'pending';
CREATE INDEX subscription_plan ON subscription (plan, account) WHERE state <> 'ended';

-- What was agreed, from a day on; a change begins another term. Terms of a subscription meet.
CREATE TABLE subscription_term (
	id INTEGER PRIMARY KEY,
	subscription INTEGER NOT NULL REFERENCES subscription (id),
	seq INTEGER NOT NULL CHECK (seq > 0),
	start TEXT NOT NULL,
	until TEXT,
	version INTEGER NOT NULL REFERENCES plan_version (id),
	price INTEGER CHECK (price >= 0), -- agreed instead of the plan's
	custom TEXT, -- and what it provides, JSON
	anchor TEXT NOT NULL,
	anchor_day INTEGER NOT NULL CHECK (anchor_day BETWEEN 0 AND 31),
	billed_until TEXT NOT NULL,
	closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)), -- nothing more will come of it
	currency TEXT,  -- set with the row, as the next: its first day that costs something
	paid_from TEXT,
	created INTEGER NOT NULL,
	UNIQUE (subscription, seq)
) STRICT;
CREATE INDEX term_open ON subscription_term (subscription) WHERE closed = 0;
CREATE TABLE term_option (
	term INTEGER NOT NULL REFERENCES subscription_term (id),
	name TEXT NOT NULL,
	quantity INTEGER NOT NULL CHECK (quantity > 0),
	PRIMARY KEY (term, name)
) STRICT, WITHOUT ROWID;

-- Charged once, by a person, with the account's next invoice.
CREATE TABLE extra (
	id INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	day TEXT NOT NULL,
	amount INTEGER NOT NULL CHECK (amount > 0),
	taxable INTEGER NOT NULL CHECK (taxable IN (0, 1)),
	reason TEXT NOT NULL,
	line INTEGER REFERENCES invoice_line (id),
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX extra_open ON extra (account) WHERE line IS NULL;

-- Seller and buyer as they were when a document opened.
CREATE TABLE party (
	id INTEGER PRIMARY KEY,
	role TEXT NOT NULL CHECK (role IN ('seller', 'buyer')),
	data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX party_seller ON party (data) WHERE role = 'seller';

CREATE TABLE series (
	prefix TEXT PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
	last INTEGER NOT NULL CHECK (last >= 0),
	date TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX series_kind ON series (kind, date);

CREATE TABLE invoice (
	id INTEGER PRIMARY KEY,
	number TEXT NOT NULL UNIQUE,
	prefix TEXT NOT NULL REFERENCES series (prefix),
	seq INTEGER NOT NULL CHECK (seq > 0),
	kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
	account INTEGER NOT NULL REFERENCES account (id),
	state TEXT NOT NULL CHECK (state = 'open' OR state = 'paid' OR state = 'void'
		OR state = 'written-off'),
	date TEXT NOT NULL,
	due TEXT NOT NULL,
	currency TEXT NOT NULL,
	subtotal INTEGER NOT NULL,
	discount INTEGER NOT NULL,
	tax INTEGER NOT NULL,
	total INTEGER NOT NULL CHECK (total = subtotal - discount + tax),
	credit INTEGER NOT NULL DEFAULT 0, -- of it settled by account credit
	paid INTEGER NOT NULL DEFAULT 0,   -- of it settled by payments
	written_off INTEGER NOT NULL DEFAULT 0 CHECK (written_off >= 0), -- of it given up
	balance INTEGER NOT NULL AS (total - credit - paid - written_off),
	opening_credit INTEGER NOT NULL,   -- account credit that was taken as it opened
	round TEXT NOT NULL CHECK (round IN ('line', 'invoice')), -- where its taxes were rounded
	corrects INTEGER REFERENCES invoice (id),
	reason TEXT,
	seller INTEGER NOT NULL REFERENCES party (id),
	buyer INTEGER NOT NULL REFERENCES party (id),
	opened INTEGER NOT NULL,
	UNIQUE (prefix, seq),
	CHECK (kind = 'credit-note' OR (total >= 0 AND credit >= 0 AND paid >= 0)),
	CHECK (kind = 'invoice' OR (total <= 0 AND credit = total AND paid = 0))
) STRICT;
CREATE INDEX invoice_account ON invoice (account);
CREATE INDEX invoice_open ON invoice (account, id) WHERE state = 'open';
CREATE INDEX invoice_due ON invoice (due) WHERE state = 'open';
CREATE INDEX invoice_corrects ON invoice (corrects) WHERE corrects IS NOT NULL;
CREATE TRIGGER invoice_keeps BEFORE UPDATE OF number, prefix, seq, kind, account, date, due,
	currency, subtotal, discount, tax, total, opening_credit, corrects, reason, seller, buyer,
	opened ON invoice
BEGIN SELECT raise(ABORT, 'an open invoice never changes'); END;
CREATE TRIGGER invoice_stays BEFORE DELETE ON invoice
BEGIN SELECT raise(ABORT, 'an open invoice never goes'); END;

CREATE TABLE invoice_line (
	id INTEGER PRIMARY KEY,
	invoice INTEGER NOT NULL REFERENCES invoice (id),
	seq INTEGER NOT NULL CHECK (seq > 0),
	kind TEXT NOT NULL CHECK (kind IN ('charge', 'credit')),
	subscription INTEGER REFERENCES subscription (id),
	term INTEGER REFERENCES subscription_term (id),
	version INTEGER REFERENCES plan_version (id),
	item TEXT NOT NULL, -- plan, setup, option:NAME, usage:NAME, extra
	text TEXT NOT NULL,
	start TEXT,
	until TEXT CHECK (until > start),
	quantity INTEGER NOT NULL CHECK (quantity > 0),
	unit_price INTEGER, -- NULL: usage in tiers, or at a price finer than the minor unit
	days INTEGER NOT NULL CHECK (days >= 0),  -- of the span; 0: not by days
	whole INTEGER NOT NULL CHECK (whole >= days), -- days of the period that holds it
	tax_included INTEGER NOT NULL CHECK (tax_included IN (0, 1)),
	gross INTEGER NOT NULL, -- by price and days
	amount INTEGER NOT NULL, -- net
	discount INTEGER NOT NULL -- of a credit: what it takes back of one
		CHECK (discount BETWEEN min(amount, 0) AND max(amount, 0)),
	tax INTEGER NOT NULL,
	credits INTEGER REFERENCES invoice_line (id), -- the line that this one takes back
	part INTEGER NOT NULL CHECK (part IN (0, 1)), -- an amount of it: gross, taxes within
	UNIQUE (invoice, seq)
) STRICT;
CREATE INDEX line_term ON invoice_line (term, start);
CREATE INDEX line_subscription ON invoice_line (subscription, id);
CREATE INDEX line_credits ON invoice_line (credits) WHERE credits IS NOT NULL;
CREATE TRIGGER line_keeps BEFORE UPDATE ON invoice_line
BEGIN SELECT raise(ABORT, 'an open invoice never changes'); END;
CREATE TRIGGER line_stays BEFORE DELETE ON invoice_line
BEGIN SELECT raise(ABORT, 'an open invoice never changes'); END;

CREATE TABLE line_tax (
	line INTEGER NOT NULL REFERENCES invoice_line (id),
	seq INTEGER NOT NULL,
	name TEXT NOT NULL,
	rate INTEGER NOT NULL,
	note TEXT,
	amount INTEGER NOT NULL,
	PRIMARY KEY (line, seq)
) STRICT, WITHOUT ROWID;

-- Exactly once: what has been billed. A void takes its rows away.
CREATE TABLE billed (
	subscription INTEGER NOT NULL REFERENCES subscription (id),
	term INTEGER NOT NULL REFERENCES subscription_term (id),
	start TEXT NOT NULL,
	item TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('charge', 'credit')),
	batch INTEGER NOT NULL CHECK (batch >= 0), -- of usage, else 0
	line INTEGER NOT NULL UNIQUE REFERENCES invoice_line (id),
	PRIMARY KEY (subscription, term, start, item, kind, batch)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (
	id INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	gateway TEXT NOT NULL,
	method TEXT NOT NULL,
	external_id TEXT,
	amount INTEGER NOT NULL CHECK (amount > 0),
	currency TEXT NOT NULL,
	day TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_account ON payment (account);
CREATE UNIQUE INDEX payment_once ON payment
	(gateway, external_id, (CASE gateway WHEN 'manual' THEN account ELSE 0 END))
	WHERE external_id IS NOT NULL;

-- What settled an invoice: a payment, or account credit (payment NULL).
CREATE TABLE settlement (
	id INTEGER PRIMARY KEY,
	invoice INTEGER NOT NULL REFERENCES invoice (id),
	payment INTEGER REFERENCES payment (id),
	amount INTEGER NOT NULL CHECK (amount <> 0), -- negative: a payment that went back
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX settlement_invoice ON settlement (invoice);
CREATE INDEX settlement_payment ON settlement (payment) WHERE payment IS NOT NULL;

CREATE TABLE ledger_entry (
	id INTEGER PRIMARY KEY,
	day TEXT NOT NULL,
	text TEXT NOT NULL,
	account INTEGER NOT NULL REFERENCES account (id),
	invoice INTEGER REFERENCES invoice (id),
	payment INTEGER REFERENCES payment (id),
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_account ON ledger_entry (account);
-- Debit is positive. The amounts of an entry add up to nothing. (A list of more than two after IN
-- would be built anew for each row; these are many.)
CREATE TABLE ledger_posting (
	entry INTEGER NOT NULL REFERENCES ledger_entry (id),
	book TEXT NOT NULL CHECK (book = 'receivable' OR book = 'credit' OR book = 'revenue'
		OR book = 'tax' OR book = 'cash' OR book = 'goodwill' OR book = 'bad-debt'),
	currency TEXT NOT NULL,
	amount INTEGER NOT NULL CHECK (amount <> 0),
	PRIMARY KEY (entry, book)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_keeps BEFORE UPDATE ON ledger_entry
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_stays BEFORE DELETE ON ledger_entry
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER posting_keeps BEFORE UPDATE ON ledger_posting
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER posting_stays BEFORE DELETE ON ledger_posting
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE VIEW v_plan AS
	SELECT p.name AS plan, v.title, v.version, p.state, x.price, v.currency,
		v.every_n || ' ' || v.every_unit || CASE v.every_n WHEN 1 THEN '' ELSE 's' END AS every,
		(SELECT count(*) FROM subscription s WHERE s.plan = p.id AND s.state <> 'ended')
			AS subscribers
	FROM plan p JOIN plan_version v ON v.plan = p.id AND v.version = p.version
		JOIN plan_price x ON x.version = v.id AND x.currency = v.currency;
CREATE VIEW v_account AS
	SELECT name AS account, email, kind, currency, state, NULL AS reseller, balance, credit,
		created FROM account;
CREATE VIEW v_subscription AS
	SELECT a.name || '/' || s.number AS subscription, a.name AS account, p.name AS plan,
		v.version, s.state, s.start, t.anchor, s.paid_until, s.next_bill,
		coalesce(t.price, x.price) AS price, s.currency,
		v.every_n || ' ' || v.every_unit || CASE v.every_n WHEN 1 THEN '' ELSE 's' END AS every,
		s.until
	FROM subscription s JOIN account a ON a.id = s.account
		JOIN subscription_term t ON t.id = s.term JOIN plan_version v ON v.id = t.version
		JOIN plan p ON p.id = v.plan
		JOIN plan_price x ON x.version = v.id AND x.currency = s.currency;
CREATE VIEW v_invoice AS
	SELECT i.number AS invoice, i.kind, i.number, a.name AS account, i.state, i.date, i.due,
		i.currency, i.subtotal, i.discount, i.tax, i.total, i.credit, i.paid, i.balance,
		c.number AS corrects, i.written_off
	FROM invoice i JOIN account a ON a.id = i.account LEFT JOIN invoice c ON c.id = i.corrects;
CREATE VIEW v_invoice_line AS
	SELECT i.number AS invoice, l.seq AS line,
		CASE WHEN s.id IS NULL THEN NULL ELSE a.name || '/' || s.number END AS subscription,
		p.name AS plan, l.item, l.text, l.start, l.until AS "end", l.quantity, l.unit_price,
		l.amount, l.discount, l.tax, i.currency
	FROM invoice_line l JOIN invoice i ON i.id = l.invoice JOIN account a ON a.id = i.account
		LEFT JOIN subscription s ON s.id = l.subscription
		LEFT JOIN plan_version v ON v.id = l.version LEFT JOIN plan p ON p.id = v.plan;
CREATE VIEW v_payment AS
	SELECT y.id AS payment, a.name AS account, y.gateway, y.method, y.external_id, y.amount,
		y.currency, y.day AS date, y.created
	FROM payment y JOIN account a ON a.id = y.account;
CREATE VIEW v_ledger AS
	SELECT e.id AS entry, e.day AS date, a.name AS account, e.text, i.number AS invoice,
		e.payment, g.book, g.currency, g.amount
	FROM ledger_posting g JOIN ledger_entry e ON e.id = g.entry
		JOIN account a ON a.id = e.account LEFT JOIN invoice i ON i.id = e.invoice;
