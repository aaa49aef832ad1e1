/* What this machine can do, to compare a stage with: OpenBLAS's matrix product and reading memory. */
#ifndef S2_TESTS_BENCH_MACHINE_H
#define S2_TESTS_BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Seconds: of the wall, or (`cpu`) of this process's time on CPUs divided by `threads`, which says more where other
 * programs share the machine. */
double bench_now(bool cpu, int threads);

double bench_median(double *values, size_t n); /* sorts them */

typedef struct bench_machine bench_machine;

/* Loads libopenblas.so.0 for `threads`; without it the product's rate is 0. Ends the program without memory. */
bench_machine *bench_machine_new(int threads, bool cpu);
void bench_machine_free(bench_machine *m);
double bench_sgemm(bench_machine *m);  /* GFLOP/s of one square product of 2048 */
double bench_stream(bench_machine *m); /* GB/s of one reading of 256 MiB */

#endif
