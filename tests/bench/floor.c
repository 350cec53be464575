/* SPDX-License-Identifier: MIT */
/*
 * The least that one command, or one file, on many servers can cost: for each a key exchange, a
 * login with a key, and one channel that does it, with libssh and the algorithms sxc asks for.
 * No pinned host key, no agent, no digest, no time-outs.
 *   floor IDENTITY PORT [FILE] ADDRESS…   FILE, when it begins with a slash: sent to "cat >/tmp/floor"
 */
#include <fcntl.h>
#include <libssh/libssh.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CIPHERS "aes128-gcm@openssh.com"
#define KEX     "curve25519-sha256"
#define CHUNK   (256u << 10)

static const char *identity, *port, *data;
static size_t size;

static void fail(const char *address, ssh_session s, const char *what)
{
	fprintf(stderr, "floor: %s: %s: %s\n", address, what, ssh_get_error(s));
	exit(1);
}

static void options(ssh_session s, const char *address)
{
	int no = 0;

	ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no);
	ssh_options_set(s, SSH_OPTIONS_HOST, address);
	ssh_options_set(s, SSH_OPTIONS_PORT_STR, port);
	ssh_options_set(s, SSH_OPTIONS_USER, "root");
	ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	ssh_options_set(s, SSH_OPTIONS_HOSTKEYS, "ssh-ed25519");
	ssh_options_set(s, SSH_OPTIONS_KEY_EXCHANGE, KEX);
	ssh_options_set(s, SSH_OPTIONS_CIPHERS_C_S, CIPHERS);
	ssh_options_set(s, SSH_OPTIONS_CIPHERS_S_C, CIPHERS);
}

static ssh_session login(const char *address)
{
	ssh_session s = ssh_new();
	ssh_key key = NULL;

	options(s, address);
	if (ssh_connect(s) != SSH_OK)
		fail(address, s, "connect");
	if (ssh_pki_import_privkey_file(identity, NULL, NULL, NULL, &key) != SSH_OK ||
		ssh_userauth_publickey(s, NULL, key) != SSH_AUTH_SUCCESS)
		fail(address, s, "login");
	ssh_key_free(key);
	return s;
}

static void send_all(const char *address, ssh_session s, ssh_channel c)
{
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < CHUNK ? size - at : CHUNK;
		if (ssh_channel_write(c, data + at, (uint32_t)n) != (int)n)
			fail(address, s, "send");
	}
	ssh_channel_send_eof(c);
}

static void *one(void *arg)
{
	const char *address = arg;
	ssh_session s = login(address);
	ssh_channel c = ssh_channel_new(s);
	char buf[256];

	if (ssh_channel_open_session(c) != SSH_OK ||
		ssh_channel_request_exec(c, data ? "cat >/tmp/floor" : "true") != SSH_OK)
		fail(address, s, "command");
	if (data)
		send_all(address, s, c);
	while (ssh_channel_read(c, buf, sizeof(buf), 0) > 0)
		;
	if (ssh_channel_get_exit_status(c) != 0)
		fail(address, s, "status");
	ssh_channel_free(c);
	ssh_disconnect(s);
	ssh_free(s);
	return NULL;
}

static void map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
		perror(path);
		exit(1);
	}
	size = (size_t)st.st_size;
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[1024];
	int n = 0;

	if (argc < 4 || argc > 1000)
		return 2;
	identity = argv[1];
	port = argv[2];
	argv += 3;
	if (**argv == '/')
		map(*argv++);
	for (; argv[n]; n++)
		if (pthread_create(&threads[n], NULL, one, argv[n]) != 0)
			return 1;
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
