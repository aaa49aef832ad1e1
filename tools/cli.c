/* Start and end of a tool, messages, and small things with files. */
#include "cli_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tool started with stdout closed would get number 1 for the first file it opens, and print into that. */
static void reserve_standard_streams(void)
{
	while (1) {
		int fd = open("/dev/null", O_RDONLY);
		if (fd < 0 || fd > 2) {
			if (fd > 2)
				close(fd);
			return;
		}
	}
}

/* ---- signals: cli_run stops after the input at hand, temporary files go, then the signal has its effect ---- */

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
	caught = number;
}

/* A second signal ends the program at once. What the caller of the program ignores (nohup, jobs in the background)
 * stays ignored. */
static void watch_signals(void)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction old, act = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND};
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(watched[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is then a write error like others */
}

bool cli_caught_signal(void)
{
	return caught != 0;
}

/* ---- start and end ---- */

void cli_begin(cli *c, int argc, char **argv)
{
	/* Room for the longest help: what cannot be written then fails in cli_end, which says why. */
	static char out[1 << 16];
	reserve_standard_streams();
	setvbuf(stdout, out, _IOFBF, sizeof out);
	watch_signals();
	c->argc = argc;
	c->argv = argv;
	c->n_shards = 1;
	if (s2st_archives_new(&c->archives, NULL) < 0)
		c->archives = NULL; /* each slice then opens its archive */
}

int cli_end(cli *c, int code)
{
	s2st_archives_free(c->archives);
	c->archives = NULL;
	free(c->args);
	c->args = NULL;
	cli_depends_free(c);
	errno = 0;
	bool failed = ferror(stdout) != 0;
	if (fclose(stdout) != 0)
		failed = true;
	if (failed && code == CLI_OK) {
		fprintf(stderr, "%s: stdout: cannot write: %s\n", c->tool, strerror(errno ? errno : EIO));
		code = CLI_FAILED;
	}
	if (caught)
		raise(caught);
	return code;
}

/* ---- messages ---- */

/* The progress bar stands on the line that the message wants. Who holds the lock of stderr may print there and look
 * at the bar. */
static void clear_bar(cli *c)
{
	if (c->bar_shown)
		fputs("\r\033[K", stderr);
	c->bar_shown = false;
}

/* Byte `i` of `s` in a line: as in the library's sentences, control characters are question marks, those of two bytes
 * (U+0080 to U+009F) too. */
static char printable(const char *s, size_t i)
{
	const unsigned char c = (unsigned char)s[i], next = c ? (unsigned char)s[i + 1] : 0;
	const bool is_first = c == 0xc2 && next >= 0x80 && next < 0xa0;
	const bool is_second = c >= 0x80 && c < 0xa0 && i > 0 && s[i - 1] == '\xc2';
	return c < 0x20 || c == 0x7f || is_first || is_second ? '?' : s[i];
}

void cli_print_safe(FILE *f, const char *s)
{
	for (size_t i = 0; s[i]; i++)
		fputc(printable(s, i), f);
}

static bool starts_with(const char *sentence, const char *about, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sentence[i] != about[i] && sentence[i] != printable(about, i))
			return false;
	return true;
}

void cli_error(cli *c, const char *about, const char *sentence)
{
	size_t n = about ? strlen(about) : 0;
	const bool said = n && starts_with(sentence, about, n) && (sentence[n] == ':' || sentence[n] == '/');
	flockfile(stderr);
	clear_bar(c);
	fprintf(stderr, "%s: ", c->tool);
	if (n && !said) {
		cli_print_safe(stderr, about);
		fputs(": ", stderr);
	}
	cli_print_safe(stderr, sentence);
	fputc('\n', stderr);
	funlockfile(stderr);
}

static void say(cli *c, const char *fmt, va_list ap, const char *tail)
{
	char text[1024];
	vsnprintf(text, sizeof text, fmt, ap);
	flockfile(stderr);
	clear_bar(c);
	fprintf(stderr, "%s: ", c->tool);
	cli_print_safe(stderr, text);
	fprintf(stderr, "%s\n", tail);
	funlockfile(stderr);
}

void cli_note(cli *c, cli_notice kind, const char *fmt, ...)
{
	if (c->quiet || (c->noticed[kind] && !c->verbose))
		return;
	va_list ap;
	va_start(ap, fmt);
	say(c, fmt, ap, c->verbose ? "" : " (said once)");
	va_end(ap);
	c->noticed[kind] = true;
}

void cli_info(cli *c, const char *fmt, ...)
{
	if (c->quiet || !c->verbose)
		return;
	va_list ap;
	va_start(ap, fmt);
	say(c, fmt, ap, "");
	va_end(ap);
}

int cli_check_terminal(const cli *c)
{
	return isatty(STDOUT_FILENO) ? cli_misused(c, "stdout is a terminal: redirect it, or give -o PATH") : CLI_OK;
}

/* ---- files ---- */

bool cli_is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cli_is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

const char *cli_display(const char *path)
{
	return strcmp(path, "-") == 0 || strncmp(path, "/proc/self/fd/", 14) == 0 ? "stdin" : path;
}

bool cli_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int make_one(const char *path, s2st_error *err)
{
	const int why = mkdir(path, 0777) == 0 ? 0 : errno;
	if (!why || cli_is_folder(path))
		return S2ST_OK;
	return cli_fail(err, S2ST_EIO, "%s: cannot make the folder: %s", path, strerror(why));
}

int cli_make_folder(const char *path, s2st_error *err)
{
	char *copy = strdup(path);
	if (!copy)
		return cli_fail_memory(err);
	int rc = S2ST_OK;
	for (char *p = copy + 1; *copy && *p && rc == S2ST_OK; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = 0;
		rc = make_one(copy, err);
		*p = '/';
	}
	if (rc == S2ST_OK)
		rc = make_one(copy, err);
	free(copy);
	return rc;
}

/* "a", "a/b": names of files, no way out. */
static bool is_below(const char *id)
{
	for (const char *p = id;; p++) {
		const size_t n = strcspn(p, "/");
		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

int cli_output_path(char **out, const char *dir, const char *id, const char *suffix, s2st_error *err)
{
	if (!is_below(id))
		return cli_fail(err, S2ST_EINPUT, "id '%s' cannot be the name of a file", id);
	size_t n = strlen(dir);
	const char *slash = n && dir[n - 1] != '/' ? "/" : "";
	if (asprintf(out, "%s%s%s%s", dir, slash, id, suffix) < 0) {
		*out = NULL;
		return cli_fail_memory(err);
	}
	return S2ST_OK;
}

bool cli_has_text(const char *path, const char *text, size_t n)
{
	char *there = malloc(n + 1);
	FILE *f = there ? fopen(path, "rb") : NULL;
	const bool same = f && fread(there, 1, n + 1, f) == n && memcmp(there, text, n) == 0;
	if (f)
		fclose(f);
	free(there);
	return same;
}

int cli_write_text(const char *path, const char *text, size_t n, s2st_error *err)
{
	s2st_writer *w;
	int rc = s2st_writer_open(&w, path, err);
	if (rc < 0)
		return rc;
	rc = s2st_writer_write(w, text, n, err);
	if (rc == S2ST_OK)
		return s2st_writer_commit(w, err);
	s2st_writer_abort(w);
	return rc;
}

int cli_check_output(const cli *c, const char *path, s2st_error *err)
{
	if (c->overwrite || c->resume || !cli_is_file(path))
		return S2ST_OK;
	return cli_fail(err, S2ST_EIO, "%s: is there already: --overwrite replaces it%s", path,
			c->no_resume ? "" : ", --resume what is not done yet");
}

int cli_open_stream(const cli *c, s2st_writer **out, const char *path, s2st_error *err)
{
	*out = NULL;
	int rc = strcmp(path, "-") == 0 ? S2ST_OK : cli_check_output(c, path, err);
	return rc < 0 || c->dry_run ? rc : s2st_writer_open(out, path, err);
}

int cli_write_matrix(const cli *c, cli_result *r, const char *dir, const char *id, const s2st_matrix *m,
		     s2st_error *err)
{
	const size_t dims[] = {m->rows, m->cols};
	char *path;
	s2st_writer *w;
	int rc = cli_output_path(&path, dir, id, ".npy", err);
	if (rc < 0)
		return rc;
	rc = cli_result_create(c, r, path, &w, err);
	if (rc == S2ST_OK && (rc = s2st_npy_write(w, "<f4", dims, 2, m->data, err)) < 0)
		s2st_writer_abort(w);
	else if (rc == S2ST_OK)
		rc = s2st_writer_commit(w, err);
	free(path);
	return rc;
}
