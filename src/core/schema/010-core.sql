-- What every part stands on: facts of this store, configuration, audit, requests, jobs.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;

CREATE TABLE config (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	clock INTEGER NOT NULL,
	login TEXT NOT NULL,
	actor TEXT,
	what TEXT NOT NULL,
	object TEXT NOT NULL,
	before TEXT,
	after TEXT,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE INDEX audit_object ON audit (object, id);

CREATE TABLE job (
	id INTEGER PRIMARY KEY,
	nonce TEXT NOT NULL DEFAULT (lower(hex(randomblob(4)))),
	kind TEXT NOT NULL,
	object TEXT NOT NULL,
	server INTEGER,
	parent INTEGER REFERENCES job (id),
	request INTEGER, -- the request that asked for it, if it had a key
	args TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'pending'
		CHECK (state IN ('pending', 'running', 'undoing', 'done', 'failed', 'cancelled')),
	error TEXT,
	error_code INTEGER,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL
) STRICT;
CREATE INDEX job_open ON job (state, id) WHERE state IN ('pending', 'running', 'undoing');
CREATE INDEX job_parent ON job (parent) WHERE parent IS NOT NULL;
CREATE INDEX job_request ON job (request) WHERE request IS NOT NULL;
CREATE INDEX job_object ON job (object, id);

CREATE TABLE job_step (
	job INTEGER NOT NULL REFERENCES job (id),
	seq INTEGER NOT NULL,
	name TEXT NOT NULL,
	undo TEXT,
	state TEXT NOT NULL DEFAULT 'pending'
		CHECK (state IN ('pending', 'running', 'done', 'failed', 'undone')),
	attempts INTEGER NOT NULL DEFAULT 0,
	started INTEGER,
	ended INTEGER,
	error TEXT,
	PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	digest TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
	changed INTEGER NOT NULL DEFAULT 0 CHECK (changed IN (0, 1)),
	job INTEGER REFERENCES job (id),
	status INTEGER,
	output TEXT,
	created INTEGER NOT NULL
) STRICT;

CREATE VIEW v_audit AS
	SELECT id, at, clock, login, actor, what, object, before, after FROM audit;
CREATE VIEW v_job AS
	SELECT j.id, j.kind, j.object, j.state, j.error, j.created, j.updated,
		(SELECT count(*) FROM job_step s WHERE s.job = j.id) AS steps,
		(SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 'done') AS steps_done
	FROM job j;
CREATE VIEW v_config AS SELECT key, value FROM config;
