"""The application factory: joins the ledger, the guards and the routes.

A request passes, in this order: an id for it, the limit of its body, the token, its query
parameters, the route.
"""

from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import flask
import orjson
from flask.json.provider import JSONProvider

from api.arguments import refuse_unknown_query
from api.auth import require_token
from api.documentation import document_routes, query_parameters
from api.error_answers import answer_ledger_error, answer_problem_error, answer_unexpected
from api.headers import add_headers
from api.limits import InMemoryRequest, limit_body
from api.problems import ProblemError
from api.request_log import begin_request, log_request, start_logging
from api.routes.about import about
from api.routes.health import health
from api.routes.log import log
from api.routes.rosters import rosters
from api.routes.subjects import subjects
from api.routes.verification import verification
from api.served import Served, serve_with
from ledger.errors import LedgerError
from ledger.services.context import Ledger, open_ledger, spare_collector
from ledger.services.opening import operator_token
from ledger.services.settings import Settings

_NOT_FOUND = 404
BLUEPRINTS = (rosters, subjects, verification, log, health, about)


class Orjson(JSONProvider):
    """Writes answers as UTF-8, in the order in which the schemas name the fields."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:  # type: ignore[explicit-override]  # noqa: ANN401 - Flask's own
        """Write JSON."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:  # type: ignore[explicit-override]  # noqa: ANN401
        """Read JSON."""
        return orjson.loads(s)


def create_app(ledger: Ledger | None = None) -> flask.Flask:
    """Make the application of a ledger; without one, of the ledger that the settings name.

    Raises:
        NotFoundError: There is no ledger in the data folder.
        CustodyError: A key file or the operator token is missing or open to others.
    """
    spare_collector()
    opened = ledger or open_ledger(Settings.from_environment())
    app = flask.Flask(
        "api", static_folder=None, template_folder=str(Path(__file__).parent / "pages")
    )
    app.request_class = InMemoryRequest
    app.json = Orjson(app)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    serve_with(app, Served(opened, operator_token(opened.home)))
    start_logging()
    document_routes(app, BLUEPRINTS)
    _guard(app)
    return app


def _refuse_second_spellings() -> None:
    """Answer 404 where Flask would serve ``//livez``, or redirect to where the Host says."""
    redirect = getattr(flask.request.routing_exception, "code", None) or _NOT_FOUND
    if redirect < HTTPStatus.BAD_REQUEST or flask.request.environ["PATH_INFO"].startswith("//"):
        flask.abort(_NOT_FOUND)


def _guard(app: flask.Flask) -> None:
    for step in (begin_request, _refuse_second_spellings, limit_body, require_token):
        app.before_request(step)
    app.before_request(partial(refuse_unknown_query, query_parameters(app)))
    # Flask runs these last to first: the log sees the answer as it leaves.
    for finish in (log_request, add_headers):
        app.after_request(finish)
    app.register_error_handler(ProblemError, answer_problem_error)
    app.register_error_handler(LedgerError, answer_ledger_error)
    app.register_error_handler(Exception, answer_unexpected)
