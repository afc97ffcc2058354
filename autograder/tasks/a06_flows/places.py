"""Where the lecture's documents have what a06 asks."""

__all__ = [
    "FLOWS",
    "FREE_ENERGY",
    "LEARNING",
    "LISTING",
    "LISTING_LOSS",
    "LISTING_PDF",
    "PREDICTION",
]

FREE_ENERGY = 'document 000, section 6 "VIB with Normalizing Flow"'
LISTING = 'document 000, Listing 1 "VIB with Flows"'
LISTING_PDF = f"{LISTING}, lines 4 to 10"
LISTING_LOSS = f"{LISTING}, lines 20 to 30"
FLOWS = 'document 002, section 7-3 "Advancements in VAEs", "Normalizing Flow (NF)"'
LEARNING = 'document 002, section 7-2 "Variational Auto Encoder (VAE)"'
PREDICTION = 'document 000, section 5 "Variational Information Bottleneck (VIB)"'
