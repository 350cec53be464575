-- The machines, and the one name space they share with private servers.

CREATE TABLE node_name (
	name TEXT PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('server', 'ps'))
) STRICT, WITHOUT ROWID;

-- host_key: "SHA256:…", set once it was seen and accepted. Facts are NULL or 0 until recorded.
-- uplink and link_rate (bit/s): what the operator said; found_…: what the server said. rate: what
-- holds of the two. enforces: parts of the kernel module in force, blank-separated (sxps(4)).
CREATE TABLE server (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE REFERENCES node_name (name),
	state TEXT NOT NULL CHECK (state IN ('adding', 'active', 'removing')),
	host TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	user TEXT NOT NULL,
	host_key TEXT CHECK (host_key LIKE 'SHA256:%'),
	host_key_type TEXT,
	grp TEXT,
	uplink TEXT,
	link_rate INTEGER CHECK (link_rate > 0),
	os TEXT,
	os_version TEXT,
	kernel TEXT,
	arch TEXT,
	cpus INTEGER NOT NULL DEFAULT 0,
	cpu_mhz INTEGER NOT NULL DEFAULT 0,
	memory INTEGER NOT NULL DEFAULT 0,
	disk INTEGER NOT NULL DEFAULT 0,
	addresses TEXT,
	found_uplink TEXT,
	found_rate INTEGER CHECK (found_rate > 0), -- of found_uplink
	rate INTEGER AS (coalesce(link_rate,
		CASE WHEN coalesce(uplink, found_uplink) = found_uplink THEN found_rate END)),
	cgroup2 INTEGER NOT NULL DEFAULT 0 CHECK (cgroup2 IN (0, 1)),
	quota INTEGER NOT NULL DEFAULT 0 CHECK (quota IN (0, 1)),
	module TEXT,
	module_state TEXT,
	enforces TEXT,
	agent TEXT,
	seen INTEGER,
	created INTEGER NOT NULL,
	UNIQUE (host, port)
) STRICT;
CREATE INDEX server_group ON server (grp) WHERE grp IS NOT NULL;

CREATE VIEW v_server AS
	SELECT name AS server, state, host, port, user, os, os_version, kernel, arch, cpus,
		cpu_mhz, memory, disk, addresses, coalesce(uplink, found_uplink) AS uplink,
		rate AS link_rate, cgroup2, quota, module, agent, grp AS "group", host_key, seen, created,
		module_state, enforces
	FROM server;
