"""Recordings for pandas, which are not replayed: CSV, and Parquet as a folder of part files."""

import contextlib
import csv
import io
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from twin_tui.documents.output import Output, lock
from twin_tui.engine.events import Event
from twin_tui.errors import ConfigError, file_name
from twin_tui.run.recording.samples import Column, Moment, Sampler

if TYPE_CHECKING:
    import pyarrow

ROWS, LONG_ROWS = 3600, 20_000
"""Rows of a part of a Parquet recording, wide or long, unless it takes longer than PART_S of wall time."""
PART_S = 300.0
TIME = ("t_s", "tick")
LONG = (*TIME, "device", "signal", "unit", "value", "text")
_PART = "part-{:08d}.parquet"  # as text in the order of their numbers, for longer than a run lasts
_A_PART = re.compile(r"part-\d{5,}\.parquet|\.part-\d{5,}\.parquet\.torn")


class SampleTable:
    """The columns and rows of a recording: one row a sample (wide), or one a value (long)."""

    def __init__(self, sampler: Sampler, *, long: bool) -> None:
        self._sampler = sampler
        self._columns = sampler.table()
        self._long = long
        self.rows_of_part = LONG_ROWS if long else ROWS

    @property
    def head(self) -> list[tuple[str, str, type]]:
        """Name, unit and type of each column."""
        if self._long:
            types = {"t_s": float, "tick": int, "value": float}
            return [(name, "", types.get(name, str)) for name in LONG]
        columns = [(f"{column.device}.{column.signal}", column.unit, column.type) for column in self._columns]
        return [("t_s", "s", float), ("tick", "", int), *columns]

    def rows(self, moment: Moment) -> Iterator[list[Any]]:
        """Yield the rows of a tick."""
        when, values = (moment.time_s, moment.tick), self._sampler.row(moment)
        if not self._long:
            yield [*when, *values]
            return
        for column, found in zip(self._columns, values, strict=True):
            yield [*when, column.device, column.signal, column.unit, *_value_or_text(column, found)]


def _value_or_text(column: Column, found: Any) -> tuple[float | None, str | None]:
    return (None, str(found)) if column.type is str else (float(found), None)


class Csv:
    """Writes rows as they come."""

    def __init__(self, path: Path, table: SampleTable, head: Mapping[str, Any], *, force: bool) -> None:
        self._table = table
        self._output = Output(path, force=force)

    def begin(self) -> None:
        """Write the names of the columns; raise OSError when even these do not fit."""
        self._output.write(_csv([name for name, _, _ in self._table.head]))

    def event(self, tick: int, event: Event) -> None:
        """Leave events out: a table has none."""

    def flush(self) -> None:
        """Give the system all that was written."""
        self._output.flush()

    def sample(self, moment: Moment) -> None:
        """Write the values of a tick."""
        for row in self._table.rows(moment):
            found = to_json(row)  # four times as fast as csv, and the same but for escapes and nothing
            self._output.write(_csv(row) if b"\\" in found or b"null" in found else found[1:-1] + b"\n")

    def end(self, tick: int, time_s: float) -> None:
        """Close the file."""
        self._output.close()

    def abandon(self, *, remove: bool = False) -> None:
        """Close the file as it is."""
        self._output.abandon(remove=remove)


def _csv(row: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(
        [str(each).lower() if isinstance(each, bool) else each for each in row]
    )
    return text.getvalue().encode()


def check_parquet(path: Path, *, force: bool) -> None:
    """Raise ConfigError without pyarrow, or where something else than a former recording would be lost."""
    try:
        import pyarrow.parquet  # noqa: PLC0415 - before servers are open: it takes a second

        pyarrow.array([0.0])  # which imports pandas where that is installed
    except ImportError:
        raise ConfigError(
            f"{file_name(path)}: Parquet needs the pyarrow package; install the extra parquet: "
            "pip install 'twin-tui[parquet]'"
        ) from None
    if force and path.is_dir():
        others = sorted(set(path.iterdir()) - set(_parts(path)))
        if others:
            such_as = f"such as {file_name(others[0])}"
            raise ConfigError(f"{file_name(path)}: holds other files than a recording, {such_as}")


def _parts(folder: Path) -> list[Path]:
    """Return the parts in a folder, also the unfinished one of a run that was killed."""
    return [part for part in folder.iterdir() if _A_PART.fullmatch(part.name)]


class Parquet:
    """Writes a folder of part files; each is complete before it gets its name.

    A Parquet file is worth nothing without its end, so a recording that is killed loses no more than the part
    that it was about to write.
    """

    def __init__(
        self,
        path: Path,
        table: SampleTable,
        head: Mapping[str, Any],
        *,
        force: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import pyarrow as pa  # noqa: PLC0415 - 0.2 s that other recordings do not pay
        import pyarrow.parquet  # noqa: PLC0415 - now, so that the first part does not hold up the servers

        self._path = path
        self._table = table
        self._clock = clock
        types = {float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
        self._schema = pa.schema(
            [
                pa.field(name, types.get(kind, pa.string()), metadata={"unit": unit} if unit else None)
                for name, unit, kind in table.head
            ],
            metadata={"twin_tui": to_json({key: item for key, item in head.items() if key != "site"})},
        )
        self._texts = [name for name, _, kind in table.head if kind not in types]
        self._rows: list[list[Any]] = []
        self._begun_s = clock()
        self._parts = 0
        self._made = False
        self._folder: int | None = None
        """The open folder, which is reserved for this run."""

    def begin(self) -> None:
        """Make the folder, or empty it."""
        if self._path.is_file():
            self._path.unlink()
        self._made = not self._path.exists()
        self._path.mkdir(exist_ok=not self._made)
        self._folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        lock(self._path, self._folder)
        for part in _parts(self._path):
            part.unlink()

    def event(self, tick: int, event: Event) -> None:
        """Leave events out: a table has none."""

    def flush(self) -> None:
        """Leave the rows to their part: there is no smaller piece of a table."""

    def sample(self, moment: Moment) -> None:
        """Keep the values of a tick, and write a part when there are enough."""
        if not self._rows:
            self._begun_s = self._clock()
        self._rows += self._table.rows(moment)
        if len(self._rows) >= self._table.rows_of_part or self._clock() - self._begun_s >= PART_S:
            self._write_part()

    def end(self, tick: int, time_s: float) -> None:
        """Write the last part."""
        self._write_part()
        self._release()

    def abandon(self, *, remove: bool = False) -> None:
        """Leave what is complete."""
        self._rows = []
        if remove and self._made:
            with contextlib.suppress(OSError):
                self._path.rmdir()
        self._release()

    def _release(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            with contextlib.suppress(OSError):  # a network file system may report here what it did before
                os.close(folder)

    def _write_part(self) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415

        rows, self._rows = self._rows, []
        if not rows:
            return
        part = self._path / _PART.format(self._parts)
        torn = part.with_name(f".{part.name}.torn")
        try:
            pq.write_table(self._as_table(rows), torn, compression="zstd", use_dictionary=self._texts)
            torn.replace(part)
        except OSError:
            with contextlib.suppress(OSError):
                torn.unlink()
            raise
        self._parts += 1

    def _as_table(self, rows: list[list[Any]]) -> "pyarrow.Table":
        import pyarrow as pa  # noqa: PLC0415

        columns = zip(*rows, strict=True)
        arrays = [pa.array(found, field.type) for found, field in zip(columns, self._schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self._schema)
