// Tables that sort by any column: the button in a heading sorts by it, once more turns the order round.

function sortableTables() {
  for (const sorted of document.querySelectorAll("table.sortable")) {
    const heads = [...sorted.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        // Numbers begin with the largest, names with A.
        const numeric = head.classList.contains("number");
        const was = head.getAttribute("aria-sort");
        const order = was ? (was === "ascending" ? "descending" : "ascending") : numeric ? "descending" : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        sortRows(sorted.tBodies[0], column, numeric, order === "ascending" ? 1 : -1);
      });
    });
  }
}

function sortRows(body, column, numeric, sign) {
  const value = (row) => (numeric ? Number(row.cells[column].dataset.v) : row.cells[column].textContent);
  const compare = numeric ? (one, other) => one - other : (one, other) => one.localeCompare(other, "en");
  const rows = [...body.rows].sort((one, other) => sign * compare(value(one), value(other)));
  body.append(...rows);
}
