/* SPDX-License-Identifier: MIT */
/*
 * msg - a bag of typed, named fields: what travels between control center and agent.
 *
 * A field has a name ([a-z0-9_.-], 1..63 bytes), a type and a value; a name may repeat (a list).
 * Values: signed 64-bit integer, UTF-8 text without NUL, bytes, or a nested message. Encoding and
 * bounds are written down in sxc-agent(8). Used on both sides; decoding trusts nothing.
 * Must not know about: connections, operations.
 */
#ifndef SXC_SVC_MSG_H
#define SXC_SVC_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

struct msg;

enum msg_type { MSG_I64 = 1, MSG_TEXT = 2, MSG_BYTES = 3, MSG_MSG = 4 };

#define MSG_MAX_SIZE   (1u << 20) /* bytes of one encoded message */
#define MSG_MAX_FIELDS 16384u     /* fields of one message, nested ones included */
#define MSG_MAX_DEPTH  8

struct msg *msg_new(void);
void msg_free(struct msg *m); /* NULL-safe */
void msg_cleanup(struct msg **m);
#define automsg autoclean(msg_cleanup) struct msg

/* Adding copies; nested messages are taken over (owned by m afterwards). */
void msg_add_i64(struct msg *m, const char *name, int64_t v);
void msg_add_text(struct msg *m, const char *name, const char *text); /* NULL: nothing is added */
void msg_add_bytes(struct msg *m, const char *name, const void *p, size_t n);
void msg_add_msg(struct msg *m, const char *name, struct msg *sub);

/* First field of that name and type; default or NULL when there is none. Borrowed from m. */
int64_t msg_i64(const struct msg *m, const char *name, int64_t def);
const char *msg_text(const struct msg *m, const char *name);
const void *msg_bytes(const struct msg *m, const char *name, size_t *n);
const struct msg *msg_sub(const struct msg *m, const char *name);
bool msg_has(const struct msg *m, const char *name);
/* The i-th (from 0) text or nested message of that name; NULL past the last. */
const char *msg_text_at(const struct msg *m, const char *name, size_t i);
const struct msg *msg_sub_at(const struct msg *m, const char *name, size_t i);
size_t msg_count(const struct msg *m, const char *name);

/* What an operation demands: E_USAGE naming the field when missing, wrongly typed, out of range. */
int msg_need_text(const struct msg *m, const char *name, const char **out, struct err *e);
int msg_need_i64(const struct msg *m, const char *name, int64_t min, int64_t max, int64_t *out,
	struct err *e);
/* A text that must be a name as str_is_name has it. */
int msg_need_name(const struct msg *m, const char *name, const char **out, struct err *e);

/* Append the encoding to s. E_LIMIT when over MSG_MAX_SIZE. */
int msg_encode(const struct msg *m, struct str *s, struct err *e);
/* Decode exactly n bytes; E_INTEGRITY with the offset of what is wrong. *out is the caller's. */
int msg_decode(struct msg **out, const void *p, size_t n, struct err *e);
/* As a readable text for -vv and tests; secrets (names ending in "password", "key") masked. */
void msg_print(const struct msg *m, struct str *s);

#endif
