"""One statement of SQL: read as Redshift's, looked through, written as DuckDB's and run."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.tokens import Token, TokenType

import results
import safety
import unloading
from accounts import Session
from administration import Administration
from dialogue import Dialogue
from errors import RefusedError, denied, missing, taken, unserved
from privileges import Place, Privileges
from relations import Relations
from store import CATALOG, PUBLIC, Store, quoted
from unloading import Unload
from words import Words

DIALECT = "redshift"
RESERVED = re.compile(r"pg_|stl_|svv_|svl_|stv_")
UNNAMED = "?column?"
UNENFORCED = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.EncodeColumnConstraint,
    exp.Reference,
    exp.PrimaryKey,
    exp.ForeignKey,
)
"""Redshift keeps no table to them; DuckDB would, or does not know them."""


@dataclass(frozen=True)
class Outcome:
    """What came of a statement; ``rows`` were changed or, with ``size`` in bytes, found."""

    rows: int
    size: int = -1
    has_result: bool = False


class Statements:
    """Runs statements as one user, within the transaction that the caller has begun."""

    def __init__(
        self,
        store: Store,
        session: Session,
        privileges: Privileges,
        relations: Relations,
        administration: Administration,
        *,
        server: Dialogue,
        scratch: Path,
    ) -> None:
        self._store = store
        self._session = session
        self._privileges = privileges
        self._relations = relations
        self._administration = administration
        self._server = server
        self._scratch = scratch

    def run(self, sql: str, values: Mapping[str, str], folder: Path) -> Outcome:
        """Runs one statement.

        Args:
            sql: in Redshift's dialect; ``:name`` stands for a value.
            values: of the names. They never become part of the SQL.
            folder: made, with the rows, for a statement that has any.

        Raises:
            RefusedError: Redshift would not run it, or the local AWS does not.
        """
        tokens = _tokens(sql)
        words = Words(tokens)
        administrative = self._administration.statement(words)
        if administrative:
            if values:
                raise unserved("parameters in statements that are no queries and change no rows")
            administrative(words)
            return Outcome(0)
        try:
            if words.take("UNLOAD"):
                return self._unload(unloading.parse(words), values)
            return self._run(self._looked_through(sql, tokens, values), values, folder)
        except duckdb.Error as error:
            raise RefusedError(str(error).split("\n\nLINE", maxsplit=1)[0].strip()) from error

    def _run(self, tree: exp.Expression, values: Mapping[str, str], folder: Path) -> Outcome:
        for kind, method in (
            (exp.Query, self._query),
            (exp.Insert, self._insert),
            (exp.Update | exp.Delete, self._change),
            (exp.TruncateTable, self._truncate),
            (exp.Create, self._create),
            (exp.Drop, self._drop),
        ):
            if isinstance(tree, kind):
                return method(tree, values, folder)
        raise unserved(f"{type(tree).__name__.upper()} statements")

    def _looked_through(self, sql: str, tokens: Iterable[Token], values: Mapping[str, str]) -> exp.Expression:
        tree = _tree(sql, tokens)
        safety.check(tree)
        _name_columns(tree)
        self._bind(tree, values)
        return tree

    def _bind(self, tree: exp.Expression, values: Mapping[str, str]) -> None:
        """Raises `RefusedError` for a name without a value, or a value without a name."""
        names = {node.name for node in tree.find_all(exp.Placeholder)}
        if absent := names - values.keys():
            raise RefusedError(f"Parameters list doesn't contain parameter. {', '.join(sorted(absent))}")
        if unused := values.keys() - names:
            listed = ", ".join(sorted(unused))
            raise RefusedError(f"Parameters list contains unused parameters. Unused parameters: [{listed}]")
        for node in list(tree.find_all(exp.CurrentUser, exp.SessionUser)):
            node.replace(exp.Literal.string(self._session.user))
        for node in list(tree.find_all(exp.CurrentDatabase)):
            node.replace(exp.Literal.string(self._relations.database))

    # Rows

    def _query(self, tree: exp.Expression, values: Mapping[str, str], folder: Path) -> Outcome:
        self._relations.resolve(tree, {})
        cursor = self._execute(tree, values)
        columns = [results.column(name, str(kind)) for name, kind, *_ in cursor.description]
        rows, size = results.write(cursor.fetchmany, columns, folder)
        return Outcome(rows, size, has_result=True)

    def _unload(self, wanted: Unload, values: Mapping[str, str]) -> Outcome:
        if values:
            raise unserved("parameters in UNLOAD, whose query is a string")
        tree = self._looked_through(wanted.query, _tokens(wanted.query), {})
        if not isinstance(tree, exp.Query):
            raise RefusedError("UNLOAD takes a query")
        self._relations.resolve(tree, {})
        file = self._scratch / "unloaded"
        query = tree.sql(dialect="duckdb", identify=True, comments=False)
        place = str(file).replace("'", "''")
        found = self._store.run(f"COPY ({query}) TO '{place}' ({wanted.options})").fetchone()
        self._server.ask(
            "upload", file=str(file), uri=wanted.target, role=wanted.role, overwrite=wanted.overwrite
        )
        return Outcome(int(found[0]))

    def _insert(self, tree: exp.Expression, values: Mapping[str, str], _folder: Path) -> Outcome:
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        self._relations.resolve(tree, {id(target): ("INSERT",)})
        return self._count(tree, values)

    def _change(self, tree: exp.Expression, values: Mapping[str, str], _folder: Path) -> Outcome:
        """UPDATE and DELETE, which read the rows that they change."""
        needed = ("UPDATE" if isinstance(tree, exp.Update) else "DELETE", "SELECT")
        self._relations.resolve(tree, {id(tree.this): needed})
        return self._count(tree, values)

    def _truncate(self, tree: exp.Expression, values: Mapping[str, str], _folder: Path) -> Outcome:
        needs = {id(table): ("TRUNCATE",) for table in tree.expressions}
        self._relations.resolve(tree, needs)
        return self._count(tree, values)

    def _count(self, tree: exp.Expression, values: Mapping[str, str]) -> Outcome:
        found = self._execute(tree, values).fetchone()
        return Outcome(int(found[0]) if found and isinstance(found[0], int) else 0)

    def _execute(self, tree: exp.Expression, values: Mapping[str, str]) -> Any:
        sql = tree.sql(dialect="duckdb", identify=True, comments=False)
        # What is written is one statement again.
        [statement] = self._store.connection.extract_statements(sql)
        return self._store.connection.execute(statement, dict(values) or None)

    # Tables and schemas

    def _create(self, tree: exp.Expression, values: Mapping[str, str], _folder: Path) -> Outcome:
        if tree.args.get("replace") or not isinstance(tree, exp.Create):
            raise unserved("CREATE OR REPLACE")
        if tree.kind == "SCHEMA":
            self._create_schema(tree)
            return Outcome(0)
        if tree.kind != "TABLE" or _is_temporary(tree):
            raise unserved(f"CREATE {'TEMPORARY ' if _is_temporary(tree) else ''}{tree.kind}")
        return self._create_table(tree, values)

    def _create_schema(self, tree: exp.Create) -> None:
        if not self._session.superuser:
            raise denied("database", self._relations.database)
        name = tree.this.db
        if RESERVED.match(name):
            raise RefusedError(f'unacceptable schema name "{name}"')
        if not (tree.args.get("exists") and self._store.schema_exists(name)):
            self._store.add_schema(name, self._session.user)

    def _create_table(self, tree: exp.Create, values: Mapping[str, str]) -> Outcome:
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        place = self._relations.place(table)
        schema = self._privileges.schema(place.schema)
        self._privileges.check_schema(self._session, schema, "CREATE")
        if self._privileges.owner(place) is not None:
            if tree.args.get("exists"):
                return Outcome(0)
            raise taken("relation", str(place.relation))
        _make_plain(tree)
        self._privileges.made(place, self._session.user)
        # What CREATE TABLE AS makes belongs to its maker, as does what it reads only with a privilege.
        self._relations.resolve(tree, {id(table): ()})
        return self._count(tree, values) if tree.expression else self._done(tree, values)

    def _drop(self, tree: exp.Expression, _values: Mapping[str, str], _folder: Path) -> Outcome:
        if not isinstance(tree, exp.Drop) or tree.kind not in ("TABLE", "SCHEMA"):
            raise unserved(f"DROP {tree.args.get('kind')}")
        for table in tree.args["tables"]:
            self._drop_one(table, tree)
        return Outcome(0)

    def _drop_one(self, table: exp.Table, tree: exp.Drop) -> None:
        exists, cascade = bool(tree.args.get("exists")), bool(tree.args.get("cascade"))
        if tree.kind == "SCHEMA":
            self._drop_schema(table.db, exists=exists, cascade=cascade)
            return
        place = self._relations.place(table)
        owner = self._privileges.owner(place)
        if owner is None:
            if exists:
                return
            raise missing("table", table.name)
        self._privileges.check_owner(self._session, owner, "relation", table.name)
        self._store.run(f"DROP TABLE {CATALOG}.{quoted(place.schema)}.{quoted(table.name)}")
        self._privileges.gone(place)

    def _drop_schema(self, name: str, *, exists: bool, cascade: bool) -> None:
        if not self._store.schema_exists(name):
            if exists:
                return
            raise missing("schema", name)
        schema = self._privileges.schema(name)
        self._privileges.check_owner(self._session, schema.owner, "schema", name)
        if name == PUBLIC:
            raise unserved("DROP SCHEMA public")
        if self._privileges.relations(name) and not cascade:
            raise RefusedError(f"schema {name} cannot be dropped because other objects depend on it")
        if schema.database is None:
            self._store.run(f"DROP SCHEMA {CATALOG}.{quoted(name)} CASCADE")
        self._privileges.gone(Place(name))

    def _done(self, tree: exp.Expression, values: Mapping[str, str]) -> Outcome:
        self._execute(tree, values)
        return Outcome(0)


def _tokens(sql: str) -> list[Token]:
    """The tokens of one statement, without the semicolons at its end."""
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
        if tokens and tokens[0].token_type is TokenType.COMMAND:
            # What is behind a word that sqlglot has no grammar for is one token.
            tokens[1:] = [each for token in tokens[1:] for each in sqlglot.tokenize(token.text, read=DIALECT)]
    except TokenError as error:
        raise RefusedError(f"syntax error: {error}") from error
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise RefusedError("the statement is empty")
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise RefusedError("Multiple sql statements are not allowed.")
    return list(tokens)


def _tree(sql: str, tokens: Iterable[Token]) -> exp.Expression:
    """The tree of one statement, with names in lower case.

    Raises:
        RefusedError: it is no SQL of Redshift's.
    """
    try:
        [tree] = [each for each in sqlglot.parse(sql, read=DIALECT) if each is not None]
    except (ParseError, ValueError) as error:
        details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        near = details.get("highlight") or next(iter(tokens)).text
        raise RefusedError(f'syntax error at or near "{near}"') from error
    if isinstance(tree, exp.Subquery):
        tree = tree.unnest()
    if not isinstance(tree, exp.Query | exp.DML | exp.Create | exp.Drop | exp.TruncateTable):
        first = next(iter(tokens)).text
        raise RefusedError(f'syntax error at or near "{first}", or the local AWS does not run it')
    return normalize_identifiers(tree, dialect=DIALECT)


def _name_columns(tree: exp.Expression) -> None:
    """Columns without a name get Redshift's: that of the function, or none."""
    query = tree
    while isinstance(query, exp.SetOperation):
        query = query.this
    if not isinstance(query, exp.Select):
        return
    for column in query.expressions:
        if not isinstance(column, exp.Alias | exp.Column) and not column.is_star:
            column.replace(exp.alias_(column.copy(), _name(column), quoted=True))


def _name(column: exp.Expression) -> str:
    if isinstance(column, exp.Cast):
        return _name(column.this)
    if isinstance(column, exp.Column):
        return str(column.name)
    return str(column.sql_name()).lower() if isinstance(column, exp.Func) else UNNAMED


def _make_plain(tree: exp.Create) -> None:
    """Leaves out how rows are distributed, sorted and compressed, and constraints that nobody keeps."""
    tree.set("properties", None)
    for node in list(tree.find_all(*UNENFORCED)):
        holder = node.parent if isinstance(node.parent, exp.ColumnConstraint) else node
        holder.pop()


def _is_temporary(tree: exp.Expression) -> bool:
    return any(tree.find_all(exp.TemporaryProperty))
