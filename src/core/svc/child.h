/* SPDX-License-Identifier: MIT */
/*
 * child - a local program with an argument array: a text goes in, a bounded text comes out.
 *
 * It runs in a session of its own, so that Ctrl-C lets it come to its end, with an environment that
 * holds no secrets: PATH, HOME, USER, LOGNAME, LANG, LC_ALL, TZ and SXC_HOME.
 * Must not know about: shells, what the texts mean.
 */
#ifndef SXC_SVC_CHILD_H
#define SXC_SVC_CHILD_H

#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

struct child_spec {
	char *const *argv; /* argv[0] is looked up in PATH unless it holds a slash */
	const char *in;    /* its standard input, there as a whole before it begins */
	size_t in_len;
	size_t max_out;    /* bytes kept of standard output and error each */
	int64_t timeout;   /* seconds; then it is ended */
	const char *home;  /* SXC_HOME of it */
	const char *began; /* a file that is made at the moment it is started; NULL: none */
};
struct child_result {
	struct str out, err;
	int status; /* exit status, or 128 + signal */
};
void child_result_release(struct child_result *res);
#define autochild autoclean(child_result_release) struct child_result

/* Run it to its end. 0 whatever its status; E_STATE when it is not installed or may not be run,
 * E_UNREACH when its time was up. */
int child_run(const struct child_spec *spec, struct child_result *res, struct err *e);

#endif
