/* One table of the kernels above; included last by each kernels_*.c, for each table it has: TABLE is its name for the
 * linker, TABLE_NAME for people, BF16_KERNELS, INT8_KERNELS and INT16_KERNELS what it does in reduced precision. */

const s2_kernels TABLE = {
	.name = TABLE_NAME,
	.mr = MR,
	.nr = NR,
	.tile = KERNEL(tile),
	.finish = KERNEL(finish),
	.pack = KERNEL(pack),
	.direct = KERNEL(direct),
	.activate = KERNEL(activate),
	.glu = KERNEL(glu),
	.add_scaled = KERNEL(add_scaled),
	.scale = KERNEL(scale),
	.divide_leaky = KERNEL(divide_leaky),
	.layer_norm = KERNEL(layer_norm),
	.channel_norm = KERNEL(channel_norm),
	.softmax = KERNEL(softmax),
	.softmax_words = KERNEL(softmax_words),
	.log_softmax = KERNEL(log_softmax),
	.past_scores = KERNEL(past_scores),
	.past_values = KERNEL(past_values),
	.short_in = KERNEL(short_in),
	.short_words = KERNEL(short_words),
	.short_out = KERNEL(short_out),
	.bf16 = &BF16_KERNELS,
	.int8 = &INT8_KERNELS,
	.int16 = &INT16_KERNELS,
};

#undef TABLE
#undef TABLE_NAME
#undef BF16_KERNELS
#undef INT8_KERNELS
#undef INT16_KERNELS
