/* Do the parts of a pack, or of a command line, belong together? */
#include "api/pack.h"
#include "api/quantize.h"

int s2_pack_check_parts(const s2st_pack *p, const s2_pack_parts *parts, s2st_error *err)
{
	const char *name = s2_pack_json_path(p);
	const size_t layer = (size_t)s2st_pack_layer(p), k = (size_t)s2_pack_k(p);
	const struct {
		size_t n;
		const char *part, *of;
	} counts[] = {
		{parts->s2ut_units, "S2UT model", "units"},
		{parts->centroids, "k-means model", "centroids"},
		{parts->vocoder_units, "vocoder", "units"},
	};
	if (layer && parts->layers && layer > parts->layers)
		return s2_fail(err, S2ST_EMODEL, "%s: units.layer is %zu, but the encoder has %zu layers", name, layer,
			       parts->layers);
	for (size_t i = 0; k && i < sizeof counts / sizeof *counts; i++)
		if (counts[i].n && counts[i].n != k)
			return s2_fail(err, S2ST_EMODEL, "%s: units.k is %zu, but the %s has %zu %s", name, k,
				       counts[i].part, counts[i].n, counts[i].of);
	if (parts->centroids && parts->vocoder_units && parts->centroids != parts->vocoder_units)
		return s2_fail(err, S2ST_EMODEL, "%s: the k-means model has %zu centroids, but the vocoder %zu units",
			       name, parts->centroids, parts->vocoder_units);
	if (parts->dim && parts->centroid_dim && parts->dim != parts->centroid_dim)
		return s2_fail(err, S2ST_EMODEL, "%s: the encoder's features have %zu values, the centroids %zu", name,
			       parts->dim, parts->centroid_dim);
	return S2ST_OK;
}

/* The dictionary of an XM transformer was counted in its training data and may lack rare units. */
static bool lacks_rare(const s2st_s2ut_info *s2ut, int64_t k)
{
	return s2ut->waveform && s2ut->n_units <= k;
}

int s2st_pack_check(const s2st_pack *p, const s2st_s2ut *m, const s2st_vocoder *v, s2st_error *err)
{
	s2st_s2ut_info s2ut = {0};
	s2st_vocoder_info voice = {0};
	if (m)
		s2st_s2ut_get_info(m, &s2ut);
	if (v)
		s2st_vocoder_get_info(v, &voice);
	s2_pack_parts parts = {.s2ut_units = (size_t)s2ut.n_units, .vocoder_units = (size_t)voice.n_units};
	if (lacks_rare(&s2ut, s2_pack_k(p)))
		parts.s2ut_units = 0;
	return s2_pack_check_parts(p, &parts, err);
}

int s2st_pack_check_units(const s2st_pack *p, const s2st_encoder *e, int layer, const s2st_kmeans *k, s2st_error *err)
{
	const int said = s2st_pack_layer(p);
	s2_pack_parts parts = {0};
	if (e) {
		parts.layers = e->net.n_layers;
		parts.dim = e->net.dim;
	}
	if (k) {
		parts.centroids = k->model->k;
		parts.centroid_dim = k->model->dim;
	}
	S2_TRY(s2_pack_check_parts(p, &parts, err));
	if (said && layer && layer != said && !(layer == -1 && parts.layers == (size_t)said))
		return s2_fail(err, S2ST_EMODEL, "%s: units.layer is %d, not %d", s2_pack_json_path(p), said, layer);
	return S2ST_OK;
}

/* A vocabulary of exactly the units 0..K-1 is a unit set of K: with other embeddings it would come out as noise. One
 * with gaps was counted in training data, whose rarest units may be missing at its end. */
int s2st_check_fit(const s2st_s2ut *m, const s2st_vocoder *v, s2st_error *err)
{
	enum { N_SPECIAL = 4 };
	s2st_s2ut_info s2ut;
	s2st_vocoder_info voice;
	s2st_s2ut_get_info(m, &s2ut);
	s2st_vocoder_get_info(v, &voice);
	const bool whole = !lacks_rare(&s2ut, voice.n_units) && s2ut.n_units + N_SPECIAL <= s2ut.n_vocab;
	if (s2ut.n_units > voice.n_units || (whole && s2ut.n_units != voice.n_units))
		return s2_fail(err, S2ST_EMODEL, "the models do not fit: the S2UT model has %d units, the vocoder %d",
			       s2ut.n_units, voice.n_units);
	return S2ST_OK;
}
