/* Row and element-wise operations: each call is cut into pieces for the threads; a kernel does a piece. */
#include "math/ops.h"

#include <math.h>

#include "base/size.h"
#include "math/kernels.h"

enum {
	PIECE = 1 << 14, /* floats of a piece: a multiple of 16, and worth a thread's while */
};

typedef struct operation operation;

struct operation {
	const s2_kernels *k;
	void (*piece)(const operation *op, size_t begin, size_t end); /* units: rows, or elements */
	size_t n, step;                                              /* units in all, and of a piece */
	float *out;
	const float *in, *weight, *bias;
	size_t rows, cols;
	float value; /* eps, slope, scale or divisor */
	float slope; /* besides a divisor */
	s2_act act;
};

static void run_piece(void *arg, size_t i, int worker)
{
	const operation *op = arg;
	(void)worker;
	op->piece(op, i * op->step, s2_min(op->n, (i + 1) * op->step));
}

static void run(const s2_exec *x, operation op)
{
	op.k = x->k;
	size_t pieces = op.n ? (op.n - 1) / op.step + 1 : 0;
	if (pieces == 1)
		op.piece(&op, 0, op.n);
	else
		s2_pool_run(x->pool, pieces, run_piece, &op);
}

static size_t rows_of_piece(size_t cols)
{
	return s2_max(PIECE / s2_max(cols, 1), 1);
}

static void layer_norm_rows(const operation *op, size_t begin, size_t end)
{
	for (size_t r = begin; r < end; r++)
		op->k->layer_norm(op->out + r * op->cols, op->in + r * op->cols, op->weight, op->bias, op->cols,
				  op->value);
}

void s2_layer_norm(const s2_exec *x, float *out, const float *in, const float *weight, const float *bias, size_t rows,
		   size_t cols, float eps)
{
	run(x, (operation){.piece = layer_norm_rows, .n = rows, .step = rows_of_piece(cols), .out = out, .in = in,
			   .weight = weight, .bias = bias, .cols = cols, .value = eps});
}

static void norm_channels(const operation *op, size_t begin, size_t end)
{
	op->k->channel_norm(op->out + begin, op->in + begin, op->weight ? op->weight + begin : NULL,
			    op->bias ? op->bias + begin : NULL, op->rows, op->cols, end - begin, op->value);
}

void s2_channel_norm(const s2_exec *x, float *out, const float *in, const float *weight, const float *bias, size_t rows,
		     size_t cols, float eps)
{
	run(x, (operation){.piece = norm_channels, .n = cols, .step = 16, .out = out, .in = in, .weight = weight,
			   .bias = bias, .rows = rows, .cols = cols, .value = eps});
}

static void activate_piece(const operation *op, size_t begin, size_t end)
{
	op->k->activate(op->out + begin, op->in + begin, end - begin, op->act, op->value);
}

void s2_activate(const s2_exec *x, float *data, size_t n, s2_act act)
{
	run(x, (operation){.piece = activate_piece, .n = n, .step = PIECE, .out = data, .in = data, .act = act});
}

void s2_leaky_relu(const s2_exec *x, float *out, const float *in, size_t n, float slope)
{
	run(x, (operation){.piece = activate_piece, .n = n, .step = PIECE, .out = out, .in = in,
			   .act = S2_ACT_LEAKY_RELU, .value = slope});
}

static void glu_rows(const operation *op, size_t begin, size_t end)
{
	for (size_t r = begin; r < end; r++) {
		const float *in = op->in + r * 2 * op->cols;
		op->k->glu(op->out + r * op->cols, in, in + op->cols, op->cols);
	}
}

void s2_glu(const s2_exec *x, float *out, const float *in, size_t rows, size_t cols)
{
	run(x,
	    (operation){.piece = glu_rows, .n = rows, .step = rows_of_piece(cols), .out = out, .in = in, .cols = cols});
}

static void add_scaled_piece(const operation *op, size_t begin, size_t end)
{
	op->k->add_scaled(op->out + begin, op->in + begin, end - begin, op->value);
}

void s2_add_scaled(const s2_exec *x, float *out, const float *in, size_t n, float scale)
{
	run(x, (operation){.piece = add_scaled_piece, .n = n, .step = PIECE, .out = out, .in = in, .value = scale});
}

static void scale_piece(const operation *op, size_t begin, size_t end)
{
	op->k->scale(op->out + begin, end - begin, op->value);
}

void s2_scale(const s2_exec *x, float *data, size_t n, float scale)
{
	run(x, (operation){.piece = scale_piece, .n = n, .step = PIECE, .out = data, .value = scale});
}

static void divide_leaky_piece(const operation *op, size_t begin, size_t end)
{
	op->k->divide_leaky(op->out + begin, end - begin, op->value, op->slope);
}

void s2_divide_leaky(const s2_exec *x, float *data, size_t n, float by, float slope)
{
	run(x, (operation){.piece = divide_leaky_piece, .n = n, .step = PIECE, .out = data, .value = by,
			   .slope = slope});
}

static void affine_rows(const operation *op, size_t begin, size_t end)
{
	for (size_t r = begin; r < end; r++) {
		float *row = op->out + r * op->cols;
		for (size_t c = 0; c < op->cols; c++)
			row[c] = row[c] * op->weight[c] + (op->bias ? op->bias[c] : 0);
	}
}

void s2_affine_channels(const s2_exec *x, float *data, size_t rows, size_t cols, const float *scale, const float *shift)
{
	run(x, (operation){.piece = affine_rows, .n = rows, .step = rows_of_piece(cols), .out = data, .weight = scale,
			   .bias = shift, .cols = cols});
}

int s2_mean_rows(const s2_exec *x, float *out, const float *in, size_t rows, size_t cols, s2st_error *err)
{
	double *sum;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ZALLOC(sum, x->scratch, cols, 1, err);
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < cols; c++)
			sum[c] += (double)in[r * cols + c];
	for (size_t c = 0; c < cols; c++)
		out[c] = (float)(sum[c] / (double)rows);
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}

static void softmax_rows(const operation *op, size_t begin, size_t end)
{
	for (size_t r = begin; r < end; r++)
		op->k->softmax(op->out + r * op->cols, op->cols);
}

void s2_softmax(const s2_exec *x, float *data, size_t rows, size_t cols)
{
	run(x, (operation){.piece = softmax_rows, .n = rows, .step = rows_of_piece(cols), .out = data, .cols = cols});
}

static void log_softmax_rows(const operation *op, size_t begin, size_t end)
{
	for (size_t r = begin; r < end; r++)
		op->k->log_softmax(op->out + r * op->cols, op->cols);
}

void s2_log_softmax(const s2_exec *x, float *data, size_t rows, size_t cols)
{
	run(x,
	    (operation){.piece = log_softmax_rows, .n = rows, .step = rows_of_piece(cols), .out = data, .cols = cols});
}

/* sin(p f_i) for the first half, cos for the second, f_i = 10000^(-i / (half - 1)), in float32 steps as the reference
 * takes them; an odd dim ends with a zero. */
void s2_sinusoid(float *out, size_t position, size_t dim)
{
	size_t half = dim / 2;
	float step = half > 1 ? (float)(log(10000.0) / (double)(half - 1)) : 0;
	for (size_t i = 0; i < half; i++) {
		float angle = (float)position * (float)exp((double)((float)i * -step));
		out[i] = sinf(angle);
		out[half + i] = cosf(angle);
	}
	if (dim % 2)
		out[dim - 1] = 0;
}
