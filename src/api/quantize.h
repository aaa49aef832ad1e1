/* Inside of s2st_encoder and s2st_kmeans.  Layer: api. */
#ifndef S2_API_QUANTIZE_H
#define S2_API_QUANTIZE_H

#include "api/context.h"
#include "models/extractor.h"
#include "models/kmeans.h"

struct s2st_encoder {
	const s2st_context *ctx;
	s2_extractor net;
};

struct s2st_kmeans {
	s2_kmeans *model;
};

#endif
