/* Audio in, with its notices, and audio out: a folder, one file or stdout. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum { MODEL_RATE = 16000 }; /* what every model here listens to */

void cli_note_audio(cli_result *r, const char *path, int source_rate, int rate, int channels)
{
	const char *name = cli_display(path);
	if (source_rate != rate)
		cli_result_note(r, CLI_NOTE_RESAMPLED, "%s: %d Hz resampled to %d Hz by libsoxr HQ", name, source_rate,
				rate);
	if (channels > 1)
		cli_result_note(r, CLI_NOTE_FOLDED, "%s: %d channels folded to their mean", name, channels);
}

int cli_read_audio(cli_result *r, s2st_audio *out, const char *path, s2st_error *err)
{
	int rc = s2st_archives_read(out, r->archives, path, MODEL_RATE, err);
	if (rc < 0)
		return rc;
	cli_note_audio(r, path, out->source_rate, out->sample_rate, out->source_channels);
	r->seconds = (double)out->n / out->sample_rate;
	return S2ST_OK;
}

/* ---- the sink ---- */

enum { CONTAINER_AUTO, CONTAINER_WAV, CONTAINER_RAW };

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n > m && strcasecmp(s + n - m, suffix) == 0;
}

static bool names_audio_file(const char *path)
{
	return has_suffix(path, ".wav") || has_suffix(path, ".raw") || has_suffix(path, ".pcm");
}

/* A device or a pipe that is there takes a stream. */
static cli_place place_of(const char *path)
{
	size_t n = strlen(path);
	if (strcmp(path, "-") == 0)
		return CLI_TO_STDOUT;
	if (cli_is_folder(path) || (n && path[n - 1] == '/'))
		return CLI_TO_FOLDER;
	return names_audio_file(path) || cli_exists(path) ? CLI_TO_FILE : CLI_TO_FOLDER;
}

#define A_FOLDER "give a folder or --container raw"

int cli_sink_open(cli *c, cli_sink *sink, const char *output, bool raw_stdout, int64_t total)
{
	s2st_error err;
	sink->path = output;
	sink->place = place_of(output);
	sink->raw = sink->container == CONTAINER_RAW ||
		    (sink->container == CONTAINER_AUTO && raw_stdout && sink->place == CLI_TO_STDOUT);
	if (sink->place != CLI_TO_FOLDER && !sink->raw && total > 1)
		return cli_misused(c, "-o %s: one wav holds one output, found %lld inputs: " A_FOLDER, output,
				   (long long)total);
	int rc = sink->place == CLI_TO_STDOUT ? cli_check_terminal(c) : CLI_OK;
	if (rc != CLI_OK)
		return rc;
	if (sink->place != CLI_TO_FOLDER)
		rc = cli_open_stream(c, &sink->stream, output, &err);
	else if (!c->dry_run)
		rc = cli_make_folder(output, &err);
	if (rc < 0)
		cli_error(c, NULL, err.text);
	return rc < 0 ? CLI_FAILED : CLI_OK;
}

int cli_sink_path(char **out, const cli_sink *sink, const char *name, s2st_error *err)
{
	if (sink->place == CLI_TO_FOLDER) {
		const char *suffix = sink->raw ? ".raw" : has_suffix(name, ".wav") ? "" : ".wav";
		return cli_output_path(out, sink->path, name, suffix, err);
	}
	*out = strdup(sink->path);
	return *out ? S2ST_OK : cli_fail_memory(err);
}

static int write_samples(const cli_sink *sink, s2st_writer *w, const float *samples, size_t n, int rate,
			 s2st_error *err)
{
	const s2st_sample_format format = (s2st_sample_format)sink->sample_format;
	return sink->raw ? s2st_pcm_write(w, samples, n, format, err)
			 : s2st_wav_write(w, samples, n, rate, format, err);
}

int cli_sink_put(const cli *c, const cli_sink *sink, const char *path, const s2st_waveform *wave, cli_result *result,
		 s2st_error *err)
{
	if (sink->place != CLI_TO_FOLDER) {
		result->samples = malloc((wave->n ? wave->n : 1) * sizeof *result->samples);
		if (!result->samples)
			return cli_fail_memory(err);
		memcpy(result->samples, wave->samples, wave->n * sizeof *result->samples);
		result->n_samples = wave->n;
		result->sample_rate = wave->sample_rate;
		return S2ST_OK;
	}
	s2st_writer *w = NULL;
	int rc = cli_result_create(c, result, path, &w, err);
	if (rc < 0)
		return rc;
	rc = write_samples(sink, w, wave->samples, wave->n, wave->sample_rate, err);
	if (rc < 0)
		s2st_writer_abort(w);
	else
		rc = s2st_writer_commit(w, err);
	return rc;
}

int cli_sink_emit(cli_sink *sink, const cli_result *result, s2st_error *err)
{
	if (sink->place == CLI_TO_FOLDER || !result->samples)
		return S2ST_OK;
	if (sink->used && !sink->raw)
		return cli_fail(err, S2ST_EINPUT,
				"-o %s: one wav holds one output, found a second input: " A_FOLDER, sink->path);
	sink->used = true;
	int rc = write_samples(sink, sink->stream, result->samples, result->n_samples, result->sample_rate, err);
	return rc < 0 ? rc : s2st_writer_flush(sink->stream, err);
}

int cli_sink_close(cli *c, cli_sink *sink, bool whole, int code)
{
	s2st_error err;
	s2st_writer *w = sink->stream;
	sink->stream = NULL;
	if (!w)
		return code;
	if (!whole || !sink->used) {
		s2st_writer_abort(w);
		return code;
	}
	if (s2st_writer_commit(w, &err) < 0) {
		cli_error(c, NULL, err.text);
		return code == CLI_OK ? CLI_FAILED : code;
	}
	return code;
}
