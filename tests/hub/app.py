"""From a request to an answer: routes, who asks, refusals. No sockets."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from hub.store import Refusal, Store, User

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """A request to a Hub whose files are at `storage`, another origin, as on the real one."""

    method: str
    target: str
    headers: Message
    body: bytes
    store: Store
    storage: str
    user: User | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def base(self) -> str:
        return f"http://{self.headers['Host']}"

    @property
    def query(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true")


Handler = Callable[..., Answer]
ROUTES: list[tuple[list[str], re.Pattern[str], Handler]] = []
REPO = r"/api/datasets/(?P<repo_id>[^/]+/[^/]+)"


def route(methods: str, pattern: str) -> Callable[[Handler], Handler]:
    """Declare what answers a path; its named groups are the arguments."""

    def declare(handler: Handler) -> Handler:
        ROUTES.append((methods.split(), re.compile(pattern), handler))
        return handler

    return declare


def answer(request: Request) -> Answer:
    """Whatever a request comes to."""
    try:
        request.user = _who(request)
        for methods, pattern, handler in ROUTES:
            if request.method in methods and (match := pattern.fullmatch(request.path)):
                return handler(request, **{key: value and unquote(value) for key, value in match.groupdict().items()})
        raise Refusal(404, f"Sorry, we can't find the page you are looking for: {request.method} {request.path}")
    except Refusal as refusal:
        headers = {"X-Error-Message": refusal.message} | ({"X-Error-Code": refusal.code} if refusal.code else {})
        return as_json({"error": refusal.message}, refusal.status, headers)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": JSON, **(headers or {})})


def paged(request: Request, rows: list[Any], size: int) -> Answer:
    """A page of a list, with the address of the next one in the header Link."""
    size, start = int(request.query.get("limit", size)), int(request.query.get("cursor", 0))
    headers = {}
    if start + size < len(rows):
        kept = [f"{key}={quote(value)}" for key, value in request.query.items() if key != "cursor"]
        following = "&".join([*kept, f"cursor={start + size}"])
        headers["Link"] = f'<{request.base}{request.path}?{following}>; rel="next"'
    return as_json(rows[start : start + size], headers=headers)


def _who(request: Request) -> User | None:
    given = request.headers.get("Authorization", "")
    if not given.startswith("Bearer "):
        return None
    if given[7:] not in request.store.users:
        raise Refusal(401, "Invalid credentials in Authorization header")
    return request.store.users[given[7:]]
