/* s2st_encoder_*, s2st_kmeans_* and s2st_quantizer_* of the public header over models/extractor.h, kmeans.h and
 * feature_reader.h. */
#include "api/quantize.h"

#include <limits.h>
#include <stdlib.h>

#include "base/sha256.h"
#include "models/feature_reader.h"

/* ---- encoder ---- */

int s2st_encoder_open(s2st_encoder **out, s2st_context *ctx, s2st_feature_type type, const char *model, s2st_error *err)
{
	*out = NULL;
	s2st_encoder *e = calloc(1, sizeof *e);
	if (!e)
		return s2_fail_mem(err, model);
	e->ctx = ctx;
	int rc = s2_extractor_open(&e->net, type, model, ctx->precision, err);
	if (rc < 0)
		s2st_encoder_free(e);
	else
		*out = e;
	return rc;
}

void s2st_encoder_free(s2st_encoder *e)
{
	if (!e)
		return;
	s2_extractor_close(&e->net);
	free(e);
}

void s2st_encoder_get_info(const s2st_encoder *e, s2st_encoder_info *out)
{
	*out = (s2st_encoder_info){
		.kind = e->net.kind,
		.n_layers = (int)e->net.n_layers,
		.dim = (int)e->net.dim,
		.sample_rate = e->net.sample_rate,
		.hop = (int)e->net.hop,
		.normalize = e->net.net && e->net.net->config.normalize,
	};
}

int s2st_encoder_hash(const s2st_encoder *e, char out[S2ST_HASH_SIZE], s2st_error *err)
{
	out[0] = 0;
	return e->net.net ? s2_sha256_file(out, s2_checkpoint_path(e->net.net->ckpt), err) : S2ST_OK;
}

/* ---- k-means ---- */

int s2st_kmeans_open(s2st_kmeans **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2st_kmeans *k = calloc(1, sizeof *k);
	if (!k)
		return s2_fail_mem(err, path);
	int rc = s2_kmeans_open(&k->model, path, err);
	if (rc == S2ST_OK && k->model->dim > INT_MAX)
		rc = s2_fail(err, S2ST_EMODEL, "%s: centroids of %zu values", path, k->model->dim);
	if (rc < 0)
		s2st_kmeans_free(k);
	else
		*out = k;
	return rc;
}

void s2st_kmeans_free(s2st_kmeans *k)
{
	if (!k)
		return;
	s2_kmeans_free(k->model);
	free(k);
}

void s2st_kmeans_get_info(const s2st_kmeans *k, s2st_kmeans_info *out)
{
	*out = (s2st_kmeans_info){(int)k->model->k, (int)k->model->dim, k->model->centroids};
}

/* ---- quantizer ---- */

struct s2st_quantizer {
	const s2_kmeans *k;
	s2_feature_reader reader;
	int32_t *units; /* [reader.cap_rows]; NULL: features only */
};

static int set_up(s2st_quantizer *q, const s2st_encoder *e, int layer, const s2st_kmeans *k, s2st_error *err)
{
	S2_TRY(s2_feature_reader_init(&q->reader, &e->net, 0, e->ctx->pool, e->ctx->kernels, err));
	S2_TRY(s2_extractor_layer(&e->net, layer, &q->reader.layer, err));
	if (!k)
		return S2ST_OK;
	q->k = k->model;
	if (q->k->dim != e->net.dim)
		return s2_fail(err, S2ST_EMODEL,
			       "the models do not fit: %s features have %zu values, the centroids %zu", e->net.kind,
			       e->net.dim, q->k->dim);
	q->units = reallocarray(NULL, q->reader.cap_rows, sizeof *q->units);
	return q->units ? S2ST_OK : s2_fail_mem(err, "units");
}

int s2st_quantizer_new(s2st_quantizer **out, const s2st_encoder *e, int layer, const s2st_kmeans *k, s2st_error *err)
{
	*out = NULL;
	s2st_quantizer *q = calloc(1, sizeof *q);
	if (!q)
		return s2_fail_mem(err, "a quantizer session");
	int rc = set_up(q, e, layer, k, err);
	if (rc < 0)
		s2st_quantizer_free(q);
	else
		*out = q;
	return rc;
}

void s2st_quantizer_free(s2st_quantizer *q)
{
	if (!q)
		return;
	s2_feature_reader_free(&q->reader);
	free(q->units);
	free(q);
}

int s2st_quantizer_mix(s2st_quantizer *q, const float *learned, size_t n, s2st_error *err)
{
	return s2_feature_reader_mix(&q->reader, learned, n, err);
}

int s2st_quantizer_open(s2st_quantizer *q, const char *path, int channel, s2st_error *err)
{
	return s2_feature_reader_open(&q->reader, path, channel, err);
}

int s2st_quantizer_next(s2st_quantizer *q, s2st_frames *out, s2st_error *err)
{
	s2_frames block;
	*out = (s2st_frames){0};
	int rc = s2_feature_reader_next(&q->reader, &block, err);
	if (rc > 0 && q->k)
		S2_TRY(s2_kmeans_assign(&q->reader.x, q->k, q->units, NULL, block.at, block.n, err));
	if (rc > 0)
		*out = (s2st_frames){block.at, q->units, block.n, q->reader.e->dim};
	return rc;
}

void s2st_quantizer_get_audio(const s2st_quantizer *q, s2st_quantizer_audio *out)
{
	const s2_feature_reader *r = &q->reader;
	*out = (s2st_quantizer_audio){r->n_read, r->n_dropped, r->e->sample_rate, r->source_rate, r->source_channels};
}
