"""`load`: data sets as float32 images in [0, 1] and integer labels, verified by their checksums."""

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Dataset", "load"]

# sha256 of each array's bytes; data/README.md says where they come from.
# `binarized_mnist` holds 8 pixels a byte.
CHECKSUMS = {
    "digits": {
        "x_train": "1f1bf55270b20127f5c5ff6ea50450899623421b9bb14cb2f82cf6ef53315acf",
        "y_train": "2b11282ac0c9af15c6e440ea3209a19e467e9c3f5787227001b1e8de89b6cafa",
        "x_test": "fe6e2083756fdae81f16c5e5d75e3b22573ec192a46d4d9f7314883b9dd63848",
        "y_test": "78326c297ed5b04d99ee45f8fa208c1dabd6c49cb8fa66230238c95ceb33ee29",
    },
    "mnist": {
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    },
    "fashion_mnist": {
        "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    },
    "binarized_mnist": {
        "x_train": "727146c35424b019f3e350e1e69faa05644a0abaf787e3f4e1a9632220a13906",
        "x_valid": "a256ac44ae26be720fad8616a05ed6ecfd1619930d9a208379bb2a4405df5b6d",
        "x_test": "9fcd8da6f0fdf09b2ba30fe63a0bb784042a0de82563172530229b983e294ff2",
    },
}


@dataclass(frozen=True)
class Dataset:
    """Images `[n, event_dim]` float32 in [0, 1], labels `[n]` int64, an image's sides in pixels.

    The labels of a data set that has none are -1.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple


def load(name="digits", binarize="threshold", seed=0) -> Dataset:
    """Returns a `Dataset` of flattened images and their labels.

    Args:
        name: `"digits"`, 8x8 handwritten digits, 1,437 to train on and 360 to test on; `"mnist"`
            and `"fashion_mnist"`, 28x28, 60,000 and 10,000; `"binarized_mnist"`, Larochelle's fixed
            binarisation of MNIST, 50,000 and 10,000, no labels.
        binarize: `"threshold"` sets pixels to 1 where they are at least 0.5 and to 0 elsewhere;
            `"bernoulli"` draws each pixel once, with its grey value as probability; None keeps the
            grey values in [0, 1].
        seed: For `"bernoulli"`: the same seed gives the same pixels.

    Raises:
        ValueError: If the name or `binarize` is unknown, or the file is damaged.
        FileNotFoundError: If the file is not there and cannot be downloaded.
    """
    if name not in CHECKSUMS:
        raise ValueError(f"no data set is called {name!r}; there are: {', '.join(CHECKSUMS)}")
    if binarize not in ("threshold", "bernoulli", None):
        raise ValueError(f"binarize must be 'threshold', 'bernoulli' or None, not {binarize!r}")
    arrays = read_arrays(find_file(name) or download(name), CHECKSUMS[name])
    if name == "binarized_mnist":
        arrays = unpack_bits(arrays)
    side = arrays["x_train"].shape[1:]
    generator = np.random.default_rng(seed)
    x_train, x_test = (
        flatten_images(arrays[key], FULL_SCALES[name], binarize, generator)
        for key in ("x_train", "x_test")
    )
    y_train, y_test = (arrays[key].astype(np.int64) for key in ("y_train", "y_test"))
    return Dataset(x_train, y_train, x_test, y_test, image_shape=tuple(side))


def unpack_bits(arrays) -> dict[str, np.ndarray]:
    """Returns the arrays of `binarized_mnist` as images, with -1 for labels."""
    images = {
        key: np.unpackbits(arrays[key], axis=1).reshape(-1, 28, 28) for key in ("x_train", "x_test")
    }
    return images | {
        key.replace("x", "y"): np.full(len(value), -1) for key, value in images.items()
    }


def flatten_images(images, full_scale, binarize, generator) -> np.ndarray:
    """Returns images `[n, height, width]` as float32 `[n, event_dim]`, as `binarize` says.

    Their values are 0 to `full_scale`.
    """
    grey = (images.reshape(len(images), -1) / np.float32(full_scale)).astype(np.float32)
    if binarize == "threshold":
        return (grey >= 0.5).astype(np.float32)
    if binarize == "bernoulli":
        return (generator.random(grey.shape) < grey).astype(np.float32)
    return grey


# The 8x8 digits count the inked pixels of a 4x4 block: 0 to 16.
FULL_SCALES = {"digits": 16, "mnist": 255, "fashion_mnist": 255, "binarized_mnist": 1}


def find_file(name) -> Path | None:
    """Returns the path of the data set's file.

    It lies in `$VIKIT_DATA`, in an installed vikit, or in a folder `data` near it or here.

    None where there is no such file and the data set can be downloaded.
    """
    package = Path(__file__).resolve().parent
    folders = [
        package / "files",
        package.parent / "data",
        package.parent.parent / "data",
        Path.cwd() / "data",
        Path.cwd().parent / "data",
    ]
    if os.environ.get("VIKIT_DATA"):
        folders.insert(0, Path(os.environ["VIKIT_DATA"]))
    for folder in folders:
        if (folder / f"{name}.npz").is_file():
            return folder / f"{name}.npz"
    if name in DOWNLOADABLE:
        return None
    where = (
        f"Put {name}.npz into a folder and set VIKIT_DATA to that folder"
        if name == "binarized_mnist"
        else (
            "keep the folder `data` beside `vikit`, as in the zip that you were given, or set "
            "VIKIT_DATA to the folder that holds it"
        )
    )
    raise FileNotFoundError(f"{name}.npz is not here: {where[0].lower()}{where[1:]}")


# The data sets that Keras can download; it keeps them in its cache.
DOWNLOADABLE = ("mnist", "fashion_mnist")


def download(name) -> dict[str, np.ndarray]:
    """Returns the arrays of a data set as Keras gives them: from its cache, or from the network.

    Raises:
        FileNotFoundError: If there is neither.
    """
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:
        raise FileNotFoundError(
            f"{name} is neither in VIKIT_DATA nor in Keras' cache, and could not be downloaded "
            f"({type(error).__name__}). "
            f"Without a network put {name}.npz (x_train, y_train, x_test, y_test) into a folder, "
            "and set VIKIT_DATA to that "
            f'folder; or stay with load("digits"), which needs none'
        ) from error
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def read_arrays(found, checksums) -> dict[str, np.ndarray]:
    """Returns the arrays of a file, or those that are given, after verifying each."""
    if isinstance(found, dict):
        return verify_checksums(found, checksums, "what Keras has in its cache")
    path = found
    try:
        # np.load would leave a file open that it opened itself and that is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in checksums}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({error}): bring the file again") from error
    return verify_checksums(arrays, checksums, path)


def verify_checksums(arrays, checksums, origin) -> dict[str, np.ndarray]:
    """Returns `arrays`.

    Raises:
        ValueError: If one of them has another checksum; `origin` says where they come from.
    """
    for key, wanted in checksums.items():
        if digest(arrays[key]) != wanted:
            raise ValueError(
                f"{origin} is damaged ({key} has another checksum): bring the file again"
            )
    return arrays


def digest(array) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
