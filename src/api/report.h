/* What an inspection found: a tree of facts, printed as JSON or as text.  Layer: api. */
#ifndef S2_API_REPORT_H
#define S2_API_REPORT_H

#include "formats/value.h"

typedef struct s2_report {
	s2_arena *arena;
	s2_value *root; /* dict */
	bool failed;    /* out of memory: facts are missing */
} s2_report;

S2ST_CHECK int s2_report_new(s2_report *r, s2st_error *err);
void s2_report_free(s2_report *r);

/* Facts, in the order in which they are added. A value has to outlive the report or lie in its arena. */
void s2_report_value(s2_report *r, const char *key, const s2_value *v);
void s2_report_text(s2_report *r, const char *key, const char *text); /* NULL: left out */
void s2_report_format(s2_report *r, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void s2_report_int(s2_report *r, const char *key, int64_t n);
void s2_report_bool(s2_report *r, const char *key, bool b);
s2_value *s2_report_dict(s2_report *r, const char *key);
/* {"name", "dtype", "shape"} in the list of tensors. */
void s2_report_tensor(s2_report *r, const char *name, const s2_tensor *t);
void s2_report_put(s2_report *r, s2_value *dict, const char *key, s2_value *v);
s2_value *s2_report_new_int(s2_report *r, int64_t n);

/* malloc'ed text without a closing newline. `verbose`: trees whole instead of their first lines. */
S2ST_CHECK int s2_report_print(const s2_report *r, bool json, bool verbose, char **out, s2st_error *err);

#endif
