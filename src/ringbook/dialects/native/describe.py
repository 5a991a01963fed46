"""What describes the API: the OpenAPI document of every dialect, and a page to try them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.responses import Response

from ringbook.dialects.native.wire import DialectQuery
from ringbook.domain.problems import Missing
from ringbook.web import answer, body
from ringbook.web.dialect import Call, OpenOperation
from ringbook.web.worker import Worker

# The page is ours; what it runs comes out of an installed package.
_FILES: Mapping[str, str] = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "docs.js": "text/javascript",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
)
_pages = Environment(loader=PackageLoader("ringbook.dialects.native", "pages"), autoescape=select_autoescape())


def operations(documents: Mapping[str, Any]) -> Sequence[OpenOperation]:
    """The operations that answer with these documents, by dialect."""

    async def openapi(worker: Worker, call: Call[None, None]) -> Response:
        pairs = body.parameters(call.request.scope["query_string"])
        name = body.convert_query(pairs, DialectQuery).dialect
        if name not in documents:
            raise Missing("There is no such dialect.")
        return answer.json(documents[name]())

    async def docs(worker: Worker, call: Call[None, None]) -> Response:
        page = _pages.get_template("docs.html").render(dialects=sorted(documents))
        return Response(page, media_type="text/html", headers={"content-security-policy": _POLICY})

    return (
        OpenOperation(
            "GET",
            "/v1/openapi.json",
            openapi,
            "The OpenAPI document of a dialect (?dialect=, native if absent)",
        ),
        OpenOperation("GET", "/docs", docs, "A page to read the description and try it"),
        OpenOperation("GET", "/docs/{file}", asset, "What that page is made of"),
    )


async def asset(worker: Worker, call: Call[None, None]) -> Response:
    name = call.path["file"]
    if name not in _FILES:
        raise Missing
    folder = (
        resources.files("ringbook.dialects.native") / "pages"
        if name == "docs.js"
        else resources.files("swagger_ui") / "static"
    )
    return Response((folder / name).read_bytes(), media_type=_FILES[name])
