"""A third peer, where it is installed: bespokelabs-curator, one LLM a model, each in a process of its own.

python benchmarks/_curator_peer.py URL PROMPTS.json MODELS IN_FLIGHT

Its own environment runs this file: its dependencies and distilabel's do not go together.
"""

import importlib.util
import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# Nothing is sent anywhere, and no price list is fetched.
os.environ |= {"TELEMETRY_ENABLED": "false", "CURATOR_VIEWER": "0", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
if (litellm := importlib.util.find_spec("litellm")) and litellm.origin:
    # The tokenizer that it would download lies in a package that it depends on.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers")


def answers(url: str, prompts: list[str], model: str, in_flight: int) -> int:
    """How many prompts a model answered."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["CURATOR_CACHE_DIR"] = cache
        from bespokelabs import curator

        class Answerer(curator.LLM):  # type: ignore[misc]
            def prompt(self, input: Any) -> str:
                return str(input["prompt"])

            def parse(self, input: Any, response: str) -> Any:
                return {"prompt": input["prompt"], "answer": response}

        llm = Answerer(
            model_name=model,
            backend="openai",
            backend_params={
                "base_url": url,
                "api_key": "none",
                "max_concurrent_requests": in_flight,
                "max_requests_per_minute": 10**9,
                "max_tokens_per_minute": 10**9,
                "request_timeout": 600,
            },
            generation_params={"temperature": 1.0, "top_p": 0.95, "max_tokens": 1024},
        )
        return len(llm([{"prompt": prompt} for prompt in prompts]).dataset)


def main() -> None:
    url, file, models, in_flight = sys.argv[1:]
    prompts = json.loads(Path(file).read_text())
    work = [(url, prompts, model, int(in_flight)) for model in models.split(",")]
    with multiprocessing.get_context("spawn").Pool(len(work)) as pool:
        print(f"{sum(pool.starmap(answers, work))} answers")


if __name__ == "__main__":
    main()
