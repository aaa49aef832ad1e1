/* Packs: a folder with pack.json, and whether what is in it fits together.
 *
 *   { "source_language": "es", "target_language": "en", "licence": "MIT",
 *     "units":   { "encoder": "hubert.pt", "layer": 4, "k": 200 },
 *     "files":   { "s2ut": "s2ut.pt", "vocoder": "vocoder.pt", ... },         role -> file in the folder
 *     "search":  { "beam": 10, "max_len_a": 0, "max_len_b": 200 },            over s2st_search_defaults
 *     "vocoder": { "dur_prediction": true, "speaker": 0 },
 *     "sha256":  { "s2ut.pt": "...", ... } }
 *
 * Packs come from strangers: a file name that leads out of the folder is refused, a setting that nobody knows too. */
#include "api/pack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/sha256.h"
#include "formats/json.h"

typedef struct role {
	const char *name, *path;
} role;

struct s2st_pack {
	s2_arena *arena;
	char *json_path;
	const s2_value *root;
	role *roles;
	size_t n_roles;
	int64_t k;     /* units; 0: the pack does not say */
	int64_t layer; /* of the encoder; 0: likewise */
	s2st_vocode_options voice;
};

/* ---- files ---- */

static bool stays_inside(const char *name)
{
	if (!*name || *name == '/')
		return false;
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
		p += n + strspn(p + n, "/");
	}
	return true;
}

/* Path of a file in the folder of the pack, in the pack's arena. */
static int path_of(const s2st_pack *p, const char *name, const char **out, s2st_error *err)
{
	struct stat st;
	if (!stays_inside(name))
		return s2_fail(err, S2ST_EMODEL, "%s: file \"%s\" leads out of the pack", p->json_path, name);
	char *path = s2_path_beside(p->json_path, name);
	*out = path ? s2_arena_strndup(p->arena, path, strlen(path)) : NULL;
	free(path);
	if (!*out)
		return s2_fail_mem(err, name);
	if (stat(*out, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return s2_fail(err, S2ST_EMODEL, "%s: file \"%s\" is not in the pack", p->json_path, name);
	return S2ST_OK;
}

/* Member `key` of the root if it is a mapping; NULL: absent. */
static int section(const s2st_pack *p, const char *key, const s2_value **out, s2st_error *err)
{
	*out = s2_value_get(p->root, key);
	if (*out && (*out)->kind != S2_V_DICT)
		return s2_fail(err, S2ST_EMODEL, "%s: %s: expected a mapping, found %s", p->json_path, key,
			       s2_value_kind_name(*out));
	return S2ST_OK;
}

static int read_roles(s2st_pack *p, s2st_error *err)
{
	const s2_value *files;
	const s2_pair *pairs = NULL;
	S2_TRY(section(p, "files", &files, err));
	if (!files)
		return s2_fail(err, S2ST_EMODEL, "%s: expected \"files\", the roles and their files, found none",
			       p->json_path);
	const size_t n = s2_value_pairs(files, &pairs);
	S2_ALLOC(p->roles, p->arena, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		if (pairs[i].val->kind != S2_V_STR)
			return s2_fail(err, S2ST_EMODEL, "%s: files.%s: expected the name of a file, found %s",
				       p->json_path, pairs[i].key->u.str.s, s2_value_kind_name(pairs[i].val));
		p->roles[i].name = pairs[i].key->u.str.s;
		S2_TRY(path_of(p, pairs[i].val->u.str.s, &p->roles[i].path, err));
		p->n_roles++;
	}
	return S2ST_OK;
}

/* ---- recommended options ---- */

typedef enum kind { INT, REAL, BOOL, TEXT } kind;

typedef struct setting {
	const char *name;
	kind kind;
	void *to;
	double min, max;
} setting;

static int read_number(const s2st_pack *p, const char *where, const setting *s, const s2_value *section_value,
		       s2st_error *err)
{
	double x = 0;
	int64_t i = 0;
	if (s->kind == INT) {
		S2_TRY(s2_value_get_int(section_value, s->name, 0, &i, p->json_path, err));
		x = (double)i;
	} else {
		S2_TRY(s2_value_get_float(section_value, s->name, 0, &x, p->json_path, err));
	}
	if (!(x >= s->min && x <= s->max))
		return s2_fail(err, S2ST_EMODEL, "%s: %s.%s: expected a number from %g to %g, found %g", p->json_path,
			       where, s->name, s->min, s->max, x);
	if (s->kind == INT)
		*(int *)s->to = (int)i;
	else
		*(double *)s->to = x;
	return S2ST_OK;
}

static int read_setting(const s2st_pack *p, const char *where, const setting *s, const s2_value *v, s2st_error *err)
{
	if (s->kind == BOOL)
		return s2_value_get_bool(v, s->name, false, s->to, p->json_path, err);
	if (s->kind != TEXT)
		return read_number(p, where, s, v, err);
	*(const char **)s->to = s2_value_get_str(v, s->name, NULL);
	if (!*(const char **)s->to)
		return s2_fail(err, S2ST_EMODEL, "%s: %s.%s: expected text, found %s", p->json_path, where, s->name,
			       s2_value_kind_name(s2_value_get(v, s->name)));
	return S2ST_OK;
}

/* Every member of section `where` has to be one of the settings: a misspelt one must not be silently without effect. */
static int read_settings(const s2st_pack *p, const char *where, const setting *known, size_t n_known, s2st_error *err)
{
	const s2_value *v;
	const s2_pair *pairs = NULL;
	S2_TRY(section(p, where, &v, err));
	const size_t n = s2_value_pairs(v, &pairs);
	for (size_t i = 0; i < n; i++) {
		size_t j = 0;
		while (j < n_known && strcmp(known[j].name, pairs[i].key->u.str.s) != 0)
			j++;
		if (j == n_known)
			return s2_fail(err, S2ST_EMODEL, "%s: %s.%s: no such setting is known", p->json_path, where,
				       pairs[i].key->u.str.s);
		S2_TRY(read_setting(p, where, &known[j], v, err));
	}
	return S2ST_OK;
}

/* Over what `s` holds. */
static int read_search(const s2st_pack *p, s2st_search_options *s, s2st_error *err)
{
	const setting search[] = {
		{"beam", INT, &s->beam, 1, 1000},
		{"max_len_a", REAL, &s->max_len_a, 0, 1e6},
		{"max_len_b", INT, &s->max_len_b, 0, 1e6},
		{"min_len", INT, &s->min_len, 0, 1e6},
		{"lenpen", REAL, &s->lenpen, -100, 100},
		{"unkpen", REAL, &s->unkpen, -1e6, 1e6},
		{"temperature", REAL, &s->temperature, 1e-6, 1e6},
		{"no_repeat_ngram", INT, &s->no_repeat_ngram, 0, 1000},
		{"prefix", TEXT, &s->prefix, 0, 0},
	};
	return read_settings(p, "search", search, sizeof search / sizeof *search, err);
}

static int read_recommended(s2st_pack *p, s2st_error *err)
{
	s2st_search_options checked = s2st_search_defaults();
	const setting voice[] = {
		{"dur_prediction", BOOL, &p->voice.dur_prediction, 0, 0},
		{"speaker", INT, &p->voice.speaker, 0, INT32_MAX},
		{"style", INT, &p->voice.style, 0, INT32_MAX},
	};
	S2_TRY(read_search(p, &checked, err));
	return read_settings(p, "vocoder", voice, sizeof voice / sizeof *voice, err);
}

static int read_units(s2st_pack *p, s2st_error *err)
{
	const s2_value *units;
	S2_TRY(section(p, "units", &units, err));
	S2_TRY(s2_value_get_int(units, "k", 0, &p->k, p->json_path, err));
	if (p->k < 0 || p->k > INT32_MAX)
		return s2_fail(err, S2ST_EMODEL, "%s: units.k: expected a number of units, found %lld", p->json_path,
			       (long long)p->k);
	S2_TRY(s2_value_get_int(units, "layer", 0, &p->layer, p->json_path, err));
	if (p->layer < 0 || p->layer > INT32_MAX)
		return s2_fail(err, S2ST_EMODEL, "%s: units.layer: expected a layer from 1, found %lld", p->json_path,
			       (long long)p->layer);
	return S2ST_OK;
}

/* ---- life cycle ---- */

static int read_pack(s2st_pack *p, const char *dir, s2st_error *err)
{
	s2_value *root;
	p->json_path = s2_path_join(dir, "pack.json");
	p->arena = s2_arena_new();
	if (!p->json_path || !p->arena)
		return s2_fail_mem(err, dir);
	S2_TRY(s2_json_read(&root, p->arena, p->json_path, err));
	p->root = root;
	if (root->kind != S2_V_DICT)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a mapping, found %s", p->json_path,
			       s2_value_kind_name(root));
	S2_TRY(read_roles(p, err));
	S2_TRY(read_units(p, err));
	return read_recommended(p, err);
}

int s2st_pack_open(s2st_pack **out, const char *dir, s2st_error *err)
{
	*out = NULL;
	s2st_pack *p = calloc(1, sizeof *p);
	if (!p)
		return s2_fail_mem(err, dir);
	int rc = read_pack(p, dir, err);
	if (rc < 0) {
		s2st_pack_free(p);
		return rc;
	}
	*out = p;
	return S2ST_OK;
}

void s2st_pack_free(s2st_pack *p)
{
	if (!p)
		return;
	s2_arena_free(p->arena);
	free(p->json_path);
	free(p);
}

const char *s2st_pack_file(const s2st_pack *p, const char *name)
{
	for (size_t i = 0; i < p->n_roles; i++)
		if (strcmp(p->roles[i].name, name) == 0)
			return p->roles[i].path;
	return NULL;
}

const char *s2st_pack_text(const s2st_pack *p, const char *key)
{
	return s2_value_get_str(p->root, key, NULL);
}

const s2_value *s2_pack_json(const s2st_pack *p)
{
	return p->root;
}

void s2st_pack_search(const s2st_pack *p, s2st_search_options *opt)
{
	s2st_error none;
	s2st_search_options over = *opt;
	if (read_search(p, &over, &none) == S2ST_OK) /* it was when the pack was opened */
		*opt = over;
}

void s2st_pack_vocode(const s2st_pack *p, s2st_vocode_options *opt)
{
	opt->dur_prediction = p->voice.dur_prediction;
	opt->speaker = p->voice.speaker;
	opt->style = p->voice.style;
}

int64_t s2_pack_k(const s2st_pack *p)
{
	return p->k;
}

int s2st_pack_layer(const s2st_pack *p)
{
	return (int)p->layer;
}

const char *s2_pack_json_path(const s2st_pack *p)
{
	return p->json_path;
}

/* ---- sums ---- */

static int verify_file(const s2st_pack *p, const char *name, const s2_value *expected, s2st_error *err)
{
	char found[S2_SHA256_TEXT];
	const char *path;
	if (expected->kind != S2_V_STR)
		return s2_fail(err, S2ST_EMODEL, "%s: sha256.%s: expected a sum, found %s", p->json_path, name,
			       s2_value_kind_name(expected));
	S2_TRY(path_of(p, name, &path, err));
	S2_TRY(s2_sha256_file(found, path, err));
	if (strcasecmp(expected->u.str.s, found) != 0)
		return s2_fail(err, S2ST_EMODEL, "%s: sha256: expected %.64s, found %s", path, expected->u.str.s,
			       found);
	return S2ST_OK;
}

/* Every role's file needs a sum; what is in a folder has sums of its own. */
static int check_sums(const s2st_pack *p, const s2_value *sums, s2st_error *err)
{
	const s2_value *files;
	S2_TRY(section(p, "files", &files, err));
	for (size_t i = 0; i < p->n_roles; i++) {
		struct stat st;
		const char *name = s2_value_get_str(files, p->roles[i].name, "");
		const bool folder = stat(p->roles[i].path, &st) == 0 && S_ISDIR(st.st_mode);
		if (!folder && !s2_value_get(sums, name))
			return s2_fail(err, S2ST_EMODEL, "%s: sha256: expected a sum for \"%s\", found none",
				       p->json_path, name);
	}
	return S2ST_OK;
}

int s2st_pack_verify(const s2st_pack *p, s2st_error *err)
{
	const s2_value *sums;
	const s2_pair *pairs = NULL;
	S2_TRY(section(p, "sha256", &sums, err));
	S2_TRY(check_sums(p, sums, err));
	const size_t n = s2_value_pairs(sums, &pairs);
	for (size_t i = 0; i < n; i++)
		S2_TRY(verify_file(p, pairs[i].key->u.str.s, pairs[i].val, err));
	return S2ST_OK;
}
