/* SPDX-License-Identifier: MIT */
/* One question to a gateway and its answer, none of which is trusted. */
#include <string.h>
#include <unistd.h>

#include "biz/gateway_int.h"
#include "svc/child.h"
#include "util/units.h"
#include "util/vec.h"

#define ANSWER_MOST 65536 /* bytes */
#define VALUE_MOST  2000

static const char *const RESULTS[] = {
	[GATEWAY_UNKNOWN] = "unknown",
	[GATEWAY_PAID] = "paid",
	[GATEWAY_FAILED] = "failed",
	[GATEWAY_PENDING] = "pending",
	[GATEWAY_ACTION] = "action-required",
};

void gateway_answer_release(struct gateway_answer *a)
{
	free(a->id);
	free(a->url);
	free(a->message);
	free(a->token);
	free(a->label);
}

const char *gateway_result_name(enum gateway_result result)
{
	return RESULTS[result];
}

/* A value is one line: what is none becomes blanks. */
void gateway_ask(struct str *lines, const char *name, const char *value)
{
	str_addf(lines, "%s=", name);
	for (const char *p = value ? value : ""; *p; p++)
		str_addc(lines, (unsigned char)*p < 0x20 ? ' ' : *p);
	str_addc(lines, '\n');
}

void gateway_ask_i64(struct str *lines, const char *name, int64_t value)
{
	str_addf(lines, "%s=%lld\n", name, (long long)value);
}

int gateway_program(struct sxc *s, const char *name, char **path, struct err *e)
{
	autofree char *rel = str_fmt("gateways/sxc-gateway-%s", name);
	autofree char *own = sxc_path(s, rel);
	autofree char *shared = str_fmt(SXC_PREFIX "/libexec/sxc/sxc-gateway-%s", name);

	if (!str_is_name(name))
		return err_set(e, E_USAGE, "'%.40s' is not a name of a gateway", name);
	if (access(own, X_OK) == 0)
		*path = steal(&own);
	else if (access(shared, X_OK) == 0)
		*path = steal(&shared);
	else
		return err_set(e, E_NOTFOUND, "no executable %s, nor %s", own, shared);
	return 0;
}

/* ---- the answer ---- */

/* Not understood: it is unknown, and why is kept. */
static void doubt(struct gateway_answer *a, const char *why, const char *what)
{
	autostr clean = STR_INIT;

	str_add_clean(&clean, what, strnlen(what, 200), false);
	gateway_answer_release(a);
	*a = (struct gateway_answer){.amount = -1};
	a->message = str_fmt("%s%s", why, str_c(&clean));
}

/* The value of a key: NULL when it is not there; *twice when it is there more than once. */
static const char *value_of(const struct strvec *lines, const char *name, bool *twice)
{
	size_t n = strlen(name);
	const char *found = NULL;

	vec_each(lines, line)
		if (strncmp(*line, name, n) == 0 && (*line)[n] == '=') {
			*twice |= found != NULL;
			found = *line + n + 1;
		}
	return found;
}

static char *copy_of(const struct strvec *lines, const char *name, bool *twice)
{
	const char *v = value_of(lines, name, twice);

	return v && *v ? mem_strdup(v) : NULL;
}

static bool is_line(const char *line)
{
	size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return n > 0 && line[n] == '=' && (!line[n + 1] || str_is_line(line + n + 1, VALUE_MOST));
}

static void set_result(struct gateway_answer *a, const char *word)
{
	for (size_t i = 0; word && i < ARRAY_LEN(RESULTS); i++)
		if (str_eq(RESULTS[i], word)) {
			a->result = (enum gateway_result)i;
			return;
		}
	doubt(a, word ? "its result is none there is: " : "it gave no result", word ? word : "");
}

static void understand(const struct strvec *lines, const char *key, struct gateway_answer *a)
{
	bool twice = false;
	const char *amount = value_of(lines, "amount", &twice);
	const char *word = value_of(lines, "result", &twice);
	const char *about = value_of(lines, "key", &twice);

	a->id = copy_of(lines, "id", &twice);
	a->url = copy_of(lines, "url", &twice);
	a->message = copy_of(lines, "message", &twice);
	a->token = copy_of(lines, "token", &twice);
	a->label = copy_of(lines, "label", &twice);
	if (twice)
		doubt(a, "it says a thing twice", "");
	else if (!str_eq(about, key))
		doubt(a, "it answers about another key: ", about ? about : "none");
	else if (amount && (units_int(amount, &a->amount) < 0 || a->amount < 0))
		doubt(a, "its amount is none: ", amount);
	else
		set_result(a, word);
}

static void read_answer(const struct child_result *res, const char *key, struct gateway_answer *a)
{
	autostrvec lines = {0};

	if (res->status != 0) {
		doubt(a, "it failed: ", res->err.len ? str_c(&res->err) : "no word why");
		return;
	}
	if (res->out.len >= ANSWER_MOST || memchr(str_c(&res->out), '\0', res->out.len)) {
		doubt(a, "it gave no text of less than 64 KiB", "");
		return;
	}
	strvec_split(&lines, str_c(&res->out), "\r\n");
	vec_each(&lines, line)
		if (!is_line(*line)) {
			doubt(a, "not a line of key=value: ", *line);
			return;
		}
	understand(&lines, key, a);
}

int gateway_call(struct sxc *s, const char *name, const char *verb, const char *key,
	const struct str *lines, struct gateway_answer *out, struct err *e)
{
	autofree char *program = NULL, *word = mem_strdup(verb);
	struct child_spec spec = {.in = str_c(lines),
		.in_len = lines->len,
		.max_out = ANSWER_MOST,
		.home = s->home};
	autochild res = {0};
	struct err why = {0};
	int r;

	*out = (struct gateway_answer){.amount = -1};
	if ((r = gateway_program(s, name, &program, e)) < 0)
		return r == E_NOTFOUND ? (e->code = E_STATE) : r;
	if ((r = config_get_i64(s, "gateway.timeout", &spec.timeout, e)) < 0)
		return r;
	spec.argv = (char *[]){program, word, NULL};
	if ((r = child_run(&spec, &res, &why)) == E_STATE)
		return err_set(e, r, "%s", why.msg);
	if (r < 0)
		doubt(out, why.msg, "");
	else
		read_answer(&res, key, out);
	return 0;
}
