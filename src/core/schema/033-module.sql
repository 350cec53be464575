-- Builds of the kernel module, kept as HOME/modules/RELEASE/sxps.ko. release: of the kernel.
CREATE TABLE module_build (
	id INTEGER PRIMARY KEY,
	release TEXT NOT NULL UNIQUE,
	version TEXT NOT NULL,
	srcversion TEXT,
	vermagic TEXT NOT NULL,
	digest TEXT NOT NULL CHECK (length(digest) = 64),
	size INTEGER NOT NULL CHECK (size > 0),
	signed INTEGER NOT NULL CHECK (signed IN (0, 1)),
	created INTEGER NOT NULL
) STRICT;

CREATE VIEW v_module AS
	SELECT release, version, srcversion, vermagic, digest, size, signed, created
	FROM module_build;
