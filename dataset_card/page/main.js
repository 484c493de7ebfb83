// The page's one state is its address: which view, which filters, which battle is open. Everything follows from it.

const TYPING = 120;

async function start() {
  sortableTables();
  const holder = document.getElementById("index");
  const views = { overview: document.getElementById("overview"), battles: document.getElementById("browser") };
  if (!views.battles) return;
  const index = searchable(await unpack(holder));
  const form = document.getElementById("filters");
  offer(form, index);
  const list = new BattleList(document.getElementById("list"), index, (battle) => go({ ...state.filters, open: nameOf(index, battle) }));
  const view = new BattleView(document.getElementById("battle"), index, new Texts(index.chunks), {
    step: (by) => {
      const next = list.found[list.found.indexOf(view.battle) + by];
      if (next !== undefined) replace({ ...state.filters, open: nameOf(index, next) });
    },
    closed: () => {
      if (state.open) go(state.filters);
    },
  });
  const state = { filters: null, open: "" };

  /** Make the page what its address says. */
  function follow() {
    const [name, query] = splitHash(location.hash);
    const shownView = name === "battles" ? "battles" : "overview";
    for (const [key, part] of Object.entries(views)) part.hidden = key !== shownView;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${shownView}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.body.classList.toggle("browsing", shownView === "battles");
    const parameters = new URLSearchParams(query);
    const filters = filtersOf(parameters);
    if (JSON.stringify(filters) !== JSON.stringify(state.filters)) {
      state.filters = filters;
      fill(form, filters);
      filter();
    }
    if (shownView === "battles") list.measure();
    state.open = shownView === "battles" ? parameters.get("open") || "" : "";
    const battle = state.open ? battleNamed(index, state.open) : -1;
    if (battle >= 0) {
      list.activate(battle);
      if (battle !== view.battle) view.open(battle, list.found.indexOf(battle) + 1, list.found.length);
    } else {
      const was = view.battle;
      view.close();
      if (was >= 0 && shownView === "battles") list.box.focus();
    }
  }

  function filter() {
    const begun = performance.now();
    list.show(fitting(index, state.filters));
    performance.measure("filter", { start: begun });
    const all = index.battles.instruction.length;
    const found = list.found.length;
    document.getElementById("found").textContent = found === all ? `${count(all)} battles` : `${count(found)} of ${count(all)} battles`;
  }

  let typing = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => replace(read(form)), event.target.name === "q" ? TYPING : 0);
  });
  form.addEventListener("reset", () => setTimeout(() => replace({})));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.box.focus();
  });
  addEventListener("hashchange", follow);
  follow();
  performance.mark("ready");
}

function splitHash(hash) {
  const [name, ...rest] = hash.slice(1).split("?");
  return [name, rest.join("?")];
}

function hashOf(parameters) {
  const query = new URLSearchParams(parameters).toString();
  return query ? `#battles?${query}` : "#battles";
}

/** Go to a state of the list: a step that the browser's Back takes back. */
function go(parameters) {
  location.hash = hashOf(parameters);
}

/** Change the state without a step of its own, so that Back does not go through every letter that was typed. */
function replace(parameters) {
  location.replace(hashOf(parameters));
}

/** The form's values that are set. */
function read(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
}

function fill(form, filters) {
  for (const name of TEXT_FILTERS) {
    if (form.elements[name] !== document.activeElement) form.elements[name].value = filters[name] || "";
  }
  for (const name of Object.keys(ODD)) form.elements[name].checked = Boolean(filters[name]);
}

/** Put the choices that the arena has into the form. */
function offer(form, index) {
  const add = (name, values) => append(form.elements[name], values.map((value) => element("option", { value }, value)));
  const used = (column, names) => names.filter((_, place) => index.instructions[column].includes(place));
  add("expert", index.experts);
  add("opponent", index.experts);
  add("winner", [...index.experts, "(tie)", "(no verdict)"]);
  add("task", used("task", index.tasks));
  add("band", used("band", index.bands));
  add("language", [...index.languages, ...(index.instructions.language.includes(-1) ? [NONE_NAMED] : [])]);
}

start().catch((error) => {
  const said = `The battles cannot be shown: ${error.message}. The page needs a browser of 2023 or later.`;
  document.querySelector("main").prepend(element("p", { class: "notice", role: "alert" }, said));
});
