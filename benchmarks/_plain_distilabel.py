"""The other peer: a distilabel pipeline as its documentation writes one.

python benchmarks/_plain_distilabel.py URL PROMPTS.json MODELS BATCH openai|aiohttp

One TextGeneration step a model. `openai` asks through distilabel's own OpenAILLM; `aiohttp` through
the smallest AsyncLLM over the client library that warriorcoder uses.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from distilabel.models.llms import OpenAILLM
from distilabel.models.llms.base import AsyncLLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from pydantic import PrivateAttr


class AiohttpLLM(AsyncLLM):
    """One POST a call, one session for all of them."""

    url: str
    model: str
    _session: aiohttp.ClientSession | None = PrivateAttr(None)

    @property
    def model_name(self) -> str:
        return self.model

    async def agenerate(self, input: Any, num_generations: int = 1) -> Any:
        """The answer to one list of messages.

        Args:
            input: the messages.
            num_generations: always 1.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = {"model": self.model, "messages": input, "temperature": 1.0, "top_p": 0.95, "max_tokens": 1024}
        async with self._session.post(self.url + "/chat/completions", json=body) as response:
            response.raise_for_status()
            answer = await response.json()
        usage = answer["usage"]
        return {
            "generations": [answer["choices"][0]["message"]["content"]],
            "statistics": {
                "input_tokens": [usage["prompt_tokens"]],
                "output_tokens": [usage["completion_tokens"]],
            },
        }


def llm(kind: str, url: str, model: str) -> AsyncLLM:
    if kind == "aiohttp":
        return AiohttpLLM(url=url, model=model)
    sampling = {"temperature": 1.0, "top_p": 0.95, "max_new_tokens": 1024}
    return OpenAILLM(model=model, base_url=url, api_key="none", generation_kwargs=sampling)


def main() -> None:
    url, file, models, batch, kind = sys.argv[1:]
    rows = [{"instruction": prompt} for prompt in json.loads(Path(file).read_text())]
    with tempfile.TemporaryDirectory() as cache:
        with Pipeline("peer", cache_dir=cache) as pipeline:
            data = LoadDataFromDicts(data=rows, batch_size=int(batch))
            for model in models.split(","):
                name = f"answer_{model.replace('-', '_')}"
                data >> TextGeneration(name=name, llm=llm(kind, url, model), input_batch_size=int(batch))
        answered = [row["generation"] for leaf in pipeline.run(use_cache=False).values() for row in leaf["train"]]
    print(f"{sum(answer is not None for answer in answered)} answers of {len(answered)}")


if __name__ == "__main__":
    main()
