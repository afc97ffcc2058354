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
LISTING_PDF = f"{LISTING}, gaussian_log_pdf"
LISTING_LOSS = f"{LISTING}, elbo_loss"
FLOWS = 'document 002, section 7-3 "Advancements in VAEs", "Normalizing Flow (NF)"'
# The lecture gives the formula of none of them: a paper does.
ONLY_NAMED = f"the lecture only names such flows: {FLOWS}"
PLANAR = f"Rezende and Mohamed 2015, eq. 10; {ONLY_NAMED}"
PLANAR_BOUND = f"Rezende and Mohamed 2015, appendix A.1; {ONLY_NAMED}"
PLANAR_DETERMINANT = f"Rezende and Mohamed 2015, eq. 11 and 12; {ONLY_NAMED}"
RADIAL = f"Rezende and Mohamed 2015, eq. 14; {ONLY_NAMED}"
RADIAL_BOUND = f"Rezende and Mohamed 2015, appendix A.2; {ONLY_NAMED}"
COUPLING = f"Dinh, Sohl-Dickstein and Bengio 2017; {ONLY_NAMED}"
IAF = f"Kingma et al. 2016; {ONLY_NAMED}"
HAMILTONIAN = f"Neal 2011; {ONLY_NAMED}"
LEARNING = 'document 002, section 7-2 "Variational Auto Encoder (VAE)"'
PREDICTION = 'document 000, section 5 "Variational Information Bottleneck (VIB)"'
