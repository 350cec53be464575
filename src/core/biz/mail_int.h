/* SPDX-License-Identifier: MIT */
/*
 * mail_int - shared by the files of mail alone: one message between the queue and the command.
 */
#ifndef SXC_BIZ_MAIL_INT_H
#define SXC_BIZ_MAIL_INT_H

#include "biz/mail.h"
#include "util/str.h"

struct mail {
	int64_t id, account, invoice, attempts, dated; /* dated 0: not rendered yet */
	char *nonce, *template, *data, *state, *subject, *body, *recipient, *recipient_name;
};
void mail_release(struct mail *m);
#define automail autoclean(mail_release) struct mail
/* E_NOTFOUND. */
int mail_get(struct sxc *s, int64_t id, struct mail *m, struct err *e);
/* The sender's address: mail.from, else seller.email. E_STATE when neither is set. */
int mail_sender(struct sxc *s, char **from, struct err *e);
/* Fill in subject, body, date and the recipient where they are not there yet. */
int mail_render(struct sxc *s, struct mail *m, struct err *e);
/* The whole message of one that is rendered; appended to out. */
int mail_bytes(struct sxc *s, const struct mail *m, struct str *out, struct err *e);

#endif
