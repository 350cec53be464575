/* SPDX-License-Identifier: MIT */
#include "svc/msg.h"

#include <string.h>

#include "util/mem.h"
#include "util/vec.h"

struct field {
	char name[64];
	enum msg_type type;
	int64_t i;
	char *p; /* text or bytes, with a NUL behind */
	size_t n;
	struct msg *sub;
};

struct msg {
	VEC(struct field) fields;
};

struct msg *msg_new(void)
{
	return mem_zalloc(sizeof(struct msg));
}

void msg_free(struct msg *m)
{
	if (!m)
		return;
	vec_each(&m->fields, f) {
		free(f->p);
		msg_free(f->sub);
	}
	vec_release(&m->fields);
	free(m);
}

void msg_cleanup(struct msg **m)
{
	msg_free(*m);
	*m = NULL;
}

/* ---- building ---- */

static struct field *field_add(struct msg *m, const char *name, size_t n, enum msg_type type)
{
	struct field f = {.type = type};

	if (n >= sizeof(f.name))
		n = sizeof(f.name) - 1;
	memcpy(f.name, name, n);
	vec_push(&m->fields, f);
	return &m->fields.v[m->fields.n - 1];
}

static void field_bytes(struct field *f, const void *p, size_t n)
{
	f->p = mem_alloc(n + 1);
	if (n)
		memcpy(f->p, p, n);
	f->p[n] = '\0';
	f->n = n;
}

void msg_add_i64(struct msg *m, const char *name, int64_t v)
{
	field_add(m, name, strlen(name), MSG_I64)->i = v;
}

void msg_add_text(struct msg *m, const char *name, const char *text)
{
	if (text)
		field_bytes(field_add(m, name, strlen(name), MSG_TEXT), text, strlen(text));
}

void msg_add_bytes(struct msg *m, const char *name, const void *p, size_t n)
{
	field_bytes(field_add(m, name, strlen(name), MSG_BYTES), p, n);
}

void msg_add_msg(struct msg *m, const char *name, struct msg *sub)
{
	field_add(m, name, strlen(name), MSG_MSG)->sub = sub;
}

/* ---- looking up ---- */

static const struct field *find_at(const struct msg *m, const char *name, int type, size_t i)
{
	if (!m)
		return NULL;
	vec_each(&m->fields, f)
		if ((type == 0 || f->type == (enum msg_type)type) && strcmp(f->name, name) == 0 &&
			i-- == 0)
			return f;
	return NULL;
}

int64_t msg_i64(const struct msg *m, const char *name, int64_t def)
{
	const struct field *f = find_at(m, name, MSG_I64, 0);

	return f ? f->i : def;
}

const char *msg_text(const struct msg *m, const char *name)
{
	return msg_text_at(m, name, 0);
}

const void *msg_bytes(const struct msg *m, const char *name, size_t *n)
{
	const struct field *f = find_at(m, name, MSG_BYTES, 0);

	*n = f ? f->n : 0;
	return f ? f->p : NULL;
}

const struct msg *msg_sub(const struct msg *m, const char *name)
{
	return msg_sub_at(m, name, 0);
}

bool msg_has(const struct msg *m, const char *name)
{
	return find_at(m, name, 0, 0) != NULL;
}

const char *msg_text_at(const struct msg *m, const char *name, size_t i)
{
	const struct field *f = find_at(m, name, MSG_TEXT, i);

	return f ? f->p : NULL;
}

const struct msg *msg_sub_at(const struct msg *m, const char *name, size_t i)
{
	const struct field *f = find_at(m, name, MSG_MSG, i);

	return f ? f->sub : NULL;
}

size_t msg_count(const struct msg *m, const char *name)
{
	size_t n = 0;

	if (!m)
		return 0;
	vec_each(&m->fields, f)
		n += strcmp(f->name, name) == 0;
	return n;
}

/* ---- demanding ---- */

static const struct field *need(const struct msg *m, const char *name, enum msg_type type,
	struct err *e)
{
	const struct field *f = find_at(m, name, 0, 0);

	if (!f)
		err_set(e, E_USAGE, "the request lacks the field \"%s\"", name);
	else if (f->type != type)
		err_set(e, E_USAGE, "the field \"%s\" of the request has the wrong type", name);
	else
		return f;
	return NULL;
}

int msg_need_text(const struct msg *m, const char *name, const char **out, struct err *e)
{
	const struct field *f = need(m, name, MSG_TEXT, e);

	if (!f)
		return E_USAGE;
	*out = f->p;
	return 0;
}

int msg_need_i64(const struct msg *m, const char *name, int64_t min, int64_t max, int64_t *out,
	struct err *e)
{
	const struct field *f = need(m, name, MSG_I64, e);

	if (!f)
		return E_USAGE;
	if (f->i < min || f->i > max)
		return err_set(e, E_USAGE,
			"the field \"%s\" of the request is %lld, allowed are %lld to %lld", name,
			(long long)f->i, (long long)min, (long long)max);
	*out = f->i;
	return 0;
}

int msg_need_name(const struct msg *m, const char *name, const char **out, struct err *e)
{
	const struct field *f = need(m, name, MSG_TEXT, e);

	if (!f)
		return E_USAGE;
	if (!str_is_name(f->p))
		return err_set(e, E_USAGE, "the field \"%s\" of the request is not a name", name);
	*out = f->p;
	return 0;
}

/* ---- encoding: type u8, length of name u8, name, value ---- */

static void add_u32(struct str *s, uint32_t v)
{
	unsigned char b[4] = {v >> 24, v >> 16, v >> 8, v};

	str_addn(s, b, sizeof(b));
}

static void add_i64(struct str *s, int64_t v)
{
	add_u32(s, (uint32_t)((uint64_t)v >> 32));
	add_u32(s, (uint32_t)v);
}

static bool name_ok(const char *p, size_t n)
{
	if (n < 1 || n > 63)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_' ||
			    p[i] == '.' || p[i] == '-'))
			return false;
	return true;
}

static int encode(const struct msg *m, struct str *s, size_t start, int depth, size_t *count,
	struct err *e);

static int encode_field(const struct field *f, struct str *s, size_t start, int depth,
	size_t *count, struct err *e)
{
	size_t n = strlen(f->name), at;
	int r;

	if (!name_ok(f->name, n))
		return err_set(e, E_USAGE, "a field cannot be named \"%s\"", f->name);
	if (f->type == MSG_TEXT && !str_is_utf8(f->p, f->n))
		return err_set(e, E_USAGE, "the field \"%s\" is not valid UTF-8", f->name);
	str_addc(s, (char)f->type);
	str_addc(s, (char)n);
	str_addn(s, f->name, n);
	if (f->type == MSG_I64) {
		add_i64(s, f->i);
	} else if (f->type == MSG_MSG) {
		at = s->len;
		add_u32(s, 0);
		if ((r = encode(f->sub, s, start, depth + 1, count, e)) < 0)
			return r;
		uint32_t len = (uint32_t)(s->len - at - 4);
		unsigned char b[4] = {len >> 24, len >> 16, len >> 8, len};
		memcpy(s->p + at, b, sizeof(b));
	} else {
		if (f->n > MSG_MAX_SIZE)
			return err_set(e, E_LIMIT, "the field \"%s\" is too long", f->name);
		add_u32(s, (uint32_t)f->n);
		str_addn(s, f->p, f->n);
	}
	if (s->len - start > MSG_MAX_SIZE)
		return err_set(e, E_LIMIT, "a message is larger than %u bytes", MSG_MAX_SIZE);
	return 0;
}

static int encode(const struct msg *m, struct str *s, size_t start, int depth, size_t *count,
	struct err *e)
{
	int r;

	if (depth > MSG_MAX_DEPTH)
		return err_set(e, E_LIMIT, "a message is nested deeper than %d", MSG_MAX_DEPTH);
	vec_each(&m->fields, f) {
		if (++*count > MSG_MAX_FIELDS)
			return err_set(e, E_LIMIT, "a message has more than %u fields",
				MSG_MAX_FIELDS);
		if ((r = encode_field(f, s, start, depth, count, e)) < 0)
			return r;
	}
	return 0;
}

int msg_encode(const struct msg *m, struct str *s, struct err *e)
{
	size_t count = 0, start = s->len;
	int r = encode(m, s, start, 1, &count, e);

	if (r < 0)
		str_setlen(s, start);
	return r;
}

/* ---- decoding ---- */

struct reader {
	const unsigned char *start, *p, *end;
	size_t count;
	struct err *e;
};

static int bad(struct reader *rd, const char *what)
{
	return err_set(rd->e, E_INTEGRITY, "a message is malformed at byte %zu: %s",
		(size_t)(rd->p - rd->start), what);
}

static int take_u32(struct reader *rd, const unsigned char *end, uint32_t *out)
{
	const unsigned char *p = rd->p;

	if (end - p < 4)
		return bad(rd, "cut short");
	*out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	rd->p += 4;
	return 0;
}

static int decode(struct reader *rd, struct msg *m, const unsigned char *end, int depth);

static int decode_i64(struct reader *rd, struct field *f, const unsigned char *end)
{
	uint32_t hi, lo;

	if (take_u32(rd, end, &hi) < 0 || take_u32(rd, end, &lo) < 0)
		return E_INTEGRITY;
	f->i = (int64_t)((uint64_t)hi << 32 | lo);
	return 0;
}

static int decode_value(struct reader *rd, struct field *f, const unsigned char *end, int depth)
{
	uint32_t n;

	if (f->type == MSG_I64)
		return decode_i64(rd, f, end);
	if (take_u32(rd, end, &n) < 0)
		return E_INTEGRITY;
	if (n > (size_t)(end - rd->p))
		return bad(rd, "a value runs past the end");
	if (f->type == MSG_MSG) {
		f->sub = msg_new();
		return decode(rd, f->sub, rd->p + n, depth + 1);
	}
	if (f->type == MSG_TEXT && !str_is_utf8((const char *)rd->p, n))
		return bad(rd, "a text is not valid UTF-8");
	field_bytes(f, rd->p, n);
	rd->p += n;
	return 0;
}

static int decode_field(struct reader *rd, struct msg *m, const unsigned char *end, int depth)
{
	const unsigned char *p = rd->p;
	struct field *f;

	if (++rd->count > MSG_MAX_FIELDS)
		return bad(rd, "too many fields");
	if (end - p < 2)
		return bad(rd, "cut short");
	if (p[0] < MSG_I64 || p[0] > MSG_MSG)
		return bad(rd, "unknown type");
	if (end - p - 2 < p[1])
		return bad(rd, "a name runs past the end");
	if (!name_ok((const char *)p + 2, p[1]))
		return bad(rd, "not a field name");
	f = field_add(m, (const char *)p + 2, p[1], (enum msg_type)p[0]);
	rd->p += 2 + p[1];
	return decode_value(rd, f, end, depth);
}

static int decode(struct reader *rd, struct msg *m, const unsigned char *end, int depth)
{
	int r = 0;

	if (depth > MSG_MAX_DEPTH)
		return bad(rd, "nested too deeply");
	while (r == 0 && rd->p < end)
		r = decode_field(rd, m, end, depth);
	return r;
}

int msg_decode(struct msg **out, const void *p, size_t n, struct err *e)
{
	struct reader rd = {.start = p, .p = p, .end = (const unsigned char *)p + n, .e = e};
	automsg *m = msg_new();
	int r;

	if (n > MSG_MAX_SIZE)
		return err_set(e, E_INTEGRITY, "a message is larger than %u bytes", MSG_MAX_SIZE);
	if ((r = decode(&rd, m, rd.end, 1)) < 0)
		return r;
	*out = steal(&m);
	return 0;
}

/* ---- showing ---- */

static void print(const struct msg *m, struct str *s)
{
	const char *sep = "";

	vec_each(&m->fields, f) {
		str_addf(s, "%s%s=", sep, f->name);
		sep = " ";
		if (f->type == MSG_I64) {
			str_addf(s, "%lld", (long long)f->i);
		} else if (f->type == MSG_MSG) {
			str_add(s, "{");
			print(f->sub, s);
			str_add(s, "}");
		} else if (str_ends(f->name, "password") || str_ends(f->name, "key")) {
			str_add(s, "***");
		} else if (f->type == MSG_BYTES) {
			str_addf(s, "(%zu bytes)", f->n);
		} else {
			str_addc(s, '"');
			str_add_clean(s, f->p, f->n, false);
			str_addc(s, '"');
		}
	}
}

void msg_print(const struct msg *m, struct str *s)
{
	if (m)
		print(m, s);
}
