"""Which packages a wheel has; all else stands in pyproject.toml, which cannot add folders to
packages that are searched for.
"""

from setuptools import find_namespace_packages, setup

# What lies beside the packages in the repository, as packages of data: see autograder/places.py and
# vikit/data.py.
CARRIED = {
    "vikit.files": "data",
    "autograder.carried.assignments": "assignments",
    "autograder.carried.solutions": "solutions",
}

setup(
    packages=[
        *find_namespace_packages(include=["autograder*"], exclude=["*.__pycache__"]),
        *find_namespace_packages("assignments", include=["vikit*"], exclude=["*.__pycache__"]),
        *CARRIED,
    ],
    package_dir={"vikit": "assignments/vikit"} | CARRIED,
    package_data={
        "autograder": ["**/*.j2", "**/*.md"],
        "vikit.files": ["*"],
        "autograder.carried.assignments": ["*/*.ipynb", "*/*.json"],
    },
)
