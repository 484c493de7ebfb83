"""How sure a share is."""

import math

Z = 1.959964
"""The normal distribution's point for a two-sided interval of 95 %."""


def wilson_interval(count: float, total: float, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a share: sound for few trials and for shares near 0 or 1.

    Raises ValueError unless 0 <= count <= total and total > 0.
    """
    if not 0 <= count <= total or total == 0:
        raise ValueError(f"{count} of {total} is not a share")
    share = count / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # Rounding must not put a share of 0 or 1 outside its own interval.
    return max(0.0, min(share, (middle - half) / scale)), min(1.0, max(share, (middle + half) / scale))
