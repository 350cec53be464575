/* SPDX-License-Identifier: MIT */
/*
 * run - start a local program with an argument array and wait for it.
 *
 * Must not know about: shells.
 */
#ifndef SXC_SVC_RUN_H
#define SXC_SVC_RUN_H

#include "util/err.h"

/*
 * argv[0] is looked up in PATH; stdin is /dev/null, stdout goes to stderr. E_STATE when the program
 * is not installed, E_FAIL with its exit status otherwise, E_INTR when interrupted (it is ended).
 */
int run_program(char *const argv[], struct err *e);
/* The same with standard input, output and error as they are, for an editor: what is typed, Ctrl-C
 * too, is for the program. */
int run_editor(char *const argv[], struct err *e);

#endif
