/* SPDX-License-Identifier: MIT */
/* Unpacking an OS image: what must be kept, and the archives that must be refused. Needs root. */
/* SRCS: src/agent/image_unpack.c src/agent/tree_copy.c src/agent/tree.c */
#include "agent/image_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../unit/test.h"
#include "util/mem.h"
#include "util/str.h"

struct item {
	const char *path;
	unsigned type;    /* AE_IF… */
	const char *link; /* target; with AE_IFREG a hard link */
	const char *data;
	int id; /* owner and group */
	unsigned mode;
};

static char top[] = "/tmp/sxc-unpack-XXXXXX";

static void add_item(struct archive *a, const struct item *it)
{
	struct archive_entry *e = archive_entry_new();
	size_t n = it->data ? strlen(it->data) : 0;

	archive_entry_set_pathname(e, it->path);
	archive_entry_set_filetype(e, it->type);
	archive_entry_set_perm(e, it->mode ? it->mode : 0644);
	archive_entry_set_uid(e, it->id);
	archive_entry_set_gid(e, it->id);
	archive_entry_set_mtime(e, 1000000000, 0);
	if (it->link && it->type == AE_IFLNK)
		archive_entry_set_symlink(e, it->link);
	else if (it->link)
		archive_entry_set_hardlink(e, it->link);
	if (it->type == AE_IFREG && !it->link)
		archive_entry_set_size(e, (la_int64_t)n);
	if (it->type == AE_IFREG && it->mode == 0755)
		archive_entry_xattr_add_entry(e, "user.kept", "yes", 3);
	archive_write_header(a, e);
	if (n)
		archive_write_data(a, it->data, n);
	archive_entry_free(e);
}

/* A zstd-compressed pax archive in a memory file; digest gets 65 bytes. */
static int make_archive(const struct item *items, size_t n, char *digest)
{
	static char buf[1 << 20];
	unsigned char sum[crypto_hash_sha256_BYTES];
	struct archive *a = archive_write_new();
	size_t used = 0;
	int fd = memfd_create("archive", 0);

	archive_write_set_format_pax(a);
	archive_write_add_filter_zstd(a);
	archive_write_open_memory(a, buf, sizeof(buf), &used);
	for (size_t i = 0; i < n; i++)
		add_item(a, &items[i]);
	archive_write_close(a);
	archive_write_free(a);
	CHECK(write(fd, buf, used) == (ssize_t)used);
	lseek(fd, 0, SEEK_SET);
	crypto_hash_sha256(sum, (unsigned char *)buf, used);
	sodium_bin2hex(digest, 65, sum, sizeof(sum));
	return fd;
}

/* Unpack the items into a fresh directory, which is left open in *dir. */
static int try_it(const struct item *items, size_t n, int *dir, struct err *e)
{
	static int count;
	char digest[65];
	autofree char *path = str_fmt("%s/%d", top, count++);
	autoclose int fd = make_archive(items, n, digest);
	struct unpack u = {.fd = fd, .digest = digest, .max_bytes = 100000, .max_files = 100};

	mkdir(path, 0700);
	*dir = u.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e->code = 0;
	e->msg[0] = '\0';
	return image_unpack(&u, e);
}

static void keeps(void)
{
	static const struct item items[] = {
		{"./", AE_IFDIR, NULL, NULL, 0, 0755},
		{"./etc/", AE_IFDIR, NULL, NULL, 0, 0755},
		{"./etc/shadow", AE_IFREG, NULL, "secret", 42, 0640},
		{"./bin", AE_IFLNK, "usr/bin", NULL, 0, 0777},
		{"./out", AE_IFLNK, "../../../etc/passwd", NULL, 7, 0777},
		{"./etc/same", AE_IFREG, "./etc/shadow", NULL, 42, 0640},
		{"./etc/su", AE_IFREG, NULL, "x", 0, 04755},
		{"./etc/attr", AE_IFREG, NULL, "x", 65535, 0755},
		{"./etc/f\xc3\xbcr", AE_IFREG, NULL, "", 0, 0644},
		{"./pipe", AE_IFIFO, NULL, NULL, 0, 0600},
		{"./null", AE_IFCHR, NULL, NULL, 0, 0666},
	};
	autoclose int dir = -1;
	struct err e;
	struct stat st, other;
	char text[32] = "";

	CHECK_I64(try_it(items, ARRAY_LEN(items), &dir, &e), 0);
	CHECK_TEXT(e.msg, "");
	CHECK(fstatat(dir, "etc/shadow", &st, 0) == 0 && st.st_uid == 42 &&
		st.st_mode == (S_IFREG | 0640));
	CHECK_I64(st.st_size, 6);
	CHECK_I64(st.st_mtime, 1000000000);
	CHECK(fstatat(dir, "etc/same", &other, 0) == 0 && other.st_ino == st.st_ino);
	CHECK(readlinkat(dir, "out", text, sizeof(text) - 1) > 0);
	CHECK_TEXT(text, "../../../etc/passwd");
	CHECK(fstatat(dir, "etc/su", &st, 0) == 0 && st.st_mode == (S_IFREG | 04755));
	CHECK(fstatat(dir, "etc/attr", &st, 0) == 0 && st.st_gid == 65535);
	CHECK(fstatat(dir, "etc/f\xc3\xbcr", &st, 0) == 0);
	CHECK(fstatat(dir, "pipe", &st, 0) == 0 && S_ISFIFO(st.st_mode));
	CHECK(fstatat(dir, "null", &st, 0) < 0);
	CHECK(fstatat(dir, "etc", &st, 0) == 0 && st.st_mtime == 1000000000);
	autofree char *path = str_fmt("/proc/self/fd/%d/etc/attr", dir);
	CHECK(getxattr(path, "user.kept", text, sizeof(text)) == 3);
}

static void refuses(void)
{
	static const struct {
		struct item items[3];
		int code;
		const char *msg;
	} cases[] = {
		{{{"/etc", AE_IFDIR, NULL, NULL, 0, 0755}}, E_INTEGRITY,
			"entry '/etc/' is not a relative path"},
		{{{"a/../../b", AE_IFREG, NULL, "x", 0, 0}}, E_INTEGRITY,
			"entry 'a/../../b' points outward"},
		{{{"l", AE_IFLNK, "/tmp", NULL, 0, 0}, {"l/x", AE_IFREG, NULL, "x", 0, 0}},
			E_INTEGRITY, "entry 'l/x': its directory is none in the archive"},
		{{{"d", AE_IFDIR, NULL, NULL, 0, 0755}, {"d/l", AE_IFLNK, "..", NULL, 0, 0},
			 {"d/l/x", AE_IFREG, NULL, "x", 0, 0}},
			E_INTEGRITY, "entry 'd/l/x': its directory is none in the archive"},
		{{{"l", AE_IFLNK, "/etc", NULL, 0, 0}, {"l", AE_IFDIR, NULL, NULL, 0, 0755}},
			E_INTEGRITY, "entry 'l': it comes twice"},
		{{{"f", AE_IFREG, NULL, "x", 0, 0}, {"f", AE_IFREG, NULL, "y", 0, 0}}, E_INTEGRITY,
			"entry 'f': it comes twice"},
		{{{"h", AE_IFREG, "../etc/passwd", NULL, 0, 0}}, E_INTEGRITY,
			"entry 'h': its link: entry '../etc/passwd' points outward"},
		{{{"l", AE_IFLNK, "/etc", NULL, 0, 0}, {"h", AE_IFREG, "l/passwd", NULL, 0, 0}},
			E_INTEGRITY, "entry 'h': it links to what is no file in the archive"},
		{{{"f", AE_IFREG, NULL, "x", 65536, 0}}, E_INTEGRITY,
			"entry 'f': its owner is beyond 65535"},
		{{{"gone/f", AE_IFREG, NULL, "x", 0, 0}}, E_INTEGRITY,
			"entry 'gone/f': its directory is none in the archive"},
		{{{"e\x1b[2Jx", AE_IFREG, NULL, "x", 70000, 0}}, E_INTEGRITY,
			"entry 'e\\x1b[2Jx': its owner is beyond 65535"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autoclose int dir = -1;
		struct err e;
		size_t n = 0;

		while (n < 3 && cases[i].items[n].path)
			n++;
		CHECK_I64(try_it(cases[i].items, n, &dir, &e), cases[i].code);
		CHECK_TEXT(e.msg, cases[i].msg);
	}
}

static void bounds(void)
{
	static struct item many[101];
	static char names[101][8], big[100002];
	struct item one = {"big", AE_IFREG, NULL, big, 0, 0};
	autoclose int a = -1, b = -1, c = -1;
	struct err e;

	memset(big, 'x', sizeof(big) - 1);
	CHECK_I64(try_it(&one, 1, &a, &e), E_LIMIT);
	CHECK_TEXT(e.msg, "entry 'big': the archive unpacks to over 100000 bytes");
	for (int i = 0; i < 101; i++) {
		snprintf(names[i], sizeof(names[i]), "f%d", i);
		many[i] = (struct item){names[i], AE_IFREG, NULL, "", 0, 0};
	}
	CHECK_I64(try_it(many, 101, &b, &e), E_LIMIT);
	CHECK_TEXT(e.msg, "entry 'f100': the archive holds over 100 files");
	CHECK_I64(try_it(NULL, 0, &c, &e), E_INTEGRITY);
	CHECK_TEXT(e.msg, "the archive is empty");
}

/* Cut off anywhere it is an error, with a byte changed at worst an odd name; never a crash. */
static void damaged(void)
{
	static const struct item items[] = {{"d", AE_IFDIR, NULL, NULL, 0, 0755},
		{"d/f", AE_IFREG, NULL, "some text", 0, 0}};
	char digest[65];
	autoclose int whole = make_archive(items, 2, digest);
	off_t size = lseek(whole, 0, SEEK_END);
	struct err e;

	for (off_t cut = 0; cut < size; cut += 7) {
		unsigned char buf[4096], sum[crypto_hash_sha256_BYTES];
		autofree char *path = str_fmt("%s/cut%d", top, (int)cut);
		autoclose int fd = memfd_create("cut", 0);
		autoclose int dir = -1;
		ssize_t n = pread(whole, buf, sizeof(buf), 0);
		struct unpack u = {.fd = fd, .digest = digest, .max_bytes = 1000, .max_files = 10};

		if (cut % 2)
			buf[cut] ^= 0x55;
		else
			n = cut;
		CHECK(write(fd, buf, (size_t)n) == n);
		lseek(fd, 0, SEEK_SET);
		mkdir(path, 0700);
		u.dir = dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK_I64(image_unpack(&u, &e), E_INTEGRITY);
		crypto_hash_sha256(sum, buf, (unsigned long long)n);
		sodium_bin2hex(digest, sizeof(digest), sum, sizeof(sum));
		lseek(fd, 0, SEEK_SET);
		CHECK(image_unpack(&u, &e) < 0 || cut % 2);
		memset(digest, '0', 64);
	}
}

int main(void)
{
	autofree char *clean = NULL;

	if (geteuid() != 0) {
		puts("ok 1 unpacking images # skip needs root to set owners");
		return 0;
	}
	if (sodium_init() < 0 || !mkdtemp(top))
		return 1;
	keeps();
	refuses();
	bounds();
	damaged();
	clean = str_fmt("rm -rf %s", top);
	return system(clean) != 0 || test_end();
}
