#include "bench/full_models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/torch_file.h"

enum { NAME = 96 };

static void weight(torch_file *f, const char *prefix, const char *name, size_t n_out, size_t n_in, size_t k)
{
	char key[NAME];
	snprintf(key, sizeof key, "%s%s.weight", prefix, name);
	torch_random(f, key, 0, sqrt(3 / (double)(n_in * (k ? k : 1))), n_out, n_in, k);
}

static void vector(torch_file *f, const char *prefix, const char *name, double mean, size_t n)
{
	char key[NAME];
	snprintf(key, sizeof key, "%s%s", prefix, name);
	torch_random(f, key, mean, 0.02, n, 0, 0);
}

static void linear(torch_file *f, const char *prefix, const char *name, size_t n_out, size_t n_in, size_t k)
{
	char bias[NAME];
	snprintf(bias, sizeof bias, "%s.bias", name);
	weight(f, prefix, name, n_out, n_in, k);
	vector(f, prefix, bias, 0, n_out);
}

static void norm(torch_file *f, const char *prefix, const char *name, size_t n)
{
	char part[NAME];
	snprintf(part, sizeof part, "%s.weight", name);
	vector(f, prefix, part, 1, n);
	snprintf(part, sizeof part, "%s.bias", name);
	vector(f, prefix, part, 0, n);
}

static void weight_norm(torch_file *f, const char *prefix, size_t d0, size_t d1, size_t k, int norm_dim, double gain)
{
	char key[NAME];
	const size_t dims[3] = {norm_dim == 0 ? d0 : 1, 1, norm_dim == 2 ? k : 1};
	snprintf(key, sizeof key, "%sweight_g", prefix);
	torch_random(f, key, gain, 0.1 * gain, dims[0], dims[1], dims[2]);
	snprintf(key, sizeof key, "%sweight_v", prefix);
	torch_random(f, key, 0, 1, d0, d1, k);
}

static void attention(torch_file *f, const char *prefix, const char *name, size_t d)
{
	static const char *const parts[] = {"q_proj", "k_proj", "v_proj", "out_proj"};
	char part[NAME];
	for (int i = 0; i < 4; i++) {
		snprintf(part, sizeof part, "%s.%s", name, parts[i]);
		linear(f, prefix, part, d, d, 0);
	}
	snprintf(part, sizeof part, "%s_layer_norm", name);
	norm(f, prefix, part, d);
}

static void transformer_layer(torch_file *f, const char *prefix, size_t d, size_t ffn, bool cross)
{
	attention(f, prefix, "self_attn", d);
	if (cross)
		attention(f, prefix, "encoder_attn", d);
	linear(f, prefix, "fc1", ffn, d, 0);
	linear(f, prefix, "fc2", d, ffn, 0);
	norm(f, prefix, "final_layer_norm", d);
}

/* ---- wav2vec 2.0 family ----------------------------------------------------------------------------------------- */

enum { CONVS = 7, CONV_DIM = 512, POS_KERNEL = 128, POS_GROUPS = 16, LETTERS = 32 };

static const size_t conv_kernel[CONVS] = {10, 3, 3, 3, 3, 2, 2}, conv_stride[CONVS] = {5, 2, 2, 2, 2, 2, 2};

typedef struct encoder_size {
	size_t dim, ffn, heads, layers;
} encoder_size;

static const encoder_size sizes[] = {{768, 3072, 12, 12}, {1024, 4096, 16, 24}};

static void encoder_config(torch_file *f, const encoder_size *s, bool large)
{
	torch_str(f, "_name", large ? "wav2vec2" : "hubert");
	torch_str(f, "extractor_mode", large ? "layer_norm" : "default");
	torch_int(f, "encoder_layers", (int)s->layers);
	torch_int(f, "encoder_embed_dim", (int)s->dim);
	torch_int(f, "encoder_ffn_embed_dim", (int)s->ffn);
	torch_int(f, "encoder_attention_heads", (int)s->heads);
	torch_str(f, "activation_fn", "gelu");
	torch_bool(f, "layer_norm_first", large);
	torch_str(f, "conv_feature_layers", "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2");
	torch_bool(f, "conv_bias", large);
	torch_int(f, "conv_pos", POS_KERNEL);
	torch_int(f, "conv_pos_groups", POS_GROUPS);
	torch_int(f, "required_seq_len_multiple", 2);
}

static void configs(torch_file *f, const encoder_size *s, bool large)
{
	torch_begin(f, "cfg");
	torch_begin(f, "model");
	if (large) { /* a fine-tuned model keeps its encoder's config in w2v_args */
		torch_str(f, "_name", "wav2vec_ctc");
		torch_begin(f, "w2v_args");
		torch_begin(f, "model");
		encoder_config(f, s, large);
		torch_end(f);
		torch_end(f);
	} else {
		encoder_config(f, s, large);
	}
	torch_end(f);
	torch_begin(f, "task");
	torch_str(f, "_name", large ? "audio_finetuning" : "hubert_pretraining");
	torch_bool(f, "normalize", large);
	torch_int(f, "sample_rate", 16000);
	torch_end(f);
	torch_end(f);
}

static void encoder_tensors(torch_file *f, const encoder_size *s, bool large, const char *p)
{
	char name[NAME], prefix[NAME];
	for (size_t i = 0; i < CONVS; i++) {
		size_t c_in = i ? CONV_DIM : 1;
		snprintf(prefix, sizeof prefix, "%sfeature_extractor.conv_layers.%zu.", p, i);
		weight(f, prefix, "0", CONV_DIM, c_in, conv_kernel[i]);
		if (large) {
			vector(f, prefix, "0.bias", 0, CONV_DIM);
			norm(f, prefix, "2.1", CONV_DIM);
		} else if (i == 0) {
			norm(f, prefix, "2", CONV_DIM);
		}
	}
	norm(f, p, "layer_norm", CONV_DIM);
	linear(f, p, "post_extract_proj", s->dim, CONV_DIM, 0);
	snprintf(prefix, sizeof prefix, "%sencoder.pos_conv.0.", p);
	weight_norm(f, prefix, s->dim, s->dim / POS_GROUPS, POS_KERNEL, 2, 2);
	vector(f, prefix, "bias", 0, s->dim);
	for (size_t i = 0; i < s->layers; i++) {
		snprintf(prefix, sizeof prefix, "%sencoder.layers.%zu.", p, i);
		transformer_layer(f, prefix, s->dim, s->ffn, false);
	}
	snprintf(name, sizeof name, "%sencoder.", p);
	norm(f, name, "layer_norm", s->dim);
}

void make_encoder(const char *path, bool large)
{
	const encoder_size *s = &sizes[large];
	torch_file *f = torch_open(path);
	torch_none(f, "args");
	configs(f, s, large);
	torch_begin(f, "model");
	encoder_tensors(f, s, large, large ? "w2v_encoder.w2v_model." : "");
	if (large)
		linear(f, "w2v_encoder.", "proj", LETTERS, s->dim, 0);
	else
		linear(f, "", "final_proj", 256, s->dim, 0);
	torch_end(f);
	torch_close(f);
}

static double layer_work(size_t t, size_t d, size_t ffn)
{
	return (double)t * (double)(4 * d * d + 2 * d * ffn + 2 * t * d);
}

double encoder_work(bool large, size_t n, size_t layer, bool head)
{
	const encoder_size *s = &sizes[large];
	double work = 0;
	for (size_t i = 0; i < CONVS; i++) {
		n = (n - conv_kernel[i]) / conv_stride[i] + 1;
		work += (double)(n * CONV_DIM * (i ? CONV_DIM : 1) * conv_kernel[i]);
	}
	work += (double)(n * s->dim * (CONV_DIM + s->dim / POS_GROUPS * POS_KERNEL));
	return work + (double)layer * layer_work(n, s->dim, s->ffn) + (head ? (double)(n * s->dim * LETTERS) : 0);
}

/* ---- S2UT ------------------------------------------------------------------------------------------------------- */

enum {
	DIM = 512,
	FFN = 2048,
	ENCODER_LAYERS = 12,
	DECODER_LAYERS = 6,
	UNITS = 1000,
	VOCAB = UNITS + 4,
	BINS = 80,
	MID_CHANNELS = 1024,
	KERNEL = 5
};

void make_s2ut(const char *path)
{
	char prefix[NAME];
	torch_file *f = torch_open(path);
	torch_begin(f, "cfg");
	torch_begin(f, "model");
	torch_str(f, "_name", "s2ut_transformer");
	torch_str(f, "arch", "s2ut_transformer");
	torch_bool(f, "target_is_code", true);
	torch_int(f, "target_code_size", UNITS);
	torch_str(f, "conv_kernel_sizes", "5,5");
	torch_int(f, "encoder_attention_heads", 8);
	torch_int(f, "decoder_attention_heads", 8);
	torch_bool(f, "share_decoder_input_output_embed", true);
	torch_bool(f, "encoder_normalize_before", true);
	torch_bool(f, "decoder_normalize_before", true);
	torch_int(f, "max_target_positions", 1024);
	torch_end(f);
	torch_begin(f, "task");
	torch_str(f, "_name", "speech_to_speech");
	torch_end(f);
	torch_end(f);
	torch_begin(f, "model");
	linear(f, "encoder.subsample.conv_layers.", "0", MID_CHANNELS, BINS, KERNEL);
	linear(f, "encoder.subsample.conv_layers.", "1", 2 * DIM, MID_CHANNELS / 2, KERNEL);
	for (size_t i = 0; i < ENCODER_LAYERS; i++) {
		snprintf(prefix, sizeof prefix, "encoder.transformer_layers.%zu.", i);
		transformer_layer(f, prefix, DIM, FFN, false);
	}
	norm(f, "encoder.", "layer_norm", DIM);
	torch_random(f, "decoder.embed_tokens.weight", 0, 0.08, VOCAB, DIM, 0);
	for (size_t i = 0; i < DECODER_LAYERS; i++) {
		snprintf(prefix, sizeof prefix, "decoder.layers.%zu.", i);
		transformer_layer(f, prefix, DIM, FFN, true);
	}
	norm(f, "decoder.", "layer_norm", DIM);
	torch_end(f);
	torch_close(f);
}

static size_t halved(size_t n)
{
	return (n - 1) / 2 + 1;
}

double s2ut_encoder_work(size_t fbank_frames)
{
	size_t t = halved(fbank_frames);
	double work = (double)(t * MID_CHANNELS * BINS * KERNEL);
	t = halved(t);
	work += (double)(t * 2 * DIM * MID_CHANNELS / 2 * KERNEL);
	return work + ENCODER_LAYERS * layer_work(t, DIM, FFN);
}

double s2ut_step_bytes(size_t beam, size_t past, size_t fbank_frames)
{
	size_t weights =
		DECODER_LAYERS * (6 * DIM * DIM + 2 * DIM * FFN) + VOCAB * DIM; /* cross k, v: once a sentence */
	size_t keys = DECODER_LAYERS * 2 * DIM * (beam * past + halved(halved(fbank_frames)));
	return (double)sizeof(float) * (double)(weights + keys);
}

/* ---- unit HiFi-GAN ---------------------------------------------------------------------------------------------- */

enum { STAGES = 5, KERNELS = 3, PAIRS = 3, CHANNELS = 512, EMBEDDING = 128 };

static const size_t rate[STAGES] = {5, 4, 4, 2, 2}, up_kernel[STAGES] = {11, 8, 8, 4, 4},
		    res_kernel[KERNELS] = {3, 7, 11};

static void vocoder_config(const char *path)
{
	FILE *f = fopen(path, "w");
	bool ok = f && fprintf(f,
			       "{\"resblock\": \"1\", \"upsample_rates\": [5, 4, 4, 2, 2], "
			       "\"upsample_kernel_sizes\": [11, 8, 8, 4, 4], \"upsample_initial_channel\": %d, "
			       "\"resblock_kernel_sizes\": [3, 7, 11], "
			       "\"resblock_dilation_sizes\": [[1, 3, 5], [1, 3, 5], [1, 3, 5]], "
			       "\"num_embeddings\": %d, \"embedding_dim\": %d, \"model_in_dim\": %d, "
			       "\"sampling_rate\": 16000}\n",
			       CHANNELS, UNITS, EMBEDDING, EMBEDDING) > 0;
	if (!ok || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void conv(torch_file *f, const char *prefix, size_t c_out, size_t c_in, size_t k, double gain)
{
	weight_norm(f, prefix, c_out, c_in, k, 0, gain);
	vector(f, prefix, "bias", 0, c_out);
}

void make_vocoder(const char *path, const char *config_path)
{
	char prefix[NAME];
	torch_file *f = torch_open(path);
	vocoder_config(config_path);
	torch_begin(f, "generator");
	torch_random(f, "dict.weight", 0, 1, UNITS, EMBEDDING, 0);
	conv(f, "conv_pre.", CHANNELS, EMBEDDING, 7, 1);
	for (size_t i = 0; i < STAGES; i++) {
		size_t c = CHANNELS >> (i + 1);
		snprintf(prefix, sizeof prefix, "ups.%zu.", i);
		weight_norm(f, prefix, 2 * c, c, up_kernel[i], 0, 1);
		vector(f, prefix, "bias", 0, c);
		for (size_t j = 0; j < KERNELS * PAIRS * 2; j++) {
			snprintf(prefix, sizeof prefix, "resblocks.%zu.convs%zu.%zu.", i * KERNELS + j / (2 * PAIRS),
				 j % 2 + 1, j / 2 % PAIRS);
			conv(f, prefix, c, c, res_kernel[j / (2 * PAIRS)], 0.5);
		}
	}
	conv(f, "conv_post.", 1, CHANNELS >> STAGES, 7, 1);
	torch_end(f);
	torch_close(f);
}

double vocoder_work(size_t units)
{
	double work = (double)(units * EMBEDDING * CHANNELS * 7);
	size_t rows = units;
	for (size_t i = 0; i < STAGES; i++) {
		size_t c = CHANNELS >> (i + 1);
		work += (double)(rows * 2 * c * c * up_kernel[i]);
		rows *= rate[i];
		for (size_t j = 0; j < KERNELS; j++)
			work += (double)(rows * c * c * res_kernel[j] * 2 * PAIRS);
	}
	return work + (double)(rows * (CHANNELS >> STAGES) * 7);
}
