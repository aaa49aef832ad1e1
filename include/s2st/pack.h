/* Packs of models that fit together, and what a file is. Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_PACK_H
#define S2ST_PACK_H

#include "encoder.h"
#include "files.h"
#include "s2ut.h"
#include "vocoder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- packs -------------------------------------------------------------------------------------------------- */

/* A folder with pack.json: models that fit together, their languages, units, licence and recommended options. All its
 * files lie in the folder; a Hugging Face model is a folder in it, or "." itself. Opening checks pack.json and that
 * every file is there. */
typedef struct s2st_pack s2st_pack;
S2ST_CHECK int s2st_pack_open(s2st_pack **out, const char *dir, s2st_error *err);
void s2st_pack_free(s2st_pack *p);
/* Path (beginning with `dir` as given) of a role: "s2ut", "config", "dict", "w2v_config", "vocoder", "vocoder_config",
 * "encoder", "kmeans", "asr", "asr_dict", "embedder"; NULL: the pack has none. */
const char *s2st_pack_file(const s2st_pack *p, const char *role);
const char *s2st_pack_text(const s2st_pack *p, const char *key); /* "source_language", "licence", ...; or NULL */
/* What the pack recommends ("search": {"beam": 10, ...}, "vocoder": {"dur_prediction": true, ...}) over `opt`. */
void s2st_pack_search(const s2st_pack *p, s2st_search_options *opt);
void s2st_pack_vocode(const s2st_pack *p, s2st_vocode_options *opt);
/* The encoder layer that the pack's "units" name; 0: it does not say. */
int s2st_pack_layer(const s2st_pack *p);
/* Do the encoder, this layer of it and these centroids (NULL, 0, NULL: not known) make the units the pack means? */
S2ST_CHECK int s2st_pack_check_units(const s2st_pack *p, const s2st_encoder *e, int layer, const s2st_kmeans *k,
				     s2st_error *err);
/* Do these opened models (NULL: not opened) have the K that the pack's "units" say? */
S2ST_CHECK int s2st_pack_check(const s2st_pack *p, const s2st_s2ut *m, const s2st_vocoder *v, s2st_error *err);
/* Reads all files of the pack and compares them with its "sha256"; an error where one differs or has no sum. */
S2ST_CHECK int s2st_pack_verify(const s2st_pack *p, s2st_error *err);
/* Do these two fit? Every unit that the one can say has an embedding in the other, and both know the same K (the
 * dictionary of an XM transformer may lack some). */
S2ST_CHECK int s2st_check_fit(const s2st_s2ut *m, const s2st_vocoder *v, s2st_error *err);

/* ---- inspection --------------------------------------------------------------------------------------------- */

/* What a file is: container, model kind, config, tensors, what it fits with. `*out` is malloc'ed text (JSON: one
 * object on one line). Nothing in the file is executed and no path in it is followed. */
S2ST_CHECK int s2st_inspect(char **out, const char *path, bool json, bool verbose, s2st_error *err);
/* Tensor `name` of a checkpoint, written as .npy (float16/bfloat16 widened to float32). */
S2ST_CHECK int s2st_inspect_npy(s2st_writer *w, const char *path, const char *name, s2st_error *err);

#ifdef __cplusplus
}
#endif
#endif
