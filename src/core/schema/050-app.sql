-- Wrapped applications, where they run, and the domains they serve.

CREATE TABLE app (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT;

-- A registered package. manifest: the text of its manifest.yaml; signature: hex, of the digest.
CREATE TABLE app_version (
	id INTEGER PRIMARY KEY,
	app INTEGER NOT NULL REFERENCES app (id),
	version TEXT NOT NULL,
	digest TEXT NOT NULL CHECK (length(digest) = 64),
	signature TEXT NOT NULL CHECK (length(signature) = 128),
	size INTEGER NOT NULL CHECK (size > 0),
	unpacked INTEGER NOT NULL CHECK (unpacked >= 0),
	manifest TEXT NOT NULL,
	created INTEGER NOT NULL,
	UNIQUE (app, version)
) STRICT;
CREATE INDEX app_version_digest ON app_version (digest);

CREATE TABLE app_provides (
	version INTEGER NOT NULL REFERENCES app_version (id),
	capability TEXT NOT NULL,
	PRIMARY KEY (version, capability)
) STRICT, WITHOUT ROWID;

-- place: the name of the private server (ps) or server (host) it is on.
-- settings: JSON object of the settings that were set, in their canonical form.
CREATE TABLE instance (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	app INTEGER NOT NULL REFERENCES app (id),
	version INTEGER NOT NULL REFERENCES app_version (id),
	place TEXT NOT NULL REFERENCES node_name (name),
	ps INTEGER REFERENCES ps (id),
	host INTEGER REFERENCES server (id),
	state TEXT NOT NULL CHECK (state IN
		('installing', 'running', 'stopped', 'updating', 'removing', 'failed')),
	error TEXT,
	settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
	created INTEGER NOT NULL,
	UNIQUE (place, app),
	CHECK ((ps IS NULL) <> (host IS NULL))
) STRICT;
CREATE INDEX instance_ps ON instance (ps);
CREATE INDEX instance_host ON instance (host);
CREATE INDEX instance_app ON instance (app);
CREATE INDEX instance_version ON instance (version);

-- Every change of an instance's settings or version, and who made it; n counts from 1 within the
-- instance.
CREATE TABLE instance_history (
	instance INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
	n INTEGER NOT NULL CHECK (n > 0),
	at INTEGER NOT NULL,
	login TEXT NOT NULL,
	version TEXT NOT NULL,
	settings TEXT NOT NULL CHECK (json_valid(settings)),
	PRIMARY KEY (instance, n)
) STRICT, WITHOUT ROWID;

-- name: the IDNA ASCII form; title: as people write it.
CREATE TABLE domain (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL,
	ps INTEGER NOT NULL REFERENCES ps (id),
	account INTEGER REFERENCES account (id),
	subscription INTEGER REFERENCES subscription (id),
	state TEXT NOT NULL CHECK (state IN ('adding', 'active', 'suspended', 'removing')),
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX domain_ps ON domain (ps);
CREATE INDEX domain_account ON domain (account);
CREATE INDEX domain_subscription ON domain (subscription);

-- Which instance does what for a domain; a feature is a capability.
CREATE TABLE domain_feature (
	domain INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
	feature TEXT NOT NULL,
	instance INTEGER NOT NULL REFERENCES instance (id),
	PRIMARY KEY (domain, feature)
) STRICT, WITHOUT ROWID;
CREATE INDEX domain_feature_instance ON domain_feature (instance);

-- The last answer of each service of a domain. code: of HTTP; ms: until the last byte.
CREATE TABLE domain_probe (
	domain INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
	service TEXT NOT NULL,
	at INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('up', 'down')),
	code INTEGER,
	ms INTEGER,
	note TEXT,
	PRIMARY KEY (domain, service)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_app AS
	SELECT a.name AS app, v.version, a.title,
		(SELECT group_concat(capability, ' ') FROM app_provides p WHERE p.version = v.id)
			AS provides,
		v.size, v.unpacked, v.digest, v.created,
		(SELECT count(*) FROM instance i WHERE i.version = v.id) AS instances
	FROM app_version v JOIN app a ON a.id = v.app;
CREATE VIEW v_instance AS
	SELECT a.name AS app, v.version, p.name AS ps, s.name AS server, i.state, i.error,
		i.created
	FROM instance i JOIN app a ON a.id = i.app JOIN app_version v ON v.id = i.version
		LEFT JOIN ps p ON p.id = i.ps
		JOIN server s ON s.id = coalesce(i.host, p.server);
CREATE VIEW v_domain AS
	SELECT d.name AS domain, d.title, ac.name AS account, sa.name || '/' || su.number AS subscription,
		p.name AS ps, s.name AS server, d.state,
		(SELECT group_concat(ip, ' ') FROM address x WHERE x.ps = d.ps) AS addresses,
		(SELECT group_concat(feature, ' ') FROM domain_feature f WHERE f.domain = d.id)
			AS features,
		d.created
	FROM domain d JOIN ps p ON p.id = d.ps JOIN server s ON s.id = p.server
		LEFT JOIN account ac ON ac.id = d.account
		LEFT JOIN subscription su ON su.id = d.subscription
		LEFT JOIN account sa ON sa.id = su.account;
