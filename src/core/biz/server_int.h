/* SPDX-License-Identifier: MIT */
/*
 * server_int - what the parts of server share.
 *
 * Must not know about: commands.
 */
#ifndef SXC_BIZ_SERVER_INT_H
#define SXC_BIZ_SERVER_INT_H

#include "biz/job.h"
#include "biz/server.h"

/* The control center's public key as an authorized_keys line without newline, the caller's. */
int server_public_key(struct sxc *s, char **line, struct err *e);
/* How long a server may be silent: server.timeout of the configuration. */
int server_timeout(struct sxc *s, int *seconds, struct err *e);
/* Where the agent to be sent is: $SXC_AGENT, beside this program, or where it was installed. */
char *server_agent_path(void);
/* Take the row and its name out of the books; inside a transaction. */
int server_delete(struct sxc *s, int64_t id, const char *name, struct err *e);

/* Steps of jobs on j->server, shared by adding, upgrading and removing. */
int server_job_setup(struct job *j, struct err *e);
/* Kernel module, by what the server can take; that it cannot is noted, not an error. */
int server_job_bring_module(struct job *j, struct err *e);
int server_job_ask_facts(struct job *j, struct err *e);
int server_job_keep_facts(struct job *j, struct err *e); /* commit; the server is active then */
int server_job_retire(struct job *j, struct err *e);
int server_job_drop_key(struct job *j, struct err *e);
int server_job_forget(struct job *j, struct err *e); /* commit: out of the books */

#endif
