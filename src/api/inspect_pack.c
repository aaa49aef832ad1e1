/* What a pack holds, and whether its encoder, centroids and vocoder belong together. */
#include "api/inspect.h"
#include "api/pack.h"
#include "models/encoder.h"
#include "models/kmeans.h"

static int measure_encoder(s2_pack_parts *p, const char *path, s2st_error *err)
{
	s2_encoder *m;
	if (!path)
		return S2ST_OK;
	S2_TRY(s2_encoder_open(&m, path, S2ST_FP32, err));
	p->layers = m->config.n_layers;
	p->dim = m->config.layer.dim;
	s2_encoder_free(m);
	return S2ST_OK;
}

static int measure_kmeans(s2_pack_parts *p, const char *path, s2st_error *err)
{
	s2_kmeans *m;
	if (!path)
		return S2ST_OK;
	S2_TRY(s2_kmeans_open(&m, path, err));
	p->centroids = m->k;
	p->centroid_dim = m->dim;
	s2_kmeans_free(m);
	return S2ST_OK;
}

static int measure_vocoder(s2_pack_parts *p, const char *path, s2st_error *err)
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

static void report_parts(s2_report *r, const s2_pack_parts *p, const s2st_pack *pack)
{
	const int layer = s2st_pack_layer(pack);
	if (p->dim && p->centroids && layer)
		s2_report_format(r, "units", "layer %d of %zu (%zu values), %zu centroids", layer, p->layers, p->dim,
				 p->centroids);
	if (p->centroids && p->vocoder_units)
		s2_report_format(r, "fits", "encoder, k-means model and vocoder agree: %zu units", p->centroids);
}

int s2_describe_pack(s2_subject *s, const char *dir, s2st_error *err)
{
	s2_pack_parts p = {0};
	S2_TRY(s2st_pack_open(&s->pack, dir, err)); /* says what is missing or misspelt */
	S2_TRY(measure_encoder(&p, s2st_pack_file(s->pack, "encoder"), err));
	S2_TRY(measure_kmeans(&p, s2st_pack_file(s->pack, "kmeans"), err));
	S2_TRY(measure_vocoder(&p, s2st_pack_file(s->pack, "vocoder"), err));
	S2_TRY(s2_pack_check_parts(s->pack, &p, err));
	s2_report_text(&s->report, "container", "folder");
	s2_report_text(&s->report, "kind", "pack");
	s2_report_text(&s->report, "description", "models that fit together");
	report_parts(&s->report, &p, s->pack);
	s2_report_value(&s->report, "pack", s2_pack_json(s->pack));
	return S2ST_OK;
}
