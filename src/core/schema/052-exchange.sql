-- Exchanges: where packages of others come from, and what their last index offered.

-- url: as it was given, a directory absolute. key: of 64 hex digits, who signs the index. serial,
-- digest, expires: of the last index that was taken; never lower ones unasked.
CREATE TABLE exchange (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	url TEXT NOT NULL,
	key TEXT NOT NULL CHECK (length(key) = 64),
	host_key TEXT CHECK (host_key LIKE 'SHA256:%'),
	ca TEXT,
	serial INTEGER NOT NULL DEFAULT 0,
	digest TEXT,
	expires INTEGER,
	synced INTEGER,
	created INTEGER NOT NULL
) STRICT;

CREATE TABLE exchange_offer (
	exchange INTEGER NOT NULL REFERENCES exchange (id) ON DELETE CASCADE,
	app TEXT NOT NULL,
	version TEXT NOT NULL,
	title TEXT NOT NULL,
	file TEXT NOT NULL,
	size INTEGER NOT NULL CHECK (size > 0),
	digest TEXT NOT NULL CHECK (length(digest) = 64),
	security INTEGER NOT NULL CHECK (security IN (0, 1)),
	PRIMARY KEY (exchange, app, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX exchange_offer_app ON exchange_offer (app);

CREATE VIEW v_exchange AS
	SELECT name AS exchange, url, key, serial, expires, synced,
		(SELECT count(*) FROM exchange_offer o WHERE o.exchange = e.id) AS packages, created
	FROM exchange e;
CREATE VIEW v_exchange_offer AS
	SELECT e.name AS exchange, o.app, o.version, o.title, o.size, o.digest, o.security
	FROM exchange_offer o JOIN exchange e ON e.id = o.exchange;
