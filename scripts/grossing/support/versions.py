"""Versions of the libraries that this process uses, which its files state."""

import platform
import sys
from types import ModuleType

#: key of a JSON file, and of the metadata of a Parquet file, that names the libraries that made it
MADE_WITH = "made_with"
#: name of a library in the outputs -> its module; native libraries state theirs below
MODULES = {
    "Grossing": "grossing",
    "NumPy": "numpy",
    "OpenCV": "cv2",
    "openslide-python": "openslide",
    "pyvips": "pyvips",
    "pyarrow": "pyarrow",
    "arro3": "arro3.core",
    "pydicom": "pydicom",
    "simplejpeg": "simplejpeg",
    "tifffile": "tifffile",
    "Pillow": "PIL",
    "shapely": "shapely",
    "torchstain": "torchstain",
    "SciPy": "scipy",
    "scikit-image": "skimage",
    "SimpleITK": "SimpleITK",
    "h5py": "h5py",
    "webdataset": "webdataset",
    "PuLP": "pulp",
    "highspy": "highspy",
}


def used() -> dict[str, str]:
    """Versions of Python and of the libraries that are loaded now, by their names."""
    loaded = {
        name: sys.modules[module] for name, module in MODULES.items() if module in sys.modules
    }
    versions = {name: _version(module) for name, module in loaded.items()}
    versions["Python"] = platform.python_version()
    if openslide := loaded.get("openslide-python"):
        versions["OpenSlide"] = openslide.__library_version__
    if pyvips := loaded.get("pyvips"):
        versions["libvips"] = ".".join(str(pyvips.version(part)) for part in range(3))
    return dict(sorted(versions.items()))


def _version(module: ModuleType) -> str:
    found = getattr(module, "__version__", None)
    if found:
        return str(found)
    from importlib import metadata  # 10 ms of every job that states no versions

    return metadata.version(module.__name__)
