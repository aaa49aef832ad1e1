/* The option parser: tables in, variables and --help out. */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 30, HELP_WIDTH = 92, MAX_NAME = 40 };

static void usage_line(const cli *c, FILE *f)
{
	fprintf(f, "usage: %s %s\n", c->tool, c->synopsis);
}

static int complain(const cli *c, const char *fmt, va_list ap)
{
	fprintf(stderr, "%s: ", c->tool);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	usage_line(c, stderr);
	return CLI_USAGE;
}

int cli_misused(const cli *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int code = complain(c, fmt, ap);
	va_end(ap);
	return code;
}

void cli_misuse(const cli *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)complain(c, fmt, ap);
	va_end(ap);
	exit(CLI_USAGE);
}

/* ---- tables ---- */

static void add_common(cli *c)
{
	const cli_option common[] = {
		{'h', "help", CLI_HELP, NULL, NULL, 0, 0, "print this text"},
		{0, "version", CLI_VERSION, NULL, NULL, 0, 0, "print the version"},
		{'q', "quiet", CLI_FLAG, NULL, &c->quiet, 0, 0, "only errors on stderr"},
		{'v', "verbose", CLI_FLAG, NULL, &c->verbose, 0, 0, "say more on stderr"},
		{'j', "jobs", CLI_INT, "N", &c->jobs, 0, 1024,
		 "inputs at a time, a thread each, which also share the work of one; 0: one for each core"},
		{0, "shard", CLI_TEXT, "I/N", &c->shard_text, 0, 0,
		 "do part I (0 to N-1) of N of the inputs, split as fairseq does"},
		{0, "resume", CLI_FLAG, NULL, &c->resume, 0, 0,
		 "skip what an earlier run has done with the same models, options and inputs"},
		{0, "overwrite", CLI_FLAG, NULL, &c->overwrite, 0, 0, "replace files that are there"},
		{0, "dry-run", CLI_FLAG, NULL, &c->dry_run, 0, 0,
		 "only print what would be done: 'do|skip|refuse<TAB>input<TAB>output'"},
		{0, "json", CLI_FLAG, NULL, &c->json, 0, 0, "one JSON object a line on stdout"},
		{0, "precision", CLI_CHOICE, "fp32|bf16|int8", &c->precision, 0, 0,
		 "what the networks multiply in; bf16 and int8 are faster, and close"},
		{0, "pack", CLI_TEXT, "DIR", &c->pack, 0, 0, "folder with pack.json: models that fit together"},
		{0, "report", CLI_TEXT, "FILE", &c->report, 0, 0,
		 "write what became of each input, one JSON object a line"},
		{'o', "output", CLI_TEXT, "PATH", &c->output, 0, 0, "where results go; '-' is stdout"},
	};
	_Static_assert(sizeof common <= sizeof c->common, "room for the common options");
	memcpy(c->common, common, sizeof common);
	c->groups[0] = (cli_group){"Common options", c->common, sizeof common / sizeof *common};
	c->n_groups = 1;
}

void cli_add_group(cli *c, const char *title, const cli_option *options, size_t n)
{
	if (c->n_groups == 0)
		add_common(c);
	/* the common options stay last: --help prints what is special to the tool first */
	c->groups[c->n_groups] = c->groups[c->n_groups - 1];
	c->groups[c->n_groups - 1] = (cli_group){title, options, n};
	c->n_groups++;
}

typedef bool matcher(const cli_option *o, const void *key);

static const cli_option *find(const cli *c, matcher *match, const void *key)
{
	for (size_t g = 0; g < c->n_groups; g++)
		for (size_t i = 0; i < c->groups[g].n; i++)
			if (match(&c->groups[g].options[i], key))
				return &c->groups[g].options[i];
	return NULL;
}

static bool has_letter(const cli_option *o, const void *key)
{
	return o->letter && o->letter == *(const char *)key;
}

typedef struct span {
	const char *s;
	size_t n;
} span;

static bool has_name(const cli_option *o, const void *key)
{
	const span *name = key;
	return strlen(o->name) == name->n && memcmp(o->name, name->s, name->n) == 0;
}

/* "--no-NAME" of a flag. */
static bool has_negation(const cli_option *o, const void *key)
{
	const span *name = key;
	const span rest = {name->s + 3, name->n - 3};
	return o->kind == CLI_FLAG && name->n > 3 && memcmp(name->s, "no-", 3) == 0 && has_name(o, &rest);
}

/* ---- did you mean ---- */

/* Edits (insert, delete, replace, swap of neighbours) from a to b; both shorter than MAX_NAME. */
static size_t edits(const char *a, size_t n, const char *b, size_t m)
{
	size_t d[MAX_NAME][MAX_NAME];
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

/* The option that the user may have meant; NULL: none is near. The start of a name counts as near. */
static const char *nearest(const cli *c, span name)
{
	const char *best = NULL;
	size_t best_edits = name.n < 4 ? 2 : 1 + name.n / 3;
	if (name.n >= MAX_NAME)
		return NULL;
	for (size_t g = 0; g < c->n_groups; g++) {
		for (size_t i = 0; i < c->groups[g].n; i++) {
			const char *known = c->groups[g].options[i].name;
			size_t m = strlen(known);
			const bool starts = name.n >= 2 && m > name.n && memcmp(known, name.s, name.n) == 0;
			size_t away = SIZE_MAX;
			if (m < MAX_NAME)
				away = starts ? 1 : edits(name.s, name.n, known, m);
			if (away < best_edits) {
				best = known;
				best_edits = away;
			}
		}
	}
	return best;
}

__attribute__((noreturn)) static void unknown(const cli *c, const char *shown, size_t n_shown, span name)
{
	const char *near = nearest(c, name);
	if (near)
		cli_misuse(c, "unknown option '%.*s' (did you mean '--%s'?)", (int)n_shown, shown, near);
	cli_misuse(c, "unknown option '%.*s'", (int)n_shown, shown);
}

/* ---- values ---- */

static void set_int(const cli *c, const cli_option *o, const char *value)
{
	char *end;
	errno = 0;
	long x = strtol(value, &end, 10);
	if (end == value || *end || isspace((unsigned char)value[0]) || errno || (double)x < o->min ||
	    (double)x > o->max)
		cli_misuse(c, "--%s: expected a whole number from %.0f to %.0f, found '%s'", o->name, o->min, o->max,
			   value);
	*(int *)o->to = (int)x;
}

static void set_real(const cli *c, const cli_option *o, const char *value)
{
	char *end;
	double x = strtod(value, &end);
	if (end == value || *end || isspace((unsigned char)value[0]) || !isfinite(x) || x < o->min || x > o->max)
		cli_misuse(c, "--%s: expected a number from %g to %g, found '%s'", o->name, o->min, o->max, value);
	*(double *)o->to = x;
}

/* Word `i` of "a|b|c". */
static span choice_at(const char *words, int i)
{
	for (; i > 0; i--)
		words = strchr(words, '|') + 1;
	return (span){words, strcspn(words, "|")};
}

static void set_choice(const cli *c, const cli_option *o, const char *value)
{
	int count = 1;
	for (const char *p = o->arg; *p; p++)
		count += *p == '|';
	for (int i = 0; i < count; i++) {
		span word = choice_at(o->arg, i);
		if (strlen(value) == word.n && memcmp(value, word.s, word.n) == 0) {
			*(int *)o->to = i;
			return;
		}
	}
	cli_misuse(c, "--%s: expected one of %s, found '%s'", o->name, o->arg, value);
}

static void set(const cli *c, const cli_option *o, const char *value)
{
	switch (o->kind) {
	case CLI_INT: set_int(c, o, value); break;
	case CLI_REAL: set_real(c, o, value); break;
	case CLI_TEXT: *(const char **)o->to = value; break;
	case CLI_CHOICE: set_choice(c, o, value); break;
	case CLI_FLAG:
	case CLI_HELP:
	case CLI_VERSION: break; /* take no value */
	}
}

/* ---- --help ---- */

/* `text` from column HELP_COLUMN on, broken between words. */
static void print_wrapped(const char *text, size_t column)
{
	while (*text) {
		size_t word = strcspn(text, " ");
		if (column + 1 + word > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)word, text);
		column += word;
		text += word + strspn(text + word, " ");
	}
}

static void default_text(const cli_option *o, char *buf, size_t size)
{
	const char *text;
	span word;
	switch (o->kind) {
	case CLI_FLAG: snprintf(buf, size, " [%s]", *(bool *)o->to ? "on" : "off"); break;
	case CLI_INT: snprintf(buf, size, " [%d]", *(int *)o->to); break;
	case CLI_REAL: snprintf(buf, size, " [%g]", *(double *)o->to); break;
	case CLI_TEXT:
		text = *(const char **)o->to;
		snprintf(buf, size, " [%s]", text ? text : "none");
		break;
	case CLI_CHOICE:
		word = choice_at(o->arg, *(int *)o->to);
		snprintf(buf, size, " [%.*s]", (int)word.n, word.s);
		break;
	case CLI_HELP:
	case CLI_VERSION: buf[0] = 0; break;
	}
}

static void print_option(const cli_option *o)
{
	char head[96], fallback[512], text[1024];
	const char letter[] = {'-', o->letter, ',', 0};
	int n = snprintf(head, sizeof head, "  %3s --%s%s%s", o->letter ? letter : "", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
	default_text(o, fallback, sizeof fallback);
	snprintf(text, sizeof text, "%s%s", o->help, fallback);
	printf("%s", head);
	if (n + 2 > HELP_COLUMN)
		printf("\n%*s", HELP_COLUMN, "");
	else
		printf("%*s", HELP_COLUMN - n, "");
	print_wrapped(text, HELP_COLUMN);
	putchar('\n');
}

__attribute__((noreturn)) static void help(cli *c)
{
	static char whole[1 << 16]; /* written at once, so that cli_end sees why it fails */
	setvbuf(stdout, whole, _IOFBF, sizeof whole);
	usage_line(c, stdout);
	printf("\n%s\n", c->about);
	for (size_t g = 0; g < c->n_groups; g++) {
		printf("\n%s:\n", c->groups[g].title);
		for (size_t i = 0; i < c->groups[g].n; i++)
			print_option(&c->groups[g].options[i]);
	}
	printf("\nIn [brackets]: what holds without the option. --no-NAME turns an option that is on off.\n");
	if (c->more)
		printf("\n%s\n", c->more);
	exit(cli_end(c, CLI_OK));
}

__attribute__((noreturn)) static void version(cli *c)
{
	printf("%s (s2st) %s\n", c->tool, s2st_version());
	exit(cli_end(c, CLI_OK));
}

/* ---- parsing ---- */

/* Options without a value. */
static bool act(cli *c, const cli_option *o, bool on)
{
	switch (o->kind) {
	case CLI_FLAG: *(bool *)o->to = on; return true;
	case CLI_HELP: help(c);
	case CLI_VERSION: version(c);
	case CLI_INT:
	case CLI_REAL:
	case CLI_TEXT:
	case CLI_CHOICE: break;
	}
	return false;
}

/* The value in the next argument. */
static const char *next_value(const cli *c, const cli_option *o, int *i)
{
	if (*i + 1 >= c->argc)
		cli_misuse(c, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
	return c->argv[++*i];
}

static void parse_long(cli *c, int *i)
{
	const char *a = c->argv[*i];
	const span name = {a + 2, strcspn(a + 2, "=")};
	const char *value = name.s[name.n] ? name.s + name.n + 1 : NULL;
	const cli_option *o = find(c, has_name, &name);
	const bool on = o != NULL;
	if (!o)
		o = find(c, has_negation, &name);
	if (!o)
		unknown(c, a, name.n + 2, name);
	if (o->kind == CLI_FLAG || o->kind == CLI_HELP || o->kind == CLI_VERSION) {
		if (value)
			cli_misuse(c, "--%.*s takes no value, found '%s'", (int)name.n, name.s, value);
		act(c, o, on);
	} else {
		set(c, o, value ? value : next_value(c, o, i));
	}
}

/* "-qv", "-j4", "-j 4". */
static void parse_short(cli *c, int *i)
{
	const char *a = c->argv[*i];
	for (const char *p = a + 1; *p; p++) {
		const cli_option *o = find(c, has_letter, p);
		if (!o) {
			const span name = {a + 1, a[2] ? strcspn(a + 1, "=") : 0};
			unknown(c, a, strlen(a), name);
		}
		if (act(c, o, true))
			continue;
		set(c, o, p[1] ? p + 1 : next_value(c, o, i));
		return;
	}
}

static void parse_shard(cli *c)
{
	c->shard = 0;
	c->n_shards = 1;
	if (!c->shard_text)
		return;
	char *end, *end2;
	errno = 0;
	long i = strtol(c->shard_text, &end, 10);
	long n = *end == '/' ? strtol(end + 1, &end2, 10) : 0;
	if (*end != '/' || end == c->shard_text || !isdigit((unsigned char)c->shard_text[0]) ||
	    !isdigit((unsigned char)end[1]) || *end2 || errno || n < 1 || n > INT_MAX || i >= n)
		cli_misuse(c, "--shard: expected I/N with I from 0 to N-1, found '%s'", c->shard_text);
	c->shard = (int)i;
	c->n_shards = (int)n;
}

/* The path that an option for outputs holds; NULL: it is no such option, or leads nowhere else than to stdout. */
static const char *place_of(const cli_option *o)
{
	const size_t n = strlen(o->name);
	const bool output = strcmp(o->name, "output") == 0 || strcmp(o->name, "report") == 0 ||
			    (n > 4 && strcmp(o->name + n - 4, "-out") == 0);
	const char *path = output && o->kind == CLI_TEXT ? *(const char *const *)o->to : NULL;
	return path && strcmp(path, "-") != 0 ? path : NULL;
}

/* Two outputs in one file: the second would replace the first. In one folder, -o and --logits-out DIR have names of
 * their own; two others have not. */
static void refuse_same_place(const cli *c, const cli_option *a)
{
	const char *path = place_of(a), *other;
	for (size_t g = 0; path && g < c->n_groups; g++) {
		for (size_t i = 0; i < c->groups[g].n; i++) {
			const cli_option *b = &c->groups[g].options[i];
			if (b == a)
				return; /* each pair once */
			other = place_of(b);
			if (!other || strcmp(other, path) != 0)
				continue;
			const char *beside = a->letter == 'o' ? b->arg : b->letter == 'o' ? a->arg : "";
			if (strcmp(beside, "DIR") != 0)
				cli_misuse(c, "--%s and --%s both name %s: one would replace the other", b->name,
					   a->name, path);
		}
	}
}

void cli_parse(cli *c)
{
	if (c->n_groups == 0)
		add_common(c);
	if (!c->args)
		c->args = calloc((size_t)c->argc + 1, sizeof *c->args); /* one more, for what a tool may add */
	if (!c->args) {
		fprintf(stderr, "%s: out of memory\n", c->tool);
		exit(CLI_FAILED);
	}
	bool rest = false;
	c->n_args = 0;
	for (int i = 1; i < c->argc; i++) {
		const char *a = c->argv[i];
		if (rest || a[0] != '-' || !a[1])
			c->args[c->n_args++] = a;
		else if (strcmp(a, "--") == 0)
			rest = true;
		else if (a[1] == '-')
			parse_long(c, &i);
		else
			parse_short(c, &i);
	}
	parse_shard(c);
	for (size_t g = 0; g < c->n_groups; g++)
		for (size_t i = 0; i < c->groups[g].n; i++)
			refuse_same_place(c, &c->groups[g].options[i]);
}

void cli_no_precision(const cli *c, const char *why)
{
	if (c->precision != S2ST_FP32)
		cli_misuse(c, "--precision %s: %s", s2st_precision_name((s2st_precision)c->precision), why);
}

void cli_no_report(const cli *c, const char *why)
{
	if (c->report)
		cli_misuse(c, "--report: %s", why);
}
