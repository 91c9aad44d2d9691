"""The use cases: the one place that joins the stages. Entry points parse, call these, and show."""
