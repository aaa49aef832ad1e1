/* Counted n-grams of one sentence: a trie of symbols whose edges lie in one hash table. Interns words too: a word is
 * the path of its characters, its number the node where the path ends.
 *
 * Layer: text; knows base only. Exact: edges are compared, not only hashed. Memory grows to the largest sentence. */
#ifndef S2_TEXT_TRIE_H
#define S2_TEXT_TRIE_H

#include "base/status.h"

typedef struct s2_trie_node {
	uint32_t parent, symbol, slot;
	uint32_t depth;             /* symbols on the path */
	uint32_t hyp, ref, ref_now; /* counts; what they mean is the metric's affair */
} s2_trie_node;

typedef struct s2_trie {     /* zero-initialise */
	s2_trie_node *nodes; /* [n]; nodes[0] is the root, the empty path */
	size_t n, cap;
	uint32_t *slots; /* [n_slots] node of an edge; 0: empty */
	size_t n_slots;
} s2_trie;

void s2_trie_free(s2_trie *t);
S2ST_CHECK int s2_trie_clear(s2_trie *t, s2st_error *err); /* before the first use, too */

/* The node that `symbol` leads to from `parent`, made if it is new; 0: out of memory. */
uint32_t s2_trie_step(s2_trie *t, uint32_t parent, uint32_t symbol);
uint32_t s2_trie_path(s2_trie *t, const uint32_t *symbols, size_t n); /* 0: out of memory (n > 0) */

#endif
