/* SPDX-License-Identifier: MIT */
/* Names of objects in arguments and options, looked up in one place. */
#include <string.h>

#include "cmd/call.h"
#include "util/units.h"

static int check_new(const char *what, const char *name, struct err *e)
{
	if (str_is_name(name))
		return 0;
	return err_set(e, E_USAGE,
		"%s: '%.100s' is no name: up to 63 letters a-z, digits, '.', '_', '-', "
		"beginning with a letter or digit",
		what, name);
}

/* "#12" → 12, else 0. */
static int64_t id_of(const char *name)
{
	int64_t id;

	return *name == '#' && units_int(name + 1, &id) == 0 && id > 0 ? id : 0;
}

static int missing(const struct entity_ops *ops, const char *name, struct err *e)
{
	if (*name == '#')
		return err_set(e, E_NOTFOUND, "no %s with the id %.100s", ops->what, name + 1);
	return err_set(e, E_NOTFOUND, "no %s named '%.100s'", ops->what, name);
}

/* *name is replaced by fresh memory when it was an id; the old text is freed if owned. */
int offer_name(struct offering *o, const char *name, const char *help, struct err *e)
{
	if (!str_starts(name, o->prefix))
		return 0;
	if (o->left-- <= 0)
		return err_set(e, E_LIMIT, "as many as are wanted");
	o->fn(o->arg, name, help);
	return 0;
}

static int check_exists(struct sxc *s, enum entity ent, const char *name, char **instead,
	struct err *e)
{
	const struct entity_ops *ops = table_entity(ent);
	int64_t id = id_of(name);
	int r;

	if (!ops || !ops->exists || !s->db)
		return 0;
	if (id && ops->name_of)
		r = ops->name_of(s, id, instead, e);
	else
		r = ops->exists(s, name, e);
	return r < 0 ? r : r == 0 ? missing(ops, name, e) : 0;
}

static int check_arg(struct sxc *s, struct line *l, size_t i, struct err *e)
{
	const struct arg *a = line_arg(l, i);
	char *instead = NULL;
	int r;

	if (!a)
		return 0;
	if (a->entity == ENT_NEW)
		return check_new(a->name, l->args.v[i], e);
	r = check_exists(s, a->entity, l->args.v[i], &instead, e);
	if (r == 0 && instead) {
		free(l->args.v[i]);
		l->args.v[i] = instead;
	}
	return r;
}

static int check_option(struct sxc *s, struct line *l, const struct opt *o, struct err *e)
{
	const char **field = (const char **)((char *)l->opts + o->offset);
	char *instead = NULL;

	if (o->type != OPT_ENTITY || !*field)
		return 0;
	if (o->entity == ENT_NEW)
		return check_new(o->name, *field, e);
	if (check_exists(s, o->entity, *field, &instead, e) < 0)
		return err_wrap(e, "--%s", o->name);
	if (instead) {
		vec_push(&l->owned, instead);
		*field = instead;
	}
	return 0;
}

int entity_check_line(struct sxc *s, struct line *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->args.n && r == 0; i++)
		r = check_arg(s, l, i, e);
	for (const struct opt *o = l->entry.cmd->opts; o && o->name && r == 0; o++)
		r = check_option(s, l, o, e);
	return r;
}
