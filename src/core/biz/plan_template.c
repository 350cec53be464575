/* SPDX-License-Identifier: MIT */
#include "biz/plan_template.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "biz/plan_file.h"
#include "util/str.h"

static char *beside_program(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	return slash ? str_fmt("%.*s/share/plans", (int)(slash - exe), exe) : NULL;
}

static char *template_dir(void)
{
	autofree char *dir = beside_program();

	if (dir && access(dir, R_OK) == 0)
		return steal(&dir);
	return mem_strdup(SXC_PREFIX "/share/sxc/plans");
}

static int is_template(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(d->d_name, ".yaml");
}

static int tell(const char *dir, const char *file,
	int (*fn)(void *arg, const void *row, struct err *e), void *arg, struct err *e)
{
	autoclean(plan_def_release) struct plan_def d;
	autofree char *path = str_fmt("%s/%s", dir, file);
	struct plan_template_row row;
	int r = plan_file_load(path, &d, e);

	if (r < 0)
		return r;
	row = (struct plan_template_row){d.name, d.title};
	return fn(arg, &row, e);
}

int plan_template_list(int (*fn)(void *arg, const void *row, struct err *e), void *arg,
	struct err *e)
{
	autofree char *dir = template_dir();
	struct dirent **found;
	int n = scandir(dir, &found, is_template, alphasort), r = 0;

	if (n < 0)
		return err_set(e, E_NOTFOUND, "no ready-made plans in %s", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = tell(dir, found[i]->d_name, fn, arg, e);
		free(found[i]);
	}
	free(found);
	return r;
}

int plan_template_text(const char *name, char **text, struct err *e)
{
	autofree char *dir = template_dir();
	autofree char *path = str_fmt("%s/%s.yaml", dir, name);
	autoyaml *y = NULL;

	if (!str_is_name(name) || access(path, R_OK) != 0)
		return err_set(e, E_NOTFOUND,
			"no ready-made plan named '%s': \"sxc plan template\" lists them", name);
	return yaml_load(&y, path, text, e);
}
