/* Mixtures of experts over rank files: a shared part and up to three ranks, each after its length in two bytes, as the
 * tar archive that a release of them is. Parts of safetensors or pickles without a checksum, so that names, shapes and
 * configurations change under the fuzzer. What opens has all experts of each gate; the layer binds or says why not. */
#include "base/size.h"
#include "checkpoint_target.h"
#include "layers/moe.h"
#include "tar_archive.h"

enum { MOST_PARTS = 4, MOST_BYTES = 12000 };

static void bind_mixture(const s2_checkpoint *c, const s2_tensor *gate)
{
	static const char tail[] = "moe_layer.gate.wg.weight";
	s2st_error err = {""};
	s2_moe m;
	char prefix[256];
	const size_t n = strlen(gate->name), stem = n - (sizeof tail - 1);
	if (n < sizeof tail - 1 || strcmp(gate->name + stem, tail) != 0 || gate->rank != 2 || stem >= sizeof prefix)
		return;
	snprintf(prefix, sizeof prefix, "%.*s", (int)stem, gate->name);
	const s2_binder b = {.ckpt = c, .arena = s2_arena_new()};
	if (!b.arena)
		abort();
	if (s2_moe_bind(&m, &b, gate->dims[1], prefix, &err) < 0) {
		if (!err.text[0])
			abort();
	} else if (m.n_experts != gate->dims[0]) {
		abort();
	}
	s2_arena_free(b.arena);
}

static void bind_all(const unsigned char *bytes, size_t n)
{
	s2st_error err = {""};
	s2_checkpoint *c;
	if (s2_checkpoint_parse(&c, bytes, n, "f", &err) < 0)
		return;
	for (size_t i = 0; i < s2_checkpoint_n_tensors(c); i++)
		bind_mixture(c, s2_checkpoint_tensor_at(c, i));
	s2_checkpoint_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[MOST_PARTS] = {"m-shared.pt", "m-rank-0.pt", "m-rank-1.pt", "m-rank-2.pt"};
	static tar_archive a;
	a.n = 0;
	for (size_t i = 0; i < MOST_PARTS && n >= 2; i++) {
		size_t len = (size_t)data[0] | (size_t)data[1] << 8;
		data += 2;
		n -= 2;
		len = s2_min(s2_min(len, n), MOST_BYTES);
		tar_add(&a, names[i], '0', data, len);
		data += len;
		n -= len;
	}
	tar_finish(&a);
	uint8_t *exact = malloc(a.n); /* lets the sanitizer see one byte too many */
	if (!exact)
		abort();
	memcpy(exact, a.bytes, a.n);
	open_and_touch(exact, a.n);
	bind_all(exact, a.n);
	free(exact);
	return 0;
}
