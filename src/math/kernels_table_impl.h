/* The table of one CPU's kernels; included last by each kernels_*.c. */

const s2_kernels KERNEL(s2_kernels) = {
	.name = KERNEL_NAME,
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
	.layer_norm = KERNEL(layer_norm),
	.channel_norm = KERNEL(channel_norm),
	.softmax = KERNEL(softmax),
	.log_softmax = KERNEL(log_softmax),
	.past_scores = KERNEL(past_scores),
	.past_values = KERNEL(past_values),
	.short_in = KERNEL(short_in),
	.short_out = KERNEL(short_out),
};
