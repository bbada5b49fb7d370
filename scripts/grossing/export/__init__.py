"""What passes, in the formats of other tools: TRIDENT, CLAM, hs2p, WebDataset and QuPath."""
