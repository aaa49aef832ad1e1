/* Fourier transform of one real frame of 2^k samples in float32, in the order of operations of FFTPACK.
 *
 * Layer: audio. Why not a faster library: the order decides the rounding. PyTorch (like numpy) takes FFTPACK's passes,
 * and in clean or synthetic speech a quiet mel bin lies 100 dB below the loud ones, where nothing but that rounding is
 * left. With any other order (FFTW's, or exact arithmetic) such a log-mel value moves by 5e-3, and after CMVN a bin of
 * a steady tone by 900. Five passes over 512 floats cost nothing beside a network. */
#ifndef S2_AUDIO_RFFT_H
#define S2_AUDIO_RFFT_H

#include <stddef.h>

#include "base/status.h"

typedef struct s2_rfft s2_rfft; /* twiddle factors: immutable, shared by threads */

S2ST_CHECK int s2_rfft_new(s2_rfft **out, size_t n, s2st_error *err); /* n: a power of two from 2 to 2^20 */
void s2_rfft_free(s2_rfft *f);

/* x [n] -> re(0), re(1), im(1), re(2), im(2), ..., re(n/2), where X(k) = sum x(t) exp(-2 pi i k t / n). Both buffers
 * [n] are overwritten; returns the one that holds the result. */
float *s2_rfft_run(const s2_rfft *f, float *x, float *work);

#endif
