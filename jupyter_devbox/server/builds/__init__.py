"""Builds as jobs: they run in threads, outlive the page, and stay on disk after the server."""
