/* SPDX-License-Identifier: MIT */
/*
 * paper - a document as people get it: text, HTML, PDF. All of it comes from what was frozen in the
 * document, so that it prints the same after every price, tax and address has changed.
 *
 * paper_read makes the words and sums once, the forms only lay them out.
 * Must not know about: how documents come about, where they go.
 */
#ifndef SXC_BIZ_PAPER_H
#define SXC_BIZ_PAPER_H

#include "svc/sxc.h"
#include "util/str.h"
#include "util/vec.h"

struct paper_row {
	char *left, *right; /* words, an amount */
	char *note;         /* printed below, or NULL */
	bool strong;        /* of those that matter most */
};
struct paper_rows {
	struct paper_row *v;
	size_t n, cap;
};
struct paper {
	char *kind; /* "Invoice", "Credit note" */
	char *number, *date, *currency;
	char *due;                   /* NULL: nothing to be paid, as for a credit note */
	char *corrects;              /* "corrects invoice …", or NULL */
	struct strvec seller, buyer; /* line by line */
	struct paper_rows lines, sums;
	/* The slip of an invoice that leaves something to pay. */
	char *payee, *to_pay; /* "Example Hosting", "119.00 USD"; to_pay NULL: no slip */
	struct strvec bank;   /* where to, line by line */
	char *logo_type;      /* "image/png", "image/jpeg", or NULL */
	struct str logo;      /* its bytes */
};
void paper_release(struct paper *p);
#define autopaper autoclean(paper_release) struct paper

/* Read a document. E_NOTFOUND. */
int paper_read(struct sxc *s, const char *number, struct paper *p, struct err *e);

void paper_text(const struct paper *p, struct str *out);
/* One page that needs nothing beside it. */
void paper_html(const struct paper *p, struct str *out);
/* Drawn by sxc-paper: pango and cairo would make every start of sxc slower. E_STATE without it. */
int paper_pdf(struct sxc *s, const struct paper *p, struct str *out, struct err *e);

#endif
