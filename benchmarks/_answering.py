"""Our side of the cost per call: the pipeline's process with the one stage that is compared, `answer`.

python benchmarks/_answering.py ARENA

As `warriorcoder.pipelines.arena` runs it in an arena that has its addresses.
"""

import sys

from distilabel.pipeline import Pipeline

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.arena import FromArena
from warriorcoder.pipelines.battles.stages import Answer
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.polling import poll_often


def main() -> None:
    poll_often()
    folder = ArenaFolder(sys.argv[1])
    arena = str(folder.path)
    with Pipeline("arena", cache_dir=folder.work / "distilabel") as pipeline:
        instructions = FromArena(name="instructions", arena=arena, table="instructions")
        instructions >> Answer(name="answer", arena=arena, panel=ExpertPanel(arena=arena, stage="answer"))
    pipeline.run(use_cache=False)
    print(f"{folder.table_rows('answers')} answers")


if __name__ == "__main__":
    main()
