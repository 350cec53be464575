/* SPDX-License-Identifier: MIT */
#include "svc/mime.h"

#include <string.h>
#include <time.h>

#define LINE_MOST   76 /* of a header line and of encoded bodies */
#define WORD_AROUND 12 /* bytes of "=?UTF-8?B?" and "?=" */

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- base64 ---- */

static void add_base64(struct str *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16;

		v |= i + 1 < n ? (unsigned)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		str_addc(out, BASE64[v >> 18]);
		str_addc(out, BASE64[v >> 12 & 63]);
		str_addc(out, i + 1 < n ? BASE64[v >> 6 & 63] : '=');
		str_addc(out, i + 2 < n ? BASE64[v & 63] : '=');
	}
}

void mime_base64(struct str *out, const void *p, size_t n)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < n; i += LINE_MOST / 4 * 3) {
		size_t left = n - i, most = LINE_MOST / 4 * 3;

		add_base64(out, bytes + i, left < most ? left : most);
		str_addc(out, '\n');
	}
}

/* ---- headers ---- */

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* Bytes of text that fit into an encoded word on a line, whole characters. */
static size_t word_bytes(const char *text, size_t column)
{
	size_t most = (LINE_MOST - column - WORD_AROUND) / 4 * 3, n = strnlen(text, most + 1);

	if (n <= most)
		return n;
	for (n = most; n > 0 && (text[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

/* Blanks between encoded words are not shown (RFC 2047, 6.2): each goes on a line of its own. */
static void add_words(struct str *out, size_t column, const char *text)
{
	for (size_t n; *text; text += n) {
		n = word_bytes(text, column);
		str_add(out, "=?UTF-8?B?");
		add_base64(out, (const unsigned char *)text, n);
		str_add(out, text[n] ? "?=\n " : "?=");
		column = 1;
	}
}

/* Plain words, folded before the one that would run over. */
static void add_folded(struct str *out, size_t column, const char *text)
{
	while (*text) {
		size_t blanks = strspn(text, " "), n = strcspn(text + blanks, " ");

		if (blanks && n && column + blanks + n > LINE_MOST) {
			str_addc(out, '\n');
			column = 0;
		}
		str_addn(out, text, blanks + n);
		column += blanks + n;
		text += blanks + n;
	}
}

static char *without_controls(const char *text)
{
	char *copy = mem_strdup(text);

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return copy;
}

void mime_header(struct str *out, const char *name, const char *text)
{
	autofree char *clean = without_controls(text);

	str_addf(out, "%s: ", name);
	/* What looks like an encoded word must not be read as one. */
	if (is_plain(clean) && !strstr(clean, "=?"))
		add_folded(out, strlen(name) + 2, clean);
	else
		add_words(out, strlen(name) + 2, clean);
	str_addc(out, '\n');
}

static void add_name(struct str *out, size_t column, const char *name)
{
	autofree char *clean = without_controls(name);

	if (!is_plain(clean) || strstr(clean, "=?")) {
		add_words(out, column, clean);
		return;
	}
	str_addc(out, '"');
	for (const char *p = clean; *p; p++)
		str_addf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	str_addc(out, '"');
}

static void add_mailbox(struct str *out, const char *header, const char *name, const char *address)
{
	str_addf(out, "%s: ", header);
	if (name && *name) {
		add_name(out, strlen(header) + 2, name);
		str_add(out, "\n ");
	}
	str_addf(out, name && *name ? "<%s>\n" : "%s\n", address);
}

/* RFC 5322, 3.3; in UTC. */
static void add_date(struct str *out, int64_t when)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec"};
	time_t t = when;
	struct tm tm;

	gmtime_r(&t, &tm);
	str_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* ---- body ---- */

/* One line without its end; soft breaks keep each below 76. */
static void quote_line(struct str *out, const char *line, size_t n)
{
	size_t column = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];
		bool last = i + 1 == n;
		bool plain = (c >= 33 && c <= 126 && c != '=') ||
		             ((c == ' ' || c == '\t') && !last);
		/* "From " and a lone dot are touched by some on the way. */
		size_t width = plain && !(column == 0 && (c == '.' || c == 'F')) ? 1 : 3;

		if (column + width > LINE_MOST - 1) {
			str_add(out, "=\n");
			column = 0;
		}
		str_addf(out, width == 1 ? "%c" : "=%02X", c);
		column += width;
	}
	str_addc(out, '\n');
}

void mime_quoted(struct str *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		quote_line(out, text, n);
		text += n + (text[n] == '\n');
	}
}

/* ---- message ---- */

static bool is_address(const char *a)
{
	const char *at = a ? strchr(a, '@') : NULL;

	return at && at > a && at[1] && is_plain(a) && !strpbrk(a, " ,;:<>()[]\\\"") && *a != '-';
}

static int check_address(const char *a, struct err *e)
{
	if (is_address(a))
		return 0;
	return err_set(e, E_USAGE, "'%.80s' is not an address that mail can be sent to",
		a ? a : "");
}

/* It cannot stand in quoted-printable, nor in base64. */
static void add_boundary(struct str *out, const struct mime_message *m)
{
	str_addf(out, "=_%.*s", (int)strcspn(m->message_id, "@"), m->message_id);
}

static void add_text(const struct mime_message *m, struct str *out)
{
	str_add(out, "Content-Type: text/plain; charset=utf-8\n"
		     "Content-Transfer-Encoding: quoted-printable\n\n");
	mime_quoted(out, m->body);
}

static void add_part(const struct mime_part *p, struct str *out)
{
	str_addf(out,
		"Content-Type: %s; name=\"%s\"\n"
		"Content-Transfer-Encoding: base64\n"
		"Content-Disposition: attachment; filename=\"%s\"\n\n",
		p->type, p->name, p->name);
	mime_base64(out, p->data, p->n);
}

static void add_parts(const struct mime_message *m, struct str *out)
{
	autostr boundary = STR_INIT;

	add_boundary(&boundary, m);
	str_addf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n", str_c(&boundary),
		str_c(&boundary));
	add_text(m, out);
	for (size_t i = 0; i < m->n; i++) {
		str_addf(out, "--%s\n", str_c(&boundary));
		add_part(&m->parts[i], out);
	}
	str_addf(out, "--%s--\n", str_c(&boundary));
}

int mime_build(const struct mime_message *m, struct str *out, struct err *e)
{
	int r;

	if ((r = check_address(m->from, e)) < 0 || (r = check_address(m->to, e)) < 0)
		return r;
	add_mailbox(out, "From", m->from_name, m->from);
	add_mailbox(out, "To", m->to_name, m->to);
	mime_header(out, "Subject", m->subject);
	add_date(out, m->date);
	str_addf(out, "Message-ID: <%s>\n", m->message_id);
	/* RFC 3834: nobody's holiday notice answers it. */
	str_add(out, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n");
	if (m->n)
		add_parts(m, out);
	else
		add_text(m, out);
	return 0;
}
