/* Strings to positions: the one hash table, for tensor names, storage keys and dictionary symbols.
 *
 * Layer: base. Keys are not copied and must outlive the index. */
#ifndef S2_BASE_INDEX_H
#define S2_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct s2_index s2_index;

s2_index *s2_index_new(void); /* NULL: out of memory */
void s2_index_free(s2_index *x);

int s2_index_put(s2_index *x, const char *key, size_t len, size_t value); /* replaces; 0, or -1 out of memory */
bool s2_index_get(const s2_index *x, const char *key, size_t len, size_t *value);

#endif
