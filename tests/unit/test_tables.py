"""Tables from rows: types, nulls, and what writing them imports."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from grossing.support import tables
from library_modules import SCRIPTS

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("flag", pa.bool_()),
        ("count", pa.int32()),
        ("large", pa.int64()),
        ("share", pa.float32()),
    ]
)
ROWS = [
    {"text": 'ä,;"', "flag": False, "count": 3, "large": 2**40, "share": 0.5},
    {"flag": True, "other": 1},
    {"text": "", "count": 0, "large": -1, "share": None},
]


def imports(script: Path) -> list[str]:
    """Lines of a script that import from the library."""
    return [line for line in script.read_text().splitlines() if line.startswith("from grossing.")]


def test_a_key_that_a_row_lacks_is_null_and_one_that_the_schema_lacks_is_left_out() -> None:
    table = tables.from_rows(ROWS, SCHEMA)
    table.validate(full=True)
    assert table.schema == SCHEMA
    assert table.to_pylist() == [{n: row.get(n) for n in SCHEMA.names} for row in ROWS]
    assert tables.from_rows([], SCHEMA).equals(SCHEMA.empty_table())


def test_parquet_and_csv_hold_the_rows(tmp_path) -> None:
    table = tables.from_rows(ROWS, SCHEMA)
    tables.write_parquet(table, tmp_path / "a.parquet")
    assert tables.read(tmp_path / "a.parquet").equals(table)
    assert tables.read(tmp_path / "a.parquet", ["flag"]).column_names == ["flag"]
    tables.write_csv(table, tmp_path / "a.csv")
    first, second, _ = (tmp_path / "a.csv").read_text().splitlines()[1:]
    assert (first, second) == ('"ä,;""",false,3,1099511627776,0.5', ",true,,,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.parquet"]


def test_a_tile_job_has_no_pyarrow_in_memory_while_it_cuts_tiles() -> None:
    lines = imports(SCRIPTS / "tile_slide.py")
    assert len(lines) > 3
    code = "\n".join([*lines, "from grossing.tiles import tissue_engine", "import sys"])
    code += "\nsys.exit('pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)


def test_no_script_imports_pandas() -> None:
    lines = {line for path in SCRIPTS.glob("*.py") for line in imports(path)}
    assert len(lines) > 60
    code = "\n".join([*sorted(lines), "import sys", "sys.exit('pandas' in sys.modules)"])
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)


def test_a_job_does_not_import_pandas(tmp_path) -> None:
    code = (
        "import sys; from grossing.columns import tile_metrics\n"
        "from grossing.support import logs, tables\n"
        f"logs.to_file({str(tmp_path / 'a.log')!r})\n"
        "rows = [{'slide_id': 'a', 'lost': False, 'mpp': 0.5}, {'slide_id': None}]\n"
        "table = tables.from_rows(rows, tile_metrics.SCHEMA)\n"
        f"tables.write_parquet(table, {str(tmp_path / 'a.parquet')!r})\n"
        f"read = tables.read({str(tmp_path / 'a.parquet')!r})\n"
        "read['mpp'].to_numpy(), tables.pa.array([1.0]), tables.pa.scalar(False)\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)
    assert tables.read(tmp_path / "a.parquet").num_rows == 2
