/* Vocabularies of CTC heads: fairseq's dictionaries and Hugging Face's tokenizer files. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/index.h"
#include "base/size.h"
#include "formats/json.h"
#include "models/ctc.h"

static int new_vocab(s2_ctc_vocab *v, size_t rows, s2_arena *a, s2st_error *err)
{
	*v = (s2_ctc_vocab){.n = rows, .unsaid = SIZE_MAX};
	S2_ZALLOC(v->symbols, a, rows, 1, err);
	return S2ST_OK;
}

/* ---- fairseq ---------------------------------------------------------------------------------------------------- */

enum { N_SPECIAL = S2_UNK + 1 };

int s2_ctc_vocab_fairseq(s2_ctc_vocab *v, const s2_dict *d, size_t rows, const char *name, const char *model,
			 s2_arena *a, s2st_error *err)
{
	const size_t n = s2_dict_size(d);
	if (n != rows)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected %zu symbols, the rows of the CTC head of %s, found %zu (%d special ones "
			       "among them)",
			       name, rows, model, n, N_SPECIAL);
	S2_TRY(new_vocab(v, rows, a, err));
	for (size_t i = 0; i < n; i++) {
		const char *symbol = s2_dict_symbol(d, i);
		v->symbols[i] = s2_arena_strndup(a, symbol, strlen(symbol));
		if (!v->symbols[i])
			return s2_fail_mem(err, name);
	}
	const int64_t bar = s2_dict_index(d, "|");
	v->blank = S2_BOS;
	v->silence = bar >= 0 ? (size_t)bar : S2_EOS;
	return S2ST_OK;
}

/* The dictionary that a fine-tuned model carries: task_state.target_dictionary. NULL: none, or one without letters. */
static const s2_value *own_dictionary(const s2_checkpoint *ckpt)
{
	const s2_value *d = s2_value_path(s2_checkpoint_root(ckpt), "task_state.target_dictionary");
	return s2_value_len(s2_value_get(d, "symbols")) > N_SPECIAL ? d : NULL;
}

static int open_fairseq(s2_ctc_vocab *v, const s2_encoder *m, const char *model, const char *path, s2_arena *a,
			s2st_error *err)
{
	const s2_value *own = path ? NULL : own_dictionary(m->ckpt);
	char *beside = path || own ? NULL : s2_path_beside(model, "dict.ltr.txt");
	s2_dict *d = NULL;
	int rc;
	if (own)
		rc = s2_dict_from_value(&d, own, model, err);
	else if (path)
		rc = s2_dict_read(&d, path, err);
	else if (beside && access(beside, F_OK) == 0)
		rc = s2_dict_read(&d, beside, err);
	else
		rc = s2_fail(err, S2ST_EMODEL,
			     "%s: the checkpoint holds no dictionary and no dict.ltr.txt lies beside it: a dictionary "
			     "of %zu symbols is needed",
			     model, m->config.n_vocab);
	if (rc == S2ST_OK)
		rc = s2_ctc_vocab_fairseq(v, d, m->config.n_vocab, own ? model : path ? path : beside, model, a, err);
	if (rc == S2ST_OK && m->config.layer.adapted)
		v->unsaid = S2_EOS;
	s2_dict_free(d);
	free(beside);
	return rc;
}

/* ---- Hugging Face ----------------------------------------------------------------------------------------------- */

typedef struct hf_vocab {
	s2_ctc_vocab *v;
	const s2_ctc_tokenizer *t;
	const char *model;
	s2_index *ids; /* token -> id */
	size_t next;   /* above all ids so far */
	s2st_error *err;
} hf_vocab;

static int put_token(hf_vocab *h, const char *token, size_t id)
{
	if (id < h->v->n && h->v->symbols[id] && strcmp(h->v->symbols[id], token) != 0)
		return s2_fail(h->err, S2ST_EMODEL, "%s: id %zu stands for \"%.40s\" and for \"%.40s\"", h->t->name, id,
			       h->v->symbols[id], token);
	if (s2_index_put(h->ids, token, strlen(token), id) < 0)
		return s2_fail_mem(h->err, h->t->name);
	if (id < h->v->n)
		h->v->symbols[id] = token;
	h->next = s2_max(h->next, id + 1);
	return S2ST_OK;
}

/* {"token": id, ...}. Tokens without a row are an error where `all_rows` is true. */
static int put_tokens(hf_vocab *h, const s2_value *tokens, const char *file, bool all_rows)
{
	const s2_pair *pairs = NULL;
	const size_t n = s2_value_pairs(tokens, &pairs);
	for (size_t i = 0; i < n; i++) {
		const s2_value *id = pairs[i].val, *key = pairs[i].key;
		if (strlen(key->u.str.s) != key->u.str.len)
			return s2_fail(h->err, S2ST_EMODEL, "%s: a token holds a NUL", file);
		if (id->kind != S2_V_INT || id->u.i < 0 || id->u.i > INT32_MAX)
			return s2_fail(h->err, S2ST_EMODEL, "%s: token \"%.40s\": expected an id, found %s", file,
				       key->u.str.s,
				       id->kind == S2_V_INT ? "a number out of range" : s2_value_kind_name(id));
		if (all_rows && (size_t)id->u.i >= h->v->n)
			return s2_fail(h->err, S2ST_EMODEL,
				       "%s: token \"%.40s\" has id %lld, but the CTC head of %s has only %zu rows",
				       file, key->u.str.s, (long long)id->u.i, h->model, h->v->n);
		S2_TRY(put_token(h, key->u.str.s, (size_t)id->u.i));
	}
	return S2ST_OK;
}

/* "<pad>", or {"content": "<pad>", ...}; `def` where no file says. */
static const char *special_token(const s2_ctc_tokenizer *t, const char *key, const char *def)
{
	const s2_value *const files[] = {t->config, t->special};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *plain = s2_value_get_str(files[i], key, NULL);
		const char *wrapped = s2_value_get_str(s2_value_get(files[i], key), "content", NULL);
		if (plain || wrapped)
			return plain ? plain : wrapped;
	}
	return def;
}

static bool find_token(const hf_vocab *h, const char *token, size_t *id)
{
	return token && s2_index_get(h->ids, token, strlen(token), id) && *id < h->v->n;
}

/* Special tokens that no file lists get the next ids, in the tokenizer's order of them. */
static int put_special(hf_vocab *h)
{
	static const char *const keys[][2] = {
		{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}};
	size_t id;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *token = special_token(h->t, keys[i][0], keys[i][1]);
		if (!s2_index_get(h->ids, token, strlen(token), &id))
			S2_TRY(put_token(h, token, h->next));
	}
	return S2ST_OK;
}

static int fill_gaps(hf_vocab *h)
{
	const char *unknown = special_token(h->t, "unk_token", "<unk>");
	if (h->next < h->v->n)
		return s2_fail(h->err, S2ST_EMODEL,
			       "%s: expected %zu tokens (the added ones among them), the rows of the CTC head of %s, "
			       "found %zu",
			       h->t->name, h->v->n, h->model, h->next);
	for (size_t i = 0; i < h->v->n; i++)
		if (!h->v->symbols[i])
			h->v->symbols[i] = unknown;
	return S2ST_OK;
}

static int find_roles(hf_vocab *h)
{
	const char *pad = special_token(h->t, "pad_token", "<pad>");
	const char *const silences[] = {special_token(h->t, "word_delimiter_token", NULL), "|", " "};
	if (!find_token(h, pad, &h->v->blank))
		return s2_fail(h->err, S2ST_EMODEL, "%s: the blank, pad_token \"%.40s\", has no row in the CTC head",
			       h->t->name, pad);
	for (size_t i = 0; i < sizeof silences / sizeof *silences; i++)
		if (find_token(h, silences[i], &h->v->silence))
			return S2ST_OK;
	return s2_fail(h->err, S2ST_EMODEL, "%s: expected a token between words, \"|\" or \" \", found neither",
		       h->t->name);
}

static int fill_hf(hf_vocab *h)
{
	if (h->t->vocab->kind != S2_V_DICT)
		return s2_fail(h->err, S2ST_EMODEL, "%s: expected a mapping of tokens to ids, found %s", h->t->name,
			       s2_value_kind_name(h->t->vocab));
	S2_TRY(put_tokens(h, h->t->vocab, h->t->name, true));
	S2_TRY(put_tokens(h, h->t->added, "added_tokens.json", false));
	S2_TRY(put_special(h));
	S2_TRY(fill_gaps(h));
	return find_roles(h);
}

int s2_ctc_vocab_hf(s2_ctc_vocab *v, const s2_ctc_tokenizer *t, size_t rows, const char *model, s2_arena *a,
		    s2st_error *err)
{
	S2_TRY(new_vocab(v, rows, a, err));
	hf_vocab h = {.v = v, .t = t, .model = model, .ids = s2_index_new(), .err = err};
	int rc = h.ids ? fill_hf(&h) : s2_fail_mem(err, t->name);
	s2_index_free(h.ids);
	return rc;
}

/* A file beside vocab.json, which may be missing. */
static int read_beside(const s2_value **out, const char *vocab, const char *name, s2_arena *a, s2st_error *err)
{
	s2_value *v = NULL;
	char *path = s2_path_beside(vocab, name);
	if (!path)
		return s2_fail_mem(err, name);
	int rc = access(path, F_OK) == 0 ? s2_json_read(&v, a, path, err) : S2ST_OK;
	free(path);
	*out = v;
	return rc;
}

/* MMS: {"eng": {"a": 5, ...}, ...}, a vocabulary a language; without adapters of one the tokenizer says which. */
static int pick_language(s2_ctc_tokenizer *t, const s2_encoder *m, s2st_error *err)
{
	const s2_pair *pairs;
	const char *language = m->language ? m->language : s2_value_get_str(t->config, "target_lang", NULL);
	if (s2_value_pairs(t->vocab, &pairs) == 0 || pairs[0].val->kind != S2_V_DICT)
		return S2ST_OK;
	const s2_value *own = language ? s2_value_get(t->vocab, language) : NULL;
	if (!own)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: vocabularies of several languages, expected that of %s, found none", t->name,
			       language ? language : "one that is chosen");
	t->vocab = own;
	return S2ST_OK;
}

static int open_hf(s2_ctc_vocab *v, const s2_encoder *m, const char *model, const char *path, s2_arena *a,
		   s2st_error *err)
{
	s2_value *vocab;
	s2_ctc_tokenizer t = {.name = path};
	S2_TRY(s2_json_read(&vocab, a, path, err));
	t.vocab = vocab;
	S2_TRY(read_beside(&t.added, path, "added_tokens.json", a, err));
	S2_TRY(read_beside(&t.config, path, "tokenizer_config.json", a, err));
	S2_TRY(read_beside(&t.special, path, "special_tokens_map.json", a, err));
	S2_TRY(pick_language(&t, m, err));
	return s2_ctc_vocab_hf(v, &t, m->config.n_vocab, model, a, err);
}

int s2_ctc_vocab_open(s2_ctc_vocab *v, const s2_encoder *m, const char *model, const char *path, s2_arena *a,
		      s2st_error *err)
{
	if (m->config.n_vocab == 0)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a model with a CTC head, found %s without one", model,
			       m->config.kind);
	if (m->config.layout == S2_LAYOUT_FAIRSEQ)
		return open_fairseq(v, m, model, path, a, err);
	char *own = path ? NULL : s2_path_join(model, "vocab.json");
	if (!path && !own)
		return s2_fail_mem(err, model);
	int rc = open_hf(v, m, model, path ? path : own, a, err);
	free(own);
	return rc;
}
