def greet(name: str) -> str:
    return f"Hello from a commit, {name}"
