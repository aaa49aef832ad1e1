/* JSON and YAML: a tree or a sentence. A tree from JSON prints as JSON that reads as a tree that prints the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_json(const char *text, size_t n, s2_arena *arena)
{
	s2st_error err = {""};
	s2_value *v, *again;
	int rc = s2_json_parse(&v, arena, text, n, "j", &err);
	if (rc < 0) {
		if (!err.text[0])
			abort();
		return;
	}
	char *once = s2_value_to_json(v, SIZE_MAX);
	if (!once)
		abort();
	if (s2_json_parse(&again, arena, once, strlen(once), "again", &err) < 0) {
		if (!strstr(err.text, "duplicate")) /* two long keys, cut to one */
			abort();
		free(once);
		return;
	}
	char *twice = s2_value_to_json(again, SIZE_MAX);
	if (!twice || strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_value *v;
	s2_arena *arena = s2_arena_new();
	if (!arena)
		abort();
	check_json((const char *)data, n, arena);
	if (s2_yaml_parse(&v, arena, (const char *)data, n, "y", &err) < 0) {
		if (!err.text[0])
			abort();
	} else {
		free(s2_value_to_json(v, 10000));
	}
	s2_arena_free(arena);
	return 0;
}
