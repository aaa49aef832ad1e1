/* The filter bank, in the float32 steps of torchaudio on PyTorch's CPU kernels: each step rounds as theirs does, so the
 * features are the reference's to the last bit. rfft.h says what is lost otherwise. */
#include "audio/fbank.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/rfft.h"
#include "audio/torchmath.h"

static const double FRAME_MS = 25.0, SHIFT_MS = 10.0, LOW_HZ = 20.0;
static const float PREEMPHASIS = 0.97f;

/* A triangle over a few neighbouring FFT bins. */
typedef struct mel_bin {
	size_t first, n;
	const float *weights; /* [n] */
} mel_bin;

struct s2_fbank {
	size_t window_size, shift; /* samples */
	size_t fft_size;           /* window_size rounded up to a power of two */
	size_t n_bins;
	float scale;
	float *window;  /* [window_size] povey */
	mel_bin *bins;  /* [n_bins] */
	float *weights; /* behind `bins` */
	s2_rfft *fft;
};

/* povey: a Hann window to the power 0.85. */
static void make_window(float *window, size_t n)
{
	float step = (float)(2 * M_PI / (double)(n - 1));
	for (size_t i = 0; i < n; i++)
		window[i] = s2_torch_pow(0.5f - 0.5f * s2_torch_cos((float)i * step), 0.85f);
}

static double mel_of_hz(double hz)
{
	return 1127.0 * log(1.0 + hz / 700.0);
}

/* get_mel_banks: triangles evenly spaced in mel from 20 Hz to Nyquist; the Nyquist bin itself has weight 0. */
static int make_mel_bins(s2_fbank *f, int sample_rate, s2st_error *err)
{
	size_t n_fft = f->fft_size / 2;
	float *mel = malloc(n_fft * sizeof *mel);
	f->bins = calloc(f->n_bins, sizeof *f->bins);
	f->weights = calloc(2 * n_fft, sizeof *f->weights); /* no FFT bin lies within more than two triangles */
	if (!mel || !f->bins || !f->weights) {
		free(mel);
		return s2_fail_mem(err, "mel filter bank");
	}
	float hz_per_bin = (float)((double)sample_rate / (double)f->fft_size);
	for (size_t i = 0; i < n_fft; i++)
		mel[i] = 1127.0f * s2_torch_log(1.0f + hz_per_bin * (float)i / 700.0f);

	double low = mel_of_hz(LOW_HZ), high = mel_of_hz(0.5 * sample_rate);
	float low_mel = (float)low, delta = (float)((high - low) / (double)(f->n_bins + 1));
	size_t used = 0;
	for (size_t b = 0; b < f->n_bins; b++) {
		float left = low_mel + (float)b * delta;
		float center = low_mel + ((float)b + 1.0f) * delta;
		float right = low_mel + ((float)b + 2.0f) * delta;
		mel_bin *bin = &f->bins[b];
		bin->weights = f->weights + used;
		for (size_t i = 0; i < n_fft; i++) {
			float up = (mel[i] - left) / (center - left);
			float down = (right - mel[i]) / (right - center);
			float weight = fminf(up, down);
			if (weight <= 0)
				continue;
			if (bin->n++ == 0)
				bin->first = i;
			f->weights[used++] = weight;
		}
	}
	free(mel);
	return S2ST_OK;
}

int s2_fbank_new_scaled(s2_fbank **out, int sample_rate, int n_bins, float scale, s2st_error *err)
{
	*out = NULL;
	if (sample_rate < 1000 || sample_rate > 768000)
		return s2_fail(err, S2ST_EINPUT, "fbank: expected a sample rate of 1000 to 768000 Hz, found %d",
			       sample_rate);
	if (n_bins < 4 || n_bins > 1024)
		return s2_fail(err, S2ST_EINPUT, "fbank: expected 4 to 1024 mel bins, found %d", n_bins);
	s2_fbank *f = calloc(1, sizeof *f);
	if (!f)
		return s2_fail_mem(err, "fbank");
	f->window_size = (size_t)(sample_rate * FRAME_MS * 0.001);
	f->shift = (size_t)(sample_rate * SHIFT_MS * 0.001);
	f->fft_size = 1;
	while (f->fft_size < f->window_size)
		f->fft_size *= 2;
	f->n_bins = (size_t)n_bins;
	f->scale = scale;
	f->window = malloc(f->window_size * sizeof *f->window);
	int rc = f->window ? make_mel_bins(f, sample_rate, err) : s2_fail_mem(err, "fbank window");
	if (rc == S2ST_OK)
		rc = s2_rfft_new(&f->fft, f->fft_size, err);
	if (rc < 0) {
		s2_fbank_free(f);
		return rc;
	}
	make_window(f->window, f->window_size);
	*out = f;
	return S2ST_OK;
}

int s2_fbank_new(s2_fbank **out, int sample_rate, int n_bins, s2st_error *err)
{
	return s2_fbank_new_scaled(out, sample_rate, n_bins, 32768.0f, err);
}

void s2_fbank_free(s2_fbank *f)
{
	if (!f)
		return;
	s2_rfft_free(f->fft);
	free(f->window);
	free(f->bins);
	free(f->weights);
	free(f);
}

size_t s2_fbank_frames(const s2_fbank *f, size_t n_samples)
{
	return n_samples < f->window_size ? 0 : 1 + (n_samples - f->window_size) / f->shift;
}

size_t s2_fbank_bins(const s2_fbank *f)
{
	return f->n_bins;
}

/* Scale, remove the mean, preemphasis (the first sample stands in for the one before it), window, pad with 0. */
static void cut_frame(const s2_fbank *f, float *frame, const float *samples)
{
	double sum = 0;
	for (size_t i = 0; i < f->window_size; i++) {
		frame[i] = samples[i] * f->scale;
		sum += frame[i];
	}
	float mean = (float)(sum / (double)f->window_size);
	float previous = frame[0] - mean;
	for (size_t i = 0; i < f->window_size; i++) {
		float x = frame[i] - mean;
		frame[i] = (x - PREEMPHASIS * previous) * f->window[i];
		previous = x;
	}
	memset(frame + f->window_size, 0, (f->fft_size - f->window_size) * sizeof *frame);
}

/* Squares of the magnitudes; torch takes the root first, which rounds twice more. `spectrum`: of s2_rfft_run. */
static void power_spectrum(float *power, const float *spectrum, size_t n_fft)
{
	power[0] = spectrum[0] * spectrum[0];
	for (size_t i = 1; i < n_fft; i++) {
		float re = spectrum[2 * i - 1], im = spectrum[2 * i];
		float magnitude = sqrtf(re * re + im * im);
		power[i] = magnitude * magnitude;
	}
}

static float log_energy(const mel_bin *bin, const float *power)
{
	float energy = 0;
	for (size_t i = 0; i < bin->n; i++)
		energy = s2_fma_f32(power[bin->first + i], bin->weights[i], energy);
	/* The upper bound is ours: samples far outside [-1, 1) give a number too. */
	return s2_torch_log(fminf(fmaxf(energy, FLT_EPSILON), 0x1p126f));
}

int s2_fbank_compute(const s2_fbank *f, float *out, const float *samples, size_t n, s2_arena *scratch, s2st_error *err)
{
	size_t frames = s2_fbank_frames(f, n), n_fft = f->fft_size / 2;
	s2_mark mark = s2_arena_mark(scratch);
	float *frame, *work, *power;
	S2_ALLOC(frame, scratch, f->fft_size, 1, err);
	S2_ALLOC(work, scratch, f->fft_size, 1, err);
	S2_ALLOC(power, scratch, n_fft, 1, err);
	for (size_t t = 0; t < frames; t++) {
		cut_frame(f, frame, samples + t * f->shift);
		power_spectrum(power, s2_rfft_run(f->fft, frame, work), n_fft);
		for (size_t b = 0; b < f->n_bins; b++)
			out[t * f->n_bins + b] = log_energy(&f->bins[b], power);
	}
	s2_arena_reset(scratch, mark);
	return S2ST_OK;
}
