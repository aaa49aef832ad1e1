#!/usr/bin/env python3
"""Makes the fixtures of this folder: k-means models in the forms in which joblib stores them.

Run with numpy 1.24, joblib 1.2 and scikit-learn 1.2 in this folder; every file is rewritten. Except for sklearn.bin,
which is a real fit, the centroids are 0, 1, ... 11 as [3, 4].
"""
import os
import sys
import types

import joblib
import numpy as np
from sklearn.cluster import MiniBatchKMeans


class Model:
    """Pickles as scikit-learn's class and holds what it is given."""

    def __init__(self, **state):
        self.__dict__.update(state)


def name_class(path):
    module, name = path.rsplit(".", 1)
    Model.__module__, Model.__name__, Model.__qualname__ = module, name, name
    sys.modules.setdefault(module, types.ModuleType(module))
    setattr(sys.modules[module], name, Model)


class Attack:
    def __reduce__(self):
        return os.system, ("echo attacked",)


centers = np.arange(12, dtype=np.float32).reshape(3, 4)

# Neighbours of other types: uint32 (a random state), text, and one that follows the centroids.
rest = {"random_state_": np.arange(5, dtype=np.uint32), "names": np.array(["a", "bcd"]), "n_iter_": 3}

fit = MiniBatchKMeans(3, n_init=1, random_state=np.random.RandomState(1), batch_size=16)
fit.fit(np.random.RandomState(0).randn(40, 4).astype(np.float32))
joblib.dump(fit, "sklearn.bin")
np.save("sklearn.npy", fit.cluster_centers_)

name_class("sklearn.cluster.k_means_.MiniBatchKMeans")
joblib.dump(Model(before=rest, cluster_centers_=centers, after=dict(rest)), "neighbours.bin")
joblib.dump(Model(cluster_centers_=np.asfortranarray(centers)), "fortran.bin")
joblib.dump(Model(cluster_centers_=centers.astype(">f8")), "big_endian.bin")
joblib.dump(Model(cluster_centers_=centers.astype(np.float64)), "float64.bin")
for protocol in (3, 4, 5):
    joblib.dump(Model(cluster_centers_=centers), "protocol%d.bin" % protocol, protocol=protocol)
for method in ("zlib", "gzip", "bz2", "xz", "lzma"):
    joblib.dump(Model(cluster_centers_=centers), method + ".bin", compress=(method, 3))
joblib.dump(centers, "array.bin")
joblib.dump(Model(cluster_centers_=centers.reshape(-1)), "vector.bin")
joblib.dump(Model(cluster_centers_=centers.astype(object)), "objects.bin")
joblib.dump(Model(cluster_centers_=np.where(centers == 7, np.nan, centers)), "nan.bin")
joblib.dump(Model(cluster_centers_="three"), "text.bin")
joblib.dump(Model(cluster_centers_=centers, then=Attack()), "attack.bin")
name_class("sklearn.decomposition._pca.PCA")
joblib.dump(Model(components_=centers), "pca.bin")
