/* SPDX-License-Identifier: MIT */
/* Operations module.status, module.install, module.build. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/module.h"
#include "agent/net.h"
#include "agent/ps.h"
#include "agent/ps_conf.h"
#include "agent/ps_unit.h"
#include "svc/sign.h"
#include "util/modinfo.h"
#include "util/vec.h"

#define FILES_MAX 128

/* ---- status ---- */

/* What the running kernel wants of modules, by one of its own that lies there unpacked. */
static void add_vermagic(struct msg *ans, const char *release)
{
	static const char *const some[] = {"kernel/drivers/net/veth.ko",
		"kernel/fs/configfs/configfs.ko", "kernel/net/8021q/8021q.ko"};

	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		autofree char *path = str_fmt("/lib/modules/%s/%s", release, some[i]);
		autostr file = STR_INIT;
		struct modinfo m;

		if (file_read(path, &file, MODINFO_MAX, NULL) < 0 ||
			modinfo_parse(str_c(&file), file.len, &m, NULL) < 0)
			continue;
		msg_add_text(ans, "vermagic", m.vermagic);
		return;
	}
}

/* release, vermagic (if known), digest of what is kept for the kernel, lacks (if it cannot build)
 */
AGENT_OP(module_status, "module.status", OP_READ)
{
	autofree char *path = module_path();
	autostr lacks = STR_INIT;
	char digest[SHA256_HEX];
	struct utsname u;

	(void)a;
	(void)req;
	(void)e;
	uname(&u);
	msg_add_text(ans, "release", u.release);
	add_vermagic(ans, u.release);
	if (sha256_file(path, digest, NULL, NULL) == 0)
		msg_add_text(ans, "digest", digest);
	module_lacks(&lacks);
	msg_add_text(ans, "lacks", lacks.len ? str_c(&lacks) : NULL);
	module_facts(ans);
	return 0;
}

/* ---- putting what is kept in force ---- */

static int relock(void *arg, const struct ps_conf *c, struct err *e)
{
	(void)arg;
	return ps_is_running(c->name) ? net_relock(c, e) : 0;
}

static int stop_running(void *arg, const struct ps_conf *c, struct err *e)
{
	if (!ps_is_running(c->name))
		return 0;
	strvec_push(arg, c->name);
	return unit_stop(c->name, 0, e);
}

static int load_and_lock(struct err *e)
{
	int rc = module_load(e);

	return rc < 0 ? rc : ps_conf_each(relock, NULL, e);
}

/* All that runs here stops, the module is exchanged, and all of it starts again whatever comes. */
static int exchange_all(struct err *e)
{
	autostrvec names = {0};
	int rc = ps_conf_each(stop_running, &names, e);

	if (rc == 0)
		rc = module_unload(e);
	if (rc == 0)
		rc = module_load(e);
	for (size_t i = 0; i < names.n; i++) {
		int started = unit_start(names.v[i], rc == 0 ? e : NULL);

		rc = rc < 0 ? rc : started;
	}
	return rc;
}

/* One in use stays, unless restart: the one kept takes over at the next boot. */
static int settle(bool restart, struct err *e)
{
	int rc = 0;

	if (module_is_staged()) {
		rc = module_unload(NULL);
		if (rc == E_INUSE)
			return restart ? exchange_all(e) : 0;
	}
	return load_and_lock(e);
}

/* A module that is refused is no failure of the operation: the facts tell. */
static int settle_and_tell(const struct msg *req, struct msg *ans, struct err *e)
{
	int rc = settle(msg_i64(req, "restart", 0) != 0, e);

	module_facts(ans);
	return rc == E_PERM || rc == E_NOTFOUND ? 0 : rc;
}

/* ---- install ---- */

static int check_module(const struct str *file, struct modinfo *m, struct err *e)
{
	int rc = modinfo_parse(str_c(file), file->len, m, e);

	if (rc == 0 && (!m->name || !str_eq(m->name, "sxps")))
		rc = err_set(e, E_INTEGRITY, "it is not the module sxps");
	return rc;
}

static int keep_from_store(const char *digest, struct err *e)
{
	autofree char *from = str_fmt("%s/%s", AGENT_STORE, digest);
	autofree char *dir = NULL, *path = NULL;
	autostr file = STR_INIT;
	char seen[SHA256_HEX];
	struct modinfo m;
	int rc;

	if (access(from, F_OK) < 0)
		return err_set(e, E_NOTFOUND, "the store has no file %.16s…", digest);
	if ((rc = file_read(from, &file, MODINFO_MAX, e)) < 0 ||
		(rc = check_module(&file, &m, e)) < 0)
		return rc;
	sha256_buf(file.p, file.len, seen);
	if (!str_eq(seen, digest))
		return err_set(e, E_INTEGRITY, "the file in the store is not %.16s…", digest);
	dir = str_fmt("%s/%s", AGENT_MODULES, m.release);
	path = str_fmt("%s/sxps.ko", dir);
	if ((rc = dir_make(dir, 0755, e)) < 0 ||
		(rc = file_write(path, file.p, file.len, 0644, e)) < 0)
		return rc;
	unlink(from);
	return 0;
}

/* digest: in the store, or the one that is kept already; restart: see settle(). */
AGENT_OP(module_install, "module.install", OP_CHANGE)
{
	autofree char *path = module_path();
	char kept[SHA256_HEX] = "";
	const char *digest;
	int rc = msg_need_text(req, "digest", &digest, e);

	(void)a;
	if (rc < 0)
		return rc;
	if (!sha256_is_hex(digest))
		return err_set(e, E_USAGE, "\"digest\" is not 64 hex digits");
	sha256_file(path, kept, NULL, NULL);
	if (!str_eq(kept, digest) && (rc = keep_from_store(digest, e)) < 0)
		return rc;
	return settle_and_tell(req, ans, e);
}

/* ---- build ---- */

/* "lock.c" or "uapi/sxps.h", nothing else. */
static bool is_source_name(const char *s)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	const char *base = str_starts(s, "uapi/") ? s + 5 : s;

	return base[0] && base[0] != '.' && strlen(base) < 64 &&
	       strspn(base, allowed) == strlen(base);
}

static int write_source(const struct msg *file, struct err *e)
{
	const char *name, *text;
	int rc;

	if ((rc = msg_need_text(file, "name", &name, e)) < 0 ||
		(rc = msg_need_text(file, "text", &text, e)) < 0)
		return rc;
	if (!is_source_name(name))
		return err_set(e, E_USAGE, "'%.80s' is not the name of a source file", name);
	autofree char *path = str_fmt("%s/%s", MODULE_SOURCE, name);
	return file_write(path, text, strlen(text), 0644, e);
}

/* file (repeated): name, text. */
AGENT_OP(module_build, "module.build", OP_CHANGE)
{
	size_t n = msg_count(req, "file");
	int rc;

	(void)a;
	if (n == 0 || n > FILES_MAX)
		return err_set(e, E_USAGE, "source files are missing, or too many");
	if ((rc = dir_remove(MODULE_SOURCE, e)) < 0 ||
		(rc = dir_make(MODULE_SOURCE "/uapi", 0755, e)) < 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = write_source(msg_sub_at(req, "file", i), e);
	if (rc == 0)
		rc = module_build(e);
	return rc < 0 ? rc : settle_and_tell(req, ans, e);
}
