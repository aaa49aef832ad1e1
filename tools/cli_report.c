/* --report FILE.jsonl: what became of each input, an object a line in the order of the inputs. */
#include <stdlib.h>

#include "cli_run.h"

int cli_report_open(cli_report *r, const cli *c, s2st_error *err)
{
	r->w = NULL;
	return c->report ? cli_open_stream(c, &r->w, c->report, err) : S2ST_OK;
}

static void print(FILE *f, const cli_item *item)
{
	const cli_result *result = &item->result;
	const bool timed = item->taken > 0 && result->seconds > 0;
	fputs("{\"input\": ", f);
	cli_json_string(f, cli_display(item->row.path));
	fputs(", \"id\": ", f);
	cli_json_string(f, item->row.id);
	fputs(", \"output\": ", f);
	cli_json_string(f, result->n_outputs && !item->failed ? result->outputs[0] : NULL);
	fprintf(f, ", \"status\": \"%s\", \"reason\": ",
		item->failed ? "failed" : item->skipped ? "skipped" : "done");
	cli_json_string(f, item->failed ? item->reason : NULL);
	fprintf(f, ", \"seconds\": %.6f, \"audio_seconds\": %.6f, \"x_real_time\": ", item->taken, result->seconds);
	if (timed)
		fprintf(f, "%.3f", result->seconds / item->taken);
	else
		fputs("null", f);
	fputs("}\n", f);
}

int cli_report_add(cli_report *r, const cli_item *item, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	if (!r->w)
		return S2ST_OK;
	FILE *f = open_memstream(&text, &n);
	if (f)
		print(f, item);
	int rc = f && fclose(f) == 0 ? s2st_writer_write(r->w, text, n, err) : cli_fail_memory(err);
	free(text);
	return rc;
}

int cli_report_close(cli_report *r, s2st_error *err)
{
	s2st_writer *w = r->w;
	r->w = NULL;
	return w ? s2st_writer_commit(w, err) : S2ST_OK;
}
