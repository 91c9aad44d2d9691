"""The files that say a box's limits and cards, with nothing else in them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_devbox.render.compose import with_bounds
from jupyter_devbox.spec.compose import BLOCK
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.limit_words import compose_limits, with_limits
from jupyter_devbox.spec.run_args import read_limits
from jupyter_devbox.spec.target_files import CPU
from jupyter_devbox.spec.tree import Block, BlockFile, KeyFile, RenderedFile, RenderedTree
from jupyter_devbox.spec.written import OPTIONS, RECORD


def limits_tree(
    run_args: Mapping[str, Sequence[object]],
    asked: Mapping[str, str],
    *,
    options: Mapping[str, Any] | None = None,
    blocks: Mapping[str, str] = EMPTY,
    limits: Mapping[str, str] = EMPTY,
    gpus: GpuRequest | None = None,
) -> RenderedTree:
    """Return the files that change with a box's limits; same input, same bytes.

    Parameters
    ----------
    run_args
        Path of each devcontainer.json that has the limits → what stands there under ``runArgs``.
    asked
        Limits that change, as the user writes them; ``off`` takes one away.
    options
        What the project remembers from now on, as it is to stand there; None for what it does.
    blocks
        Path of each Compose file that has the limits → what our block in it holds.
    limits
        All limits of a box that Compose starts.
    gpus
        The CUDA box's cards; None for all.

    Raises
    ------
    ConfigurationError
        A limit is not well formed.
    """
    edits = {path: with_limits(stood, asked) for path, stood in run_args.items()}
    edits = {
        path: words
        for path, words in edits.items()
        if read_limits(words) != read_limits(run_args[path])
    }
    files: list[RenderedFile] = []
    for path in sorted({*edits, *([CPU.configuration] if options is not None else [])}):
        remembers = options is not None and path == CPU.configuration
        files.append(
            KeyFile(
                path=path,
                values={OPTIONS: options} if remembers and options else {},
                record=RECORD,
                edits={("runArgs",): edits[path]} if path in edits else {},
                only=frozenset({OPTIONS} if remembers else ()),
            )
        )
    for path, text in sorted(blocks.items()):
        bounded = with_bounds(text, compose_limits(limits), gpus)
        if bounded != text:
            files.append(BlockFile(path=path, blocks=(Block(name=BLOCK, text=bounded),)))
    return RenderedTree(files=tuple(files))
