"""The peer of the saturation benchmark: nothing but an aiohttp client that keeps so many calls in flight.

python benchmarks/_bare_client.py URL PROMPTS.json MODELS IN_FLIGHT
"""

import asyncio
import json
import sys
from collections import deque
from pathlib import Path
from typing import Any

import aiohttp


async def ask_all(url: str, prompts: list[str], models: list[str], in_flight: int) -> list[str]:
    """The answers of every model to every prompt, at most `in_flight` at once for each model."""
    answers = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def work(model: str, waiting: deque[str]) -> None:
            while waiting:
                body: dict[str, Any] = {
                    "model": model,
                    "messages": [{"role": "user", "content": waiting.popleft()}],
                    "temperature": 1.0,
                    "top_p": 0.95,
                    "max_tokens": 1024,
                }
                async with session.post(url + "/chat/completions", json=body) as response:
                    response.raise_for_status()
                    answers.append((await response.json())["choices"][0]["message"]["content"])

        async with asyncio.TaskGroup() as group:
            for model in models:
                waiting = deque(prompts)
                for _ in range(in_flight):
                    group.create_task(work(model, waiting))
    return answers


def main() -> None:
    url, file, models, in_flight = sys.argv[1:]
    prompts = json.loads(Path(file).read_text())
    answers = asyncio.run(ask_all(url, prompts, models.split(","), int(in_flight)))
    print(f"{len(answers)} answers")


if __name__ == "__main__":
    main()
