"""Stacks of focal planes: which plane is sharp where, and the fused slide."""
