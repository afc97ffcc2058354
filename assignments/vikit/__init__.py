"""The student's half of the kit: check answers on public cases, load data, hand in.

check("kl_to_standard_normal")   is this answer right, and if not, what is wrong?
check_all()                      every question of the assignment, and the points so far
load("digits")                   images and labels; also "mnist", "fashion_mnist", "binarized_mnist"
plots                            figures: images, mosaic, scatter, curves, bands, stacks, ellipses,
                                 information_plane
submit()                         one zip to hand in
"""

# The notebook's first cell reads this line of several copies and takes the newest: each release
# needs a number of its own. Between two releases there is a fourth number: 0.1.0.1 is newer than
# 0.1.0, and older than 0.2.0.
__version__ = "0.1.0.1"

from . import plots
from .checking import check, check_all, start
from .data import load
from .submitting import submit

__all__ = ["check", "check_all", "load", "plots", "start", "submit"]
