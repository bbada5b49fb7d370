"""Tables from rows: types, nulls, and what writing them imports."""

import platform
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grossing.support import parquet, tables
from library_modules import SCRIPTS

COLUMNS = [("text", "string"), ("flag", "bool"), ("count", "int32"), ("large", "int64")]
COLUMNS += [("share", "float32"), ("mpp", "float64")]
SCHEMA = pa.schema(COLUMNS)
ROWS = [
    {"text": 'ä,;"', "flag": False, "count": 3, "large": 2**40, "share": 0.5},
    {"flag": True, "other": 1},
    {"text": "", "count": 0, "large": -1, "share": None, "mpp": 0.1},
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
    assert (first, second) == ('"ä,;""",false,3,1099511627776,0.5,', ",true,,,,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.parquet"]


def test_rows_are_written_as_pyarrow_writes_them(tmp_path) -> None:
    """A reader sees no difference; one file of the same rows is as any other, byte by byte."""
    some = [*ROWS, {"share": 0.1, "mpp": 1 / 3}, {"share": 1, "mpp": 2}]
    for name, rows in (("a", some), ("b", some), ("none", [])):
        parquet.write(rows, COLUMNS, tmp_path / name)
        tables.write_parquet(tables.from_rows(rows, SCHEMA), tmp_path / f"{name} by pyarrow")
        paths = tmp_path / name, tmp_path / f"{name} by pyarrow"
        ours, theirs = map(tables.read, paths)
        assert ours.equals(theirs, check_metadata=True) and ours.num_rows == len(rows)
        first, second = map(pq.read_schema, paths)
        assert first.equals(second, check_metadata=True) and b"made_with" in first.metadata
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert tables.made_with(tmp_path / "a")["Python"] == platform.python_version()
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize("wrong", [{"text": 1}, {"flag": 1}, {"count": 1.5}, {"count": 2**31}])
def test_a_value_of_another_type_writes_no_table(tmp_path, wrong) -> None:
    with pytest.raises((TypeError, OverflowError)):
        parquet.write([wrong], COLUMNS, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_tile_job_does_not_import_pyarrow() -> None:
    lines = imports(SCRIPTS / "tile_slide.py")
    assert len(lines) > 3
    code = "\n".join([*lines, "from grossing.tiles import tissue_engine", "import sys"])
    code += "\nsys.exit('pyarrow' in sys.modules or 'arro3.io' not in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)


def test_no_script_imports_pandas() -> None:
    lines = {line for path in SCRIPTS.glob("*.py") for line in imports(path)}
    assert len(lines) > 60
    code = "\n".join([*sorted(lines), "import sys", "sys.exit('pandas' in sys.modules)"])
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)


def test_a_job_does_not_import_pandas(tmp_path) -> None:
    code = (
        "import sys; import pyarrow as pa; from grossing.columns import tile_metrics\n"
        "from grossing.support import logs, tables\n"
        f"logs.to_file({str(tmp_path / 'a.log')!r})\n"
        "rows = [{'slide_id': 'a', 'lost': False, 'mpp': 0.5}, {'slide_id': None}]\n"
        "table = tables.from_rows(rows, pa.schema(tile_metrics.COLUMNS))\n"
        f"tables.write_parquet(table, {str(tmp_path / 'a.parquet')!r})\n"
        f"read = tables.read({str(tmp_path / 'a.parquet')!r})\n"
        "read['mpp'].to_numpy(), tables.pa.array([1.0]), tables.pa.scalar(False)\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)
    assert tables.read(tmp_path / "a.parquet").num_rows == 2
