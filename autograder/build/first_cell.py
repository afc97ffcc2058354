# Run this cell first. It starts the newest vikit that it finds: in a folder or a zip near this notebook, or installed.
import os, re, sys, tempfile, zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's log in red says nothing about your answers


def folders(here):
    """Returns the folders around `here`, the nearest first: none that is hidden or installed, nothing on a mounted drive."""
    level, found = [here], [here, *here.parents[:2]]
    for _ in range(4):
        entered = [folder for folder in level if folder == here or not os.path.ismount(folder)]
        inner = [folder / name for folder in entered for name in sorted(next(os.walk(folder), (0, [], 0))[1])]
        level = [folder for folder in inner if not re.search(r"^(\.|__)|-packages$", folder.name)][:200]
        found += level
    return found


def unpacked(archive):
    """Returns the folder that holds vikit, of a zip unpacked elsewhere: no file of yours is written over."""
    with zipfile.ZipFile(archive) as opened:
        starts = [name for name in opened.namelist() if f"/{name}".endswith("/vikit/__init__.py")]
        if not starts:
            raise ValueError("it holds no vikit")
        target = tempfile.mkdtemp(prefix="vikit-")
        opened.extractall(target)
    return Path(target, min(starts, key=len)).parents[1]


def numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)]


def copies(here):
    """Returns (version, whether the public cases are there, name, folder) of each vikit, the newest first."""
    named = {folder.resolve(): str(folder) for folder in [*folders(here), *map(Path, filter(None, sys.path))]}
    for archive in sorted(here.glob("*.[zZ][iI][pP]"), key=os.path.getmtime, reverse=True):
        try:
            if not archive.name.endswith("-submission.zip"):
                named[unpacked(archive)] = archive.name
        except Exception as error:
            print(f"Passed over {archive.name}: {error}. If it is the kit, upload it again.")
    found = []
    for folder, name in named.items():
        start = folder / "vikit" / "__init__.py"
        if os.access(start, os.R_OK):
            lines = re.findall("^__version__ = .*", start.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
            cases = [place / "public_cases.json" for place in (here, folder / "{assignment}")]
            found.append((numbers("".join(lines)), any(map(os.path.isfile, cases)), name, folder))
    return sorted(found, key=lambda copy: copy[:2], reverse=True)


def import_newest(found):
    """Imports the first vikit that is whole."""
    broken = []
    for version, _, name, folder in found:
        sys.path.insert(0, str(folder))
        try:
            import vikit
            from vikit import check, check_all, load, submit
        except Exception as error:
            # What NumPy or TensorFlow raises is no fault of the kit.
            if isinstance(error, ImportError) and not (error.name or "").startswith("vikit"):
                raise
            print(f"Passed over the vikit in {name}: it is not whole ({error}).")
            broken.append(name)
            sys.path.remove(str(folder))
            for module in [module for module in sys.modules if module.split(".")[0] == "vikit"]:
                del sys.modules[module]
        else:
            vikit.passed_over = broken
            if str(folder) in sys.path[1:]:
                del sys.path[0]
            if len(found) > 1:
                print(f"vikit {'.'.join(map(str, version))} comes from {name}, the newest of {len(found)} here.")
            return


found, running = copies(Path.cwd()), sys.modules.get("vikit")
known, broken = numbers(getattr(running, "__version__", "")), getattr(running, "passed_over", [])
newer = [name for version, _, name, _ in found if version > known and name not in broken]
if running is None:
    import_newest(found)
elif newer:
    print(f"Restart the kernel (Colab: Runtime > Restart session): {newer[0]} holds a newer vikit than runs now.")
try:
    import vikit
    from vikit import check, check_all, load, submit
except ImportError as error:
    raise ImportError(
        "No whole vikit is here. Keep the folder `vikit` beside this notebook's folder, as in the zip that you were given. "
        "On Colab upload that zip (the folder icon on the left), wait until it has arrived, and run this cell again. "
        "If the kit lies on a mounted drive, change to its folder first: %cd /content/drive/MyDrive/..."
    ) from error
vikit.start("{assignment}")
