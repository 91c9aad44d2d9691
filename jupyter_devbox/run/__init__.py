"""Boxes and the kernels in them."""
