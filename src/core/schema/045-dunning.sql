-- What was done about invoices that are not paid.

-- A step is taken once an invoice.
CREATE TABLE dunning (
	invoice INTEGER NOT NULL REFERENCES invoice (id),
	step INTEGER NOT NULL CHECK (step > 0),
	do TEXT NOT NULL,
	after INTEGER NOT NULL, -- days, as the schedule said
	day TEXT NOT NULL,      -- on which it was taken
	note TEXT,
	created INTEGER NOT NULL,
	PRIMARY KEY (invoice, step)
) STRICT, WITHOUT ROWID;

-- What a subscription bears for it, and from when to when: [day, lifted).
CREATE TABLE dunning_hold (
	id INTEGER PRIMARY KEY,
	subscription INTEGER NOT NULL REFERENCES subscription (id),
	account INTEGER NOT NULL REFERENCES account (id),
	invoice INTEGER NOT NULL REFERENCES invoice (id),
	effect TEXT NOT NULL CHECK (effect IN ('throttle', 'suspend', 'terminate')),
	day TEXT NOT NULL,
	lifted TEXT,
	did TEXT NOT NULL DEFAULT '{}', -- JSON: the private servers and domains that it touched
	until TEXT,                     -- terminate: kept until then
	created INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dunning_hold_once ON dunning_hold (subscription, effect) WHERE lifted IS NULL;
CREATE INDEX dunning_hold_account ON dunning_hold (account) WHERE lifted IS NULL;
CREATE INDEX dunning_hold_subscription ON dunning_hold (subscription, day);
CREATE INDEX dunning_hold_until ON dunning_hold (until) WHERE lifted IS NULL AND until IS NOT NULL;

CREATE VIEW v_dunning AS
	SELECT i.number AS invoice, a.name AS account, d.step, d.do, d.after, d.day AS date, d.note
	FROM dunning d JOIN invoice i ON i.id = d.invoice JOIN account a ON a.id = i.account;
CREATE VIEW v_dunning_hold AS
	SELECT h.id, a.name || '/' || s.number AS subscription, a.name AS account,
		i.number AS invoice, h.effect, h.day AS since, h.lifted, h.until
	FROM dunning_hold h JOIN subscription s ON s.id = h.subscription
		JOIN account a ON a.id = h.account JOIN invoice i ON i.id = h.invoice;
