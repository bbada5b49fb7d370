"""The reference of stain normalisation that comes with Grossing."""

from grossing.slide.stain_record import MacenkoFit, ReinhardFit, StainFits

# `imgs/example1.png` of github.com/schaugf/HEnorm_python (MIT licence, Copyright (c) 2019 Mitko
# Veta, Geoffrey F. Schau), fitted whole by torchstain 1.4.1
SHIPPED = StainFits(
    macenko=MacenkoFit(
        h=(0.541026, 0.752083, 0.376379),
        e=(0.208427, 0.803334, 0.557864),
        max_c=(1.195929, 0.932657),
    ),
    reinhard=ReinhardFit(mean=(68.464104, 24.893581, -9.04855), std=(12.39837, 8.630793, 7.25865)),
)
