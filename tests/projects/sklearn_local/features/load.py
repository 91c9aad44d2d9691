from pandas import DataFrame, Series
from sklearn.datasets import load_iris


def petals() -> tuple[DataFrame, Series]:
    flowers = load_iris(as_frame=True)
    return flowers.frame[["petal length (cm)", "petal width (cm)"]], flowers.target
