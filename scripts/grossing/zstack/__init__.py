"""Stacks of focal planes: registration, the sharpest plane of each block, the fused slide."""
