/* SPDX-License-Identifier: MIT */
/* Unpacked packages that are in use nowhere go, a day after they were last asked for. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/app.h"
#include "svc/sign.h"

#define KEEP_SECONDS 86400 /* who is about to install one has not written it down yet */

/* Digests in the records of one place. A record that cannot be read keeps all. */
static int add_used(const char *ps, struct strvec *used, struct err *e)
{
	autostrvec apps = {0};
	int r = record_names(ps, "apps", &apps, e);

	for (size_t i = 0; i < apps.n && r >= 0; i++) {
		automsg *m = NULL;

		if ((r = app_record_read(ps, apps.v[i], &m, e)) <= 0)
			continue;
		strvec_push(used, msg_text(m, "digest") ? msg_text(m, "digest") : "");
		if (msg_text(m, "next"))
			strvec_push(used, msg_text(m, "next"));
	}
	return r < 0 ? r : 0;
}

static int all_used(struct strvec *used, struct err *e)
{
	DIR *d = opendir(AGENT_PS);
	struct dirent *de;
	int r = add_used(PLACE_SERVER, used, e);

	while (d && r == 0 && (de = readdir(d)))
		if (de->d_name[0] != '.')
			r = add_used(de->d_name, used, e);
	if (!d)
		return err_sys(e, AGENT_PS);
	closedir(d);
	return r;
}

static bool is_used(const struct strvec *used, const char *digest)
{
	for (size_t i = 0; i < used->n; i++)
		if (strcmp(used->v[i], digest) == 0)
			return true;
	return false;
}

static void drop(const char *digest)
{
	autofree char *dir = str_fmt(AGENT_APPS "/%s", digest);
	autofree char *file = str_fmt(AGENT_STORE "/%s", digest);
	struct err ignored;
	struct stat st;

	if (stat(dir, &st) < 0 || time(NULL) - st.st_mtime < KEEP_SECONDS)
		return;
	unlink(file);
	dir_remove(dir, &ignored);
}

void app_sweep(void)
{
	autostrvec used = {0};
	struct err ignored;
	struct dirent *de;
	DIR *d;

	if (all_used(&used, &ignored) < 0 || !(d = opendir(AGENT_APPS)))
		return;
	while ((de = readdir(d)))
		if (sha256_is_hex(de->d_name) && !is_used(&used, de->d_name))
			drop(de->d_name);
	closedir(d);
}
