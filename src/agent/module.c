/* SPDX-License-Identifier: MIT */
#include "agent/module.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/net_sxps.h"
#include "util/modinfo.h"

#define LOADED    "/sys/module/sxps"
#define CONFIGFS  "/sys/kernel/config"
#define CONTEXTS  CONFIGFS "/sxps"
#define REASON    AGENT_RUN "/module.err"
#define INTERFACE 1 /* SXPS_INTERFACE */

static bool is_loaded(void)
{
	return access(LOADED, F_OK) == 0;
}

char *module_path(void)
{
	struct utsname u;

	uname(&u);
	return str_fmt("%s/%s/sxps.ko", AGENT_MODULES, u.release);
}

/* First line of a small file into fresh memory, NULL when there is none. */
static char *line_of(const char *path)
{
	autostr s = STR_INIT;

	if (file_read(path, &s, 4096, NULL) < 0)
		return NULL;
	return mem_strndup(str_c(&s), strcspn(str_c(&s), "\n"));
}

/* ---- loading ---- */

/* Contexts are directories of configfs, which may be a module itself. */
static int configfs_up(struct err *e)
{
	char *argv[] = {(char[]){"modprobe"}, (char[]){"--all"}, (char[]){"configfs"}, NULL};
	char probe[] = CONFIGFS "/.";
	autostr mounts = STR_INIT;

	if (access(CONFIGFS, F_OK) < 0 && run_cmd(argv, 60, e) < 0)
		return err_wrap(e, "loading configfs");
	if (file_read("/proc/mounts", &mounts, 1 << 20, e) < 0)
		return e->code;
	if (strstr(str_c(&mounts), " " CONFIGFS " configfs "))
		return 0;
	return mount("configfs", probe, "configfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
	               ? err_sys(e, "mounting configfs")
	               : 0;
}

static bool is_locked_down(void)
{
	autofree char *mode = line_of("/sys/kernel/security/lockdown");

	return mode && !strstr(mode, "[none]");
}

/* What finit_module(2) and kernel/module say by their error numbers. */
static int refused(int error, struct err *e)
{
	if (error == EKEYREJECTED || error == ENOKEY || (error == EPERM && is_locked_down()))
		return err_set(e, E_PERM,
			"the kernel takes signed modules only (Secure Boot): sign it with a key "
			"that is enrolled here (mokutil --import)");
	if (error == ENOEXEC)
		return err_set(e, E_PERM, "the module was built for another kernel");
	if (error == EPERM)
		return err_set(e, E_PERM,
			"loading modules is switched off (kernel.modules_disabled)");
	return err_set(e, E_PERM, "the kernel refused it: %s", strerror(error));
}

static int insert(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST)
		return 0;
	return refused(errno, e);
}

static int find_or_build(const char *path, struct err *e)
{
	autostr lacks = STR_INIT;
	struct utsname u;

	if (access(path, F_OK) == 0)
		return 0;
	module_lacks(&lacks);
	if (!lacks.len)
		return module_build(e);
	uname(&u);
	return err_set(e, E_NOTFOUND,
		"there is no build for kernel %s, and building it here lacks: %s", u.release,
		str_c(&lacks));
}

static int load(struct err *e)
{
	autofree char *path = module_path();
	int rc;

	if (is_loaded())
		return 0;
	if ((rc = find_or_build(path, e)) < 0 || (rc = configfs_up(e)) < 0)
		return rc;
	return insert(path, e);
}

int module_load(struct err *e)
{
	struct err why = {0};
	int rc = load(&why);

	if (rc == 0) {
		unlink(REASON);
		return 0;
	}
	if (dir_make(AGENT_RUN, 0700, NULL) == 0)
		file_write(REASON, why.msg, strlen(why.msg), 0600, NULL);
	return err_set(e, why.code, "kernel module sxps: %s", why.msg);
}

int module_unload(struct err *e)
{
	if (syscall(SYS_delete_module, "sxps", O_NONBLOCK) == 0 || errno == ENOENT)
		return 0;
	if (errno == EWOULDBLOCK || errno == EBUSY)
		return err_set(e, E_INUSE, "the kernel module sxps is in use");
	return err_sys(e, "unloading the kernel module sxps");
}

/* Contexts of private servers that are gone. Those of others are theirs. */
static void drop_contexts(void)
{
	DIR *d = opendir(CONTEXTS);
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (de->d_type == DT_DIR && de->d_name[0] != '.')
			unlinkat(dirfd(d), de->d_name, AT_REMOVEDIR);
	if (d)
		closedir(d);
}

int module_remove(struct err *e)
{
	drop_contexts();
	module_unload(NULL);
	return dir_remove(AGENT_MODULES, e);
}

/* ---- what is known of it ---- */

bool module_is_staged(void)
{
	autofree char *path = module_path(), *loaded = line_of(LOADED "/srcversion");
	autostr file = STR_INIT;
	struct modinfo m;

	return loaded && file_read(path, &file, MODINFO_MAX, NULL) == 0 &&
	       modinfo_parse(str_c(&file), file.len, &m, NULL) == 0 && m.srcversion &&
	       !str_eq(m.srcversion, loaded);
}

/* "net yes\nsessions no REASON\n" to the parts in force, and the first that is not. */
static void read_health(char *text, struct str *parts, struct str *why)
{
	char *save = NULL, *blank;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		blank = strchr(l, ' ');
		if (!blank)
			continue;
		*blank++ = '\0';
		if (str_starts(blank, "yes"))
			str_addf(parts, "%s%s", parts->len ? " " : "", l);
		else if (!why->len)
			str_addf(why, "%s: %s", l, str_starts(blank, "no ") ? blank + 3 : blank);
	}
}

static bool is_foreign(struct str *why)
{
	autofree char *spoken = line_of(CONTEXTS "/interface");

	if (spoken && strtol(spoken, NULL, 10) == INTERFACE)
		return false;
	str_addf(why, "it speaks interface %s, this agent speaks %d", spoken ? spoken : "none",
		INTERFACE);
	return true;
}

static const char *state_loaded(struct str *parts, struct str *why)
{
	autostr health = STR_INIT;

	if (is_foreign(why))
		return "foreign";
	if (sxps_health(&health, NULL) == 0 && health.p)
		read_health(health.p, parts, why);
	if (why->len)
		return "partial";
	if (!module_is_staged())
		return "enforcing";
	str_add(why, "another version is in place: it takes over at the next reboot");
	return "staged";
}

static const char *state_absent(struct str *why)
{
	autofree char *path = module_path(), *reason = line_of(REASON);
	autostr lacks = STR_INIT;

	if (access(path, F_OK) == 0) {
		str_add(why, reason ? reason : "it was unloaded, or never loaded since it came");
		return reason ? "refused" : "unloaded";
	}
	module_lacks(&lacks);
	str_addf(why, "no build for this kernel; building it here lacks: %s",
		lacks.len ? str_c(&lacks) : "nothing");
	return "missing";
}

void module_facts(struct msg *ans)
{
	autofree char *version = line_of(LOADED "/version");
	autostr parts = STR_INIT, why = STR_INIT;
	const char *state = is_loaded() ? state_loaded(&parts, &why) : state_absent(&why);

	msg_add_text(ans, "module", is_loaded() ? version ? version : "unknown" : NULL);
	msg_add_text(ans, "module_state", state);
	msg_add_text(ans, "module_why", why.len ? str_c(&why) : NULL);
	msg_add_text(ans, "enforces", parts.len ? str_c(&parts) : NULL);
	msg_add_i64(ans, "enforcing", str_eq(state, "enforcing") || str_eq(state, "staged"));
}
