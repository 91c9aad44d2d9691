"""What is known of CUDA, as data: a new release of torch is a row, not a change of code."""

from jupyter_devbox.catalogue.reader import read_catalogue

__all__ = ["read_catalogue"]
