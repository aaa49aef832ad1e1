#include "formats/ranks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"

enum { MAX_RANKS = 65536, NAME_SIZE = 256 };

static const char gate_tail[] = ".moe_layer.gate.wg.weight";
static const char experts_part[] = ".moe_layer.experts.";

/* ---- names of files ---- */

bool s2_rank_name_parse(s2_rank_name *out, const char *path)
{
	static const char shared[] = "-shared", rank[] = "-rank-";
	const char *base = s2_path_base(path), *ext = strrchr(base, '.');
	const char *end = ext ? ext : base + strlen(base), *digits = end;
	size_t n = (size_t)(end - base);
	*out = (s2_rank_name){.ext = end, .rank = -1};
	if (n >= sizeof shared - 1 && memcmp(end - (sizeof shared - 1), shared, sizeof shared - 1) == 0) {
		out->stem = (size_t)(end - path) - (sizeof shared - 1);
		return true;
	}
	while (digits > base && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	size_t n_digits = (size_t)(end - digits), before = (size_t)(digits - base);
	if (n_digits == 0 || n_digits > 6 || before < sizeof rank - 1 ||
	    memcmp(digits - (sizeof rank - 1), rank, sizeof rank - 1) != 0)
		return false;
	out->stem = (size_t)(digits - path) - (sizeof rank - 1);
	out->rank = strtol(digits, NULL, 10);
	return true;
}

static int rank_path(char **out, s2_arena *a, const char *shared, const s2_rank_name *name, size_t rank,
		     s2st_error *err)
{
	size_t size = strlen(shared) + 32;
	S2_ALLOC(*out, a, size, 1, err);
	int n = snprintf(*out, size, "%.*s-rank-%zu%s", (int)name->stem, shared, rank, name->ext);
	return n > 0 && (size_t)n < size ? 0 : s2_fail(err, S2ST_EINTERNAL, "%s: the name is too long", shared);
}

/* Number of rank files and the highest rank + 1 in the folder of `shared`. */
static int count_ranks(const char *shared, const s2_rank_name *name, size_t *count, size_t *highest, s2st_error *err)
{
	char *folder = s2_path_beside(shared, ".");
	const char *base = s2_path_base(shared);
	size_t stem = name->stem - (size_t)(base - shared);
	if (!folder)
		return s2_fail_mem(err, shared);
	DIR *dir = opendir(folder);
	free(folder);
	*count = *highest = 0;
	if (!dir)
		return s2_fail(err, S2ST_EIO, "%s: cannot look for its rank files: %s", shared, strerror(errno));
	for (const struct dirent *e; (e = readdir(dir));) {
		s2_rank_name other;
		if (!s2_rank_name_parse(&other, e->d_name) || other.rank < 0 || other.stem != stem ||
		    strncmp(e->d_name, base, stem) != 0 || strcmp(other.ext, name->ext) != 0)
			continue;
		++*count;
		*highest = s2_max(*highest, (size_t)other.rank + 1);
	}
	closedir(dir);
	return 0;
}

int s2_ranks_find(char ***out, size_t *n, s2_arena *a, const char *shared, s2st_error *err)
{
	s2_rank_name name;
	size_t count, highest;
	char **paths, *last;
	if (!s2_rank_name_parse(&name, shared) || name.rank >= 0)
		return s2_fail(
			err, S2ST_EMODEL,
			"%s: its experts are in other files: expected the name NAME-shared.pt, and NAME-rank-N.pt "
			"beside it",
			shared);
	S2_TRY(count_ranks(shared, &name, &count, &highest, err));
	*n = s2_min(count, MAX_RANKS);
	S2_ALLOC(paths, a, *n, 1, err);
	S2_TRY(rank_path(&last, a, shared, &name, highest ? highest - 1 : 0, err));
	if (*n == 0)
		return s2_fail(err, S2ST_EMODEL, "%s: expected its experts in %s, ..., found no rank file", shared,
			       s2_path_base(last));
	for (size_t i = 0; i < *n; i++) {
		S2_TRY(rank_path(&paths[i], a, shared, &name, i, err));
		if (access(paths[i], F_OK) != 0)
			return s2_fail(err, S2ST_EMODEL, "%s: the rank file %s is missing, though %s is there", shared,
				       s2_path_base(paths[i]), s2_path_base(last));
	}
	*out = paths;
	return 0;
}

/* ---- names of tensors ---- */

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);
	return n >= t && strcmp(s + n - t, tail) == 0;
}

bool s2_ranks_wanted(const s2_checkpoint *shared)
{
	bool gates = false;
	for (size_t i = 0; i < s2_checkpoint_n_tensors(shared); i++) {
		const char *name = s2_checkpoint_tensor_at(shared, i)->name;
		if (strstr(name, experts_part))
			return false;
		gates = gates || ends_with(name, gate_tail);
	}
	return gates;
}

/* Experts of the layer "PREFIX" [stem] in one file. */
static size_t local_experts(const s2_checkpoint *part, const char *prefix, size_t stem)
{
	size_t n = 0;
	for (;; n++) {
		char name[NAME_SIZE];
		int len = snprintf(name, sizeof name, "%.*s%s%zu.fc1.weight", (int)stem, prefix, experts_part, n);
		if (len < 0 || (size_t)len >= sizeof name || !s2_checkpoint_tensor(part, name))
			return n;
	}
}

int s2_ranks_rename(const char **out, s2_arena *a, const s2_checkpoint *part, size_t rank, const char *name,
		    s2st_error *err)
{
	const char *at = strstr(name, experts_part);
	*out = NULL;
	if (!at)
		return 0;
	const char *digits = at + sizeof experts_part - 1;
	size_t n_digits = strspn(digits, "0123456789"), size = strlen(name) + 32, stem = (size_t)(at - name);
	if (n_digits == 0 || n_digits > 6 || digits[n_digits] != '.')
		return 0;
	size_t expert = rank * local_experts(part, name, stem) + strtoul(digits, NULL, 10);
	char *renamed = s2_arena_alloc(a, size, 1, 1);
	if (!renamed)
		return s2_fail_mem(err, name);
	int n = snprintf(renamed, size, "%.*s%s%zu%s", (int)stem, name, experts_part, expert, digits + n_digits);
	*out = n > 0 && (size_t)n < size ? renamed : NULL;
	return 0;
}

/* ---- do they belong together ---- */

static int check_experts(const s2_checkpoint *shared, s2_checkpoint *const *ranks, size_t n, const s2_tensor *gate,
			 s2st_error *err)
{
	size_t stem = strlen(gate->name) - strlen(gate_tail), experts = gate->rank == 2 ? gate->dims[0] : 0;
	const char *file = s2_checkpoint_path(shared);
	size_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += local_experts(ranks[i], gate->name, stem);
	if (n == 0 || experts % n)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: %.*s: expected a number of rank files that divides its %zu experts, found %zu",
			       file, (int)stem, gate->name, experts, n);
	for (size_t i = 0; i < n; i++) {
		size_t local = local_experts(ranks[i], gate->name, stem);
		if (local != experts / n)
			return s2_fail(
				err, S2ST_EMODEL,
				"%s: %.*s: expected %zu experts, those of its gate, %zu in each of %zu rank files, "
				"found %zu in all and %zu in %s; is a rank file missing?",
				file, (int)stem, gate->name, experts, experts / n, n, total, local,
				s2_path_base(s2_checkpoint_path(ranks[i])));
	}
	return 0;
}

/* A short text of a scalar, for comparison and messages. */
static void value_text(const s2_value *v, char *out, size_t size)
{
	char *text = v ? s2_value_to_json(v, 200) : NULL;
	snprintf(out, size, "%s", text ? text : "nothing");
	free(text);
}

static int compare(const s2_checkpoint *shared, const s2_checkpoint *rank, const char *key, const s2_value *a,
		   const s2_value *b, s2st_error *err)
{
	char ours[64], theirs[64];
	value_text(a, ours, sizeof ours);
	value_text(b, theirs, sizeof theirs);
	if (strcmp(ours, theirs) == 0)
		return 0;
	return s2_fail(err, S2ST_EMODEL, "%s: belongs to another run than %s: %s is %s there and %s here",
		       s2_checkpoint_path(rank), s2_path_base(s2_checkpoint_path(shared)), key, ours, theirs);
}

/* The last entry of optimizer_history counts the updates so far. */
static const s2_value *updates(const s2_checkpoint *c)
{
	const s2_value *history = s2_value_get(s2_checkpoint_root(c), "optimizer_history");
	size_t n = s2_value_len(history);
	return n ? s2_value_get(s2_value_at(history, n - 1), "num_updates") : NULL;
}

/* What a training keeps from its first step to its last, whatever the rank. */
static int check_run(const s2_checkpoint *shared, const s2_checkpoint *rank, s2st_error *err)
{
	static const char *const keys[] = {"arch",
					   "moe_expert_count",
					   "moe_freq",
					   "moe_top1_expert",
					   "decoder_embed_dim",
					   "decoder_ffn_embed_dim",
					   "decoder_layers",
					   "decoder_attention_heads",
					   "w2v_path",
					   "load_pretrained_decoder_from"};
	const s2_value *a = s2_checkpoint_config(shared, "model"), *b = s2_checkpoint_config(rank, "model");
	S2_TRY(compare(shared, rank, "num_updates", updates(shared), updates(rank), err));
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		S2_TRY(compare(shared, rank, keys[i], s2_value_get(a, keys[i]), s2_value_get(b, keys[i]), err));
	a = s2_checkpoint_config(shared, "common");
	b = s2_checkpoint_config(rank, "common");
	return compare(shared, rank, "seed", s2_value_get(a, "seed"), s2_value_get(b, "seed"), err);
}

int s2_ranks_check(const s2_checkpoint *shared, s2_checkpoint *const *ranks, size_t n, s2st_error *err)
{
	for (size_t i = 0; i < n; i++)
		S2_TRY(check_run(shared, ranks[i], err));
	for (size_t i = 0; i < s2_checkpoint_n_tensors(shared); i++) {
		const s2_tensor *t = s2_checkpoint_tensor_at(shared, i);
		if (ends_with(t->name, gate_tail))
			S2_TRY(check_experts(shared, ranks, n, t, err));
	}
	return 0;
}
