/* SPDX-License-Identifier: MIT */
#include "biz/config.h"

#include <jansson.h>

#include "biz/dunning.h"
#include "biz/logo.h"
#include "svc/settings.h"
#include "util/mem.h"
#include "util/str.h"

#define SQL_GET "SELECT value FROM config WHERE key = ?1"

static char *json_of(const char *value)
{
	json_t *j = value ? json_string(value) : NULL;
	char *text = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;

	json_decref(j);
	return text;
}

static int change(struct sxc *s, const char *key, const char *value, struct err *e)
{
	autofree char *old = NULL;
	int r = db_get_text(s->db, &old, e, SQL_GET, key);

	if (r < 0)
		return r;
	if (!old && !value)
		return err_set(e, E_NOTFOUND, "%s is not set", key);
	autofree char *before = json_of(old), *after = json_of(value);

	if ((r = config_set(s, key, value, e)) < 0)
		return r;
	return audit_add(s, value ? "config.set" : "config.unset", key, before, after, e);
}

int config_change(struct sxc *s, const char *key, const char *value, struct err *e)
{
	autofree char *digest = NULL;
	int r = value ? settings_check(key, value, e) : settings_check_key(key, e);

	if (r == 0 && value && str_eq(key, "dunning.schedules"))
		r = dunning_schedules_check(value, e);
	if (r == 0 && value && str_eq(key, "dunning"))
		r = dunning_check_name(s, value, e);
	if (r < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	if (value && settings_find(key)->type == SETTING_FILE)
		r = logo_add(s, value, &digest, e);
	if (r == 0 && (r = change(s, key, digest ? digest : value, e)) == 0 && !s->dry_run)
		return tx_commit(s, e);
	tx_rollback(s);
	return r;
}

int config_list(struct sxc *s, int (*fn)(void *arg, const void *row, struct err *e), void *arg,
	struct err *e)
{
	const struct setting *st;

	for (size_t i = 0; (st = settings_at(i)); i++) {
		autofree char *value = NULL;
		struct config_row row = {st->key, st->def, st->def, 0, st->help};
		int r = db_get_text(s->db, &value, e, SQL_GET, st->key);

		if (r > 0) {
			row.value = value;
			row.set = 1;
		}
		if (r < 0 || (r = fn(arg, &row, e)) < 0)
			return r;
	}
	return 0;
}
