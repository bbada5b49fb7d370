"""What passes in the formats of TRIDENT, CLAM, hs2p, WebDataset, QuPath; and provenance."""
