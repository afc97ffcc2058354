"""Where the lecture's documents have what a06 asks."""

__all__ = [
    "COUPLING",
    "FLOWS",
    "FREE_ENERGY",
    "HAMILTONIAN",
    "IAF",
    "LEARNING",
    "LISTING",
    "LISTING_LOSS",
    "LISTING_PDF",
    "PLANAR",
    "PLANAR_BOUND",
    "PLANAR_DETERMINANT",
    "PREDICTION",
    "RADIAL",
    "RADIAL_BOUND",
]

FREE_ENERGY = 'document 000, section 6 "VIB with Normalizing Flow"'
LISTING = 'document 000, Listing 1 "VIB with Flows"'
LISTING_PDF = f"{LISTING}, lines 4 to 10"
LISTING_LOSS = f"{LISTING}, lines 20 to 30"
FLOWS = 'document 002, section 7-3 "Advancements in VAEs", "Normalizing Flow (NF)"'
# The lecture gives the formula of none of them: that stands in a paper.
ONLY_NAMED = f"{FLOWS}, which only names such flows"
PLANAR = f"{ONLY_NAMED}; Rezende and Mohamed 2015, eq. 10"
PLANAR_BOUND = f"{ONLY_NAMED}; Rezende and Mohamed 2015, appendix A.1"
PLANAR_DETERMINANT = f"{ONLY_NAMED}; Rezende and Mohamed 2015, eq. 11 and 12"
RADIAL = f"{ONLY_NAMED}; Rezende and Mohamed 2015, eq. 14"
RADIAL_BOUND = f"{ONLY_NAMED}; Rezende and Mohamed 2015, appendix A.2"
COUPLING = f"{ONLY_NAMED}; Dinh, Sohl-Dickstein and Bengio 2017"
IAF = f"{ONLY_NAMED}; Kingma et al. 2016"
HAMILTONIAN = ONLY_NAMED
LEARNING = 'document 002, section 7-2 "Variational Auto Encoder (VAE)"'
PREDICTION = 'document 000, section 5 "Variational Information Bottleneck (VIB)"'
