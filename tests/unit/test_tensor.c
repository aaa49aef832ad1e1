/* Strided and converted reads against element-by-element ones. */
#include "formats/tensor.h"

#include "base/half.h"
#include "test.h"

/* IEEE half by definition. */
static float half_by_definition(uint16_t h)
{
	int sign = h >> 15 ? -1 : 1, exponent = h >> 10 & 31, mantissa = h & 1023;
	if (exponent == 31)
		return mantissa ? NAN : (float)sign * INFINITY;
	if (exponent == 0)
		return (float)sign * ldexpf((float)mantissa, -24);
	return (float)sign * ldexpf((float)(1024 + mantissa), exponent - 25);
}

static void test_every_half(void)
{
	for (uint32_t h = 0; h < 65536; h++) {
		float got = s2_f16_to_f32((uint16_t)h), expected = half_by_definition((uint16_t)h);
		if (isnan(expected))
			CHECK(isnan(got));
		else
			CHECK(got == expected && !!signbit(got) == (int)(h >> 15));
		uint32_t bits = h << 16;
		float wide = s2_bf16_to_f32((uint16_t)h);
		CHECK(memcmp(&wide, &bits, 4) == 0);
	}
}

static void test_strides(void)
{
	float data[64], out[24];
	for (int i = 0; i < 64; i++)
		data[i] = (float)i;
	s2_tensor t = {.data = (const unsigned char *)(data + 3), .dtype = S2_F32, .rank = 3,
		       .dims = {2, 3, 4}, .strides = {1, 2, 13}};
	CHECK(!s2_tensor_is_contiguous(&t));
	s2_tensor_to_f32(&t, out);
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 3; j++)
			for (int k = 0; k < 4; k++)
				CHECK(out[(i * 3 + j) * 4 + k] == (float)(3 + i + 2 * j + 13 * k));
	t.strides[0] = 0; /* torch's expand: one row seen many times */
	s2_tensor_to_f32(&t, out);
	CHECK(memcmp(out, out + 12, 12 * sizeof *out) == 0);
	t = (s2_tensor){.data = (const unsigned char *)data,
			.dtype = S2_F32,
			.rank = 3,
			.dims = {2, 1, 4},
			.strides = {4, 77, 1}};
	CHECK(s2_tensor_is_contiguous(&t)); /* the stride of a dimension of 1 means nothing */
	t.rank = 0;
	CHECK_INT(s2_tensor_count(&t), 1);
	s2_tensor_to_f32(&t, out);
	CHECK(out[0] == 0);
}

static void test_unaligned(void)
{
	unsigned char bytes[1 + 3 * 8];
	const double values[3] = {1.25, -1e300, 3};
	float out[3];
	memcpy(bytes + 1, values, sizeof values);
	s2_tensor t = {.data = bytes + 1, .dtype = S2_F64, .rank = 1, .dims = {3}, .strides = {1}};
	s2_tensor_to_f32(&t, out);
	CHECK(out[0] == 1.25f && isinf(out[1]) && out[2] == 3);
	t.dims[0] = 2;
	t.strides[0] = 2;
	s2_tensor_to_f32(&t, out);
	CHECK(out[0] == 1.25f && out[1] == 3);
}

static void test_shape_text(void)
{
	char buf[64], small[6];
	s2_tensor t = {.rank = 3, .dims = {512, 80, 5}};
	CHECK_STR(s2_tensor_shape_text(&t, buf, sizeof buf), "[512, 80, 5]");
	s2_tensor_shape_text(&t, small, sizeof small);
	CHECK(strlen(small) < sizeof small);
	t.rank = 0;
	CHECK_STR(s2_tensor_shape_text(&t, buf, sizeof buf), "[]");
}

int main(void)
{
	test_every_half();
	test_strides();
	test_unaligned();
	test_shape_text();
	return TEST_RESULT();
}
