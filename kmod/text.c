// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/etherdevice.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <net/ipv6.h>
#include "text.h"

int sxps_text_word(const char *text, char *word, size_t n)
{
	size_t len = strcspn(text, "\n");
	size_t i;

	if (text[len] && text[len + 1])
		return -EINVAL;
	if (len >= n)
		return -ERANGE;
	for (i = 0; i < len; i++)
		if (!isgraph(text[i]))
			return -EINVAL;
	memcpy(word, text, len);
	word[len] = '\0';
	return 0;
}

int sxps_text_u64(const char *text, u64 max, u64 *value)
{
	char word[24];
	int r = sxps_text_word(text, word, sizeof(word));

	if (r < 0)
		return r;
	/* kstrtoull would take a sign, too. */
	if (!isdigit(word[0]))
		return -EINVAL;
	r = kstrtoull(word, 10, value);
	if (r < 0)
		return r;
	return *value > max ? -ERANGE : 0;
}

int sxps_text_bound(const char *text, u64 max, u64 *value)
{
	if (!strcmp(text, "max") || !strcmp(text, "max\n")) {
		*value = U64_MAX;
		return 0;
	}
	return sxps_text_u64(text, max, value);
}

int sxps_text_mac(const char *text, u8 mac[6])
{
	char word[3 * ETH_ALEN];
	int r = sxps_text_word(text, word, sizeof(word));

	if (r < 0 || !mac_pton(word, mac) || strlen(word) != sizeof(word) - 1)
		return -EINVAL;
	return is_valid_ether_addr(mac) ? 0 : -EINVAL;
}

static bool usable4(const u8 *a)
{
	return a[0] != 0 && a[0] != 127 && a[0] < 224;
}

static bool usable6(const u8 *a)
{
	struct in6_addr in;

	memcpy(&in, a, sizeof(in));
	return !(ipv6_addr_type(&in) & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_MULTICAST |
					       IPV6_ADDR_LINKLOCAL | IPV6_ADDR_MAPPED)) &&
	       !ipv6_addr_any(&in);
}

static int add(void *list, unsigned int *n, size_t size, const u8 *address)
{
	unsigned int i;

	for (i = 0; i < *n; i++)
		if (!memcmp(list + i * size, address, size))
			return -EEXIST;
	if (*n == SXPS_ADDRESSES_MAX)
		return -E2BIG;
	memcpy(list + *n * size, address, size);
	*n += 1;
	return 0;
}

static int add_address(struct sxps_ident *out, const char *word, int len)
{
	u8 address[16];
	const char *end;

	if (in4_pton(word, len, address, -1, &end) && end == word + len)
		return usable4(address) ? add(out->v4, &out->n4, 4, address) : -EINVAL;
	if (in6_pton(word, len, address, -1, &end) && end == word + len)
		return usable6(address) ? add(out->v6, &out->n6, 16, address) : -EINVAL;
	return -EINVAL;
}

int sxps_text_addresses(const char *text, struct sxps_ident *out)
{
	int r, len;

	memset(out, 0, sizeof(*out));
	for (text = skip_spaces(text); *text; text = skip_spaces(text + len)) {
		len = strcspn(text, " \t\n");
		r = add_address(out, text, len);
		if (r < 0)
			return r;
	}
	return 0;
}
