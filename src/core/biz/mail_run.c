/* SPDX-License-Identifier: MIT */
/*
 * The hand-over. An attempt is written down ("sending"), then the command is started with the whole
 * message as its input, then what came of it is written down. The command makes a mark as its first
 * act: a message found "sending" without it was never handed over and waits on; one with it is
 * "unknown", for the command went on alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "biz/mail_int.h"
#include "biz/settle.h"
#include "svc/child.h"
#include "util/fault.h"

#define TIMEOUT      300 /* seconds for one message: RFC 5321, 4.5.3.2 */
#define FIRST_WAIT   60  /* seconds, doubled with each attempt */
#define LONGEST_WAIT (4 * 3600)
#define GIVE_UP_RUN  5 /* refusals in a row: the mail server is down, the rest waits */

#define SQL_LEFT "SELECT id FROM mail WHERE state = 'sending'"
#define SQL_NEXT                                                                                   \
	"SELECT id FROM mail WHERE state = 'queued' AND next <= ?1 AND id > ?2 ORDER BY id LIMIT 1"
#define SQL_SENDING                                                                                \
	"UPDATE mail SET state = 'sending', attempts = attempts + 1, subject = ?2, body = ?3, "    \
	"dated = ?4, recipient = ?5 WHERE id = ?1"
#define SQL_SENT  "UPDATE mail SET state = 'sent', sent = ?2, error = NULL WHERE id = ?1"
#define SQL_AGAIN "UPDATE mail SET state = 'queued', next = ?2, error = ?3 WHERE id = ?1"
#define SQL_STOP  "UPDATE mail SET state = ?2, error = ?3 WHERE id = ?1"
#define SQL_COUNT "SELECT count(*) FROM mail WHERE state = ?1"

struct runner {
	struct sxc *s;
	char *from;
	struct strvec command;
	int lock;
};

static void runner_release(struct runner *run)
{
	free(run->from);
	strvec_release(&run->command);
	mem_cleanup_close(&run->lock);
}

static int take_lock(struct runner *run, struct err *e)
{
	autofree char *path = sxc_path(run->s, "run/mail.lock");

	run->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (run->lock < 0)
		return err_sys(e, "%s", path);
	if (flock(run->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(e, E_BUSY, "another run hands mail over");
}

static char *mark_of(struct sxc *s, int64_t id)
{
	autofree char *rel = str_fmt("run/mail-%lld", (long long)id);

	return sxc_path(s, rel);
}

/* ---- what is written down ---- */

static int write_state(struct sxc *s, struct err *e, int r)
{
	if (r < 0) {
		tx_rollback(s);
		return r;
	}
	return tx_commit(s, e);
}

static int write_sending(struct sxc *s, const struct mail *m, struct err *e)
{
	int r = tx_begin(s, e);

	return r < 0 ? r
	             : write_state(s, e,
			       db_run(s->db, e, SQL_SENDING, m->id, m->subject, m->body, m->dated,
				       m->recipient));
}

static int write_sent(struct sxc *s, int64_t id, struct err *e)
{
	int r = tx_begin(s, e);

	return r < 0 ? r : write_state(s, e, db_run(s->db, e, SQL_SENT, id, s->now));
}

static int write_again(struct sxc *s, int64_t id, int64_t wait, const char *why, struct err *e)
{
	int r = tx_begin(s, e);

	return r < 0 ? r : write_state(s, e, db_run(s->db, e, SQL_AGAIN, id, s->now + wait, why));
}

static int write_stop(struct sxc *s, int64_t id, const char *state, const char *why, struct err *e)
{
	int r = tx_begin(s, e);

	return r < 0 ? r : write_state(s, e, db_run(s->db, e, SQL_STOP, id, state, why));
}

/* ---- what a run that was killed has left ---- */

static int settle_left(struct sxc *s, int64_t id, struct err *e)
{
	autofree char *mark = mark_of(s, id);
	int r;

	if (access(mark, F_OK) != 0)
		return write_again(s, id, 0, NULL, e);
	r = write_stop(s, id, "unknown",
		"handed over by a run that was cut short before it had the answer", e);
	if (r == 0)
		unlink(mark); /* not before that is written down, or it would be sent again */
	return r;
}

static int settle_all_left(struct sxc *s, struct err *e)
{
	autojobs ids = {0};
	int r;

	{
		autoclean(db_done) struct query q = {0};

		r = db_query(s->db, &q, e, SQL_LEFT);
		while (r >= 0 && (r = db_next(&q, e)) > 0)
			vec_push(&ids, db_i64(&q, 0));
	}
	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = settle_left(s, ids.v[i], e);
	return r;
}

/* ---- the command ---- */

static int read_command(struct runner *run, struct err *e)
{
	autofree char *command = NULL;
	int r = config_get(run->s, "mail.command", &command, e);

	if (r < 0)
		return r;
	if (!command)
		return err_set(e, E_STATE, "mail is off: set mail.command with \"sxc config set\"");
	strvec_split(&run->command, command, " ");
	return mail_sender(run->s, &run->from, e);
}

/* COMMAND -i -f FROM -- TO, as sendmail takes it. */
static int hand_over(const struct runner *run, const char *to, const struct str *bytes,
	const char *mark, struct child_result *res, struct err *e)
{
	autostrvec argv = {0};
	struct child_spec spec = {.in = str_c(bytes),
		.in_len = bytes->len,
		.max_out = 4096,
		.timeout = TIMEOUT,
		.home = run->s->home,
		.began = mark};

	for (size_t i = 0; i < run->command.n; i++)
		strvec_push(&argv, run->command.v[i]);
	strvec_push(&argv, "-i");
	strvec_push(&argv, "-f");
	strvec_push(&argv, run->from);
	strvec_push(&argv, "--");
	strvec_push(&argv, to);
	spec.argv = strvec_argv(&argv);
	return child_run(&spec, res, e);
}

/* The first line that it said, or its status. */
static char *complaint(const struct runner *run, const struct child_result *res)
{
	const char *said = res->err.len ? str_c(&res->err) : str_c(&res->out);
	size_t n = strcspn(said, "\n");
	autostr clean = STR_INIT;

	str_add_clean(&clean, said, n < 300 ? n : 300, false);
	if (clean.len)
		return str_fmt("%s: status %d: %s", run->command.v[0], res->status, str_c(&clean));
	return str_fmt("%s: status %d", run->command.v[0], res->status);
}

/* sysexits(3): these say that the same message would be refused again. */
static bool is_final(int status)
{
	return status == EX_DATAERR || status == EX_NOUSER || status == EX_NOHOST;
}

static int64_t wait_of(int64_t attempts)
{
	int64_t wait = FIRST_WAIT;

	while (--attempts > 0 && wait < LONGEST_WAIT)
		wait *= 2;
	return wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
}

/* ---- one message ---- */

enum outcome { SENT, REFUSED, STOPPED };

static int record(const struct runner *run, const struct mail *m, const struct child_result *res,
	enum outcome *outcome, struct err *e)
{
	autofree char *why = res->status ? complaint(run, res) : NULL;

	*outcome = res->status == 0 ? SENT : is_final(res->status) ? STOPPED : REFUSED;
	if (*outcome == SENT)
		return write_sent(run->s, m->id, e);
	sxc_note(run->s, 0, "mail %lld to %s: %s", (long long)m->id, m->recipient, why);
	if (*outcome == STOPPED)
		return write_stop(run->s, m->id, "failed", why, e);
	return write_again(run->s, m->id, wait_of(m->attempts + 1), why, e);
}

/* It cannot be made: a template, an address. The queue goes on without it. */
static int unfit(const struct runner *run, int64_t id, const struct err *why, struct err *e)
{
	sxc_note(run->s, 0, "mail %lld: %s", (long long)id, why->msg);
	return write_stop(run->s, id, "failed", why->msg, e);
}

static int send_one(const struct runner *run, int64_t id, enum outcome *outcome, struct err *e)
{
	autofree char *mark = mark_of(run->s, id);
	autostr bytes = STR_INIT;
	autochild res = {0};
	automail m = {0};
	struct err why = {0};
	int r;

	if ((r = mail_get(run->s, id, &m, e)) < 0)
		return r;
	*outcome = STOPPED;
	if (mail_render(run->s, &m, &why) < 0 || mail_bytes(run->s, &m, &bytes, &why) < 0)
		return unfit(run, id, &why, e);
	unlink(mark); /* of an attempt before, which has its answer */
	if ((r = write_sending(run->s, &m, e)) < 0)
		return r;
	fault_point("mail.sending");
	r = hand_over(run, m.recipient, &bytes, mark, &res, &why);
	fault_point("mail.handed");
	if (r == 0)
		r = record(run, &m, &res, outcome, e);
	else if (r == E_UNREACH)
		r = write_stop(run->s, id, "unknown", why.msg, e);
	else {
		*outcome = REFUSED;
		sxc_note(run->s, 0, "mail %lld: %s", (long long)id, why.msg);
		r = write_again(run->s, id, wait_of(m.attempts + 1), why.msg, e);
	}
	if (r == 0)
		unlink(mark);
	return r;
}

/* ---- the queue ---- */

static int work_off(const struct runner *run, struct mail_done *done, struct err *e)
{
	int refused = 0, r = 0;
	int64_t id = 0;

	while (r >= 0 && refused < GIVE_UP_RUN && (r = err_interrupted(e)) == 0 &&
		(r = db_get_i64(run->s->db, &id, e, SQL_NEXT, run->s->now, id)) > 0) {
		enum outcome outcome;

		r = send_one(run, id, &outcome, e);
		done->sent += r == 0 && outcome == SENT;
		refused = outcome == REFUSED ? refused + 1 : 0;
	}
	return r < 0 ? r : 0;
}

static int count(struct sxc *s, struct mail_done *done, struct err *e)
{
	int r;

	if ((r = db_get_i64(s->db, &done->waiting, e, SQL_COUNT, "queued")) < 0 ||
		(r = db_get_i64(s->db, &done->failed, e, SQL_COUNT, "failed")) < 0 ||
		(r = db_get_i64(s->db, &done->unknown, e, SQL_COUNT, "unknown")) < 0)
		return r;
	return 0;
}

static int judge(const struct mail_done *done, struct err *e)
{
	if (!done->waiting && !done->failed && !done->unknown)
		return 0;
	return err_set(e, E_PARTIAL,
		"%lld sent; %lld wait to be tried again, %lld failed, %lld unknown: see "
		"\"sxc mail list\"",
		(long long)done->sent, (long long)done->waiting, (long long)done->failed,
		(long long)done->unknown);
}

int mail_run(struct sxc *s, struct mail_done *done, struct err *e)
{
	autoclean(runner_release) struct runner run = {.s = s, .lock = -1};
	int r;

	*done = (struct mail_done){0};
	if ((r = count(s, done, e)) < 0)
		return r;
	if (s->dry_run)
		return 0;
	if ((r = take_lock(&run, e)) < 0 || (r = settle_all_left(s, e)) < 0 ||
		(r = count(s, done, e)) < 0)
		return r;
	if (done->waiting && ((r = read_command(&run, e)) < 0 || (r = work_off(&run, done, e)) < 0))
		return r;
	r = count(s, done, e);
	return r < 0 ? r : judge(done, e);
}

int mail_test(struct sxc *s, const char *address, struct err *e)
{
	autoclean(runner_release) struct runner run = {.s = s, .lock = -1};
	automail m = {.template = mem_strdup("test"),
		.nonce = str_fmt("test-%lld", (long long)s->now),
		.recipient = mem_strdup(address)};
	autostr bytes = STR_INIT;
	autochild res = {0};
	int r;

	if ((r = read_command(&run, e)) < 0 || (r = mail_render(s, &m, e)) < 0 ||
		(r = mail_bytes(s, &m, &bytes, e)) < 0 ||
		(r = hand_over(&run, address, &bytes, NULL, &res, e)) < 0)
		return r;
	if (res.status == 0)
		return 0;
	autofree char *why = complaint(&run, &res);

	return err_set(e, E_FAIL, "%s", why);
}
