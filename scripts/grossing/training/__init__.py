"""Parts of the reader for training: its table, its stored pictures, the order of an epoch."""
