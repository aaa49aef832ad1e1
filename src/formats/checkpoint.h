/* One face over every container: named tensors and a config tree.
 *
 *   torch zip (>= 1.6)   archive/data.pkl + archive/data/KEY, stored entries used where they lie in the mapping
 *   torch legacy         magic, protocol, sys_info, pickle, keys, raw storages
 *   safetensors          8-byte length, JSON header, raw tensors
 *   NAME-shared.pt       a mixture of experts, with NAME-rank-N.pt beside it: one model under the whole's names
 *   tar                  of such a set
 * later containers are new files behind this header.
 *
 * Layer: formats. Tensors under the optimizer's keys (last_optimizer_state, optimizer, optimizer_state, opt_state,
 * optim) are never resolved: a file with them costs no more than one without. Every other tensor of the tree has been
 * checked and resolved when the file opens. No path inside a file is ever followed, no class ever called. */
#ifndef S2_FORMATS_CHECKPOINT_H
#define S2_FORMATS_CHECKPOINT_H

#include "formats/tensor.h"
#include "formats/value.h"

typedef struct s2_checkpoint s2_checkpoint;

/* Rank files are looked for beside `path` where it has gates and no experts. */
S2ST_CHECK int s2_checkpoint_open(s2_checkpoint **out, const char *path, s2st_error *err);
/* The same over a whole file in memory, which outlives the checkpoint; of rank files only those in the same tar are
 * found. `name` is for messages. */
S2ST_CHECK int s2_checkpoint_parse(s2_checkpoint **out, const unsigned char *bytes, size_t n, const char *name,
				   s2st_error *err);
/* A part of c's tree, which holds a state dict of its own, as a checkpoint: its tensors, root and config are that
 * part's. `c` has to outlive it. */
S2ST_CHECK int s2_checkpoint_part(s2_checkpoint **out, const s2_checkpoint *c, const s2_value *part, s2st_error *err);
void s2_checkpoint_close(s2_checkpoint *c);
/* Lets go of the memory of tensors that were read from the mapped file; whoever reads them again gets it back. */
void s2_checkpoint_forget(const s2_checkpoint *c);

const char *s2_checkpoint_path(const s2_checkpoint *c);
const char *s2_checkpoint_container(const s2_checkpoint *c); /* "torch zip", "torch legacy", "safetensors" */
size_t s2_checkpoint_n_ranks(const s2_checkpoint *c); /* rank files that are part of it; 0: one file */

/* The whole pickled tree (NULL for safetensors), without optimizer state. */
const s2_value *s2_checkpoint_root(const s2_checkpoint *c);
/* cfg.SECTION ("model", "task", ...) of a fairseq checkpoint, where cfg is a dict, a Namespace or an omegaconf
 * DictConfig. Old files have one Namespace `args` instead, which serves as every section. A NULL section is the whole
 * cfg or args. NULL: none. */
const s2_value *s2_checkpoint_config(const s2_checkpoint *c, const char *section);

/* Tensors: the entries of the state dict, by name: the root's member "model", "generator", "state_dict", "net" or
 * "Distiller" (s3prl), the first that holds a tensor, else the root itself. What is no tensor is ignored; dicts inside
 * it are not flattened. Order is the file's. Lookup is by hash. A readable file without any tensor opens, with none. */
size_t s2_checkpoint_n_tensors(const s2_checkpoint *c);
const s2_tensor *s2_checkpoint_tensor_at(const s2_checkpoint *c, size_t i);
const s2_tensor *s2_checkpoint_tensor(const s2_checkpoint *c, const char *name); /* NULL: absent */
bool s2_checkpoint_has_optimizer(const s2_checkpoint *c); /* the file carries optimizer state (which was left alone) */

#endif
