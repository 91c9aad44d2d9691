"""A package of the project's own; what it imports counts as the notebook's."""
