/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/session.h"

#define KEEP_SECONDS  (30 * 86400)
#define SWEEP_SECONDS 86400
#define STAMP         AGENT_JOBS "/.swept"

int outcome_get(const char *job, const char *digest, int *code, struct msg **ans, struct err *e)
{
	autofree char *path = str_fmt("%s/%s", AGENT_JOBS, job);
	autostr raw = STR_INIT;
	automsg *m = NULL, *body = NULL;
	struct err why;
	const void *p;
	size_t n;

	if (access(path, F_OK) != 0)
		return 0;
	/* A record that cannot be read is as good as none: operations may run twice. */
	if (file_read(path, &raw, MSG_MAX_SIZE + 4096, &why) < 0 ||
		msg_decode(&m, raw.p, raw.len, &why) < 0 || !str_eq(msg_text(m, "digest"), digest))
		return 0;
	*code = (int)msg_i64(m, "code", E_FAIL);
	if (*code != 0) {
		err_set(e, *code, "%s", msg_text(m, "message") ? msg_text(m, "message") : "failed");
		return 1;
	}
	p = msg_bytes(m, "answer", &n);
	if (!p || msg_decode(&body, p, n, &why) < 0)
		return 0;
	*ans = steal(&body);
	return 1;
}

static void sweep_sometimes(void)
{
	struct stat st;
	struct err ignored;

	if (stat(STAMP, &st) == 0 && time(NULL) - st.st_mtime < SWEEP_SECONDS)
		return;
	outcome_sweep(&ignored);
}

int outcome_put(const char *job, const char *op, const char *digest, int code, const char *message,
	const struct msg *ans, struct err *e)
{
	autofree char *path = str_fmt("%s/%s", AGENT_JOBS, job);
	autostr raw = STR_INIT, body = STR_INIT, text = STR_INIT;
	automsg *m = msg_new();
	int r;

	if ((r = dir_make(AGENT_JOBS, 0700, e)) < 0 || (r = msg_encode(ans, &body, e)) < 0)
		return r;
	str_add_clean(&text, message, strlen(message), false);
	msg_add_text(m, "op", op);
	msg_add_text(m, "digest", digest);
	msg_add_i64(m, "at", time(NULL));
	msg_add_i64(m, "code", code);
	if (code < 0)
		msg_add_text(m, "message", str_c(&text));
	else
		msg_add_bytes(m, "answer", body.p, body.len);
	if ((r = msg_encode(m, &raw, e)) < 0 || (r = file_write(path, raw.p, raw.len, 0600, e)) < 0)
		return r;
	sweep_sometimes();
	return 0;
}

static void sweep_dir(const char *path, const char *suffix)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(dup(fd)) : NULL;
	struct dirent *de;
	struct stat st;

	while (d && (de = readdir(d)))
		if (str_ends(de->d_name, suffix) &&
			fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && time(NULL) - st.st_mtime > KEEP_SECONDS)
			unlinkat(fd, de->d_name, 0);
	if (d)
		closedir(d);
}

int outcome_sweep(struct err *e)
{
	int r = dir_make(AGENT_JOBS, 0700, e);

	if (r < 0)
		return r;
	sweep_dir(AGENT_JOBS, "");
	sweep_dir(AGENT_STORE, ".part");
	return file_write(STAMP, "", 0, 0600, e);
}
