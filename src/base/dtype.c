#include "base/dtype.h"

static const struct {
	size_t size;
	const char *name;
} table[S2_N_DTYPES] = {
	[S2_F32] = {4, "float32"}, [S2_F16] = {2, "float16"}, [S2_BF16] = {2, "bfloat16"}, [S2_F64] = {8, "float64"},
	[S2_I64] = {8, "int64"},   [S2_I32] = {4, "int32"},   [S2_I16] = {2, "int16"},     [S2_I8] = {1, "int8"},
	[S2_U8] = {1, "uint8"},	   [S2_BOOL] = {1, "bool"},
};

size_t s2_dtype_size(s2_dtype t)
{
	return table[t].size;
}

const char *s2_dtype_name(s2_dtype t)
{
	return table[t].name;
}
