/* JSON (jansson) and YAML (libyaml) text into s2_value trees.  Layer: formats.
 * Depth at most 64; duplicate keys are an error; numbers that overflow are an error. YAML: plain scalars get YAML 1.1
 * core types as PyYAML's safe loader reads them; anchors and aliases are resolved with a bomb guard, "<<" merges; tags
 * other than the core ones are refused. */
#ifndef S2_FORMATS_JSON_H
#define S2_FORMATS_JSON_H

#include "formats/value.h"

S2ST_CHECK int s2_json_parse(s2_value **out, s2_arena *a, const char *text, size_t n, const char *name,
			     s2st_error *err);
S2ST_CHECK int s2_json_read(s2_value **out, s2_arena *a, const char *path, s2st_error *err);
S2ST_CHECK int s2_yaml_parse(s2_value **out, s2_arena *a, const char *text, size_t n, const char *name,
			     s2st_error *err);
S2ST_CHECK int s2_yaml_read(s2_value **out, s2_arena *a, const char *path, s2st_error *err);

#endif
