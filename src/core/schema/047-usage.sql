-- Metered usage: what plans charge for it, what meters read, how far it has been billed.

CREATE TABLE plan_usage (
	version INTEGER NOT NULL REFERENCES plan_version (id),
	resource TEXT NOT NULL,
	included INTEGER NOT NULL CHECK (included >= 0),
	unit INTEGER NOT NULL CHECK (unit > 0),
	measure TEXT NOT NULL CHECK (measure IN ('sum', 'max', 'average')),
	model TEXT NOT NULL CHECK (model IN ('graduated', 'volume')),
	PRIMARY KEY (version, resource)
) STRICT, WITHOUT ROWID;
-- price: millionths of the currency's major unit. upto: billable units; NULL: the rest.
CREATE TABLE plan_usage_price (
	version INTEGER NOT NULL,
	currency TEXT NOT NULL,
	resource TEXT NOT NULL,
	tier INTEGER NOT NULL CHECK (tier > 0),
	upto INTEGER CHECK (upto > 0),
	price INTEGER NOT NULL CHECK (price >= 0),
	PRIMARY KEY (version, currency, resource, tier),
	FOREIGN KEY (version, resource) REFERENCES plan_usage (version, resource)
) STRICT, WITHOUT ROWID;

-- Who reads what. source: a name from a file of readings, or the private server that was read.
-- seq: of its last reading.
CREATE TABLE usage_meter (
	id INTEGER PRIMARY KEY,
	source TEXT NOT NULL,
	subscription INTEGER REFERENCES subscription (id),
	resource TEXT NOT NULL,
	seq INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX usage_meter_once ON usage_meter
	(coalesce(subscription, 0), resource, source);
CREATE INDEX usage_meter_subscription ON usage_meter (subscription);

-- A sealed reading: value over [start, until) in seconds since 1970. day: the day on which it
-- began where the account lives.
CREATE TABLE usage_reading (
	meter INTEGER NOT NULL REFERENCES usage_meter (id),
	seq INTEGER NOT NULL CHECK (seq > 0),
	start INTEGER NOT NULL,
	until INTEGER NOT NULL CHECK (until > start),
	day TEXT NOT NULL,
	value INTEGER NOT NULL CHECK (value BETWEEN 0 AND 10000000000000000),
	created INTEGER NOT NULL,
	PRIMARY KEY (meter, seq),
	UNIQUE (meter, start)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER reading_keeps BEFORE UPDATE ON usage_reading
BEGIN SELECT raise(ABORT, 'a reading never changes'); END;
CREATE TRIGGER reading_stays BEFORE DELETE ON usage_reading
BEGIN SELECT raise(ABORT, 'a reading never goes'); END;

-- Where collecting stands. until: the end of the last hour that was sealed; total: what had been
-- counted then, for what only grows.
CREATE TABLE usage_checkpoint (
	ps INTEGER NOT NULL REFERENCES ps (id) ON DELETE CASCADE,
	resource TEXT NOT NULL,
	until INTEGER NOT NULL,
	total INTEGER NOT NULL CHECK (total >= 0),
	PRIMARY KEY (ps, resource)
) STRICT, WITHOUT ROWID;

-- Usage of a term was billed for the days before; a late reading takes it back to its own day.
CREATE TABLE usage_term (
	term INTEGER PRIMARY KEY REFERENCES subscription_term (id),
	until TEXT NOT NULL
) STRICT;

-- What a usage line was reckoned from. total: the sum or maximum of the readings. released: its
-- document is void, the span is to be billed again.
CREATE TABLE usage_billed (
	line INTEGER PRIMARY KEY REFERENCES invoice_line (id),
	term INTEGER NOT NULL REFERENCES subscription_term (id),
	resource TEXT NOT NULL,
	start TEXT NOT NULL,
	batch INTEGER NOT NULL CHECK (batch > 0),
	readings INTEGER NOT NULL,
	spans INTEGER NOT NULL, -- different starts among them: what an average divides by
	total INTEGER NOT NULL,
	released INTEGER NOT NULL DEFAULT 0 CHECK (released IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX usage_billed_once ON usage_billed (term, resource, start, batch)
	WHERE released = 0;

CREATE VIEW v_usage_reading AS
	SELECT CASE WHEN s.id IS NULL THEN NULL ELSE a.name || '/' || s.number END AS subscription,
		a.name AS account, m.resource, m.source, r.seq AS sequence, r.start, r.until AS "end",
		r.day, r.value, r.created
	FROM usage_reading r JOIN usage_meter m ON m.id = r.meter
		LEFT JOIN subscription s ON s.id = m.subscription
		LEFT JOIN account a ON a.id = s.account;
CREATE VIEW v_plan_usage AS
	SELECT p.name AS plan, v.version, u.resource, u.included, u.unit, u.measure, u.model,
		x.currency, x.tier, x.upto, x.price AS price_millionths
	FROM plan_usage u JOIN plan_version v ON v.id = u.version JOIN plan p ON p.id = v.plan
		JOIN plan_usage_price x ON x.version = u.version AND x.resource = u.resource;
