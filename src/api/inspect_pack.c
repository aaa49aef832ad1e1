/* What a pack holds, and whether its encoder, centroids and vocoder belong together. */
#include "api/inspect.h"
#include "api/pack.h"
#include "models/encoder.h"
#include "models/kmeans.h"

/* Sizes of the parts; 0: the pack has no such part. */
typedef struct parts {
	size_t layers, dim;      /* encoder */
	size_t k, centroid_dim;  /* k-means */
	size_t vocoder_units;
} parts;

static int measure_encoder(parts *p, const char *path, s2st_error *err)
{
	s2_encoder *m;
	if (!path)
		return S2ST_OK;
	S2_TRY(s2_encoder_open(&m, path, err));
	p->layers = m->config.n_layers;
	p->dim = m->config.layer.dim;
	s2_encoder_free(m);
	return S2ST_OK;
}

static int measure_kmeans(parts *p, const char *path, s2st_error *err)
{
	s2_kmeans *m;
	if (!path)
		return S2ST_OK;
	S2_TRY(s2_kmeans_open(&m, path, err));
	p->k = m->k;
	p->centroid_dim = m->dim;
	s2_kmeans_free(m);
	return S2ST_OK;
}

static int measure_vocoder(parts *p, const char *path, s2st_error *err)
{
	s2_checkpoint *c;
	if (!path)
		return S2ST_OK;
	S2_TRY(s2_checkpoint_open(&c, path, err));
	const s2_tensor *t = s2_checkpoint_tensor(c, "dict.weight");
	p->vocoder_units = t && t->rank == 2 ? t->dims[0] : 0;
	s2_checkpoint_close(c);
	return S2ST_OK;
}

/* `said` by pack.json, `found` in a part; 0: not known. */
static int check(const char *dir, const char *what, int64_t said, const char *part, size_t found, s2st_error *err)
{
	if (said == 0 || found == 0 || (size_t)said == found)
		return S2ST_OK;
	return s2_fail(err, S2ST_EMODEL, "%s: %s: expected %lld, found %zu in the %s", dir, what, (long long)said,
		       found, part);
}

static int check_parts(const parts *p, const s2st_pack *pack, const char *dir, s2st_error *err)
{
	const int64_t k = s2_pack_k(pack), layer = s2st_pack_layer(pack);
	S2_TRY(check(dir, "units.k", k, "k-means model", p->k, err));
	S2_TRY(check(dir, "units.k", k, "vocoder", p->vocoder_units, err));
	S2_TRY(check(dir, "number of units", (int64_t)p->k, "vocoder", p->vocoder_units, err));
	S2_TRY(check(dir, "width of the centroids", (int64_t)p->dim, "k-means model", p->centroid_dim, err));
	if (p->layers && (size_t)layer > p->layers)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: units.layer: expected at most %zu, the encoder's layers, found %lld", dir,
			       p->layers, (long long)layer);
	return S2ST_OK;
}

static void report_parts(s2_report *r, const parts *p, const s2st_pack *pack)
{
	const int layer = s2st_pack_layer(pack);
	if (p->dim && p->k && layer)
		s2_report_format(r, "units", "layer %d of %zu (%zu values), %zu centroids", layer, p->layers, p->dim,
				 p->k);
	if (p->k && p->vocoder_units)
		s2_report_format(r, "fits", "encoder, k-means model and vocoder agree: %zu units", p->k);
}

int s2_describe_pack(s2_subject *s, const char *dir, s2st_error *err)
{
	parts p = {0};
	S2_TRY(s2st_pack_open(&s->pack, dir, err)); /* says what is missing or misspelt */
	S2_TRY(measure_encoder(&p, s2st_pack_file(s->pack, "encoder"), err));
	S2_TRY(measure_kmeans(&p, s2st_pack_file(s->pack, "kmeans"), err));
	S2_TRY(measure_vocoder(&p, s2st_pack_file(s->pack, "vocoder"), err));
	S2_TRY(check_parts(&p, s->pack, dir, err));
	s2_report_text(&s->report, "container", "folder");
	s2_report_text(&s->report, "kind", "pack");
	s2_report_text(&s->report, "description", "models that fit together");
	report_parts(&s->report, &p, s->pack);
	s2_report_value(&s->report, "pack", s2_pack_json(s->pack));
	return S2ST_OK;
}
