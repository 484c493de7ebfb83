"""The execution judge: two answers to an instruction are compared by running them. `judge.judge_by_execution`.

What an instruction fixes (`signature`, `words`, `examples`) makes inputs (`inputs`); programs run in a sandbox
(`calling`); what came of it is data (`evidence`), and a pure function votes on it (`vote`).
"""
