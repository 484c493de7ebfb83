"""The stages `answer`, `judge`, `rate` and `build`: from the instructions to the training tables."""

from collections.abc import Mapping
from dataclasses import asdict

from warriorcoder.arena_folder import Row
from warriorcoder.errors import RunFailed
from warriorcoder.pipelines.battles.answers import AnswerReader
from warriorcoder.pipelines.battles.audit.floor import breaches, judge_weights, standings
from warriorcoder.pipelines.battles.audit.report import compared
from warriorcoder.pipelines.battles.campaign import Campaign, read_rounds, write_rounds
from warriorcoder.pipelines.battles.execution.cases import Case
from warriorcoder.pipelines.battles.execution.executing import ExecutionJudge
from warriorcoder.pipelines.battles.families import families_of
from warriorcoder.pipelines.battles.health import FOUGHT, findings, judge_counts
from warriorcoder.pipelines.battles.judging import Ballot, ballots, execution_vote, verdict_call, vote_row
from warriorcoder.pipelines.battles.outcomes.building import READ, build_outcomes
from warriorcoder.pipelines.battles.pairing import Pair, counting, judges_of, pairs
from warriorcoder.pipelines.battles.rating import Bias, rate
from warriorcoder.pipelines.battles.ratings.style import styles_of
from warriorcoder.pipelines.battles.scores import VOTED
from warriorcoder.pipelines.endpoints.asking import answer_call
from warriorcoder.pipelines.endpoints.calls import Call
from warriorcoder.pipelines.endpoints.traces import read_addresses
from warriorcoder.pipelines.mining.privacy import counts
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.pipelines.stage import AskingStage, Stage
from warriorcoder.recipe_battles import EXECUTION_JUDGE


class Answer(AskingStage):
    """Every expert answers every instruction."""

    @property
    def inputs(self) -> list[str]:
        return ["instruction_id", "instruction"]

    @property
    def outputs(self) -> list[str]:
        return ["instruction_id", "expert", "answer"]

    def work(self, rows: list[Row]) -> list[Row]:
        asked = [(row, expert) for row in rows for expert in self._recipe.experts]
        calls = (answer_call(self._recipe, expert, row["instruction"]) for row, expert in asked)
        replies = self.panel.ask(calls, len(asked))
        reader = AnswerReader(self._recipe)
        answers, rejected, private = [], [], []
        for (row, expert), reply in zip(asked, replies, strict=True):
            read = reader.read(expert, reply)
            private.append(read.found)
            if read.reason is not None:
                rejected.append(rejected_row("answer", read.reason, read.detail, row["instruction"], expert.name, None))
                continue
            answers.append(
                {
                    "instruction_id": row["instruction_id"],
                    "expert": expert.name,
                    "answer": read.text,
                    "finish_reason": reply.finish_reason,
                    "input_tokens": reply.input_tokens,
                    "output_tokens": reply.output_tokens,
                }
            )
        self._folder.write_stage("answer", {"answers": answers, "rejected": rejected})
        made = {"asked": len(asked), "answers": len(answers), "rejected": len(rejected)}
        self.record_counts(made, private={"answer": counts(private)})
        self.record_cost()
        if not answers:
            first = rejected[0]
            raise RunFailed(f"no answer was kept; the first was dropped as {first['reason']}: {first['detail']}")
        return answers


class Judge(AskingStage):
    """Every uninvolved judge votes on every battle, in both orders.

    `unsafe_no_sandbox`: where the execution judge has code run, it is run with limits alone.
    """

    unsafe_no_sandbox: bool = False

    @property
    def inputs(self) -> list[str]:
        return ["instruction_id", "expert", "answer"]

    @property
    def outputs(self) -> list[str]:
        return ["judge"]

    def work(self, rows: list[Row]) -> list[Row]:
        instructions = {row["instruction_id"]: row for row in self._folder.read_table("instructions")}
        answers = {(row["instruction_id"], row["expert"]): row["answer"] for row in rows}
        weights = {name: address.weights for name, address in read_addresses(self._folder).items()}
        experts = self._recipe.experts
        battles = []
        for identity, instruction in instructions.items():
            present = [expert.name for expert in experts if (identity, expert.name) in answers]
            battles += pairs(identity, instruction["miner"], present, self._recipe.battles.pairing)
        if not battles:
            raise RunFailed(
                "no instruction was answered by two experts, so there is no battle; the reasons are in "
                f"{self._folder.path / 'rejected'}."
            )
        judged = [(pair, judges_of(pair, experts, weights, self._recipe.battles)) for pair in battles]
        possible = sum(bool(judges) for _, judges in judged)
        if not any(counting(judges, self._recipe.battles) for _, judges in judged):
            raise RunFailed(
                "no battle has a judge: judges must have other weights than both contestants. Add an expert with "
                "weights of its own, or set battles.execution_weight: 1."
            )
        campaign = Campaign(self._recipe, judged, read_rounds(self._folder))
        votes: list[Row] = []
        with ExecutionJudge(self.panel, unsafe=self.unsafe_no_sandbox) as execution:
            while round_ := campaign.next_round():
                cast, calls = self._vote(ballots(round_), instructions, answers, campaign.left, execution)
                campaign.learn(cast, calls)
                votes += cast
        # The table does not depend on what was fought when.
        place = {pair: number for number, pair in enumerate(battles)}
        votes.sort(key=lambda vote: place[Pair(vote["instruction_id"], vote["model_a"], vote["model_b"])])
        self._folder.write_stage("judge", {"votes": votes})
        if self._recipe.battles.pairing == "active":
            write_rounds(self._folder, campaign.rounds)
        missing = sum(vote["verdict"] is None for vote in votes)
        counts = {
            "possible": possible,
            "battles": sum(map(len, campaign.rounds)),
            "judges": len(votes) // 2,
            "votes": len(votes) - missing,
            "missing": missing,
        }
        self.record_counts(counts)
        self.record_cost()
        # The votes are in the folder, and many.
        return [{"judge": name} for name in sorted({vote["judge"] for vote in votes})]

    def _vote(
        self,
        cast: list[Ballot],
        instructions: dict[str, Row],
        answers: dict[tuple[str, str], str],
        most: int | None,
        execution: ExecutionJudge,
    ) -> tuple[list[Row], int]:
        """The votes in the order of the ballots, and the calls that they took, at most `most`.

        Ballots without a verdict are asked again up to the recipe's limit.
        """

        def texts(pair: Pair) -> tuple[str, str, str]:
            instruction = instructions[pair.instruction_id]["instruction"]
            return (
                instruction,
                answers[pair.instruction_id, pair.attacker],
                answers[pair.instruction_id, pair.defender],
            )

        def call(ballot: Ballot, attempt: int) -> Call:
            instruction, a, b = texts(ballot.pair)
            shown = (b, a) if ballot.swapped else (a, b)
            return verdict_call(self._recipe, self._recipe.expert(ballot.judge), instruction, shown, attempt)

        executed = list(dict.fromkeys(ballot.pair for ballot in cast if ballot.judge == EXECUTION_JUDGE))
        rulings = execution.rule([Case(*texts(pair), self._recipe.seed) for pair in executed])
        by_pair = dict(zip(executed, rulings, strict=True))
        found = {
            ballot: execution_vote(ballot, by_pair[ballot.pair]) for ballot in cast if ballot.judge == EXECUTION_JUDGE
        }
        open_ = [ballot for ballot in cast if ballot not in found]
        calls = 0
        for attempt in range(self._recipe.battles.attempts):
            replies = self.panel.ask((call(ballot, attempt) for ballot in open_), len(open_))
            calls += len(open_)
            again = []
            for ballot, reply in zip(open_, replies, strict=True):
                found[ballot] = vote_row(self._recipe, ballot, reply)
                # A call that failed for good has had its tries; one without a verdict is asked once more.
                if found[ballot]["verdict"] is None and reply.error is None:
                    again.append(ballot)
            open_ = again if most is None else again[: most - calls]
        return [found[ballot] for ballot in cast], calls


class Rate(Stage):
    """Elo and Bradley-Terry from the votes, and what is wrong with the judges."""

    @property
    def inputs(self) -> list[str]:
        return ["judge"]

    @property
    def outputs(self) -> list[str]:
        return ["model", "elo"]

    def work(self, rows: list[Row]) -> list[Row]:
        votes = self._folder.read_columns("votes", VOTED).to_pylist()
        models = [expert.name for expert in self._recipe.experts]
        standing = standings(votes)
        weights = judge_weights(standing, self._recipe.battles)
        battles, ratings, effects = rate(votes, models, self._recipe.rating, self._recipe.seed, weights, self._bias())
        self._folder.write_stage("rate", {"battles": battles, "ratings": ratings})
        judges = {name: {**record, "weight": weights.get(name, 1.0)} for name, record in judge_counts(votes).items()}
        below = [name for name, its in standing.items() if breaches(its, self._recipe.battles.floor)]
        undecided = battles["winner"].null_count
        counts = {"battles": len(battles), "decided": len(battles) - undecided, "undecided": undecided}
        found = findings(standing, weights, battles.select(FOUGHT).to_pylist(), ratings, self._recipe.battles)
        self.record_counts(
            counts,
            judges=judges,
            judge_floor={
                "below": below,
                "below_floor": self._recipe.battles.below_floor,
                "ratings": [asdict(row) for row in compared(votes, below, self._recipe)],
            },
            effects={"rate": effects},
            findings={"rate": found},
        )
        if not ratings:
            raise RunFailed(_why_nobody_is_rated(votes, weights))
        return ratings

    def _bias(self) -> Bias:
        """What the terms are made from that the recipe asks for."""
        rating, styles = self._recipe.rating, None
        if rating.style:
            answers = self._folder.read_columns("answers", ["instruction_id", "expert", "answer"])
            styles = styles_of(row for batch in answers.to_batches(1000) for row in batch.to_pylist())
        return Bias(styles, families_of(self._recipe.experts) if rating.judge_effects else None)


def _why_nobody_is_rated(votes: list[Row], weights: Mapping[str, float]) -> str:
    kept = "so nobody can be rated. The votes are kept; look at their `reason` column"
    if any(vote["verdict"] is not None for vote in votes):
        told = ", ".join(sorted(judge for judge, weight in weights.items() if not weight))
        return (
            f"all verdicts are by judges whose votes do not count ({told}), {kept}, set battles.below_floor: flag to "
            "have those below battles.floor count, give battles.execution_weight above 0, or name judges that can "
            "judge in battles.judges."
        )
    return (
        f"no vote has a verdict, {kept}, set battles.constrained: true for local judges, or name judges that can judge."
    )


class Build(Stage):
    """The training tables from the battles."""

    @property
    def inputs(self) -> list[str]:
        return ["model", "elo"]

    @property
    def outputs(self) -> list[str]:
        return ["desirable", "undesirable", "left_out"]

    def work(self, rows: list[Row]) -> list[Row]:
        tables = {name: self._folder.read_columns(name, columns) for name, columns in READ.items()}
        built = build_outcomes(tables, self._folder.read_table("ratings"), self._recipe)
        self._folder.write_stage("build", built.tables)
        self.record_counts(built.counts, findings={"build": built.findings})
        # The rows themselves are in the folder; distilabel would write them all once more.
        return [built.counts]
