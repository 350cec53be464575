/* SPDX-License-Identifier: MIT */
/*
 * cmd - the one table of commands.
 *
 * A noun file defines its verbs as `const struct cmd` and registers the noun with CMD_NOUN. The
 * table drives dispatch, --help, completion, the interactive shell and the lint against the manual.
 * No command keeps state in statics: the shell runs hundreds in one process.
 * Must not know about: SQL, third-party libraries.
 */
#ifndef SXC_CMD_CMD_H
#define SXC_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svc/sxc.h"
#include "util/err.h"
#include "util/str.h"
#include "util/vec.h"

struct out;

/* What an option's value is; the dispatcher parses and checks it before run(). */
enum opt_type {
	OPT_FLAG,    /* bool field */
	OPT_TEXT,    /* char * field (borrowed from argv) */
	OPT_TEXTS,   /* struct strvec field, may repeat */
	OPT_INT,     /* int64_t field; -1 is written by the command's init if "not given" matters */
	OPT_SIZE,    /* int64_t bytes: 64K 128M 2G */
	OPT_PERCENT, /* int64_t hundredths of a percent: 30% → 3000 */
	OPT_DURATION, /* int64_t seconds: 10s 5m 2h 7d */
	OPT_DATE,     /* char * field, syntax checked: YYYY-MM-DD */
	OPT_FILE,   /* char * field, completes file names; "-" is standard input where it says so */
	OPT_ENTITY, /* char * field, an object's name of opt.entity; checked to exist */
	OPT_COUNT,  /* int64_t field: how often it was given */
	OPT_RATE,   /* int64_t bit a second: 500kbit 20mbit */
};

/* Kinds of objects an argument or option names; the dispatcher completes and looks them up. */
enum entity {
	ENT_NONE, /* free text */
	ENT_NEW,  /* a new name: checked against the name rule */
	ENT_SERVER,
	ENT_PS,
	ENT_TARGET, /* a server, a private server, @GROUP, a glob, or all: not looked up */
	ENT_IMAGE,
	ENT_APP,
	ENT_DOMAIN,
	ENT_PLAN,
	ENT_ACCOUNT,
	ENT_SUBSCRIPTION,
	ENT_INVOICE,
	ENT_TICKET,
	ENT_JOB,
	ENT_FILE,
	ENT_COMMAND, /* words of a command to run: the rest of the line, options included */
	ENT_CONFIG_KEY,
	ENT_NOUN, /* for sxc help */
	ENT_STORAGE,
	ENT_IP,
	ENT_ALARM,
	ENT_EXCHANGE,
	ENT_COUPON,
	ENT_TAX,
	ENT_GATEWAY,
	ENT_MAIL,
	ENT_MAIL_TEMPLATE,
	ENT_PLAN_TEMPLATE,
	ENT_COUNT,
};

struct opt {
	const char *name; /* "link-rate", without dashes */
	char letter;      /* 0: none */
	enum opt_type type;
	size_t offset;     /* into the command's options struct */
	const char *value; /* what the help calls the value: "RATE"; NULL for flags */
	const char *help;  /* one line, lower case, no full stop */
	enum entity entity;
};
#define OPT(struct_, field, name_, letter_, type_, value_, help_)                                  \
	{                                                                                          \
		name_, letter_, type_, offsetof(struct_, field), value_, help_, ENT_NONE           \
	}
#define OPT_ENT(struct_, field, name_, ent_, value_, help_)                                        \
	{                                                                                          \
		name_, 0, OPT_ENTITY, offsetof(struct_, field), value_, help_, ent_                \
	}
#define OPT_END                                                                                    \
	{                                                                                          \
		NULL, 0, OPT_FLAG, 0, NULL, NULL, ENT_NONE                                         \
	}

enum arg_count { ARG_ONE, ARG_OPTIONAL, ARG_MANY /* one or more */, ARG_ANY /* none or more */ };
struct arg {
	const char *name; /* "NAME" in the synopsis */
	enum entity entity;
	enum arg_count count;
};
#define ARG_END                                                                                    \
	{                                                                                          \
		NULL, ENT_NONE, ARG_ONE                                                            \
	}

enum {
	CMD_DB_READ = 1 << 0,
	CMD_DB_WRITE = 1 << 1,
	CMD_NETWORK = 1 << 2,
	CMD_DESTRUCTIVE = 1 << 3, /* asks first; without a terminal refused unless -y */
	CMD_HIDDEN = 1 << 4,
	/*
	 * Looks at -n (sxc->dry_run) itself. Others that write the store are run in a transaction
	 * that is taken back; on the rest, and on lists of what servers answer, -n is
	 * refused (exit 2).
	 */
	CMD_DRY_RUN = 1 << 5,
	CMD_REPEATABLE = 1 << 6, /* run twice is harmless: a request cut short is run again */
	CMD_LIST = 1 << 7,       /* takes --sort and --filter */
};

struct call {
	struct sxc *sxc;
	struct out *out;
	const struct cmd *cmd;
	void *opts;  /* the zeroed options struct, filled in */
	bool *given; /* one flag an option of cmd->opts, in order: was it given */
	char **args; /* NULL-terminated, checked */
	int nargs;
	bool yes;      /* -y */
	bool terminal; /* a person can be asked: not in scripts, pipes, cron */
};
/* True if the option of that name was given on the command line. */
bool call_given(const struct call *c, const char *option);

struct cmd {
	const char *noun; /* "server"; subnouns as "domain user"; NULL noun verbs ("init"): "" */
	const char *verb; /* "add"; "" for a noun without verbs ("init") */
	const char *help; /* one line, lower case, no full stop */
	const struct opt *opts;
	const struct arg *args;
	size_t opts_size;
	unsigned flags;
	int (*run)(struct call *c, struct err *e);
	/* Question before destruction, "remove server %s and …?"; NULL: "VERB NOUN NAME?" */
	const char *ask;
	const struct column *columns; /* for --columns help; NULL if none */
	const char *writes; /* the option that makes a verb of CMD_DB_READ one of CMD_DB_WRITE */
};

struct noun {
	const char *name;
	const char *help;              /* one line */
	const struct cmd *const *cmds; /* NULL-terminated */
	int order;                     /* place in `sxc help`: eight nouns 1-8, tools from 20 */
};

/* Register: CMD_NOUN(server, "server", "the machines", 1, &cmd_add, &cmd_list, …); */
#define CMD_NOUN(id, name_, help_, order_, ...)                                                    \
	static const struct cmd *const noun_cmds_##id[] = {__VA_ARGS__, NULL};                     \
	static const struct noun noun_##id = {name_, help_, noun_cmds_##id, order_};               \
	static const struct noun *const noun_ptr_##id                                              \
		__attribute__((used, section("sxc_nouns"))) = &noun_##id

/*
 * Objects of an entity: exists tells whether the name (or "#id") is there; list calls fn with each
 * name that starts with prefix and a short description, for completion (must be quick: indexed,
 * limited). Entities register with CMD_ENTITY(ENT_SERVER, "server", server_exists, server_complete).
 */
struct entity_ops {
	enum entity entity;
	const char *what; /* "server": no server named 'web1' */
	/* 1 yes, 0 no, negative error. NULL: the command says it itself. */
	int (*exists)(struct sxc *s, const char *name, struct err *e);
	int (*complete)(struct sxc *s, const char *prefix, int limit,
		void (*fn)(void *arg, const char *name, const char *help), void *arg,
		struct err *e);
	/*
	 * Optional: the name of the object with that id, in fresh memory: 1 found, 0 none, negative
	 * error. With it the dispatcher hands commands the name for "#12"; without it exists sees
	 * "#12" and the command gets it as typed.
	 */
	int (*name_of)(struct sxc *s, int64_t id, char **name, struct err *e);
};
/* For complete by the rows of a verb, from their callback: E_LIMIT ends them at the limit. */
struct offering {
	const char *prefix;
	int left;
	void (*fn)(void *arg, const char *name, const char *help);
	void *arg;
};
int offer_name(struct offering *o, const char *name, const char *help, struct err *e);

#define CMD_ENTITY(id, ent, what_, exists_, complete_)                                             \
	CMD_ENTITY_ID(id, ent, what_, exists_, complete_, NULL)
#define CMD_ENTITY_ID(id, ent, what_, exists_, complete_, name_of_)                                \
	static const struct entity_ops entity_##id = {ent, what_, exists_, complete_, name_of_};   \
	static const struct entity_ops *const entity_ptr_##id                                      \
		__attribute__((used, section("sxc_entities"))) = &entity_##id

/*
 * Ask on the terminal; true for yes. -y answers yes. Without a terminal: E_USAGE in *e and false.
 * The dispatcher does it for CMD_DESTRUCTIVE; commands ask only for what else needs a word.
 */
bool cmd_confirm(struct call *c, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * The secret of --password-file / --password-stdin (first line, without newline), fresh memory to
 * be wiped. file may be NULL, then from_stdin; neither: asked on the terminal without echo.
 */
int cmd_secret(struct call *c, const char *file, bool from_stdin, const char *prompt, char **out,
	struct err *e);

#endif
