-- Mail to customers: written down with what causes it, handed over afterwards.

CREATE TABLE mail (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE, -- what it is about: nothing is mailed twice
	nonce TEXT NOT NULL DEFAULT (lower(hex(randomblob(8)))), -- of its Message-ID
	template TEXT NOT NULL,
	account INTEGER REFERENCES account (id),
	invoice INTEGER REFERENCES invoice (id),
	data TEXT,                -- JSON: values of the template that are known now alone
	state TEXT NOT NULL DEFAULT 'queued'
		CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown')),
	attempts INTEGER NOT NULL DEFAULT 0,
	next INTEGER NOT NULL,    -- not before
	recipient TEXT,           -- of the last attempt
	subject TEXT,             -- as rendered for the first attempt
	body TEXT,
	dated INTEGER,            -- what its Date says
	sent INTEGER,
	error TEXT,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_waiting ON mail (next, id) WHERE state = 'queued';
CREATE INDEX mail_undone ON mail (state, id) WHERE state <> 'sent';
CREATE INDEX mail_account ON mail (account, id);
CREATE INDEX mail_invoice ON mail (invoice) WHERE invoice IS NOT NULL;

CREATE VIEW v_mail AS
	SELECT m.id AS mail, m.template, a.name AS account, i.number AS invoice, m.recipient,
		m.subject, m.state, m.attempts, m.next, m.sent, m.error, m.created
	FROM mail m LEFT JOIN account a ON a.id = m.account
		LEFT JOIN invoice i ON i.id = m.invoice;
