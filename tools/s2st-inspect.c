/* s2st-inspect: what is in a model file, a configuration, a dictionary, a pack, and what it fits with. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct inspect {
	cli *c;
	const char *npy;
	bool verify;
	s2st_writer *out;
	size_t next;
	bool unusable; /* some file is no model that any tool could use */
} inspect;

static int next_file(void *source, s2st_input *row, s2st_error *err)
{
	inspect *in = source;
	(void)err;
	const size_t i = in->next++;
	if (i >= in->c->n_args)
		return 0;
	*row = (s2st_input){.id = in->c->args[i], .path = in->c->args[i], .index = i, .n_frames = -1};
	return 1;
}

/* Speech to speech: do the units of the one have embeddings in the other? */
static int check_translation(const s2st_pack *pack, s2st_context *context, s2st_error *err)
{
	const s2st_s2ut_files files = {.model = s2st_pack_file(pack, "s2ut"),
				       .config = s2st_pack_file(pack, "config"),
				       .dict = s2st_pack_file(pack, "dict")};
	const char *vocoder = s2st_pack_file(pack, "vocoder");
	s2st_s2ut *m = NULL;
	s2st_vocoder *v = NULL;
	int rc = files.model ? s2st_s2ut_open(&m, context, &files, err) : S2ST_OK;
	if (rc == S2ST_OK && vocoder)
		rc = s2st_vocoder_open(&v, context, vocoder, s2st_pack_file(pack, "vocoder_config"), err);
	if (rc == S2ST_OK)
		rc = s2st_pack_check(pack, m, v, err);
	if (rc == S2ST_OK && m && v)
		rc = s2st_check_fit(m, v, err);
	s2st_vocoder_free(v);
	s2st_s2ut_free(m);
	return rc;
}

/* Speech to units: do layer, centroids and K belong together? */
static int check_quantizer(const s2st_pack *pack, s2st_context *context, s2st_error *err)
{
	const char *encoder = s2st_pack_file(pack, "encoder"), *kmeans = s2st_pack_file(pack, "kmeans");
	s2st_encoder *e = NULL;
	s2st_kmeans *k = NULL;
	int rc = encoder ? s2st_encoder_open(&e, context, S2ST_FEATURE_NETWORK, encoder, err) : S2ST_OK;
	if (rc == S2ST_OK && kmeans)
		rc = s2st_kmeans_open(&k, kmeans, err);
	if (rc == S2ST_OK)
		rc = s2st_pack_check_units(pack, e, s2st_pack_layer(pack), k, err);
	s2st_kmeans_free(k);
	s2st_encoder_free(e);
	return rc;
}

/* Recognition: does the vocabulary fit the output layer? Opening says so. */
static int check_recogniser(const s2st_pack *pack, s2st_context *context, s2st_error *err)
{
	const s2st_asr_files files = {.model = s2st_pack_file(pack, "asr"), .dict = s2st_pack_file(pack, "asr_dict")};
	s2st_asr *m = NULL;
	int rc = files.model ? s2st_asr_open(&m, context, &files, err) : S2ST_OK;
	s2st_asr_free(m);
	return rc;
}

static int check_models(const s2st_pack *pack, s2st_precision precision, s2st_error *err)
{
	s2st_context *context = NULL;
	int rc = s2st_context_new(&context, &(s2st_context_options){.threads = 1, .precision = precision}, err);
	if (rc == S2ST_OK)
		rc = check_translation(pack, context, err);
	if (rc == S2ST_OK)
		rc = check_quantizer(pack, context, err);
	if (rc == S2ST_OK)
		rc = check_recogniser(pack, context, err);
	s2st_context_free(context);
	return rc;
}

static int verify(const char *path, s2st_precision precision, FILE *f, s2st_error *err)
{
	s2st_pack *pack = NULL;
	int rc = s2st_pack_open(&pack, path, err);
	if (rc == S2ST_OK)
		rc = s2st_pack_verify(pack, err);
	if (rc == S2ST_OK)
		rc = check_models(pack, precision, err);
	if (rc == S2ST_OK)
		fprintf(f, "%s: the files are as pack.json says, the models fit\n", path);
	s2st_pack_free(pack);
	return rc;
}

static int describe(const inspect *in, const s2st_input *row, FILE *f, s2st_error *err)
{
	char *text = NULL;
	int rc = s2st_inspect(&text, row->path, in->c->json, in->c->verbose, err);
	if (rc < 0)
		return rc;
	fprintf(f, "%s%s\n", row->index > 0 && !in->c->json ? "\n" : "", text);
	free(text);
	return S2ST_OK;
}

static bool is_unusable(int rc)
{
	return rc == S2ST_EFORMAT || rc == S2ST_EMODEL;
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	inspect *in = self;
	(void)own;
	int rc = in->verify ? verify(row->path, (s2st_precision)in->c->precision, result->text.f, err)
			    : describe(in, row, result->text.f, err);
	in->unusable |= is_unusable(rc);
	return rc;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const inspect *in = self;
	(void)row;
	return s2st_writer_write(in->out, result->text.bytes, result->text.n, err);
}

static int export_tensor(cli *c, inspect *in)
{
	s2st_error err;
	int rc = s2st_inspect_npy(in->out, c->args[0], in->npy, &err);
	if (rc < 0)
		s2st_writer_abort(in->out);
	else
		rc = s2st_writer_commit(in->out, &err);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		return is_unusable(rc) ? CLI_MODEL : CLI_FAILED;
	}
	return CLI_OK;
}

static int run(cli *c, inspect *in)
{
	s2st_error err;
	bool whole;
	if (cli_open_stream(c, &in->out, c->output ? c->output : "-", &err) < 0) {
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	if (in->npy)
		return export_tensor(c, in);
	const cli_work w = {
		.self = in,
		.source = in,
		.total = (int64_t)c->n_args,
		.next = next_file,
		.work = work,
		.emit = emit,
	};
	int code = cli_run(c, &w, &whole);
	if (!whole) {
		s2st_writer_abort(in->out);
	} else if (s2st_writer_commit(in->out, &err) < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	return in->unusable ? CLI_MODEL : code;
}

static const char about[] =
	"What a FILE is: checkpoint, k-means model, configuration, dictionary, array, or a folder (pack,\n"
	"Hugging Face model). Nothing in it is executed, no path in it is followed.";

static const char more[] =
	"  s2st-inspect models/es-en-demo/s2ut.pt\n"
	"  s2st-inspect --npy decoder.embed_tokens.weight -o embeddings.npy models/es-en-demo/s2ut.pt";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "s2st-inspect",
		.synopsis = "[options] FILE...",
		.about = about,
		.more = more,
		.no_resume = true,
	};
	inspect in = {.c = &c};
	const cli_option options[] = {
		{0, "npy", CLI_TEXT, "NAME", &in.npy, 0, 0, "write tensor NAME as .npy to -o FILE (or stdout)"},
		{0, "verify", CLI_FLAG, NULL, &in.verify, 0, 0,
		 "compare a pack's files with the sums in pack.json, and its models with each other"},
	};
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "What to do", options, sizeof options / sizeof *options);
	cli_parse(&c);
	if (c.pack)
		c.args[c.n_args++] = c.pack; /* one more folder to look at */
	if (c.n_args == 0)
		cli_misuse(&c, "no file to inspect");
	if (!in.verify)
		cli_no_precision(&c, "only --verify opens models as they are used");
	if (c.resume || c.n_shards > 1)
		cli_misuse(&c, "what is in a file is looked up at once: --resume and --shard have no use here");
	if (in.npy)
		cli_no_report(&c, "--npy takes one tensor, it is written or it is not");
	if (in.npy && c.n_args != 1)
		cli_misuse(&c, "--npy takes one file, found %zu", c.n_args);
	int code = in.npy && (!c.output || strcmp(c.output, "-") == 0) ? cli_check_terminal(&c) : CLI_OK;
	return cli_end(&c, code == CLI_OK ? run(&c, &in) : code);
}
