-- Gateways, payment methods, charges and refunds.

CREATE TABLE gateway (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE CHECK (name <> 'manual'),
	created INTEGER NOT NULL
) STRICT;

-- What a gateway knows a customer's card or account by; never its number.
CREATE TABLE method (
	id INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	number INTEGER NOT NULL CHECK (number > 0),
	gateway INTEGER NOT NULL REFERENCES gateway (id),
	state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'failed', 'removed')),
	key TEXT NOT NULL UNIQUE DEFAULT ('sxc-' || lower(hex(randomblob(12)))),
	token TEXT,
	label TEXT, -- as people know it: "Visa ending in 4242"
	url TEXT,   -- where the customer sets it up, while pending
	error TEXT,
	attempts INTEGER NOT NULL DEFAULT 0,
	next INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	UNIQUE (account, number),
	CHECK (state <> 'active' OR token IS NOT NULL)
) STRICT;
CREATE INDEX method_gateway ON method (gateway) WHERE state <> 'removed';
CREATE INDEX method_pending ON method (next, id) WHERE state = 'pending';

-- What a gateway is asked for: written down, with the key it will be asked by, before it is sent.
CREATE TABLE charge (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE DEFAULT ('sxc-' || lower(hex(randomblob(12)))),
	kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
	account INTEGER NOT NULL REFERENCES account (id),
	invoice INTEGER REFERENCES invoice (id), -- of a charge
	payment INTEGER REFERENCES payment (id), -- of a refund: the one that goes back
	method INTEGER REFERENCES method (id),
	gateway INTEGER NOT NULL REFERENCES gateway (id),
	amount INTEGER CHECK (amount > 0),       -- NULL: what is open of the invoice as it is sent
	currency TEXT NOT NULL,
	reason TEXT,
	state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'asked', 'pending',
		'action-required', 'unknown', 'paid', 'failed', 'dropped')),
	external_id TEXT,
	url TEXT,
	error TEXT,
	attempts INTEGER NOT NULL DEFAULT 0,
	next INTEGER NOT NULL, -- not before
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	CHECK (kind <> 'charge' OR (invoice IS NOT NULL AND method IS NOT NULL)),
	CHECK (kind <> 'refund' OR (payment IS NOT NULL AND amount IS NOT NULL))
) STRICT;
-- Nothing is charged, or given back, while it is not known what became of the last time.
CREATE UNIQUE INDEX charge_once ON charge (invoice)
	WHERE kind = 'charge' AND state NOT IN ('paid', 'failed', 'dropped');
CREATE UNIQUE INDEX refund_once ON charge (payment)
	WHERE kind = 'refund' AND state NOT IN ('paid', 'failed', 'dropped');
CREATE INDEX charge_undone ON charge (next, id) WHERE state NOT IN ('paid', 'failed', 'dropped');
CREATE INDEX charge_account ON charge (account, id);
CREATE INDEX charge_invoice ON charge (invoice) WHERE invoice IS NOT NULL;
CREATE INDEX charge_payment ON charge (payment) WHERE payment IS NOT NULL;

-- Money that went back.
CREATE TABLE refund (
	id INTEGER PRIMARY KEY,
	payment INTEGER NOT NULL REFERENCES payment (id),
	kind TEXT NOT NULL CHECK (kind IN ('refund', 'chargeback')),
	amount INTEGER NOT NULL CHECK (amount > 0),
	reason TEXT NOT NULL,
	external_id TEXT,
	charge INTEGER UNIQUE REFERENCES charge (id),
	day TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_payment ON refund (payment);
CREATE UNIQUE INDEX refund_external ON refund (payment, external_id) WHERE external_id IS NOT NULL;

CREATE VIEW v_charge AS
	SELECT c.id AS charge, c.kind, a.name AS account, i.number AS invoice, c.payment,
		g.name AS gateway, m.label AS method, c.amount, c.currency, c.state, c.external_id,
		c.attempts, c.error, c.created, c.updated
	FROM charge c JOIN account a ON a.id = c.account JOIN gateway g ON g.id = c.gateway
		LEFT JOIN invoice i ON i.id = c.invoice LEFT JOIN method m ON m.id = c.method;
CREATE VIEW v_refund AS
	SELECT r.id AS refund, r.payment, a.name AS account, r.kind, r.amount, y.currency, r.reason,
		r.external_id, r.day AS date, r.created
	FROM refund r JOIN payment y ON y.id = r.payment JOIN account a ON a.id = y.account;
