/* SPDX-License-Identifier: MIT */
/* sxc app exchange, fetch: packages from elsewhere, and for others. */
#include "biz/exchange.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/app_verbs.h"
#include "cmd/out.h"
#include "util/str.h"

#define EXPIRES_DEFAULT (30 * 86400)
#define EXPIRES_MAX     (10 * 366 * 86400LL)

static const struct column columns[] = {
	COL(struct exchange_row, exchange, COL_TEXT, "its name"),
	COL(struct exchange_row, url, COL_TEXT, "where it is"),
	COL(struct exchange_row, serial, COL_INT, "number of the index that was taken last"),
	COL(struct exchange_row, packages, COL_INT, "packages in it"),
	COL(struct exchange_row, expires, COL_TIME, "until when it holds"),
	COL(struct exchange_row, synced, COL_TIME, "when it was taken"),
	COL_X(struct exchange_row, key, COL_TEXT, "the key that it is trusted by"),
	COL_X(struct exchange_row, created, COL_TIME, "since when it is trusted"),
	COL_END,
};
static const struct column offer_columns[] = {
	COL(struct exchange_offer_row, app, COL_TEXT, "the application"),
	COL(struct exchange_offer_row, state, COL_TEXT, "security, behind, new"),
	COL(struct exchange_offer_row, have, COL_TEXT, "newest version registered here"),
	COL(struct exchange_offer_row, version, COL_TEXT, "the newest that is offered"),
	COL(struct exchange_offer_row, instances, COL_INT, "installed ones that are older"),
	COL(struct exchange_offer_row, exchange, COL_TEXT, "by which exchange"),
	COL(struct exchange_offer_row, title, COL_TEXT, "what it is"),
	COL_X(struct exchange_offer_row, size, COL_SIZE, "bytes of the package"),
	COL_END,
};

static const struct arg args_add[] = {{"NAME", ENT_NEW, ARG_ONE}, {"PLACE", ENT_FILE, ARG_ONE},
	ARG_END};
static const struct arg args_one[] = {{"EXCHANGE", ENT_EXCHANGE, ARG_ONE}, ARG_END};
static const struct arg args_some[] = {{"EXCHANGE", ENT_EXCHANGE, ARG_OPTIONAL}, ARG_END};
static const struct arg args_dir[] = {{"DIR", ENT_FILE, ARG_ONE}, ARG_END};
static const struct arg args_fetch[] = {{"APP[=VERSION]", ENT_NONE, ARG_OPTIONAL}, ARG_END};

/* ---- add, list, remove ---- */

struct add_opts {
	char *key, *host_key, *ca;
};
static const struct opt opts_add[] = {
	OPT(struct add_opts, key, "key", 0, OPT_TEXT, "HEX",
		"the key that signs its index; else it is asked for it, and you about that"),
	OPT(struct add_opts, host_key, "host-key", 0, OPT_TEXT, "SHA256:…",
		"fingerprint of the host key, over ssh"),
	OPT(struct add_opts, ca, "ca", 0, OPT_FILE, "FILE",
		"certificates to trust over https instead of the system's"),
	OPT_END,
};

static bool confirm_key(void *arg, const char *key, struct err *e)
{
	return cmd_confirm(arg, e, "%s says that its key is %s: trust it?",
		((struct call *)arg)->args[1], key);
}

/* A directory is kept by its absolute path. */
static char *place(const char *given)
{
	char *full;

	if (strstr(given, "://"))
		return mem_strdup(given);
	full = realpath(given, NULL);
	return full ? full : mem_strdup(given);
}

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	autofree char *url = place(c->args[1]), *ca = o->ca ? place(o->ca) : NULL;
	struct exchange_new n = {.name = c->args[0],
		.url = url,
		.key = o->key,
		.host_key = o->host_key,
		.ca = ca,
		.confirm = confirm_key,
		.arg = c};
	int r = exchange_add(c->sxc, &n, e);

	if (r == 0)
		out_done_name(c->out, "exchange", n.name, "exchange %s added", n.name);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "exchanges", columns, e);

	if (r == 0)
		r = exchange_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	int r = exchange_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "exchange", c->args[0], "exchange %s removed", c->args[0]);
	return r;
}

/* ---- sync, fetch ---- */

struct sync_opts {
	bool expired, older;
	char *from;
};
#define SYNC_OPTS                                                                                  \
	OPT(struct sync_opts, expired, "accept-expired", 0, OPT_FLAG, NULL,                        \
		"take an index that is out of date"),                                              \
		OPT(struct sync_opts, older, "accept-older", 0, OPT_FLAG, NULL,                    \
			"take an index with a lower number than the last, or another of that")
static const struct opt opts_sync[] = {SYNC_OPTS, OPT_END};
static const struct opt opts_fetch[] = {
	OPT_ENT(struct sync_opts, from, "from", ENT_EXCHANGE, "EXCHANGE", "which one to ask"),
	SYNC_OPTS,
	OPT_END,
};

/* What was learned is shown also when an exchange did not answer. */
static int run_sync(struct call *c, struct err *e)
{
	const struct sync_opts *o = c->opts;
	const struct exchange_sync how = {o->expired, o->older};
	const char *name = c->nargs ? c->args[0] : NULL;
	struct err late = {0};
	int r = exchange_sync(c->sxc, name, &how, e), shown;

	if (r < 0 && r != E_PARTIAL)
		return r;
	if ((shown = out_list(c->out, "offers", offer_columns, &late)) == 0 &&
		(shown = exchange_offers(c->sxc, name, out_row_fn, c->out, &late)) == 0)
		shown = out_end(c->out, &late);
	if (r == 0 && shown < 0)
		*e = late;
	return r < 0 ? r : shown;
}

static void fetched(void *arg, const char *app, const char *version)
{
	struct call *c = arg;

	if (c->sxc->dry_run)
		out_would(c->out, "would fetch %s %s", app, version);
	else
		out_done_name(c->out, "app", app, "%s %s fetched", app, version);
}

static int run_fetch(struct call *c, struct err *e)
{
	const struct sync_opts *o = c->opts;
	const struct exchange_sync how = {o->expired, o->older};
	char *app = c->nargs ? c->args[0] : NULL, *version = app ? strchr(app, '=') : NULL;

	if (!o->from)
		return err_set(e, E_USAGE, "name the exchange with --from");
	if (version)
		*version++ = '\0';
	return exchange_fetch(c->sxc, o->from, app, version, &how, fetched, c, e);
}

/* ---- publish ---- */

struct publish_opts {
	int64_t expires;
	struct strvec security;
};
static const struct opt opts_publish[] = {
	OPT(struct publish_opts, expires, "expires", 0, OPT_DURATION, "TIME",
		"how long the index holds; default: 30d"),
	OPT(struct publish_opts, security, "security", 0, OPT_TEXTS, "APP=VERSION",
		"mark a version as a fix of security; may repeat"),
	OPT_END,
};

static int run_publish(struct call *c, struct err *e)
{
	const struct publish_opts *o = c->opts;
	struct exchange_publish p = {.dir = c->args[0],
		.seconds = call_given(c, "expires") ? o->expires : EXPIRES_DEFAULT,
		.security = &o->security};
	int64_t serial = 0, packages = 0;
	int r;

	if (p.seconds < 60 || p.seconds > EXPIRES_MAX)
		return err_set(e, E_USAGE, "--expires wants a time from a minute to ten years");
	if ((r = exchange_publish(c->sxc, &p, &serial, &packages, e)) < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "would publish %lld packages in %s, index %lld",
			(long long)packages, p.dir, (long long)serial);
	else
		out_done_name(c->out, "directory", p.dir,
			"%lld packages published in %s, index %lld", (long long)packages, p.dir,
			(long long)serial);
	return 0;
}

/* ---- the table ---- */

static const struct cmd cmd_add = {.noun = "app exchange",
	.verb = "add",
	.help = "trust an exchange by its key",
	.opts = opts_add,
	.opts_size = sizeof(struct add_opts),
	.args = args_add,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_add};
static const struct cmd cmd_list = {.noun = "app exchange",
	.verb = "list",
	.help = "list the exchanges that are trusted",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_remove = {.noun = "app exchange",
	.verb = "remove",
	.help = "trust an exchange no more; what came from it stays",
	.args = args_one,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.run = run_remove};
static const struct cmd cmd_sync = {.noun = "app exchange",
	.verb = "sync",
	.help = "ask exchanges what they have, and show what is new and what is behind",
	.opts = opts_sync,
	.opts_size = sizeof(struct sync_opts),
	.args = args_some,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_LIST | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_sync,
	.columns = offer_columns};
static const struct cmd cmd_publish = {.noun = "app exchange",
	.verb = "publish",
	.help = "make a directory with all registered packages an exchange",
	.opts = opts_publish,
	.opts_size = sizeof(struct publish_opts),
	.args = args_dir,
	.flags = CMD_DB_WRITE | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_publish};
static const struct cmd cmd_fetch = {.noun = "app",
	.verb = "fetch",
	.help = "fetch an application from an exchange, or all that are behind, and register it",
	.opts = opts_fetch,
	.opts_size = sizeof(struct sync_opts),
	.args = args_fetch,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN,
	.run = run_fetch};

CMD_NOUN(app_exchange, "app", "wrapped applications", 3, &cmd_fetch, &cmd_add, &cmd_list,
	&cmd_remove, &cmd_sync, &cmd_publish);
CMD_ENTITY(exchange, ENT_EXCHANGE, "exchange", exchange_exists, exchange_complete);
