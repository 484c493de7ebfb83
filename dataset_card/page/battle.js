// One battle, opened: the instruction, both answers side by side, how each judge voted in both orders, the ratings.

const VERDICTS = { a: 0, b: 1 };

class BattleView {
  constructor(dialog, index, texts, { step, closed }) {
    Object.assign(this, { dialog, index, texts, step });
    this.battle = -1;
    dialog.addEventListener("close", closed);
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("pre, .wide")) return;
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
        event.preventDefault();
        step(event.key === "ArrowLeft" ? -1 : 1);
      }
    });
  }

  /** Open a battle, or change to it; `at` of `of` is its place in the list, 0 where it is not in it. */
  async open(battle, at, of) {
    this.battle = battle;
    const place = this.index.battles.instruction[battle];
    const found = await this.texts.of(place);
    // Another one may have been asked for in the meantime.
    if (this.battle !== battle) return;
    const kept = this.dialog.contains(document.activeElement) ? document.activeElement.dataset.step : null;
    this.dialog.replaceChildren(this.bar(at, of), element("div", { class: "inside" }, this.contents(battle, place, found)));
    if (!this.dialog.open) this.dialog.showModal();
    (this.dialog.querySelector(`[data-step="${kept}"]:not([disabled])`) || this.dialog.querySelector("[data-step=close]")).focus();
    this.dialog.querySelector(".inside").scrollTop = 0;
  }

  close() {
    this.battle = -1;
    if (this.dialog.open) this.dialog.close();
  }

  bar(at, of) {
    const button = (words, key, action, off) => {
      const made = element("button", { type: "button", "data-step": key, disabled: off ? "" : null }, words);
      made.addEventListener("click", action);
      return made;
    };
    return element(
      "div",
      { class: "bar" },
      button("← Previous", "previous", () => this.step(-1), at <= 1),
      element("span", { class: "place" }, at ? `${count(at)} of ${count(of)}` : "not in the list"),
      button("Next →", "next", () => this.step(1), !at || at >= of),
      button("Close ✕", "close", () => this.dialog.close()),
    );
  }

  contents(battle, place, found) {
    const { battles, instructions, experts, languages } = this.index;
    const pair = [experts[battles.attacker[battle]], experts[battles.defender[battle]]];
    const language = languages[instructions.language[place]] || null;
    const answers = pair.map((name) => found.answers.find(([expert]) => expert === name));
    const votes = found.votes.filter(([a, b]) => a === pair[0] && b === pair[1]);
    const from = instructions.miner[place] < 0 ? instructions.source[place] : `mined from ${experts[instructions.miner[place]]}`;
    const link = element("a", { href: `#battles?open=${encodeURIComponent(nameOf(this.index, battle))}` }, "link to this battle");
    return [
      element("h2", { id: "battle-title" }, pair[0], element("small", {}, " against "), pair[1]),
      element("p", { class: "facts" }, [...factsOf(this.index, place), from].join(" · "), " · ", link),
      element("section", { class: "instruction", "aria-label": "Instruction" }, element("h3", {}, "Instruction"), rendered(instructions.text[place], language)),
      this.outcome(battle, pair),
      element(
        "section",
        { class: "answers", "aria-label": "Answers" },
        answers.map((answer, side) => this.answer(answer, side, battle, pair[side], language)),
      ),
      element("section", { class: "judging", "aria-label": "Votes" }, element("h3", {}, "Votes"), this.judging(votes, pair)),
    ];
  }

  outcome(battle, pair) {
    const { battles, ratings } = this.index;
    const local = battles.local_a[battle];
    const rows = [
      ["share of the votes", ...(local === null ? ["–", "–"] : [local.toFixed(2), (1 - local).toFixed(2)])],
      ["votes", battles.votes_a[battle], battles.votes_b[battle]],
      ["Elo before the battle", battles.elo_a[battle].toFixed(0), battles.elo_b[battle].toFixed(0)],
      [
        "Elo in the end",
        ...pair.map((name) => {
          const [elo, low, high] = ratings[name] || [];
          return elo === undefined ? "not rated" : `${elo.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
        }),
      ],
    ];
    const consistency = battles.consistency[battle];
    const said = [
      `${battles.ties[battle]} tied`,
      consistency === null ? "no judge gave both orders" : `${(100 * consistency).toFixed(0)} % of the judges agree with themselves`,
    ];
    return element(
      "section",
      { class: "outcome", "aria-label": "Outcome" },
      element("h3", {}, "Outcome"),
      table(["", ...pair], rows.map((row) => row.map(String))),
      element("p", { class: "note" }, said.join(" · "), " ", oddBadges(battles.odd[battle])),
    );
  }

  answer(answer, side, battle, name, language) {
    const { battles } = this.index;
    const winner = winnerOf(battles, battle);
    const own = side ? battles.defender[battle] : battles.attacker[battle];
    const standing = winner < 0 ? (battles.outcome[battle] === TIE ? "tie" : "no verdict") : winner === own ? "won" : "lost";
    if (!answer) return element("article", {}, element("h3", {}, name), element("p", { class: "note" }, "no answer"));
    const [, stored, finish, tokensIn, tokensOut, label, score] = answer;
    const trained = label === null ? null : `${label ? "desirable" : "undesirable"} in kto${score === null ? "" : `, score ${score.toFixed(3)}`}`;
    return element(
      "article",
      { class: standing, "aria-label": `Answer of ${name}` },
      element("h3", {}, name, " ", element("span", { class: `badge ${standing}` }, standing)),
      element(
        "p",
        { class: "note" },
        [`${count(tokensOut)} tokens`, finish === "length" && "cut off by its limit", trained].filter(Boolean).join(" · "),
      ),
      rendered(stored, language),
    );
  }

  judging(votes, pair) {
    if (!votes.length) return [element("p", { class: "note" }, "There is no vote on it.")];
    const judges = [...new Set(votes.map(([, , judge]) => judge))];
    return judges.map((judge) => {
      const own = votes.filter((vote) => vote[2] === judge).sort((one, other) => Number(other[3]) - Number(one[3]));
      const [first, second] = own;
      const weight = this.index.weights[judge] ?? 1;
      // It runs code: the order in which answers are shown changes nothing.
      const same = second && first[7] !== null && [4, 5, 6, 7].every((part) => String(first[part]) === String(second[part]));
      return element(
        "article",
        { class: "judge", "aria-label": `Judge ${judge}` },
        element("h4", {}, judge, weight === 1 ? null : element("span", { class: "badge" }, weight ? `weight ${weight}` : "not counted")),
        element("div", { class: "orders" }, (same ? [first] : own).map((vote) => this.vote(vote, pair, same))),
      );
    });
  }

  vote([, , , attackerFirst, verdict, missing, reason, evidence], pair, same) {
    const order = attackerFirst ? pair : [pair[1], pair[0]];
    const said = verdict === null ? `no verdict: ${(missing || "not said").replaceAll("_", " ")}` : verdict === "tie" ? "tie" : `for ${pair[VERDICTS[verdict]]}`;
    const kind = verdict === null ? "missing" : verdict === "tie" ? "tie" : `side-${verdict}`;
    const heading = same ? `both orders (a is ${pair[0]}, b is ${pair[1]})` : `shown as A: ${order[0]}, as B: ${order[1]}`;
    return element(
      "div",
      { class: "vote" },
      element("p", {}, element("span", { class: `verdict ${kind}` }, said)),
      element("p", { class: "note" }, heading),
      reason ? rendered(reason, null) : null,
      evidenceShown(evidence, pair),
    );
  }
}
