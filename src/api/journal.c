/* s2st_journal_*: a line a record, "CHECKSUM KEY TEXT" in hexadecimal; line ends and backslashes of the text escaped.
 * Each begins with a line end, so that one that was torn does not swallow the next. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/lines.h"
#include "base/file.h"
#include "base/names.h"
#include "base/size.h"

enum { DIGITS = 16, HEAD = 2 * (DIGITS + 1), OFFSET_BITS = 48, MAX_FILES = 1 << (64 - OFFSET_BITS) };

struct s2st_journal {
	char *path;
	int fd;            /* appended to */
	s2st_names places; /* key -> number of the file and offset in it */
	char **files;      /* [n_files] read from; not kept open, there may be one of each part of a run */
	size_t n_files;
};

static uint64_t check_of(const char *key_and_text)
{
	return s2st_hash(S2ST_HASH_START, key_and_text, strlen(key_and_text));
}

/* ---- writing ---- */

/* A record as it stands in the file; NULL: out of memory. */
static char *make_record(uint64_t key, const char *text, size_t *n)
{
	size_t size;
	if (!s2_mul(strlen(text), 2, &size) || !s2_add(size, HEAD + 3, &size))
		return NULL;
	char *record = malloc(size);
	if (!record)
		return NULL;
	*record = '\n';
	char *const line = record + 1, *p = line + HEAD;
	for (; *text; text++) {
		const bool line_end = *text == '\n' || *text == '\r';
		if (line_end || *text == '\\')
			*p++ = '\\';
		*p++ = !line_end ? *text : *text == '\n' ? 'n' : 'r';
	}
	*p = 0;
	char head[HEAD + 1];
	snprintf(head, sizeof head, "%016llx ", (unsigned long long)key);
	memcpy(line + DIGITS + 1, head, DIGITS + 1);
	snprintf(head, sizeof head, "%016llx ", (unsigned long long)check_of(line + DIGITS + 1));
	memcpy(line, head, DIGITS + 1);
	*p++ = '\n';
	*n = (size_t)(p - record);
	return record;
}

int s2st_journal_add(s2st_journal *j, uint64_t key, const char *text, s2st_error *err)
{
	size_t n;
	char *line = make_record(key, text, &n);
	if (!line)
		return s2_fail_mem(err, j->path);
	const ssize_t wrote = write(j->fd, line, n);
	const int why = wrote < 0 ? errno : ENOSPC;
	free(line);
	if (wrote == (ssize_t)n)
		return S2ST_OK;
	return s2_fail(err, S2ST_EIO, "%s: cannot write: %s", j->path, strerror(why));
}

/* ---- reading ---- */

static bool parse_hex(const char *s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < DIGITS; i++) {
		const char *digits = "0123456789abcdef", *d = s[i] ? strchr(digits, s[i]) : NULL;
		if (!d)
			return false;
		*out = *out << 4 | (uint64_t)(d - digits);
	}
	return s[DIGITS] == ' ';
}

/* False: torn, or no record. */
static bool parse_record(const char *line, uint64_t *key)
{
	uint64_t check;
	return strlen(line) >= HEAD && parse_hex(line, &check) && parse_hex(line + DIGITS + 1, key) &&
	       check == check_of(line + DIGITS + 1);
}

static void unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*to++ = *s == 'n' ? '\n' : *s == 'r' ? '\r' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

static int read_all(s2st_journal *j, FILE *f, size_t number, const char *path, s2st_error *err)
{
	char *line = NULL;
	size_t cap = 0, at = 0;
	ssize_t n;
	uint64_t key;
	int rc = S2ST_OK;
	while (rc == S2ST_OK && (n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n') {
			line[n - 1] = 0;
			if (parse_record(line, &key))
				rc = s2_names_put(&j->places, key, number << OFFSET_BITS | at, err);
		}
		at += (size_t)n;
	}
	if (rc == S2ST_OK && !feof(f))
		rc = s2_fail(err, S2ST_EIO, "%s: cannot read: %s", path, strerror(errno));
	free(line);
	return rc;
}

static int add_file(s2st_journal *j, const char *path, s2st_error *err)
{
	if (j->n_files == MAX_FILES)
		return s2_fail(err, S2ST_EINPUT, "%s: expected records in at most %d files", path, MAX_FILES);
	char **more = reallocarray(j->files, j->n_files + 1, sizeof *more);
	if (!more)
		return s2_fail_mem(err, path);
	j->files = more;
	more[j->n_files] = strdup(path);
	if (!more[j->n_files])
		return s2_fail_mem(err, path);
	j->n_files++;
	return S2ST_OK;
}

int s2st_journal_read(s2st_journal *j, const char *path, s2st_error *err)
{
	S2_TRY(add_file(j, path, err));
	FILE *f = fopen(path, "re");
	if (!f)
		return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	int rc = read_all(j, f, j->n_files - 1, path, err);
	fclose(f);
	return rc;
}

int s2st_journal_find(const s2st_journal *j, uint64_t key, char **text, s2st_error *err)
{
	size_t place;
	*text = NULL;
	if (!s2_names_get(&j->places, key, &place))
		return 0;
	const char *path = j->files[place >> OFFSET_BITS];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	s2_lines lines;
	char *line;
	uint64_t found;
	if (fd < 0 || lseek(fd, (off_t)(place & (((size_t)1 << OFFSET_BITS) - 1)), SEEK_SET) < 0) {
		const int why = errno;
		if (fd >= 0)
			close(fd);
		return s2_fail(err, S2ST_EIO, "%s: cannot read: %s", path, strerror(why));
	}
	S2_TRY(s2_lines_open(&lines, fd, path, err));
	int rc = s2_lines_next(&lines, &line, err);
	if (rc == 1 && parse_record(line, &found) && found == key) {
		*text = strdup(line + HEAD);
		rc = *text ? 1 : s2_fail_mem(err, path);
	} else if (rc == 1) {
		rc = 0; /* somebody has replaced the file */
	}
	s2_lines_close(&lines);
	if (rc == 1)
		unescape(*text);
	return rc;
}

/* ---- opening ---- */

int s2st_journal_open(s2st_journal **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2st_journal *j = calloc(1, sizeof *j);
	if (!j)
		return s2_fail_mem(err, path);
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	j->path = strdup(path);
	int rc = S2ST_OK;
	if (j->fd < 0)
		rc = s2_fail(err, S2ST_EIO, "%s: cannot create: %s", path, strerror(errno));
	else if (!j->path)
		rc = s2_fail_mem(err, path);
	if (rc < 0)
		s2st_journal_free(j);
	else
		*out = j;
	return rc;
}

void s2st_journal_free(s2st_journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n_files; i++)
		free(j->files[i]);
	free(j->files);
	if (j->fd >= 0)
		close(j->fd);
	s2_names_clear(&j->places);
	free(j->path);
	free(j);
}
