"""Cutting long answers, both of a battle by the same limit."""

from dataclasses import dataclass

from warriorcoder.pipelines.battles.fences import fenced_blocks


@dataclass(frozen=True)
class Cut:
    """What is shown of a text, and how many of its characters are not."""

    text: str
    left_out: int = 0


def cut(text: str, most: int) -> Cut:
    """The beginning of a text: whole lines, `most` bytes of UTF-8 at most, and the end of a code block that was open.

    Bytes, since they follow tokens more closely than characters or words do, in every script, and are the same for
    every judge, so that all judges see the same. The beginning alone, since a text without its middle reads as wrong
    code, and since a judge can be told at one place what is missing. A line longer than the limit is cut within.
    """
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return Cut(text)
    head = data[:most].decode("utf-8", "ignore")
    whole = head.rpartition("\n")[0].rstrip()
    # Where the last line is nearly all that there is, whole lines would leave next to nothing.
    shown = whole if 2 * len(whole) >= len(head) else head
    left_out = len(text) - len(shown)
    last = next(reversed([*fenced_blocks(shown)]), None)
    if last is not None and not last.closed:
        shown += "\n" + last.closing
    return Cut(shown, left_out)
