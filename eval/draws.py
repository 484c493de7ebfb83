"""Drawing tokens with a seed for each row, so that an answer does not depend on its batch."""

from collections.abc import Sequence
from typing import Any

from warriorcoder.eval.questions import Sampling


class Draws:
    """A logits processor for `generate` after which the largest value is a token drawn at random.

    With g = -log(-log u), u uniform in (0, 1), argmax(logits / temperature + g) has the softmax's distribution
    (Gumbel 1954; Maddison et al. 2014, arXiv 1411.0030). Each row takes its u from a generator of its own.
    """

    def __init__(self, sampling: Sampling, seeds: Sequence[int]) -> None:
        import torch
        from transformers import TemperatureLogitsWarper, TopPLogitsWarper

        self._warpers = [TemperatureLogitsWarper(float(sampling.temperature))]
        if sampling.top_p < 1:
            self._warpers.append(TopPLogitsWarper(float(sampling.top_p)))
        # On the processor, whatever computes: another kind of generator has another sequence.
        self._generators = [torch.Generator().manual_seed(seed % 2**63) for seed in seeds]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """`scores` (rows, tokens), warped and with noise; what top-p excludes stays at minus infinity."""
        import torch

        scores = scores.float()
        for warper in self._warpers:
            scores = warper(input_ids, scores)
        smallest = torch.finfo(torch.float32).tiny
        for row, generator in enumerate(self._generators):
            uniform = torch.rand(scores.shape[1], generator=generator).clamp_(min=smallest)
            scores[row] -= torch.log(-torch.log(uniform).clamp_(max=-smallest)).to(scores.device)
        return scores
