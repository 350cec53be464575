/* SPDX-License-Identifier: MIT */
/* Building the kernel module on the server, where headers and a compiler are. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/module.h"
#include "util/modinfo.h"

#define BUILD      AGENT_MODULES "/build"
#define BUILD_TIME 1800 /* seconds; slow servers exist */

static bool has_program(const char *name)
{
	static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin"};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		autofree char *path = str_fmt("%s/%s", dirs[i], name);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void lack(struct str *out, const char *what)
{
	str_addf(out, "%s%s", out->len ? " " : "", what);
}

static char *headers_of(const struct utsname *u)
{
	return str_fmt("/lib/modules/%s/build", u->release);
}

void module_lacks(struct str *out)
{
	autofree char *headers = NULL, *makefile = NULL, *package = NULL;
	struct utsname u;

	uname(&u);
	headers = headers_of(&u);
	makefile = str_fmt("%s/Makefile", headers);
	package = str_fmt("linux-headers-%s", u.release);
	if (access(MODULE_SOURCE "/Kbuild", F_OK) < 0)
		lack(out, "source");
	if (access(makefile, F_OK) < 0)
		lack(out, package);
	if (!has_program("make"))
		lack(out, "make");
	if (!has_program("gcc"))
		lack(out, "gcc");
}

static int keep(struct err *e)
{
	autofree char *path = module_path(), *dir = mem_strndup(path, strlen(path) - 8);
	autostr file = STR_INIT;
	struct modinfo m;
	int rc;

	if ((rc = file_read(BUILD "/sxps.ko", &file, MODINFO_MAX, e)) < 0 ||
		(rc = modinfo_parse(str_c(&file), file.len, &m, e)) < 0 ||
		(rc = dir_make(dir, 0755, e)) < 0)
		return rc;
	return file_write(path, file.p, file.len, 0644, e);
}

int module_build(struct err *e)
{
	autofree char *headers = NULL, *kdir = NULL;
	autostr lacks = STR_INIT;
	struct utsname u;
	int rc;

	module_lacks(&lacks);
	if (lacks.len)
		return err_set(e, E_STATE, "building it here lacks: %s", str_c(&lacks));
	uname(&u);
	headers = headers_of(&u);
	kdir = str_fmt("KDIR=%s", headers);
	char *argv[] = {(char[]){"make"}, (char[]){"-s"}, (char[]){"-C"}, (char[]){MODULE_SOURCE},
		kdir, (char[]){"OUT=" BUILD}, NULL};
	rc = run_cmd(argv, BUILD_TIME, e);
	if (rc == 0)
		rc = keep(e);
	dir_remove(BUILD, NULL);
	return rc < 0 ? err_wrap(e, "building it for kernel %s", u.release) : 0;
}
