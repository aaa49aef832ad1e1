// FAISS behind backend.h. Debian has FAISS's C headers but not the library behind them, hence this C++: a call each,
// with exceptions turned into the library's errors. Not part of libs2st.a; speech-mine links it where CMake finds FAISS.
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <exception>
#include <memory>

extern "C" {
#include "mine/backend.h"
}

namespace {

struct index {
	std::unique_ptr<faiss::Index> faiss;
	int threads;
};

template <typename Call> int guarded(s2st_error *err, int code, Call call)
{
	try {
		call();
		return S2ST_OK;
	} catch (const std::exception &e) {
		return s2_fail(err, code, "FAISS: %.400s", e.what());
	}
}

// The inverted lists, which a rotation may stand before.
faiss::IndexIVF *lists_of(faiss::Index *x)
{
	auto *turned = dynamic_cast<faiss::IndexPreTransform *>(x);
	return dynamic_cast<faiss::IndexIVF *>(turned ? turned->index : x);
}

// Ten rounds over 64 rows a centroid in place of FAISS's own 25 over 256, which are most of what making an index takes:
// lists only have to leave most rows out, and codes to tell whose similarities are worth computing.
void train_quickly(faiss::ClusteringParameters *cp)
{
	cp->niter = 10;
	cp->max_points_per_centroid = 64;
}

int make(void **out, size_t dim, const char *type, int threads, s2st_error *err)
{
	*out = nullptr;
	return guarded(err, S2ST_EINPUT, [&] {
		std::unique_ptr<index> x(new index{nullptr, threads});
		x->faiss.reset(faiss::index_factory((int)dim, type, faiss::METRIC_INNER_PRODUCT));
		faiss::IndexIVF *lists = lists_of(x->faiss.get());
		if (lists)
			train_quickly(&lists->cp);
		if (auto *coded = dynamic_cast<faiss::IndexIVFPQ *>(lists)) {
			train_quickly(&coded->pq.cp);
			// an order of codes by simulated annealing, for a filter that is not used here
			coded->do_polysemous_training = false;
		}
		*out = x.release();
	});
}

int open(void **out, const char *path, int threads, s2st_error *err)
{
	*out = nullptr;
	return guarded(err, S2ST_EFORMAT, [&] {
		std::unique_ptr<index> x(new index{nullptr, threads});
		x->faiss.reset(faiss::read_index(path, faiss::IO_FLAG_MMAP));
		*out = x.release();
	});
}

void close(void *self)
{
	delete static_cast<index *>(self);
}

void size(const void *self, size_t *n, size_t *dim)
{
	const index *x = static_cast<const index *>(self);
	*n = (size_t)x->faiss->ntotal;
	*dim = (size_t)x->faiss->d;
}

int train(void *self, const float *rows, size_t n, s2st_error *err)
{
	index *x = static_cast<index *>(self);
	omp_set_num_threads(x->threads);
	return guarded(err, S2ST_EINPUT, [&] { x->faiss->train((faiss::Index::idx_t)n, rows); });
}

int add(void *self, const float *rows, size_t n, s2st_error *err)
{
	index *x = static_cast<index *>(self);
	omp_set_num_threads(x->threads);
	return guarded(err, S2ST_EINPUT, [&] { x->faiss->add((faiss::Index::idx_t)n, rows); });
}

int save(const void *self, const char *path, s2st_error *err)
{
	const index *x = static_cast<const index *>(self);
	return guarded(err, S2ST_EIO, [&] { faiss::write_index(x->faiss.get(), path); });
}

int search(void *self, const float *rows, size_t n, size_t k, int probes, int64_t *ids, s2st_error *err)
{
	index *x = static_cast<index *>(self);
	omp_set_num_threads(x->threads);
	return guarded(err, S2ST_EINPUT, [&] {
		std::unique_ptr<float[]> similarities(new float[n * k]);
		faiss::IndexIVF *lists = lists_of(x->faiss.get());
		if (lists)
			lists->nprobe = (size_t)probes;
		static_assert(sizeof(faiss::Index::idx_t) == sizeof *ids, "FAISS numbers rows by 64 bits");
		x->faiss->search((faiss::Index::idx_t)n, rows, (faiss::Index::idx_t)k, similarities.get(),
				 (faiss::Index::idx_t *)ids);
	});
}

} // namespace

extern "C" const s2_index_backend s2_faiss_backend = {make, open, close, size, train, add, save, search};
