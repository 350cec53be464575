-- Support: tickets, what was said in them, files that came along.

CREATE TABLE ticket (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account (id),
	subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
	state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'waiting', 'closed', 'merged')),
	priority TEXT NOT NULL DEFAULT 'normal'
		CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
	assigned TEXT,
	about_kind TEXT,
	about TEXT,
	merged_into INTEGER REFERENCES ticket (id),
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	closed INTEGER,
	CHECK ((about IS NULL) = (about_kind IS NULL)),
	CHECK ((merged_into IS NOT NULL) = (state = 'merged')),
	CHECK ((closed IS NOT NULL) = (state IN ('closed', 'merged')))
) STRICT;
CREATE INDEX ticket_account ON ticket (account, id);
CREATE INDEX ticket_unfinished ON ticket (id) WHERE state IN ('open', 'waiting');
CREATE INDEX ticket_about ON ticket (about_kind, about) WHERE about IS NOT NULL;

-- A message keeps the ticket it was written to (origin) when its ticket is merged into another.
CREATE TABLE ticket_message (
	id INTEGER PRIMARY KEY,
	ticket INTEGER NOT NULL REFERENCES ticket (id),
	origin INTEGER NOT NULL REFERENCES ticket (id),
	at INTEGER NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('customer', 'reply', 'note', 'event')),
	author TEXT NOT NULL,
	body TEXT NOT NULL
) STRICT;
CREATE INDEX ticket_message_ticket ON ticket_message (ticket, id);

CREATE TABLE ticket_attachment (
	id INTEGER PRIMARY KEY,
	message INTEGER NOT NULL REFERENCES ticket_message (id),
	name TEXT NOT NULL,
	size INTEGER NOT NULL CHECK (size = length(content)),
	digest TEXT NOT NULL CHECK (length(digest) = 64),
	content BLOB NOT NULL
) STRICT;
CREATE INDEX ticket_attachment_message ON ticket_attachment (message, id);

-- Words of subjects and messages; rowid is the message's. The texts themselves stay where they are.
CREATE VIRTUAL TABLE ticket_words USING fts5 (
	subject, body, content='', tokenize='unicode61 remove_diacritics 2'
);

CREATE VIEW v_ticket AS
	SELECT t.id AS ticket, a.name AS account, t.state, t.priority, t.subject, t.assigned,
		t.about_kind, t.about, t.merged_into, t.created, t.updated, t.closed
	FROM ticket t JOIN account a ON a.id = t.account;
CREATE VIEW v_ticket_message AS
	SELECT m.id AS message, m.ticket, m.origin, m.at, m.kind, m.author, m.body
	FROM ticket_message m;
CREATE VIEW v_ticket_attachment AS
	SELECT f.id AS attachment, m.ticket, f.message, f.name, f.size, f.digest
	FROM ticket_attachment f JOIN ticket_message m ON m.id = f.message;
