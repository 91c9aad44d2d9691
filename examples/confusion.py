"""A module of one's own beside the notebook: devbox mounts it, and installs what it imports."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def table(truth, predicted):
    """Return how often each digit was taken for which."""
    return pd.crosstab(pd.Series(truth, name="digit"), pd.Series(predicted, name="taken for"))


def draw(counts):
    """Draw the table as a picture, its diagonal left out."""
    mistakes = counts.to_numpy(copy=True)
    np.fill_diagonal(mistakes, 0)
    figure, axes = plt.subplots(figsize=(4, 4))
    axes.imshow(mistakes, cmap="Reds")
    axes.set(
        xlabel="taken for", ylabel="digit", title="Mistakes", xticks=range(10), yticks=range(10)
    )
    figure.tight_layout()
    return axes
