// The list of battles: only the rows in sight are in the page, whatever their number. One tab stop, arrow keys inside.

const SPARE = 6;

class BattleList {
  constructor(box, index, open) {
    this.box = box;
    this.index = index;
    this.open = open;
    this.found = [];
    this.active = 0;
    this.space = element("div", { class: "space", role: "presentation" });
    box.append(this.space);
    box.addEventListener("scroll", () => this.soon(), { passive: true });
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("focus", () => this.draw());
    box.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (!row) return;
      this.active = Number(row.dataset.at);
      this.open(this.found[this.active]);
    });
    new ResizeObserver(() => this.measure()).observe(box);
  }

  /** Show these battles, from the top. */
  show(found) {
    this.found = found;
    this.active = 0;
    this.box.scrollTop = 0;
    this.measure();
  }

  /** Make a battle the active one, if it is listed. */
  activate(battle) {
    const at = this.found.indexOf(battle);
    if (at < 0) return;
    this.active = at;
    this.reveal();
  }

  measure() {
    this.height = parseFloat(getComputedStyle(this.box).getPropertyValue("--row")) || 64;
    this.space.style.height = `${this.found.length * this.height}px`;
    this.draw();
  }

  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - SPARE);
    const end = Math.min(this.found.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + SPARE);
    const places = [];
    for (let at = first; at < end; at++) places.push(at);
    // A screen reader's place in the list must not vanish when it is scrolled out of sight.
    if (this.found.length && (this.active < first || this.active >= end)) places.push(this.active);
    this.space.replaceChildren(...places.map((at) => this.row(at)));
    if (this.found.length) this.box.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.box.removeAttribute("aria-activedescendant");
    this.space.classList.toggle("empty", !this.found.length);
  }

  row(at) {
    const battle = this.found[at];
    const row = element(
      "div",
      {
        role: "option",
        id: `row-${at}`,
        "data-at": at,
        "aria-setsize": this.found.length,
        "aria-posinset": at + 1,
        "aria-selected": String(at === this.active),
      },
      rowContents(this.index, battle),
    );
    row.style.transform = `translateY(${at * this.height}px)`;
    return row;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      this.active = Math.min(this.found.length - 1, Math.max(0, this.active + steps[event.key]));
      this.reveal();
    } else if ((event.key === "Enter" || event.key === " ") && this.found.length) {
      event.preventDefault();
      this.open(this.found[this.active]);
    }
  }

  reveal() {
    const top = this.active * this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    const bottom = top + this.height - this.box.clientHeight;
    if (bottom > this.box.scrollTop) this.box.scrollTop = bottom;
    this.draw();
  }
}

/** What a row says: the instruction's beginning, who fought, the votes, what is odd about them. */
function rowContents(index, battle) {
  const { battles, instructions, experts } = index;
  const place = battles.instruction[battle];
  const winner = winnerOf(battles, battle);
  const side = (expert) => element("span", { class: expert === winner ? "side won" : "side" }, experts[expert]);
  const votes = `${battles.votes_a[battle]} : ${battles.votes_b[battle]}`;
  const ties = battles.ties[battle] ? ` (${battles.ties[battle]} tied)` : "";
  const outcome = battles.outcome[battle] === TIE ? "tie" : battles.outcome[battle] === UNDECIDED ? "no verdict" : null;
  return [
    element("span", { class: "what", dir: "auto" }, whole(instructions.text[place]).text.slice(0, 240).replace(/\s+/g, " ")),
    element(
      "span",
      { class: "who" },
      side(battles.attacker[battle]),
      element("span", { class: "votes" }, `${votes}${ties}`),
      side(battles.defender[battle]),
      outcome && element("span", { class: "badge" }, outcome),
    ),
    element("span", { class: "tags" }, oddBadges(battles.odd[battle]), factsOf(index, place).join(" · ")),
  ];
}

function oddBadges(odd) {
  const said = [
    [ODD.judges, "judges disagree"],
    [ODD.orders, "orders disagree"],
    [ODD.missing, "verdicts missing"],
  ];
  return said.filter(([bit]) => odd & bit).map(([, words]) => element("span", { class: "badge odd" }, words));
}

/** Task, band and grade, language of an instruction, as words. */
function factsOf({ instructions, tasks, bands, languages }, place) {
  const band = bands[instructions.band[place]];
  return [tasks[instructions.task[place]], band && `${band} (${instructions.grade[place]})`, languages[instructions.language[place]]].filter(
    Boolean,
  );
}
