-- What was given up of an invoice, and what came of it after all (negative).

CREATE TABLE write_off (
	id INTEGER PRIMARY KEY,
	invoice INTEGER NOT NULL REFERENCES invoice (id),
	amount INTEGER NOT NULL CHECK (amount <> 0),
	reason TEXT,                             -- of a person who gave it up
	payment INTEGER REFERENCES payment (id), -- that came, or went back; NULL: neither, credit
	day TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX write_off_invoice ON write_off (invoice);
CREATE INDEX write_off_payment ON write_off (payment) WHERE payment IS NOT NULL;
CREATE TRIGGER write_off_keeps BEFORE UPDATE ON write_off
BEGIN SELECT raise(ABORT, 'the books are append-only'); END;
CREATE TRIGGER write_off_stays BEFORE DELETE ON write_off
BEGIN SELECT raise(ABORT, 'the books are append-only'); END;

CREATE VIEW v_write_off AS
	SELECT w.id AS write_off, i.number AS invoice, a.name AS account, w.amount, i.currency,
		w.reason, w.payment, w.day AS date, w.created
	FROM write_off w JOIN invoice i ON i.id = w.invoice JOIN account a ON a.id = i.account;
