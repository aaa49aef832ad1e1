/* What features of audio are of, as a line of JSON: written with them, compared before they are gone on with. */
#include "cli_origin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* In malloc'ed memory; NULL: out of memory. */
static char *tell(const cli_origin *o, uint64_t inputs, bool complete)
{
	const cli_encoder *e = o->encoder;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return NULL;
	fputs("{\"encoder_sha256\": ", f);
	cli_json_string(f, o->hash);
	fprintf(f, ", \"precision\": \"%s\", \"feature_type\": %d, \"layer\": %d, \"channel\": %d, \"seed\": %d",
		s2st_precision_name((s2st_precision)o->c->precision), e->feature_type, e->layer, e->channel,
		o->fraction < 1 ? o->seed : 0);
	fputs(", \"fraction\": ", f);
	cli_json_real(f, o->fraction);
	fprintf(f, ", \"shard\": [%d, %d], \"inputs\": [", o->c->shard, o->c->n_shards);
	for (size_t i = 0; i < o->c->n_args; i++) {
		fputs(i ? ", " : "", f);
		cli_json_string(f, o->c->args[i]);
	}
	fprintf(f, "], \"inputs_hash\": \"%016" PRIx64 "\", \"complete\": %s}\n", inputs, complete ? "true" : "false");
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

int cli_origin_write(const cli_origin *o, uint64_t inputs, bool complete, s2st_error *err)
{
	char *text = tell(o, inputs, complete);
	if (!text)
		return cli_fail_memory(err);
	int rc = cli_write_text(o->file, text, strlen(text), err);
	free(text);
	return rc;
}

/* 1: that is what the file says, byte for byte; 0: it is not. */
static int says(const cli_origin *o, bool complete, s2st_error *err)
{
	char *text = tell(o, o->c->inputs, complete);
	int rc = text ? cli_has_text(o->file, text, strlen(text)) : cli_fail_memory(err);
	free(text);
	return rc;
}

int cli_origin_check(const cli_origin *o, const char *features, bool *complete, s2st_error *err)
{
	int rc = says(o, true, err);
	*complete = rc > 0;
	if (rc == 0)
		rc = says(o, false, err);
	if (rc == 0)
		rc = cli_fail(err, S2ST_EINPUT,
			      "%s: expected features of this encoder, layer, fraction and these inputs, as %s says; "
			      "found others: remove them, or start again as before",
			      features, o->file);
	return rc < 0 ? rc : S2ST_OK;
}
