"""One module a resource: what it is asked, and its answer."""
