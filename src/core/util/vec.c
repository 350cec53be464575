/* SPDX-License-Identifier: MIT */
#include "util/vec.h"

#include <string.h>

void strvec_push(struct strvec *sv, const char *s)
{
	vec_push(sv, mem_strdup(s));
}

void strvec_release(struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	vec_release(sv);
}

void strvec_split(struct strvec *sv, const char *s, const char *seps)
{
	for (s += strspn(s, seps); *s; s += strspn(s, seps)) {
		size_t n = strcspn(s, seps);

		vec_push(sv, mem_strndup(s, n));
		s += n;
	}
}

char **strvec_argv(struct strvec *sv)
{
	vec_push(sv, NULL);
	sv->n--;
	return sv->v;
}
