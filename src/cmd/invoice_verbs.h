/* SPDX-License-Identifier: MIT */
/*
 * invoice_verbs - the verbs of `sxc invoice`, which stand in several files.
 */
#ifndef SXC_CMD_INVOICE_VERBS_H
#define SXC_CMD_INVOICE_VERBS_H

#include "cmd/cmd.h"
#include "cmd/out.h"

extern const struct cmd invoice_cmd_run, invoice_cmd_preview, invoice_cmd_void,
	invoice_cmd_credit_note, invoice_cmd_write_off, invoice_cmd_pay;
extern const struct cmd invoice_cmd_tax_add, invoice_cmd_tax_set, invoice_cmd_tax_list,
	invoice_cmd_tax_remove;
extern const struct cmd invoice_cmd_coupon_add, invoice_cmd_coupon_set, invoice_cmd_coupon_list,
	invoice_cmd_coupon_remove;

extern const struct column invoice_line_columns[];

#endif
