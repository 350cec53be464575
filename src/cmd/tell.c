/* SPDX-License-Identifier: MIT */
/* Notes, errors and progress on stderr. Worker threads speak too: one at a time. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/out_impl.h"
#include "util/units.h"

#define PROGRESS_AFTER 1000 /* ms of work before a line of progress appears */
#define PROGRESS_EVERY 100  /* ms between two of them */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct progress {
	int64_t began, drawn; /* ms of the monotonic clock; drawn 0: no line stands there */
	char what[64];
} progress;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void put(const struct str *s)
{
	const char *p = s->p;
	size_t n = s->len;

	while (n) {
		ssize_t k = write(STDERR_FILENO, p, n);

		if (k <= 0)
			return;
		p += k;
		n -= (size_t)k;
	}
}

static void wipe_line(struct str *s)
{
	if (progress.drawn)
		str_add(s, "\r\033[K");
	progress.drawn = 0;
}

static void line(const char *prefix, const char *text)
{
	autostr s = STR_INIT;

	pthread_mutex_lock(&lock);
	wipe_line(&s);
	str_add(&s, prefix);
	str_add_clean(&s, text, strlen(text), false);
	str_addc(&s, '\n');
	put(&s);
	pthread_mutex_unlock(&lock);
}

void tell_error(const char *prefix, const char *msg)
{
	line(prefix, msg);
}

void tell_note(void *arg, const char *text)
{
	struct out *o = arg;

	if (o->tty)
		out_flush(o);
	line("", text);
}

static void add_amount(struct str *s, int64_t done, int64_t total)
{
	if (total > 0)
		str_addf(s, " %d%%", (int)((double)done * 100 / (double)total));
	str_addc(s, ' ');
	if (total < 10000) {
		str_addf(s, "%lld", (long long)done);
		if (total)
			str_addf(s, "/%lld", (long long)total);
		return;
	}
	units_add_size(s, done);
	str_addc(s, '/');
	units_add_size(s, total);
}

static void draw(const char *what, int64_t done, int64_t total, int64_t now)
{
	autostr s = STR_INIT;

	if (strncmp(progress.what, what, sizeof(progress.what) - 1) != 0 || !progress.began) {
		snprintf(progress.what, sizeof(progress.what), "%s", what);
		progress.began = now;
	}
	if (now - progress.began < PROGRESS_AFTER || now - progress.drawn < PROGRESS_EVERY)
		return;
	str_add(&s, "\r\033[K");
	str_add_clean(&s, what, strlen(what), false);
	add_amount(&s, done, total);
	put(&s);
	progress.drawn = now;
}

void tell_progress(void *arg, const char *what, int64_t done, int64_t total)
{
	struct out *o = arg;

	if (o->setup.quiet || !isatty(STDERR_FILENO))
		return;
	pthread_mutex_lock(&lock);
	draw(what, done, total, now_ms());
	pthread_mutex_unlock(&lock);
}

void tell_end(void)
{
	autostr s = STR_INIT;

	pthread_mutex_lock(&lock);
	wipe_line(&s);
	progress.began = 0;
	put(&s);
	pthread_mutex_unlock(&lock);
}
