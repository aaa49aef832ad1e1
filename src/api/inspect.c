/* s2st_inspect: looks at the first bytes of a file, or at what a folder holds, and lets the describer of that kind of
 * file fill a report. */
#include "api/inspect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "formats/tar.h"

static bool begins(const s2_map *m, const char *magic, size_t n)
{
	return m->size >= n && memcmp(m->bytes, magic, n) == 0;
}

static bool ends(const char *path, const char *suffix)
{
	const size_t n = strlen(path), m = strlen(suffix);
	return n > m && strcasecmp(path + n - m, suffix) == 0;
}

static const char *audio_format(const s2_map *m)
{
	if (begins(m, "RIFF", 4))
		return "RIFF wave";
	if (begins(m, "fLaC", 4))
		return "FLAC";
	if (begins(m, "OggS", 4))
		return "Ogg";
	return begins(m, "ID3", 3) ? "MP3" : NULL;
}

static bool is_safetensors(const s2_map *m)
{
	return m->size > 9 && m->bytes[8] == '{' && m->bytes[7] == 0 && m->bytes[6] == 0;
}

/* zlib (whose first two bytes are a multiple of 31) or gzip: of what is read here only joblib files are. */
static bool is_compressed(const s2_map *m)
{
	return m->size > 2 &&
	       ((m->bytes[0] == 'x' && ((unsigned)'x' << 8 | m->bytes[1]) % 31 == 0) || begins(m, "\x1f\x8b", 2));
}

static int describe_by_content(s2_subject *s, const s2_map *m, s2st_error *err)
{
	const char *path = m->path, *audio = audio_format(m);
	if (begins(m, "\x93NUMPY", 6))
		return s2_describe_npy(s, path, err);
	if (begins(m, "PK\3\4", 4) || is_safetensors(m) || s2_tar_is(m->bytes, m->size))
		return s2_describe_checkpoint(s, path, err);
	if (m->bytes[0] == 0x80 && m->size > 1 && m->bytes[1] <= 5)
		return s2_describe_pickle(s, m, err);
	if (is_compressed(m))
		return s2_describe_joblib(s, m, err);
	if (audio)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected a model, a configuration or a dictionary, found %s audio", path, audio);
	if (ends(path, ".json") || m->bytes[0] == '{')
		return s2_describe_json(s, path, err);
	if (ends(path, ".yaml") || ends(path, ".yml"))
		return s2_describe_yaml(s, path, err);
	if (ends(path, ".txt"))
		return s2_describe_dict(s, path, err);
	return s2_fail(err, S2ST_EFORMAT,
		       "%s: expected a checkpoint, a k-means model or an array, or a .json, .yaml or .txt file", path);
}

static int describe_folder(s2_subject *s, const char *path, s2st_error *err)
{
	int (*const describe[])(s2_subject *, const char *, s2st_error *) = {s2_describe_pack, s2_describe_hf};
	const char *const signs[] = {"pack.json", "config.json"};
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		struct stat st;
		char *sign = s2_path_join(path, signs[i]);
		if (!sign)
			return s2_fail_mem(err, path);
		const bool there = stat(sign, &st) == 0;
		free(sign);
		if (there)
			return describe[i](s, path, err);
	}
	return s2_fail(err, S2ST_EMODEL, "%s: expected pack.json or config.json in the folder, found neither", path);
}

static int describe(s2_subject *s, const char *path, s2st_error *err)
{
	struct stat st;
	s2_map map;
	s2_report_text(&s->report, "file", path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return describe_folder(s, path, err);
	S2_TRY(s2_map_open(&map, path, err));
	s2_report_int(&s->report, "bytes", (int64_t)map.size);
	int rc = describe_by_content(s, &map, err);
	s2_map_close(&map);
	return rc;
}

int s2st_inspect(char **out, const char *path, bool json, bool verbose, s2st_error *err)
{
	s2_subject s = {0};
	*out = NULL;
	int rc = s2_report_new(&s.report, err);
	if (rc == S2ST_OK)
		rc = describe(&s, path, err);
	if (rc == S2ST_OK)
		rc = s2_report_print(&s.report, json, verbose, out, err);
	s2_checkpoint_close(s.checkpoint);
	s2st_pack_free(s.pack);
	s2_report_free(&s.report);
	return rc;
}

/* ---- --npy ------------------------------------------------------------------------------------------------------- */

static int write_tensor(s2st_writer *w, const s2_tensor *t, const char *what, s2st_error *err)
{
	const size_t n = s2_tensor_count(t);
	float *values = reallocarray(NULL, n ? n : 1, sizeof *values);
	if (!values)
		return s2_fail_mem(err, what);
	s2_tensor_to_f32(t, values);
	int rc = s2st_npy_write(w, "<f4", t->dims, (size_t)t->rank, values, err);
	free(values);
	return rc;
}

int s2st_inspect_npy(s2st_writer *w, const char *path, const char *name, s2st_error *err)
{
	s2_checkpoint *c;
	S2_TRY(s2_checkpoint_open(&c, path, err));
	const s2_tensor *t = s2_checkpoint_tensor(c, name);
	int rc = t ? write_tensor(w, t, name, err)
		   : s2_fail(err, S2ST_EINPUT, "%s: expected a tensor named \"%s\", found none among %zu", path, name,
			     s2_checkpoint_n_tensors(c));
	s2_checkpoint_close(c);
	return rc;
}
