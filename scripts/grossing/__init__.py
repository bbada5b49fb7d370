"""Grossing: from whole-slide histology images to judged tiles for deep learning.

Plain Python: nothing in this package knows Snakemake.
"""

__version__ = "0.1.0"
