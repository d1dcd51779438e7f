"""Addresses of WordPress' posts and pages, as it makes them from its own tables.

Source: WordPress 6.7, `get_permalink`, `get_page_link` and `wp-admin/includes/schema.php`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from counter.errors import UnreadableExport
from counter.importing.options import Options
from counter.importing.permalinks import Permalink
from counter.importing.rows import BadRow
from counter.importing.staging import Staging, Values

OPTIONS = ("home", "page_on_front", "permalink_structure", "show_on_front")
TABLES = {
    "options": ("option_name", "option_value"),
    "posts": (
        *("ID", "post_name", "post_type", "post_status"),
        *("post_date", "post_parent", "post_author"),
    ),
    "term_relationships": ("object_id", "term_taxonomy_id"),
    "term_taxonomy": ("term_taxonomy_id", "term_id", "taxonomy", "parent"),
    "terms": ("term_id", "slug"),
    "users": ("ID", "user_nicename"),
}
_DATE_TAGS = ("year", "monthnum", "day", "hour", "minute", "second")
TAGS = (*_DATE_TAGS, "post_id", "postname", "category", "author")
_DEEPEST = 20
"""How many pages or categories lie above one at most; the database may hold a circle."""

_CATEGORY = """
    SELECT t.term_id, t.slug, x.parent FROM term_relationships r
    JOIN term_taxonomy x ON x.term_taxonomy_id = r.term_taxonomy_id AND x._prefix = r._prefix
    JOIN terms t ON t.term_id = x.term_id AND t._prefix = x._prefix
    WHERE r.object_id = :post AND r._prefix = :prefix AND x.taxonomy = 'category'
    ORDER BY CAST(t.term_id AS INTEGER) LIMIT 1
"""
_PARENT_CATEGORY = """
    SELECT t.term_id, t.slug, x.parent FROM terms t
    JOIN term_taxonomy x ON x.term_id = t.term_id AND x._prefix = t._prefix
    WHERE t.term_id = :term AND t._prefix = :prefix AND x.taxonomy = 'category'
"""
_PAGE = "SELECT ID, post_name, post_parent FROM posts WHERE ID = :id AND _prefix = :prefix"
_AUTHOR = "SELECT user_nicename FROM users WHERE ID = :id"


def keep(table: str, values: Values) -> bool:
    """Let in what is needed: of the options, which are many and large, few."""
    if table == "options":
        return values[0] in OPTIONS
    if table == "term_taxonomy":
        return values[2] == "category"
    return True


def settings(staging: Staging, prefix: str) -> dict[str, str]:
    """Return the site's options by their names, as far as they are needed here."""
    rows = staging.query("SELECT * FROM options WHERE _prefix = :prefix", prefix=prefix)
    return {row[1]: row[2] or "" for row in rows}


def root_of(options: Mapping[str, str]) -> str:
    """Return the path of the site's front page, without its slash."""
    return urlsplit(options.get("home", "")).path.rstrip("/")


class Addresses:
    """Tells the address of a post.

    Args:
        staging: where WordPress' tables are, loaded.
        prefix: what the names of the site's tables begin with.
        options: may name another permalink than the database has.
    """

    def __init__(self, staging: Staging, prefix: str, options: Options) -> None:
        for table, column in (
            *(("posts", "ID"), ("term_relationships", "object_id"), ("terms", "term_id")),
            *(("term_taxonomy", "term_taxonomy_id"), ("users", "ID")),
        ):
            staging.index(table, column)
        self._staging = staging
        self._prefix = prefix
        self._options = settings(staging, prefix)
        self._root = root_of(self._options)
        self._template = options.permalink or self._options.get("permalink_structure", "")
        self._permalink: Permalink | None = None

    def of(self, row: Sequence[Any]) -> str:
        """Return the address of the post in `row` (a row of `posts`, from `ID` on).

        Raises:
            BadRow: it has none.
            UnreadableExport: the database does not say how addresses are made.
        """
        number, name, kind, _, _, parent, _ = (value or "" for value in row)
        if kind == "post":
            return self._root + self._link().fill(self._tags(row))
        if kind == "page":
            if self._options.get("show_on_front") == "page" and (
                number == self._options.get("page_on_front")
            ):
                return self._root + "/"
            return self._root + "/" + self._with_parents(name, parent)
        if not name:
            raise BadRow("has no name, which its address needs")
        return f"{self._root}/{kind}/{self._with_parents(name, parent)}"

    def _link(self) -> Permalink:
        if not self._permalink:
            if not self._template:
                raise UnreadableExport(
                    "it does not say how addresses are made (permalink_structure in the table "
                    "options); give the permalink, such as /%postname%/"
                )
            self._permalink = Permalink(self._template, TAGS)
        return self._permalink

    def _tags(self, row: Sequence[Any]) -> dict[str, str]:
        number, name, _, _, date, _, author = (value or "" for value in row)
        tags = {"post_id": number, "postname": name}
        tags.update(
            zip(_DATE_TAGS, date.replace(" ", "-").replace(":", "-").split("-"), strict=False)
        )
        if "category" in self._link().tags:
            tags["category"] = self._category(number)
        if "author" in self._link().tags:
            found = next(self._staging.query(_AUTHOR, id=author), None)
            tags["author"] = found[0] or "" if found else ""
        return tags

    def _category(self, post: str) -> str:
        slugs: list[str] = []
        found = next(self._staging.query(_CATEGORY, post=post, prefix=self._prefix), None)
        while found and len(slugs) < _DEEPEST:
            slugs.insert(0, found[1] or "")
            found = next(
                self._staging.query(_PARENT_CATEGORY, term=found[2], prefix=self._prefix), None
            )
        return "/".join(slugs)

    def _with_parents(self, name: str, parent: str) -> str:
        names = [name]
        while parent not in ("", "0") and len(names) < _DEEPEST:
            found = next(self._staging.query(_PAGE, id=parent, prefix=self._prefix), None)
            if not found:
                break
            names.insert(0, found[1] or "")
            parent = found[2] or ""
        if not all(names):
            raise BadRow("has no name, or a page above it has none, which its address needs")
        return "/".join(names)
