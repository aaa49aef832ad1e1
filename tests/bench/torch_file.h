/* Writes a checkpoint in torch's zip format: a dict of strings, numbers, dicts and float32 tensors of random values.
 *
 *   torch_file *f = torch_open("model.pt");
 *   torch_begin(f, "model");
 *   torch_random(f, "fc1.weight", 0, 0.1, 2048, 512, 0);
 *   torch_end(f);
 *   torch_close(f);
 *
 * Any failure ends the program: these files are made to measure with. */
#ifndef S2_TESTS_BENCH_TORCH_FILE_H
#define S2_TESTS_BENCH_TORCH_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct torch_file torch_file;

torch_file *torch_open(const char *path);
void torch_close(torch_file *f);

/* What follows, until torch_end, lies in the dict `key`. */
void torch_begin(torch_file *f, const char *key);
void torch_end(torch_file *f);
void torch_str(torch_file *f, const char *key, const char *value);
void torch_int(torch_file *f, const char *key, int value);
void torch_bool(torch_file *f, const char *key, bool value);
void torch_none(torch_file *f, const char *key);

/* Values are `mean` + `spread` * [-1, 1), the same on every machine. Dims of 0 are none: a vector is [n, 0, 0]. */
void torch_random(torch_file *f, const char *key, double mean, double spread, size_t d0, size_t d1, size_t d2);

#endif
