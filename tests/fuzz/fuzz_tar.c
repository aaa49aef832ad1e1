/* Mixtures of experts as files: tar archives of a shared file and its ranks. */
#include "checkpoint_target.h"
#include "formats/tar.h"

static void list(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_arena *a = s2_arena_new();
	s2_tar_member *members;
	size_t n_members, sum = 0;
	if (!a)
		abort();
	if (s2_tar_list(&members, &n_members, a, data, n, "f", &err) == 0)
		for (size_t i = 0; i < n_members; i++) {
			if (members[i].bytes < data || members[i].n > n - (size_t)(members[i].bytes - data))
				abort();
			sum += members[i].n + strlen(members[i].name);
		}
	s2_arena_free(a);
	(void)sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	list(data, n);
	open_and_touch(data, n);
	return 0;
}
