"""Code that may need an engine which it does not import, by the library that would load it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stack:
    """What is imported, the engines that may be there, and code that may need them.

    A group of `pool` holds alternatives, joined by ``|``; a version may follow the name.
    """

    base: str
    pool: str
    snippets: tuple[str, ...]

    @property
    def groups(self) -> list[list[str]]:
        return [group.split("|") for group in self.pool.split()]


PANDAS = "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2.0, 4.0, 8.0], 'b': [1, 2, 3, 5]})\n"
XARRAY = (
    "import numpy as np, xarray as xr\n"
    "ds = xr.Dataset({'t': ('x', np.arange(8.0))}, coords={'x': np.arange(8)})\n"
)
FIGURE = "import plotly.graph_objects as go\nfig = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))\n"
GRAPH = "import networkx as nx\nG = nx.karate_club_graph()\n"
SKLEARN = (
    "from sklearn.datasets import make_classification\nX, y = make_classification(random_state=0)\n"
)
POLARS = "import polars as pl\ndf = pl.DataFrame({'a': [1, 2], 'b': ['x', 'y']})\n"
GEO = (
    "import geopandas as gpd\nfrom shapely.geometry import Point\n"
    "gdf = gpd.GeoDataFrame({'v': [1, 2, 3]}, geometry=[Point(0, 0), Point(1, 1), Point(2, 0)], "
    "crs='EPSG:4326')\n"
)
SEABORN = (
    "import numpy as np, pandas as pd, seaborn as sns\nrng = np.random.default_rng(0)\n"
    "df = pd.DataFrame({'a': rng.normal(size=30), 'b': rng.normal(size=30)})\n"
)

STACKS: dict[str, Stack] = {
    "pandas": Stack(
        "pandas",
        "openpyxl|xlsxwriter xlrd pyarrow|fastparquet lxml beautifulsoup4 html5lib tabulate tables "
        "jinja2 sqlalchemy matplotlib scipy numexpr bottleneck xarray zstandard odfpy "
        "python-calamine pyxlsb",
        (
            PANDAS + "df.to_csv('x.csv'); pd.read_csv('x.csv').describe()",
            PANDAS + "df.groupby('b').mean(); df.merge(df, on='b'); df.rolling(2).mean()",
            PANDAS + "df.to_json('x.json'); pd.read_json('x.json')",
            PANDAS + "df.to_pickle('x.pkl'); pd.read_pickle('x.pkl')",
            PANDAS + "df.eval('a + b'); df.query('a > 1')",
            PANDAS + "df.corr(); df.corr('spearman')",
            PANDAS + "df.interpolate(); df['a'].interpolate('linear')",
            PANDAS + "df.to_excel('x.xlsx')",
            PANDAS + "df.to_excel('x.xlsx')\npd.read_excel('x.xlsx')",
            PANDAS + "with pd.ExcelWriter('x.xlsx') as writer:\n    df.to_excel(writer)",
            PANDAS + "path = 'x.xlsx'\ndf.to_excel(path)\nbook = pd.ExcelFile(path)\nbook.parse(0)",
            PANDAS + "df.to_excel('x.xlsx', engine='xlsxwriter')",
            PANDAS + "df.to_excel('x.ods'); pd.read_excel('x.ods')",
            PANDAS + "df.to_excel('x.xlsx')\npd.read_excel('x.xlsx', engine='calamine')",
            PANDAS + "df.to_parquet('x.parquet')\npd.read_parquet('x.parquet')",
            PANDAS + "df.to_feather('x.feather'); pd.read_feather('x.feather')",
            PANDAS + "pd.read_csv('https://x.example.org') if False else None\ndf.head()",
            PANDAS + "df.to_csv('x.csv'); pd.read_csv('x.csv', engine='pyarrow')",
            PANDAS + "df.to_csv('x.csv'); pd.read_csv('x.csv', dtype_backend='pyarrow')",
            PANDAS + "df['a'].astype('int64[pyarrow]')",
            PANDAS + "open('x.html', 'w').write(df.to_html())\npd.read_html('x.html')",
            PANDAS
            + "open('x.html', 'w').write(df.to_html())\npd.read_html('x.html', flavor='bs4')",
            PANDAS + "df.to_xml('x.xml'); pd.read_xml('x.xml')",
            PANDAS + "df.style.highlight_max().to_html()",
            PANDAS + "df.style.background_gradient(cmap='viridis').to_html()",
            PANDAS + "print(df.to_markdown())",
            PANDAS + "print(df.to_string(), df.to_html())",
            PANDAS + "df.to_hdf('x.h5', key='k'); pd.read_hdf('x.h5')",
            PANDAS + "df.to_sql('t', 'sqlite:///x.db', if_exists='replace')",
            PANDAS + "import sqlite3\ncon = sqlite3.connect(':memory:')\ndf.to_sql('t', con)\n"
            "pd.read_sql('select * from t', con)",
            PANDAS + "df.plot()",
            PANDAS + "df.plot.scatter(x='a', y='b')",
            PANDAS + "df['a'].hist()",
            PANDAS + "df['a'].plot(kind='kde')",
            PANDAS + "pd.plotting.scatter_matrix(df)",
            PANDAS + "df.loc[4] = None\ndf.interpolate(method='cubic')",
            PANDAS + "df.corr(method='kendall')",
            PANDAS + "df['a'].rolling(2, win_type='gaussian').mean(std=1)",
            PANDAS + "df.to_xarray()",
            PANDAS + "df.to_csv('x.csv.zst'); pd.read_csv('x.csv.zst')",
            PANDAS + "df.to_csv('x.csv.gz'); df.to_csv('y.csv', compression='xz')",
            PANDAS + "pd.to_datetime(['2024-01-01']).tz_localize('UTC'); df.sample(2)",
        ),
    ),
    "sqlalchemy": Stack(
        "sqlalchemy pandas",
        "psycopg2-binary psycopg[binary]|psycopg-binary pymysql pg8000 asyncpg aiosqlite "
        "mysql-connector-python "
        "duckdb-engine oracledb pyodbc greenlet",
        (
            "from sqlalchemy import create_engine\ncreate_engine('sqlite://')",
            "import sqlalchemy as sa\nsa.create_engine('sqlite:///x.db').connect()",
            "from sqlalchemy import create_engine\ncreate_engine('postgresql://u:p@localhost/x')",
            "import sqlalchemy\nsqlalchemy.create_engine('postgresql+psycopg2://u:p@localhost/x')",
            "from sqlalchemy import create_engine\ncreate_engine('postgresql+psycopg://u@localhost/x')",
            (
                "from sqlalchemy import create_engine\n"
                "user = 'me'\ncreate_engine(f'mysql+pymysql://{user}:x@localhost/db')"
            ),
            (
                "from sqlalchemy import create_engine\n"
                "url = 'postgresql+pg8000://u:p@localhost/x'\ncreate_engine(url)"
            ),
            (
                "from sqlalchemy.ext.asyncio import create_async_engine\n"
                "create_async_engine('postgresql+asyncpg://u:p@localhost/x')"
            ),
            (
                "from sqlalchemy.ext.asyncio import create_async_engine\n"
                "engine = create_async_engine('sqlite+aiosqlite://')\n"
                "async def main():\n    async with engine.connect():\n        pass\n"
                "import asyncio\nasyncio.run(main())"
            ),
            (
                "from sqlalchemy import create_engine\n"
                "create_engine('mysql+mysqlconnector://u:p@localhost/x')"
            ),
            "from sqlalchemy import create_engine\ncreate_engine('duckdb:///:memory:')",
            (
                "from sqlalchemy import create_engine\n"
                "create_engine('oracle+oracledb://u:p@localhost/?service_name=x')"
            ),
            (
                "import pandas as pd\nfrom sqlalchemy import create_engine, text\n"
                "pd.DataFrame({'a': [1]}).to_sql('t', create_engine('sqlite://'))"
            ),
            (
                "from sqlalchemy import Column, Integer\n"
                "from sqlalchemy.orm import declarative_base\nBase = declarative_base()"
            ),
            (
                "import os\nfrom sqlalchemy import create_engine\n"
                "create_engine(os.environ.get('DATABASE_URL', 'sqlite://'))"
            ),
        ),
    ),
    "xarray": Stack(
        "xarray",
        "netcdf4|h5netcdf|scipy zarr dask matplotlib pooch",
        (
            XARRAY + "ds.mean(); ds.sel(x=2); ds.to_dataframe()",
            XARRAY + "ds.to_netcdf('x.nc')",
            XARRAY + "ds.to_netcdf('x.nc')\nxr.open_dataset('x.nc').load()",
            XARRAY
            + "ds.to_netcdf('x.nc')\nwith xr.open_dataset('x.nc') as other:\n    other.load()",
            XARRAY + "ds.to_netcdf('x.nc')\nxr.open_mfdataset(['x.nc'])",
            XARRAY + "ds.to_netcdf('x.nc')\nxr.open_dataset('x.nc', chunks={})",
            XARRAY + "ds.to_zarr('x.zarr', mode='w'); xr.open_zarr('x.zarr', chunks=None)",
            XARRAY + "ds.to_zarr('y.zarr', mode='w'); xr.open_dataset('y.zarr', engine='zarr')",
            XARRAY + "ds.chunk({'x': 4})",
            XARRAY + "ds['t'].plot()",
            XARRAY + "ds.interp(x=1.5)",
            XARRAY + "ds['t'].groupby_bins('x', 2).mean(); ds.resample",
            XARRAY + "ds['t'].rolling(x=2).mean(); ds.isel(x=slice(2))",
            XARRAY + "ds.polyfit('x', 1)",
            XARRAY + "ds['t'].to_pandas(); xr.concat([ds, ds], 'y')",
        ),
    ),
    "plotly": Stack(
        "plotly ipython",
        "kaleido==0.2.1 nbformat numpy pandas statsmodels scipy anywidget",
        (
            FIGURE + "fig.write_image('x.png')",
            FIGURE + "fig.to_image(format='svg')",
            FIGURE + "fig.write_html('x.html')",
            FIGURE + "fig.show(renderer='plotly_mimetype')",
            "import plotly.express as px\npx.scatter(x=[1, 2], y=[3, 4]).show('plotly_mimetype')",
            (
                "import plotly.express as px\npx.line(px.data.gapminder(), x='year', y='pop')"
                ".show('plotly_mimetype')"
            ),
            (
                "import plotly.express as px\npx.scatter(px.data.tips(), x='total_bill', y='tip', "
                "trendline='ols').show('plotly_mimetype')"
            ),
            (
                "import plotly.figure_factory as ff\n"
                "ff.create_distplot([[1.0, 2.0, 2.5, 3.0]], ['a']).show('plotly_mimetype')"
            ),
            FIGURE + "from plotly.subplots import make_subplots\nmake_subplots(rows=2, cols=1)"
            ".show('plotly_mimetype')",
            FIGURE + "go.FigureWidget(fig)\nfig.show('plotly_mimetype')",
        ),
    ),
    "plotly5": Stack(
        "plotly==5.24.1 ipython",
        "kaleido==0.2.1 nbformat numpy pandas scipy",
        (
            FIGURE + "fig.write_image('x.png')",
            FIGURE + "fig.to_image(format='svg')",
            FIGURE + "fig.write_html('x.html')",
            FIGURE + "fig.show(renderer='plotly_mimetype')",
        ),
    ),
    "dask": Stack(
        "dask fsspec",
        "pandas pyarrow numpy distributed graphviz s3fs gcsfs adlfs aiohttp bokeh lz4",
        (
            "import dask\ndask.delayed(sum)([1, 2]).compute()",
            "import dask.bag as db\ndb.from_sequence([1, 2, 3]).sum().compute(scheduler='sync')",
            "import dask.array as da\nda.ones(10, chunks=5).sum().compute()",
            (
                "import dask.dataframe as dd\nimport pandas as pd\n"
                "dd.from_pandas(pd.DataFrame({'a': [1, 2]}), npartitions=1).sum().compute()"
            ),
            "from dask.distributed import Future",
            "import fsspec\nfsspec.open('s3://bucket/key', anon=True)",
            "import fsspec\nfsspec.open('gs://bucket/key', token='anon')",
            "import fsspec\nfsspec.open('https://x.example.org/y')",
            "import fsspec\nfsspec.open('memory://x', 'w')\nfsspec.open('x.txt')",
            "import fsspec\nfs = fsspec.filesystem('memory')\nfs.ls('/')",
        ),
    ),
    "networkx": Stack(
        "networkx",
        "numpy scipy matplotlib pandas pydot lxml",
        (
            GRAPH + "nx.shortest_path(G, 0, 33); list(nx.connected_components(G))",
            GRAPH + "nx.degree_centrality(G); nx.betweenness_centrality(G); nx.clustering(G)",
            GRAPH + "nx.draw(G)",
            GRAPH + "pos = nx.spring_layout(G, seed=1)\nnx.draw_networkx(G, pos, with_labels=True)",
            GRAPH + "nx.draw_networkx_nodes(G, nx.circular_layout(G))",
            GRAPH + "nx.spring_layout(G)",
            GRAPH + "nx.pagerank(G)",
            GRAPH + "nx.adjacency_matrix(G)",
            GRAPH + "nx.to_numpy_array(G)",
            GRAPH + "nx.kamada_kawai_layout(G)",
            GRAPH + "nx.to_pandas_edgelist(G)",
            GRAPH + "nx.hits(G)",
            GRAPH + "nx.write_gml(G, 'x.gml', stringizer=str); nx.write_graphml(G, 'x.graphml')",
            GRAPH + "nx.eigenvector_centrality(G); nx.community.louvain_communities(G, seed=1)",
            GRAPH + "nx.community.greedy_modularity_communities(G); nx.diameter(G)",
            GRAPH + "nx.nx_pydot.to_pydot(G)",
            "import networkx as nx\nG = nx.Graph([(1, 2)])\nnx.info if False else G.edges",
        ),
    ),
    "learning": Stack(
        "scikit-learn lightgbm xgboost-cpu",
        "pandas matplotlib graphviz polars seaborn ipywidgets",
        (
            SKLEARN + "from sklearn.svm import SVC\nSVC().fit(X, y).score(X, y)",
            SKLEARN + "from sklearn.tree import DecisionTreeClassifier, plot_tree\n"
            "plot_tree(DecisionTreeClassifier(max_depth=2).fit(X, y))",
            SKLEARN + "from sklearn.tree import DecisionTreeClassifier, export_text\n"
            "export_text(DecisionTreeClassifier(max_depth=2).fit(X, y))",
            SKLEARN + "from sklearn.linear_model import LogisticRegression\n"
            "from sklearn.metrics import ConfusionMatrixDisplay\n"
            "ConfusionMatrixDisplay.from_estimator(LogisticRegression().fit(X, y), X, y)",
            SKLEARN + "from sklearn.metrics import confusion_matrix\nconfusion_matrix(y, y)",
            "from sklearn.datasets import load_iris\nload_iris(as_frame=True).frame",
            "from sklearn.datasets import load_iris\nload_iris().data",
            SKLEARN + "from sklearn.preprocessing import StandardScaler\n"
            "StandardScaler().set_output(transform='pandas').fit_transform(X)",
            SKLEARN + "from sklearn.preprocessing import StandardScaler\n"
            "StandardScaler().set_output(transform='polars').fit_transform(X)",
            SKLEARN + "from lightgbm import LGBMClassifier\n"
            "LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y)",
            SKLEARN + "import lightgbm as lgb\nm = lgb.LGBMClassifier(n_estimators=2, verbose=-1)"
            ".fit(X, y)\nlgb.plot_importance(m)",
            SKLEARN + "import xgboost as xgb\nm = xgb.XGBClassifier(n_estimators=2).fit(X, y)\n"
            "xgb.plot_importance(m)",
            SKLEARN + "import xgboost as xgb\nxgb.train({}, xgb.DMatrix(X, y), 2)",
            SKLEARN + "import xgboost as xgb\nm = xgb.XGBClassifier(n_estimators=2).fit(X, y)\n"
            "xgb.to_graphviz(m)",
        ),
    ),
    "polars": Stack(
        "polars duckdb",
        "numpy pandas pyarrow fastexcel xlsxwriter openpyxl altair deltalake great-tables",
        (
            POLARS + "df.group_by('b').agg(pl.col('a').sum()); df.lazy().filter(pl.col('a') > 1)",
            POLARS + "df.write_parquet('x.parquet'); pl.read_parquet('x.parquet')",
            POLARS + "df.write_csv('x.csv'); pl.scan_csv('x.csv').collect()",
            POLARS + "df.write_ipc('x.arrow'); pl.read_ipc('x.arrow')",
            POLARS + "df.write_excel('x.xlsx')",
            POLARS + "df.write_excel('x.xlsx')\npl.read_excel('x.xlsx')",
            POLARS + "df.to_pandas()",
            POLARS + "df.to_arrow()",
            POLARS + "df['a'].to_numpy()",
            POLARS + "import pandas as pd\npl.from_pandas(pd.DataFrame({'a': [1]}))",
            POLARS + "df.plot.bar(x='b', y='a')",
            POLARS + "df.write_delta('x_delta', mode='overwrite'); pl.read_delta('x_delta')",
            "import duckdb\nduckdb.sql('select 1 as a').fetchall()",
            "import duckdb\nduckdb.sql('select 1 as a').df()",
            "import duckdb\nduckdb.sql('select 1 as a').pl()",
            "import duckdb\ncon = duckdb.connect()\ncon.execute('select 1').fetchdf()",
            "import duckdb\nduckdb.sql('select 1 as a').fetchnumpy()",
        ),
    ),
    "seaborn": Stack(
        "seaborn",
        "scipy statsmodels fastcluster ipywidgets",
        (
            SEABORN + "sns.scatterplot(df, x='a', y='b'); sns.histplot(df, x='a')",
            SEABORN + "sns.heatmap(df.corr()); sns.boxplot(df); sns.pairplot(df)",
            SEABORN + "sns.clustermap(df)",
            SEABORN + "sns.regplot(df, x='a', y='b')",
            SEABORN + "sns.regplot(df, x='a', y='b', lowess=True)",
            SEABORN + "sns.lmplot(df, x='a', y='b', robust=True)",
            SEABORN + "sns.kdeplot(df, x='a'); sns.violinplot(df)",
            SEABORN + "sns.set_theme(); sns.lineplot(df); sns.jointplot(df, x='a', y='b')",
        ),
    ),
    "geopandas": Stack(
        "geopandas",
        "matplotlib folium mapclassify pyarrow geopy sqlalchemy geoalchemy2 fiona",
        (
            GEO + "gdf.to_crs(3857).buffer(1); gdf.dissolve(); gpd.sjoin(gdf, gdf)",
            GEO + "gdf.to_file('x.gpkg'); gpd.read_file('x.gpkg')",
            GEO + "gdf.to_file('x.geojson', driver='GeoJSON'); gdf.to_json()",
            GEO + "gdf.plot()",
            GEO + "gdf.plot(column='v', legend=True, cmap='viridis')",
            GEO + "gdf.plot(column='v', scheme='quantiles', k=2)",
            GEO + "gdf.explore()",
            GEO + "gdf.to_parquet('x.parquet'); gpd.read_parquet('x.parquet')",
            GEO + "gdf.to_feather('x.feather')",
            GEO + "gdf['v'].hist()",
        ),
    ),
    "assorted": Stack(
        "tqdm altair bokeh imageio astropy sympy statsmodels ipython",
        "ipywidgets vl-convert-python imageio-ffmpeg|av matplotlib h5py pyarrow jinja2 selenium",
        (
            "from tqdm import tqdm\nlist(tqdm(range(3)))",
            "from tqdm.notebook import tqdm\nlist(tqdm(range(3)))",
            (
                "import altair as alt\nimport pandas as pd\n"
                "alt.Chart(pd.DataFrame({'a': [1]})).mark_bar().encode(x='a').save('x.html')"
            ),
            (
                "import altair as alt\nimport pandas as pd\n"
                "alt.Chart(pd.DataFrame({'a': [1]})).mark_bar().encode(x='a').save('x.png')"
            ),
            (
                "import imageio.v3 as iio\nimport numpy as np\n"
                "iio.imwrite('x.png', np.zeros((8, 8, 3), 'uint8')); iio.imread('x.png')"
            ),
            (
                "import imageio\nimport numpy as np\n"
                "with imageio.get_writer('x.mp4', fps=5) as out:\n"
                "    out.append_data(np.zeros((16, 16, 3), 'uint8'))"
            ),
            "from astropy.table import Table\nt = Table({'a': [1, 2]})\nt.to_pandas()",
            "from astropy.table import Table\nTable({'a': [1]}).write('x.hdf5', path='d')",
            "from astropy.table import Table\nTable({'a': [1]}).write('x.ecsv', overwrite=True)",
            "from astropy import units as u\n(1 * u.m).to(u.km)",
            "from astropy.visualization import quantity_support\nquantity_support()",
            "from astropy.cosmology import Planck18\nPlanck18.luminosity_distance(1)",
            "import sympy as sp\nx = sp.symbols('x')\nsp.solve(x**2 - 1); sp.integrate(x, x)",
            "import sympy as sp\nx = sp.symbols('x')\nsp.plot(x, show=False, backend='matplotlib')",
            (
                "import numpy as np\nimport statsmodels.api as sm\n"
                "sm.OLS(np.arange(5.0), np.ones(5)).fit().summary()"
            ),
            (
                "import numpy as np\nfrom statsmodels.graphics.tsaplots import plot_acf\n"
                "plot_acf(np.arange(20.0))"
            ),
            (
                "from bokeh.plotting import figure, output_file, save\noutput_file('x.html')\n"
                "p = figure()\np.line([1, 2], [3, 4])\nsave(p)"
            ),
        ),
    ),
}
