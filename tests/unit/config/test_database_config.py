from __future__ import annotations

import errno
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from refgenie.config import database
from refgenie.config.plain import read_flat
from refgenie.errors import InvalidInputError, NotFoundError, NotPermittedError

HERE = Path("/etc/refgenie/db.yaml")
POSTGRESQL = """
type: postgresql
name: refgenie
host: localhost
port: 5432
user: postgres
password: ${REFGENIE_DB_PASSWORD}
"""


def test_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert (
        database.parse("type: sqlite\npath: ~/db/refgenie\n", HERE).url() == "sqlite:////home/ada/db/refgenie"
    )
    assert database.parse("type: sqlite\npath: registry\n", HERE).url() == "sqlite:////etc/refgenie/registry"


def test_a_password_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFGENIE_DB_PASSWORD", "p@ss/w:rd")
    found = database.parse(POSTGRESQL, HERE)
    assert found.url() == "postgresql+psycopg://postgres:p%40ss%2Fw%3Ard@localhost:5432/refgenie"
    assert "p%40ss" not in found.masked()
    assert "***" in found.masked()


@pytest.mark.parametrize("password", ["12345", "0123", "0x1F", "1.50", "1_000"])
def test_a_password_that_looks_like_a_number_stays_as_it_is(password: str) -> None:
    text = POSTGRESQL.replace("${REFGENIE_DB_PASSWORD}", password)
    assert (
        database.parse(text, HERE).url()
        == f"postgresql+psycopg://postgres:{password}@localhost:5432/refgenie"
    )


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFGENIE_DB_PASSWORD", raising=False)
    with pytest.raises(InvalidInputError, match="REFGENIE_DB_PASSWORD"):
        database.parse(POSTGRESQL, HERE)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("type: mysql\npath: x\n", ["type"]),
        ("path: x\n", ["type"]),
        ("type: sqlite\n", ["path"]),
        ("type: sqlite\npath: x\nhost: y\n", ["host"]),
        ("type: postgresql\nname: n\nhost: h\nport: many\nuser: u\n", ["port", "password"]),
        ("- type\n", ["mapping"]),
        ("type: [\n", ["YAML"]),
    ],
)
def test_every_wrong_field_has_a_line(text: str, fields: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        database.parse(text, HERE)
    assert str(HERE) in caught.value.message
    for field in fields:
        assert field in caught.value.message


def test_the_default_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTGRES_HOST", raising=False)
    path = tmp_path / "home" / "refgenie_db_config.yaml"
    with pytest.raises(NotFoundError, match="no database configuration"):
        database.load(path)
    assert database.write_default(path, tmp_path / "home")
    assert database.load(path).url() == f"sqlite:///{tmp_path}/home/refgenie"
    path.write_text("type: sqlite\npath: other\n")
    assert not database.write_default(path, tmp_path / "home")
    assert database.load(path).url() == f"sqlite:///{tmp_path}/home/other"


def test_a_default_that_cannot_be_written_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_home: Path) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "home" / "db.yaml"
    with monkeypatch.context() as patched:
        patched.setattr(database, "default_text", full)
        with pytest.raises(NotPermittedError, match="No space left"):
            database.write_default(path, tmp_path)
    assert list(path.parent.iterdir()) == []
    assert database.write_default(path, tmp_path)
    assert list(path.parent.iterdir()) == [path]


def test_postgres_variables_make_a_configuration_that_refers_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOST": "db.site", "DB": "refget", "USER": "ada", "PASSWORD": "secret"}.items():
        monkeypatch.setenv(f"POSTGRES_{name}", value)
    monkeypatch.delenv("POSTGRES_PORT", raising=False)
    path = tmp_path / "db.yaml"
    database.write_default(path, tmp_path)
    assert "secret" not in path.read_text()
    assert database.load(path).url() == "postgresql+psycopg://ada:secret@db.site:5432/refget"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host: 127.0.0.1", "127.0.0.1"),
        ("host: 'db-1.site'", "db-1.site"),
        ("port: 5432", "5432"),
        ("password: 7e0ccd44", "7e0ccd44"),
        ('password: "${POSTGRES_PASSWORD}"', "${POSTGRES_PASSWORD}"),
        ("password: ${POSTGRES_PASSWORD}", "${POSTGRES_PASSWORD}"),
    ],
)
def test_the_plain_reader_reads_what_describes_a_server(text: str, expected: str) -> None:
    assert list((read_flat(text) or {}).values()) == [expected]


@given(st.text(alphabet=st.sampled_from("abz01~/.:#- '\"\n&*[]{}$nulyesofETx_"), max_size=60))
def test_the_plain_reader_reads_as_yaml_does_or_not_at_all(text: str) -> None:
    found = read_flat(text)
    if found:
        # A whole number is read as its digits: whoever asked knows what the key is.
        read = yaml.safe_load(text)
        assert {key: str(value) if type(value) is int else value for key, value in read.items()} == found
