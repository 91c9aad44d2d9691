"""Kernels in boxes for whoever starts a kernelspec's `argv` and knows no provisioner."""
