-- OS images, addresses, private servers.

-- A name added again with other contents is a new version of it.
CREATE TABLE image (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
	digest TEXT NOT NULL CHECK (length(digest) = 64),
	size INTEGER NOT NULL CHECK (size > 0),
	unpacked INTEGER NOT NULL CHECK (unpacked >= 0),
	os TEXT,
	created INTEGER NOT NULL,
	UNIQUE (name, version),
	UNIQUE (name, digest)
) STRICT;
CREATE INDEX image_digest ON image (digest);

CREATE TABLE address_pool (
	id INTEGER PRIMARY KEY,
	cidr TEXT NOT NULL UNIQUE,
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	first INTEGER NOT NULL,
	last INTEGER NOT NULL CHECK (last >= first),
	purpose TEXT NOT NULL CHECK (purpose IN ('ps', 'domain', 'any')),
	server INTEGER REFERENCES server (id),
	created INTEGER NOT NULL
) STRICT;

-- previous_image: the one it stood on before it was rebuilt, while there is a way back.
-- sessions (terminals) and transfer (bytes a month) are bounds of the kernel module alone;
-- best_effort: 1 sessions, 2 transfer, may go unenforced.
CREATE TABLE ps (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	server INTEGER NOT NULL REFERENCES server (id),
	image INTEGER NOT NULL REFERENCES image (id),
	previous_image INTEGER REFERENCES image (id),
	account INTEGER REFERENCES account (id),
	subscription INTEGER REFERENCES subscription (id),
	state TEXT NOT NULL CHECK (state IN ('adding', 'running', 'stopped', 'suspended', 'removing')),
	hostname TEXT NOT NULL,
	uid_slot INTEGER NOT NULL CHECK (uid_slot BETWEEN 16 AND 65534),
	cpu INTEGER NOT NULL CHECK (cpu BETWEEN 1 AND 9000),
	cpu_max INTEGER CHECK (cpu_max BETWEEN 1 AND 10000),
	cpu_ms INTEGER,
	net INTEGER CHECK (net > 0),
	memory INTEGER NOT NULL CHECK (memory > 0),
	vm INTEGER CHECK (vm >= memory),
	disk INTEGER NOT NULL CHECK (disk > 0),
	inodes INTEGER CHECK (inodes > 0),
	procs INTEGER NOT NULL CHECK (procs > 0),
	sessions INTEGER CHECK (sessions > 0),
	transfer INTEGER CHECK (transfer > 0),
	best_effort INTEGER NOT NULL DEFAULT 0 CHECK (best_effort BETWEEN 0 AND 3),
	ssh_keys TEXT,
	nameservers TEXT, -- NULL: those of the configuration
	created INTEGER NOT NULL,
	UNIQUE (server, uid_slot)
) STRICT;
CREATE INDEX ps_server ON ps (server);
CREATE INDEX ps_image ON ps (image);
CREATE INDEX ps_previous_image ON ps (previous_image) WHERE previous_image IS NOT NULL;
CREATE INDEX ps_account ON ps (account);
CREATE INDEX ps_subscription ON ps (subscription);

CREATE TABLE address (
	id INTEGER PRIMARY KEY,
	pool INTEGER NOT NULL REFERENCES address_pool (id),
	n INTEGER NOT NULL,
	ip TEXT NOT NULL UNIQUE,
	ps INTEGER REFERENCES ps (id),
	note TEXT,
	UNIQUE (pool, n)
) STRICT;
CREATE INDEX address_ps ON address (ps);

CREATE VIEW v_image AS
	SELECT name AS image, version, digest, size, unpacked, os, created,
		(SELECT count(*) FROM ps WHERE ps.image = image.id) AS users,
		version = (SELECT max(version) FROM image i WHERE i.name = image.name) AS newest
	FROM image;
CREATE VIEW v_ps AS
	SELECT ps.name AS ps, s.name AS server, ps.state,
		(SELECT group_concat(ip, ' ') FROM address a WHERE a.ps = ps.id) AS addresses,
		ps.hostname, i.name AS image, ac.name AS account, ps.cpu, ps.cpu_max, ps.net,
		ps.memory, ps.vm, ps.disk, ps.procs, ps.created, ps.sessions, ps.transfer,
		i.version AS image_version
	FROM ps JOIN server s ON s.id = ps.server JOIN image i ON i.id = ps.image
		LEFT JOIN account ac ON ac.id = ps.account;
CREATE VIEW v_ip AS
	SELECT p.cidr, p.purpose, s.name AS server, p.last - p.first + 1 AS total,
		(SELECT count(*) FROM address a WHERE a.pool = p.id) AS used
	FROM address_pool p LEFT JOIN server s ON s.id = p.server;
