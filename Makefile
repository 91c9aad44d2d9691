# The chores live in .ci/make.py; where there is no make: python3 .ci/make.py NAME
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help demo test check bench catalogue templates clean

help:
	@echo "make demo    a notebook becomes a container, here, without questions"
	@echo "             (with LAB=1 it ends in JupyterLab, until Ctrl-C)"
	@echo "make check   style, types and quick tests, about a minute"
	@echo "make test    everything, with a container engine where one can be had"
	@echo "make bench   measurements"
	@echo "make catalogue  reads new releases of torch and others into the tables of CUDA"
	@echo "make templates  writes the dev container templates anew, as the code writes files now"
	@echo "make clean   removes what these made in this folder"

demo:
	@$(PYTHON) .ci/make.py demo $(if $(LAB),--lab)

test check bench catalogue templates clean:
	@$(PYTHON) .ci/make.py $@
