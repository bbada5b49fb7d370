"""The classes of a mask picture (numbers follow GrandQC)."""

NOT_SCANNED = 0
TISSUE = 1
FOLD = 2
DARK_SPOT = 3
PEN = 4
BUBBLE = 5
GLASS = 7
