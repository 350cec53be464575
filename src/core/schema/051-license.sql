-- Licences of applications that are not free: each is held by at most one instance.

-- pool: as the wrapper names it; license: the text that the vendor gave, NULL where there is none.
CREATE TABLE license (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	pool TEXT NOT NULL,
	license TEXT,
	digest TEXT,
	instance INTEGER UNIQUE REFERENCES instance (id) ON DELETE SET NULL,
	created INTEGER NOT NULL,
	UNIQUE (pool, digest)
) STRICT;
CREATE INDEX license_free ON license (pool, id) WHERE instance IS NULL;

CREATE VIEW v_license AS
	SELECT l.id, l.pool, a.name AS app, p.name AS ps, l.created
	FROM license l LEFT JOIN instance i ON i.id = l.instance LEFT JOIN app a ON a.id = i.app
		LEFT JOIN ps p ON p.id = i.ps;
