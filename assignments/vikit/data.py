"""`load`: data sets as float32 images in [0, 1] and integer labels, checked against their checksums."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# sha256 of each array's bytes; data/README.md says where they come from.
CHECKSUMS = {
    "digits": {
        "x_train": "1f1bf55270b20127f5c5ff6ea50450899623421b9bb14cb2f82cf6ef53315acf",
        "y_train": "2b11282ac0c9af15c6e440ea3209a19e467e9c3f5787227001b1e8de89b6cafa",
        "x_test": "fe6e2083756fdae81f16c5e5d75e3b22573ec192a46d4d9f7314883b9dd63848",
        "y_test": "78326c297ed5b04d99ee45f8fa208c1dabd6c49cb8fa66230238c95ceb33ee29",
    },
}


@dataclass(frozen=True)
class Dataset:
    """Images `[n, event_dim]` float32 in [0, 1], labels `[n]` int64, and the two sides of an image in pixels."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple


def load(name="digits", binarize="threshold", seed=0):
    """Returns a `Dataset` of flattened images and their labels.

    Args:
        name: `"digits"`, 8x8 handwritten digits: 1,437 to train on, 360 to test on.
        binarize: `"threshold"` sets pixels to 1 where they are at least 0.5 and to 0 elsewhere; `"bernoulli"` draws each
            pixel once, with its grey value as probability; None keeps the grey values in [0, 1].
        seed: For `"bernoulli"`: the same seed gives the same pixels.

    Raises:
        ValueError: If the name or `binarize` is unknown, or the file is damaged.
        FileNotFoundError: If the file is not there.
    """
    if name not in CHECKSUMS:
        raise ValueError(f"no data set is called {name!r}; there are: {', '.join(CHECKSUMS)}")
    if binarize not in ("threshold", "bernoulli", None):
        raise ValueError(f"binarize must be 'threshold', 'bernoulli' or None, not {binarize!r}")
    arrays = read(find(name), CHECKSUMS[name])
    side = arrays["x_train"].shape[1:]
    generator = np.random.default_rng(seed)
    x_train, x_test = (pixels(arrays[key], binarize, generator) for key in ("x_train", "x_test"))
    y_train, y_test = (arrays[key].astype(np.int64) for key in ("y_train", "y_test"))
    return Dataset(x_train, y_train, x_test, y_test, image_shape=tuple(side))


def pixels(images, binarize, generator):
    """Returns images `[n, height, width]` of 0 to FULL_SCALE as float32 `[n, event_dim]`, binarised as asked."""
    grey = (images.reshape(len(images), -1) / FULL_SCALE).astype(np.float32)
    if binarize == "threshold":
        return (grey >= 0.5).astype(np.float32)
    if binarize == "bernoulli":
        return (generator.random(grey.shape) < grey).astype(np.float32)
    return grey


# The 8x8 digits count the inked pixels of a 4x4 block: 0 to 16.
FULL_SCALE = 16


def find(name):
    """Returns the path of the data set's file: in `$VIKIT_DATA`, or in the folder `data` near vikit or the notebook."""
    package = Path(__file__).resolve().parent
    folders = [package.parent / "data", package.parent.parent / "data", Path.cwd() / "data", Path.cwd().parent / "data"]
    if os.environ.get("VIKIT_DATA"):
        folders.insert(0, Path(os.environ["VIKIT_DATA"]))
    for folder in folders:
        if (folder / f"{name}.npz").is_file():
            return folder / f"{name}.npz"
    raise FileNotFoundError(
        f"{name}.npz is not here: keep the folder `data` beside `vikit`, as in the zip that you were given, or set "
        "VIKIT_DATA to the folder that holds it"
    )


def read(path, checksums):
    """Returns the arrays of the file, each verified."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in checksums}
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} cannot be read ({error}): bring the file again") from error
    for key, wanted in checksums.items():
        if digest(arrays[key]) != wanted:
            raise ValueError(f"{path} is damaged ({key} has another checksum): bring the file again")
    return arrays


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
