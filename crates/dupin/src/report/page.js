// A click on a column's heading sorts by it; another turns the order round. Cells without a value stay last.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  for (const head of table.tHead.querySelectorAll("th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const column = head.cellIndex;
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const numeric = head.classList.contains("n");
      const key = (row) => {
        const cell = row.cells[column];
        return numeric ? (cell.dataset.v === undefined ? null : +cell.dataset.v) : cell.textContent.trim() || null;
      };
      const compare = (a, b) => (numeric ? a - b || 0 : a.localeCompare(b, undefined, { numeric: true }));
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return up ? compare(x, y) : compare(y, x);
      };
      body.append(...[...body.rows].sort(order));
    });
  }
}
