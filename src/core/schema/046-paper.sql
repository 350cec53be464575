-- Pictures that documents print: they stay, for documents name them for ever.

CREATE TABLE logo (
	digest TEXT PRIMARY KEY CHECK (length(digest) = 64), -- SHA-256 of data
	type TEXT NOT NULL CHECK (type IN ('image/png', 'image/jpeg')),
	data BLOB NOT NULL
) STRICT;
CREATE TRIGGER logo_keeps BEFORE UPDATE ON logo
BEGIN SELECT raise(ABORT, 'a logo that was printed never changes'); END;
CREATE TRIGGER logo_stays BEFORE DELETE ON logo
BEGIN SELECT raise(ABORT, 'a logo that was printed never goes'); END;
