"""`python -m jupyter_devbox VERB`."""

from jupyter_devbox.cli import main

main()
