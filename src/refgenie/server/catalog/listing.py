"""The parameters that every list has, and how they become SQL (rest.md, v4 resources)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import ColumnElement, Select, func, or_
from sqlalchemy.orm import Session

Operator = Literal["eq", "contains", "starts_with", "ends_with"]
LARGEST_NUMBER = 2**31 - 1
"""Identifiers and offsets are 32 bit: PostgreSQL's integer."""

_PATTERNS: dict[Operator, str] = {"contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}


class ListQuery(BaseModel):
    """Parameters of a list; a resource's own exact filters are in its subclass."""

    model_config = ConfigDict(extra="forbid")

    searchable: ClassVar[tuple[str, ...]] = ()
    sortable: ClassVar[tuple[str, ...]] = ()

    offset: int = Field(0, ge=0, le=LARGEST_NUMBER, description="Records to leave out at the beginning")
    limit: int = Field(100, ge=1, le=1000, description="Records at most")
    q: str | None = Field(None, max_length=1000, description="Text to search for")
    search_fields: str | None = Field(
        None, description="Fields to search, separated by commas; one of them has to match"
    )
    operator: Operator = Field("contains", description="How a field has to match; all but eq ignore case")
    sort_by: str | None = Field(None, description="Field to sort by")
    sort_order: Literal["asc", "desc"] = Field("asc", description="Direction")

    @model_validator(mode="before")
    @classmethod
    def _known_parameters(cls, values: Any) -> Any:
        unknown = sorted(set(values) - set(cls.model_fields)) if isinstance(values, dict) else []
        if unknown:
            raise ValueError(
                f"unknown parameter {', '.join(unknown)}; allowed: {', '.join(sorted(cls.model_fields))}"
            )
        return values

    @field_validator("search_fields")
    @classmethod
    def _known_fields(cls, value: str | None) -> str | None:
        for name in _names(value):
            if name not in cls.searchable:
                raise ValueError(f"search_fields: {name!r} is unknown; allowed: {', '.join(cls.searchable)}")
        return value

    @field_validator("sort_by")
    @classmethod
    def _known_order(cls, value: str | None) -> str | None:
        if value is not None and value not in cls.sortable:
            raise ValueError(f"sort_by: {value!r} is unknown; allowed: {', '.join(cls.sortable)}")
        return value

    def fields(self) -> tuple[str, ...]:
        """The fields that are searched."""
        return tuple(_names(self.search_fields)) or self.searchable

    def pagination(self, total: int) -> dict[str, int]:
        """The answer's part of this name."""
        return {"offset": self.offset, "limit": self.limit, "total": total}

    def matches(self, text: str) -> bool:
        """Whether a text is found, for records that are not in the database."""
        assert self.q is not None
        if self.operator == "eq":
            return text == self.q
        have, want = text.lower(), self.q.lower()
        if self.operator == "contains":
            return want in have
        return have.startswith(want) if self.operator == "starts_with" else have.endswith(want)

    def matching(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """The same as a condition on a column; ``%`` and ``_`` stand for themselves."""
        assert self.q is not None
        if self.operator == "eq":
            return column == self.q
        literal = self.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return column.ilike(_PATTERNS[self.operator].format(literal), escape="\\")


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


Search = Callable[[ListQuery], ColumnElement[bool]]


def in_column(column: Any) -> Search:
    """Search one column."""
    return lambda query: query.matching(column)


class Counts(Protocol):
    """Totals of lists, kept as long as the registry is as it was."""

    def total(self, key: str, count: Callable[[], int]) -> int:
        """The kept total of this key, else what ``count`` says."""
        ...


COUNTS = "counts"
"""Key of the session's ``info`` under which a Counts may be."""


@dataclass(frozen=True)
class Listing:
    """How one resource is listed.

    Attributes:
        name: The resource.
        source: The rows that are served: a statement without order.
        key: Last column to sort by, so that pages do not overlap.
        search: Field to the condition that it is searched by.
        order: Field to the column to sort by.
        wide: Whether the rows have so many columns and joins that those left out at the beginning of
            a page should be skipped without them.
    """

    name: str
    source: Select[*tuple[Any, ...]]
    key: ColumnElement[Any]
    search: Mapping[str, Search]
    order: Mapping[str, ColumnElement[Any]]
    wide: bool = False

    def page(
        self, session: Session, query: ListQuery, filters: Sequence[ColumnElement[bool]]
    ) -> tuple[Sequence[Any], int]:
        """The rows of one page, and how many there are on all."""
        statement = self.source.where(*filters)
        if query.q:
            statement = statement.where(or_(*(self.search[name](query) for name in query.fields())))
        total = self._total(session, query, statement)
        if query.offset >= total:
            return (), total
        column = self.key if query.sort_by is None else self.order[query.sort_by]
        ordering = column.desc() if query.sort_order == "desc" else column.asc()
        page = statement.order_by(ordering, self.key).offset(query.offset).limit(query.limit)
        if self.wide:
            keys = session.scalars(page.with_only_columns(self.key, maintain_column_froms=True)).all()
            page = self.source.where(self.key.in_(keys)).order_by(ordering, self.key)
        return session.execute(page).all(), total

    def _total(self, session: Session, query: ListQuery, statement: Select[*tuple[Any, ...]]) -> int:
        def count() -> int:
            counted = statement.with_only_columns(func.count(), maintain_column_froms=True)
            return int(session.execute(counted).scalar_one())

        counts: Counts | None = session.info.get(COUNTS)
        if counts is None:
            return count()
        paging = {"offset", "limit", "sort_by", "sort_order"}
        return counts.total(f"{self.name}:{query.model_dump_json(exclude=paging)}", count)
