/* SPDX-License-Identifier: MIT */
#include "svc/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define CONNECT_SECONDS 15L
#define STALL_SECONDS   60L /* without a byte */
#define REDIRECTS       5L

struct taking {
	const struct fetch *f;
	const char *name;
	CURL *curl;
	struct str *text; /* or NULL: */
	int fd;
	int64_t have, max;
	bool full, refused; /* more came than may; the disk does not take it */
	int saved_errno;
	char said[CURL_ERROR_SIZE];
};

int fetch_check_base(const char *base, struct err *e)
{
	static const char *const schemes[] = {"https://", "http://", "ssh://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_starts(base, schemes[i]) && base[strlen(schemes[i])] &&
			str_is_line(base, 1000) && !strpbrk(base, " \"<>\\^`{|}"))
			return 0;
	if (base[0] == '/' && str_is_line(base, 1000))
		return 0;
	return err_set(e, E_USAGE,
		"'%.60s' is no place of an exchange: a directory, https://…, http://… or "
		"ssh://[USER@]HOST/DIRECTORY",
		base);
}

/* RFC 3986, 2.3: what may stand as it is; all else as %XX. */
static void add_escaped(struct str *s, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/";

	for (; *text; text++)
		if (strchr(plain, *text))
			str_addc(s, *text);
		else
			str_addf(s, "%%%02X", (unsigned char)*text);
}

static void add_url(struct str *s, const struct fetch *f, const char *name)
{
	size_t n = strlen(f->base);

	while (n > 1 && f->base[n - 1] == '/')
		n--;
	autofree char *base = mem_strndup(f->base, n);
	if (base[0] == '/') {
		str_add(s, "file://");
		add_escaped(s, base);
	} else if (str_starts(base, "ssh://")) {
		str_addf(s, "sftp://%s", base + strlen("ssh://"));
	} else {
		str_add(s, base);
	}
	str_addc(s, '/');
	add_escaped(s, name);
}

/* ---- what libcurl calls ---- */

static size_t take_bytes(char *p, size_t size, size_t n, void *arg)
{
	struct taking *t = arg;
	size_t len = size * n;

	if ((int64_t)len > t->max - t->have) {
		t->full = true;
		return 0;
	}
	t->have += (int64_t)len;
	if (t->text) {
		str_addn(t->text, p, len);
		return len;
	}
	for (size_t done = 0; done < len;) {
		ssize_t k = write(t->fd, p + done, len - done);

		if (k < 0 && errno != EINTR) {
			t->refused = true;
			t->saved_errno = errno;
			return 0;
		}
		done += k > 0 ? (size_t)k : 0;
	}
	return len;
}

static int look(void *arg, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t upnow)
{
	struct taking *t = arg;

	(void)total;
	(void)now;
	(void)up;
	(void)upnow;
	if (t->f->progress && !t->text)
		t->f->progress(t->f->arg, t->name, t->have, t->max);
	return interrupted != 0;
}

/* ---- errors ---- */

static int code_of(CURLcode rc, long http)
{
	switch (rc) {
	case CURLE_HTTP_RETURNED_ERROR:
		return http == 404 || http == 410   ? E_NOTFOUND
		       : http == 401 || http == 403 ? E_PERM
		       : http >= 500                ? E_UNREACH
		                                    : E_FAIL;
	case CURLE_REMOTE_FILE_NOT_FOUND:
	case CURLE_FILE_COULDNT_READ_FILE:
		return E_NOTFOUND;
	case CURLE_LOGIN_DENIED:
	case CURLE_REMOTE_ACCESS_DENIED:
		return E_PERM;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_CONNECT_ERROR:
		return E_INTEGRITY;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SSH:
		return E_UNREACH;
	default:
		return E_FAIL;
	}
}

static int explain(struct taking *t, CURLcode rc, struct err *e)
{
	autostr why = STR_INIT;
	const char *said = t->said[0] ? t->said : curl_easy_strerror(rc);
	long http = 0;

	if (t->full)
		return err_set(e, E_INTEGRITY, "%s/%s is larger than it may be (%lld bytes)",
			t->f->base, t->name, (long long)t->max);
	if (t->refused) {
		errno = t->saved_errno;
		return err_sys(e, "keeping %s", t->name);
	}
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return err_interrupted(e) < 0 ? e->code : err_set(e, E_FAIL, "stopped");
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &http);
	str_add_clean(&why, said, strnlen(said, 300), false);
	return err_set(e, code_of(rc, http), "%s/%s: %s", t->f->base, t->name, str_c(&why));
}

/* ---- fetching ---- */

static void set_ssh(CURL *c, const struct fetch *f, const char *public_key)
{
	if (!str_starts(f->base, "ssh://") || !f->identity || !f->host_key)
		return;
	curl_easy_setopt(c, CURLOPT_SSH_AUTH_TYPES, (long)CURLSSH_AUTH_PUBLICKEY);
	curl_easy_setopt(c, CURLOPT_SSH_PRIVATE_KEYFILE, f->identity);
	curl_easy_setopt(c, CURLOPT_SSH_PUBLIC_KEYFILE, public_key);
	curl_easy_setopt(c, CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, f->host_key + strlen("SHA256:"));
}

static void set_up(struct taking *t, const char *url)
{
	CURL *c = t->curl;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "file,http,https,sftp");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "sxc/" SXC_VERSION);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->said);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	if (t->f->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, t->f->ca);
	if (t->have)
		curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->have);
}

static int take(struct taking *t, struct err *e)
{
	autofree char *pub = str_fmt("%s.pub", t->f->identity ? t->f->identity : "");
	autostr url = STR_INIT;
	CURLcode rc;
	int r = 0;

	if (!(t->curl = curl_easy_init()))
		return err_set(e, E_FAIL, "libcurl cannot be used");
	add_url(&url, t->f, t->name);
	set_up(t, str_c(&url));
	set_ssh(t->curl, t->f, pub);
	if ((rc = curl_easy_perform(t->curl)) != CURLE_OK)
		r = explain(t, rc, e);
	curl_easy_cleanup(t->curl);
	return r;
}

int fetch_text(const struct fetch *f, const char *name, int64_t max, struct str *out, struct err *e)
{
	struct taking t = {.f = f, .name = name, .text = out, .fd = -1, .max = max};

	return take(&t, e);
}

int fetch_file(const struct fetch *f, const char *name, const char *path, int64_t size,
	struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct taking t = {.f = f, .name = name, .fd = fd, .max = size};
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (st.st_size > size && ftruncate(fd, 0) == 0)
		st.st_size = 0;
	t.have = st.st_size;
	if (t.have == size)
		return 0;
	r = take(&t, e);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(e, "%s", path);
	return r;
}
