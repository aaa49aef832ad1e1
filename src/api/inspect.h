/* The describers behind s2st_inspect, one for each kind of file.  Layer: api. */
#ifndef S2_API_INSPECT_H
#define S2_API_INSPECT_H

#include "api/report.h"
#include "base/file.h"
#include "formats/checkpoint.h"

typedef struct s2_subject {
	s2_report report;
	/* kept open until the report is printed, because facts point into them: */
	s2_checkpoint *checkpoint;
	s2st_pack *pack;
} s2_subject;

S2ST_CHECK int s2_describe_checkpoint(s2_subject *s, const char *path, s2st_error *err);
/* torch's container before 1.6, or a k-means model. */
S2ST_CHECK int s2_describe_pickle(s2_subject *s, const s2_map *map, s2st_error *err);
S2ST_CHECK int s2_describe_joblib(s2_subject *s, const s2_map *map, s2st_error *err);
S2ST_CHECK int s2_describe_npy(s2_subject *s, const char *path, s2st_error *err);
S2ST_CHECK int s2_describe_json(s2_subject *s, const char *path, s2st_error *err);
S2ST_CHECK int s2_describe_yaml(s2_subject *s, const char *path, s2st_error *err);
S2ST_CHECK int s2_describe_dict(s2_subject *s, const char *path, s2st_error *err);
S2ST_CHECK int s2_describe_pack(s2_subject *s, const char *dir, s2st_error *err);
S2ST_CHECK int s2_describe_hf(s2_subject *s, const char *dir, s2st_error *err);

#endif
