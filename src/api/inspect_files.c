/* What files other than checkpoints hold: arrays, k-means dumps, configurations, dictionaries, packs, folders. */
#include "api/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "formats/dict.h"
#include "formats/joblib.h"
#include "formats/json.h"
#include "formats/npy.h"

/* ---- arrays ------------------------------------------------------------------------------------------------------ */

int s2_describe_npy(s2_subject *s, const char *path, s2st_error *err)
{
	s2_tensor t;
	S2_TRY(s2_npy_read(&t, s->report.arena, path, err));
	s2_report_text(&s->report, "container", "npy");
	s2_report_text(&s->report, "kind", "array");
	if (t.rank == 2)
		s2_report_format(&s->report, "fits",
				 "as k-means centroids: features of %zu values, K = %zu; as features: %zu frames",
				 t.dims[1], t.dims[0], t.dims[0]);
	s2_report_tensor(&s->report, s2_path_base(path), &t);
	return S2ST_OK;
}

/* ---- k-means models ---------------------------------------------------------------------------------------------- */

/* scikit-learn's k-means as joblib dumps it names its class near the start; torch's old container does not. */
static bool names_kmeans(const s2_map *map)
{
	const size_t n = map->size < 4096 ? map->size : 4096;
	return memmem(map->bytes, n, "KMeans", 6) != NULL;
}

static void report_kmeans(s2_report *r, const s2_value *root)
{
	const s2_value *centers = root->kind == S2_V_ARRAY ? root : s2_value_get(root, "cluster_centers_");
	if (root->kind == S2_V_OBJECT)
		s2_report_format(r, "description", "k-means of scikit-learn (%s)", root->u.obj.cls);
	s2_report_text(r, "scikit_learn", s2_value_get_str(root, "_sklearn_version", NULL));
	if (!centers || centers->kind != S2_V_ARRAY || centers->u.tensor->rank != 2)
		return;
	const s2_tensor *t = centers->u.tensor;
	s2_report_int(r, "k", (int64_t)t->dims[0]);
	s2_report_int(r, "dim", (int64_t)t->dims[1]);
	s2_report_format(r, "fits", "an encoder layer of %zu values; a vocoder for %zu units", t->dims[1], t->dims[0]);
	s2_report_tensor(r, "cluster_centers_", t);
}

int s2_describe_joblib(s2_subject *s, const s2_map *map, s2st_error *err)
{
	s2_value *root;
	S2_TRY(s2_joblib_parse(&root, s->report.arena, map->bytes, map->size, map->path, err));
	s2_report_text(&s->report, "container", "joblib");
	s2_report_text(&s->report, "kind", "kmeans");
	report_kmeans(&s->report, root);
	return S2ST_OK;
}

int s2_describe_pickle(s2_subject *s, const s2_map *map, s2st_error *err)
{
	return names_kmeans(map) ? s2_describe_joblib(s, map, err) : s2_describe_checkpoint(s, map->path, err);
}

/* ---- configurations ---------------------------------------------------------------------------------------------- */

#define S2T_CONFIG "data configuration of speech-to-text and speech-to-speech models"

/* Kinds told by a member that only they have. */
static const struct {
	const char *member, *kind, *text;
} signs[] = {
	{"upsample_rates", "vocoder_config", "configuration of a unit vocoder (HiFi-GAN)"},
	{"feature_transforms", "s2t_config", S2T_CONFIG},
	{"input_feat_per_channel", "s2t_config", S2T_CONFIG},
	{"use_audio_input", "s2t_config", S2T_CONFIG},
	{"vocab_filename", "s2t_config", S2T_CONFIG},
	{"model_type", "hf_config", "configuration of a Hugging Face model"},
	{"files", "pack_config", "what a pack holds"},
};

static void report_config(s2_report *r, const char *container, const s2_value *v)
{
	size_t i = 0;
	while (i < sizeof signs / sizeof *signs && !s2_value_get(v, signs[i].member))
		i++;
	const bool known = i < sizeof signs / sizeof *signs;
	s2_report_text(r, "container", container);
	s2_report_text(r, "kind", known ? signs[i].kind : "config");
	s2_report_text(r, "description", known ? signs[i].text : "a configuration");
	s2_report_value(r, "config", v);
}

int s2_describe_json(s2_subject *s, const char *path, s2st_error *err)
{
	s2_value *v;
	S2_TRY(s2_json_read(&v, s->report.arena, path, err));
	report_config(&s->report, "json", v);
	return S2ST_OK;
}

int s2_describe_yaml(s2_subject *s, const char *path, s2st_error *err)
{
	s2_value *v;
	S2_TRY(s2_yaml_read(&v, s->report.arena, path, err));
	report_config(&s->report, "yaml", v);
	return S2ST_OK;
}

/* ---- dictionaries ------------------------------------------------------------------------------------------------ */

int s2_describe_dict(s2_subject *s, const char *path, s2st_error *err)
{
	s2_dict *d;
	int32_t highest = -1;
	int64_t units = 0;
	S2_TRY(s2_dict_read(&d, path, err));
	const size_t n = s2_dict_size(d);
	for (size_t i = 0; i < n; i++) {
		const int32_t unit = s2_dict_unit(d, i);
		units += unit >= 0;
		highest = unit > highest ? unit : highest;
	}
	s2_dict_free(d);
	s2_report_text(&s->report, "container", "text");
	s2_report_text(&s->report, "kind", "dictionary");
	s2_report_int(&s->report, "symbols", (int64_t)n);
	s2_report_int(&s->report, "units", units);
	if (units > 0)
		s2_report_int(&s->report, "highest_unit", highest);
	s2_report_format(&s->report, "fits", "a model with %zu output symbols (the four special ones included)", n);
	return S2ST_OK;
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

int s2_describe_hf(s2_subject *s, const char *dir, s2st_error *err)
{
	static const char *const weights[] = {"model.safetensors", "pytorch_model.bin"};
	s2_value *config;
	char *path = s2_path_join(dir, "config.json");
	int rc = path ? s2_json_read(&config, s->report.arena, path, err) : s2_fail_mem(err, dir);
	free(path);
	if (rc < 0)
		return rc;
	s2_report_text(&s->report, "layout", "Hugging Face folder");
	for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
		struct stat st;
		path = s2_path_join(dir, weights[i]);
		if (!path)
			return s2_fail_mem(err, dir);
		const bool there = stat(path, &st) == 0;
		if (there)
			rc = s2_describe_checkpoint(s, path, err);
		free(path);
		if (there || rc < 0)
			break;
	}
	if (rc == S2ST_OK)
		s2_report_value(&s->report, "config", config);
	return rc;
}
