"""Servers over loopback for the doctor: a small model in words that mines, answers and judges, and its illnesses."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from warriorcoder.pipelines.doctor.judging import known_pairs
from warriorcoder.recipe import Recipe

TEMPLATE_TOKENS = 30
KEY = "a-key-that-nobody-may-see"
ANSWER = "```python\ndef factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)\n```"
DRAW = "Write a Python function that returns the longest word of a sentence."


@dataclass
class Patient:
    """A server and what ails it."""

    kind: str = "openai"
    models: list[str] | None = field(default_factory=lambda: ["tiny"])
    """What /models lists; None where there is no such route. Another model is refused, unless `any_name`."""
    any_name: bool = False
    key: str = ""
    wraps: bool = False
    """Whether it wraps its chat template around raw prompts."""
    raw: bool = True
    chat: bool = True
    counts: bool = True
    judges: str = "right"
    """right, first, silent, or form: a verdict without an explanation."""
    draw: str = DRAW
    stops: bool = True
    fault: int | bytes | None = None
    """A status, or a body word for word, in answer to every completion."""
    refuses_together: int | None = None
    """With so many calls in flight a further one gets 429."""
    together: int = 0
    """The first verdicts are held until so many calls are in flight."""
    stalls: bool = False
    """Whether it takes requests and never answers."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    in_flight: int = 0
    gathered: asyncio.Event = field(default_factory=asyncio.Event)
    discharged: asyncio.Event = field(default_factory=asyncio.Event)

    # what it says

    def say(self, text: str, *, chat: bool) -> str:
        """The completion of a text, or the answer to it."""
        if text.startswith("Reply with the single word YES"):
            return "YES" if chat else " NO\n10. NO\n11."
        if text.startswith("The capital of France"):
            return "The capital of France is Paris." if chat else "is.\nThe capital of France"
        if "<answer_A>" in text:
            return self._verdict(text)
        if not chat and text.endswith("<|im_start|>user\n"):
            return self.draw
        return ANSWER if chat else "def factorial(n):\n    return 1\n"

    def _verdict(self, text: str) -> str:
        shown_first = text.partition("<answer_A>\n")[2].partition("\n</answer_A>")[0]
        is_right = any(shown_first == pair.right for pair in known_pairs())
        match self.judges:
            case "right":
                return f"One of them is wrong. [[{'A' if is_right else 'B'}]]"
            case "first":
                return "The first is better. [[A]]"
            case "form":
                return "A"
        return "Both have their merits."

    # how it says it

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """A completion in the words of the OpenAI API."""
        body = json.loads(await request.text())
        if (refusal := await self._take(request, body)) is not None:
            return refusal
        chat = "messages" in body
        text = body["messages"][-1]["content"] if chat else body["prompt"]
        said, reason, counts = self._complete(text, int(body.get("max_tokens", 1000)), chat=chat)
        choice = {"index": 0, "finish_reason": reason}
        choice |= {"message": {"role": "assistant", "content": said}} if chat else {"text": said}
        usage = {"usage": {"prompt_tokens": counts[0], "completion_tokens": counts[1]}} if self.counts else {}
        return web.json_response({"choices": [choice], **usage})

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """A raw completion as TGI streams it, all of it in one event."""
        body = json.loads(await request.text())
        if (refusal := await self._take(request, body)) is not None:
            return refusal
        said, reason, counts = self._complete(body["inputs"], body["parameters"]["max_new_tokens"], chat=False)
        details = {
            "finish_reason": "eos_token" if reason == "stop" else reason,
            "generated_tokens": counts[1],
            "input_length": counts[0],
            "seed": None,
        }
        token = {"id": 1, "text": said, "logprob": -0.5, "special": False}
        event = {"index": 1, "token": token, "generated_text": said, "details": details}
        return web.Response(text=f"data:{json.dumps(event)}\n\n", content_type="text/event-stream")

    def _complete(self, text: str, limit: int, *, chat: bool) -> tuple[str, str, tuple[int, int]]:
        said = self.say(text, chat=chat or self.wraps)
        reason = "stop" if self.stops else "length"
        words = said.split(" ")
        if len(words) > limit:
            said, reason = " ".join(words[:limit]), "length"
        around = TEMPLATE_TOKENS if chat or self.wraps else 1
        return said, reason, (len(text.split()) + around, len(said.split()))

    async def _take(self, request: web.Request, body: dict[str, Any]) -> web.Response | None:
        """Note what was asked; the refusal, if it is to be refused."""
        if self.stalls:
            await self.discharged.wait()
        self.in_flight += 1
        place = self.in_flight
        try:
            if self.in_flight >= self.together:
                self.gathered.set()
            if "<answer_A>" in json.dumps(body):
                await self.gathered.wait()
        finally:
            self.in_flight -= 1
        if self.refuses_together is not None and place > self.refuses_together:
            return web.Response(status=429, text="slow down")
        self.asked.append({"path": request.path, **body})
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.Response(status=401, text=f"wrong key: {request.headers.get('Authorization')}")
        if isinstance(self.fault, int):
            return web.Response(status=self.fault, text="it broke")
        if isinstance(self.fault, bytes):
            return web.Response(body=self.fault)
        if not (self.chat if "messages" in body else self.raw):
            return web.json_response({"detail": "Not Found"}, status=404)
        name = body.get("model", "tgi")
        if not self.any_name and name != "tgi" and name not in (self.models or [name]):
            said = {"message": f"The model `{name}` does not exist.", "type": "NotFoundError"}
            return web.json_response({"error": said}, status=404)
        return None

    async def list(self, request: web.Request) -> web.StreamResponse:
        if self.models is None:
            return web.Response(status=404)
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})

    async def info(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"model_id": (self.models or ["tiny"])[0], "max_input_tokens": 1024})


@contextmanager
def hospital(*patients: Patient) -> Iterator[None]:
    """Serve patients, each on a loopback port of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runners: list[web.AppRunner] = []

    async def serve() -> None:
        for patient in patients:
            app = web.Application()
            app.router.add_post("/v1/chat/completions", patient.complete)
            if patient.kind == "tgi":
                app.router.add_get("/info", patient.info)
                app.router.add_post("/generate_stream", patient.generate)
            else:
                app.router.add_get("/v1/models", patient.list)
                app.router.add_post("/v1/completions", patient.complete)
            runner = web.AppRunner(app, shutdown_timeout=1)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            patient.url = f"http://127.0.0.1:{runner.addresses[0][1]}" + ("" if patient.kind == "tgi" else "/v1")

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        for patient in patients:
            patient.discharged.set()
        for runner in runners:
            loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def recipe_of(endpoints: dict[str, dict[str, Any]], **others: Any) -> Recipe:
    """A recipe of experts at these endpoints; what an expert has besides is given under `expert`."""
    experts = [
        {
            "name": name,
            "template": "chatml",
            **endpoint.pop("expert", {}),
            "endpoint": {"kind": "openai", "model": "tiny", **endpoint},
            "weights": f"weights of {name}",
        }
        for name, endpoint in endpoints.items()
    ]
    return Recipe.model_validate({"name": "ward", "experts": experts, **others})
