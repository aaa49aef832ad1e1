/* Approximate search by somebody else's index, where one is linked: FAISS (faiss.cpp), which is C++ and optional.
 *
 * Layer: mine. Rows are float32 of length 1, similarity is their inner product. Calls return a status. */
#ifndef S2_MINE_BACKEND_H
#define S2_MINE_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct s2_index_backend {
	/* An empty index of `type` ("IVF1024,PQ64", ...), worked on by `threads`. */
	int (*make)(void **out, size_t dim, const char *type, int threads, s2st_error *err);
	/* The index in a file that save wrote; its lists stay there and are mapped. */
	int (*open)(void **out, const char *path, int threads, s2st_error *err);
	void (*close)(void *index);
	void (*size)(const void *index, size_t *n, size_t *dim);
	int (*train)(void *index, const float *rows, size_t n, s2st_error *err);
	int (*add)(void *index, const float *rows, size_t n, s2st_error *err);
	int (*save)(const void *index, const char *path, s2st_error *err);
	/* ids [n, k]: the rows that the index takes for the nearest, looking into `probes` of its lists; -1: no
	 * more. */
	int (*search)(void *index, const float *rows, size_t n, size_t k, int probes, int64_t *ids, s2st_error *err);
} s2_index_backend;

/* Weak: its address is NULL in a program that has not linked FAISS in. */
extern const s2_index_backend s2_faiss_backend __attribute__((weak));

#endif
