#include "text/metric.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void s2_metric_scratch_free(s2_metric_scratch *m)
{
	s2_chars_free(&m->hyp);
	s2_chars_free(&m->ref);
	s2_chars_free(&m->spare);
	free(m->hyp_ids.id);
	free(m->ref_ids.id);
	s2_trie_free(&m->words);
	s2_trie_free(&m->grams);
	free(m->row);
	*m = (s2_metric_scratch){0};
}

int s2_metric_decode(s2_metric_scratch *m, s2_chars *out, const char *utf8, bool lowercase, const char *what,
		     s2st_error *err)
{
	int rc = s2_chars_decode(out, utf8, strlen(utf8), err);
	if (rc < 0)
		return s2_fail_prefix(err, rc, "%s", what);
	if (lowercase) {
		s2_chars_lower(out, &m->spare);
		s2_chars_swap(out, &m->spare);
	}
	return s2_chars_check(out, err);
}

int s2_ids_put(s2_ids *ids, uint32_t id, s2st_error *err)
{
	if (ids->n == ids->cap) {
		size_t cap = ids->cap ? 2 * ids->cap : 64, bytes;
		uint32_t *grown = s2_mul(cap, sizeof *grown, &bytes) ? realloc(ids->id, bytes) : NULL;
		if (!grown)
			return s2_fail_mem(err, "text");
		ids->id = grown;
		ids->cap = cap;
	}
	ids->id[ids->n++] = id;
	return S2ST_OK;
}

int s2_metric_words(s2_metric_scratch *m, const s2_chars *s, s2_ids *out, s2st_error *err)
{
	s2_word word;
	out->n = 0;
	for (size_t at = 0; s2_next_word(s, &at, &word);) {
		uint32_t id = s2_trie_path(&m->words, word.c, word.n);
		if (!id)
			return s2_fail_mem(err, "n-grams");
		S2_TRY(s2_ids_put(out, id, err));
	}
	return S2ST_OK;
}
