"""The server extension: REST under ``/jupyter-devbox/`` and events, for JupyterLab's panel.

A request is checked, a use case of `workflow` does the work in a thread, and its result becomes
JSON. `openapi.yaml` describes all of it.
"""
