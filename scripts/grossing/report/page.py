"""The folder of the page: index.html, its scripts and styles, data as classic scripts, pictures."""

import datetime
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa

from grossing.support import digests
from grossing.support.errors import CohortError
from grossing.support.types import PathLike

#: a file that the page's template loads, relative to the template
ASSET = re.compile(r'(?:src|href)="((?:css|js|vendor)/[^"]+)"')


def assets(template: str) -> list[str]:
    """Scripts, styles and licences that a template names."""
    return list(dict.fromkeys(ASSET.findall(template)))


def write(template: Path, folder: Path, shown: Mapping[str, Any]) -> None:
    """index.html and what it loads.

    Parameters
    ----------
    template : page.html.j2, its assets beside it
    shown : the variables of the template; all are escaped
    """
    text = template.read_text(encoding="utf-8")
    for name in assets(text):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(template.parent / name, target)
    (folder / "index.html").write_text(render(text, shown), encoding="utf-8")


def render(template: str, shown: Mapping[str, Any]) -> str:
    """The text of a template with its variables, all escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(shown)


def about(config: Mapping[str, Any], sheet: str, version: str) -> dict[str, str]:
    """What a page says of its own making.

    Parameters
    ----------
    config : settings of the run
    sheet : path of the sheet, of which the name alone is shown
    version : of Grossing
    """
    return {
        "version": version,
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "config_digest": digests.of_settings(config)[:12],
        "cohort": Path(sheet).name,
        "pyarrow": pa.__version__,
    }


def write_data(path: Path, name: str, data: object) -> None:
    """A classic script that hands data to the page: fetch is refused on file://.

    Raises
    ------
    CohortError : a number is not finite.
    """
    try:
        text = json.dumps(data, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    except ValueError as error:
        raise CohortError(f"{path.name}: {error}") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"GROSSING.receive({json.dumps(name)},{text});\n", encoding="utf-8")


def link(source: PathLike, target: Path) -> bool:
    """A picture in the folder of the page, without a second copy where the disk allows it."""
    if not os.path.exists(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return True
