"""The page where people review: sign in, one task at a time, skip, submit.

**What may reach what.** A template is written by the pipeline's author and may hold script, as on AWS; the
input of a task comes from anywhere. So two documents share the window. The *page* is ours: it has the
reviewer's session and the forms, and runs one script of ours. The *task* is the rendered template in a frame
with a sandbox, given twice: by the frame, and by the document's own policy, which also holds where the
document is opened by itself. The task's origin is nobody's, so it has no cookie, no storage and no access to
the page or to other pages of this server. Its policy lets it load our crowd elements and exactly the objects
that ``grant_read_access`` named, connect to nothing and post no form, and the page's policy keeps the frame
from going elsewhere. What a template loads from the network (libraries, example pictures) is therefore
missing. The two exchange messages: the task sends what was typed and, at last, the answer; the page keeps a
draft of the one and posts the other. What a template's script can do is answer its own task.

The session is a cookie that scripts cannot read and other sites cannot send (``HttpOnly``,
``SameSite=Strict``). ``SameSite`` does not tell ports apart, so a POST must also come from this very origin:
browsers say where each POST comes from, programs say nothing.

**For programs**, everything below :data:`REVIEW`; every POST is a plain form and answers 303 on success:

====  ========================  ==========================================================================
POST  ``workers``               ``name``: adds a worker, or gives one another token; answers ``{"token":
                                ...}``. For programs only: a browser is refused.
POST  ``sign-in``               ``name``, ``token``: sets the cookie.
POST  ``claim``                 ``task`` (optional): takes that task, or the next; leads to
                                ``tasks/<id>``, or to the list where nothing is open.
GET   ``tasks/<id>.json``       id, title, description and input of the task that the reviewer holds.
POST  ``tasks/<id>/submit``     each field is a member of the answer; or the field ``answerContent`` alone, a
                                JSON object, is the answer. Takes the next task and leads there.
POST  ``tasks/<id>/skip``       gives the task back, takes the next and leads there.
POST  ``sign-out``              ends the session.
====  ========================  ==========================================================================

401: not signed in. 403: another reviewer's task, another site's form. 404: no such page or task. 422: not an
answer. What is refused is a sentence, on a page for whoever accepts HTML.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local.aws.review import policies
from local.aws.review.answers import AnswerError, answer_content
from local.aws.review.links import Links
from local.aws.review.policies import REVIEW
from local.aws.review.rendering import TemplateError, render
from local.aws.review.sessions import LIFE, Session, Sessions
from local.aws.review.tasks import Held, NotOpenError, NotYoursError
from local.aws.review.workers import WorkerNameError
from local.aws.services import review as reviews

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

COOKIE = "millrace-review"
HERE = Path(__file__).parent
ASSETS = {
    path.name: path for path in sorted((HERE / "assets").iterdir()) if path.suffix in policies.ASSET_TYPES
}
ELEMENTS = ("crowd.js", "inputs.js", "classifiers.js", "entities.js", "boxes.js")
"""The crowd elements, in the order in which they are loaded."""
MAX_FORM_BYTES = 4 << 20

TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


class RefusedError(Exception):
    """A request that is not answered as asked; the message is one sentence for a person."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class ReviewPage:
    """The WSGI application below :data:`REVIEW`.

    Args:
        aws: The server that it is a part of.
    """

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws
        self._sessions = Sessions()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request, by WSGI."""
        request = Request(environ)
        request.max_content_length = request.max_form_memory_size = MAX_FORM_BYTES
        try:
            response = self._answer(request)
        except RefusedError as error:
            response = self._refusal(request, error.status, str(error))
        except NotYoursError as error:
            response = self._refusal(request, HTTPStatus.FORBIDDEN, str(error))
        except NotOpenError as error:
            response = self._refusal(request, HTTPStatus.NOT_FOUND, str(error))
        except (AnswerError, WorkerNameError) as error:
            response = self._refusal(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        except HTTPException as error:  # a form that is too long or broken
            response = self._refusal(request, HTTPStatus(error.code or 400), str(error.description))
        except Exception as error:
            log.exception("The review page %s failed", request.path)
            sentence = f"This page failed: {type(error).__name__}: {error}"
            response = self._refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, sentence)
        policies.protect(response.headers, request.host_url)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def _answer(self, request: Any) -> Any:
        where = request.path.removeprefix(REVIEW.rstrip("/")).removeprefix("/")
        if request.method == "POST":
            if not policies.is_from_here(request):
                raise RefusedError(
                    HTTPStatus.FORBIDDEN, "This form was posted by another site: use the review page itself."
                )
            form = request.form  # received before snapshots are held off
            with self._aws.changing():
                return self._post(request, where, form)
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET, HEAD and POST are answered here.")
        return self._get(request, where)

    def _get(self, request: Any, where: str) -> Any:
        folder, _, name = where.partition("/")
        if folder == "assets" and name in ASSETS:
            return _asset(name)
        session = self._session(request)
        if where == "sign-in" or (not where and session is None):
            return self._page("sign_in.html")
        if session is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "Nobody is signed in here.")
        if not where:
            return self._list(session)
        if folder == "tasks":
            return self._task(request, session, name)
        raise RefusedError(HTTPStatus.NOT_FOUND, f"There is no page {where[:80]!r} here.")

    def _post(self, request: Any, where: str, form: Any) -> Any:
        if where == "workers":
            return self._add_worker(request, form.get("name", ""))
        if where == "sign-in":
            return self._sign_in(form)
        session = self._session(request)
        if session is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "Nobody is signed in here.")
        folder, _, rest = where.partition("/")
        task, _, action = rest.rpartition("/")
        if where == "sign-out":
            self._sessions.end(request.cookies.get(COOKIE, ""))
            return _to("")
        if where == "claim":
            return self._claim(session, form.get("task"))
        if folder == "tasks" and action == "submit":
            reviews.tasks().submit(session.worker, task, answer_content(form))
            session.done += 1
            return self._claim(session)
        if folder == "tasks" and action == "skip":
            reviews.tasks().skip(session.worker, task)
            return self._claim(session)
        raise RefusedError(HTTPStatus.NOT_FOUND, f"There is no form {where[:80]!r} here.")

    def _claim(self, session: Session, id_: str | None = None) -> Any:
        task = reviews.tasks().claim(session.worker, id_)
        return _to(f"tasks/{quote(task.id, safe='')}" if task else "")

    @staticmethod
    def _add_worker(request: Any, name: str) -> Any:
        if policies.is_from_a_browser(request):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Workers are added by `millrace review NAME`.")
        workers = reviews.workers()
        exists = any(worker.name == name for worker in workers.all())
        token = workers.renew(name) if exists else workers.add(name)
        body = json.dumps({"name": name, "token": token, "is_new": not exists})
        return Response(body, content_type="application/json")

    def _sign_in(self, form: Any) -> Any:
        name = form.get("name", "").strip()
        worker = reviews.workers().known(name, form.get("token", "").strip())
        if worker is None:
            sentence = "There is no reviewer with this name and token."
            return self._page("sign_in.html", HTTPStatus.UNAUTHORIZED, refusal=sentence, name=name)
        answer: Any = _to("")
        answer.set_cookie(
            COOKIE,
            self._sessions.begin(worker),
            max_age=int(LIFE.total_seconds()),
            path=REVIEW,
            httponly=True,
            samesite="Strict",
        )
        return answer

    def _session(self, request: Any) -> Session | None:
        """The session of the cookie, if its worker is still one."""
        session = self._sessions.find(request.cookies.get(COOKIE, ""))
        return session if session and session.worker in reviews.workers().all() else None

    def _list(self, session: Session) -> Any:
        groups: dict[tuple[str, str, str], int] = {}
        for task in reviews.tasks().open_for(session.worker):
            group = (task.title, task.description, task.team.rpartition("/")[2])
            groups[group] = groups.get(group, 0) + 1
        return self._page(
            "tasks.html",
            session=session,
            groups=groups,
            count=sum(groups.values()),
            held=reviews.tasks().held(session.worker),
        )

    def _task(self, request: Any, session: Session, name: str) -> Any:
        id_, _, part = name.partition("/")
        held = self._held(session, id_.removesuffix(".json"))
        if part == "document":
            return self._document(request, held)
        if part:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"A task has no page {part[:80]!r}.")
        if id_.endswith(".json"):
            task = held.task
            facts = {"id": task.id, "title": task.title, "description": task.description, "input": task.input}
            return Response(json.dumps(facts), content_type="application/json")
        here = f"{REVIEW}tasks/{quote(held.task.id, safe='')}"
        count = 1 + len(reviews.tasks().open_for(session.worker))
        return self._page("task.html", session=session, held=held, here=here, count=count)

    def _held(self, session: Session, id_: str) -> Held:
        held = reviews.tasks().held(session.worker)
        if held is None or held.task.id != id_:
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                f"Task {id_[:80]!r} is not yours: others have it, it is done, or you have not taken it.",
            )
        return held

    def _document(self, request: Any, held: Held) -> Any:
        try:
            rendered = render(held.task.template, held.task.input, self._links.sign)
        except TemplateError as error:
            text = TEMPLATES.get_template("broken.html").render(error=error, assets=f"{REVIEW}assets/")
            return _html(text, headers=policies.of_task((), request.host_url))
        text = TEMPLATES.get_template("document.html").render(
            assets=f"{REVIEW}assets/", elements=ELEMENTS, content=rendered.html, title=held.task.title
        )
        return _html(text, headers=policies.of_task(rendered.links, request.host_url))

    @cached_property
    def _links(self) -> Links:
        return Links(self._aws.endpoint_url, self._aws.region)

    def _refusal(self, request: Any, status: HTTPStatus, sentence: str) -> Any:
        if "text/html" not in request.headers.get("Accept", ""):
            return Response(f"{sentence}\n", status, content_type="text/plain; charset=utf-8")
        return self._page("refused.html", status, refusal=sentence)

    @staticmethod
    def _page(template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Any:
        text = TEMPLATES.get_template(template).render(root=REVIEW, assets=f"{REVIEW}assets/", **values)
        return _html(text, status)


def _html(text: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Any:
    return Response(text, status, headers, content_type="text/html; charset=utf-8")


def _to(where: str) -> Any:
    return redirect(f"{REVIEW}{where}", HTTPStatus.SEE_OTHER)


def _asset(name: str) -> Any:
    path = ASSETS[name]
    return Response(path.read_bytes(), content_type=policies.ASSET_TYPES[path.suffix])
