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

// Every figure can be saved as it is drawn here: as SVG with the page's own style, or as PNG at twice its size.
function picture(chart) {
  const alone = chart.cloneNode(true);
  const [, , width, height] = chart.getAttribute("viewBox").split(" ").map(Number);
  alone.setAttribute("width", width / 10);
  alone.setAttribute("height", height / 10);
  const style = document.createElementNS(chart.namespaceURI, "style");
  style.textContent = document.querySelector("style").textContent;
  const paper = document.createElementNS(chart.namespaceURI, "rect");
  for (const [name, value] of [["class", "paper"], ["width", "100%"], ["height", "100%"]]) paper.setAttribute(name, value);
  alone.prepend(style, paper);
  return new Blob([new XMLSerializer().serializeToString(alone)], { type: "image/svg+xml" });
}
async function pixels(chart) {
  const url = URL.createObjectURL(picture(chart));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
for (const figure of document.querySelectorAll("figure")) {
  const chart = figure.querySelector("svg");
  const line = document.createElement("p");
  line.className = "save";
  line.append("Save as ");
  for (const [kind, make] of [["SVG", picture], ["PNG", pixels]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = kind;
    button.addEventListener("click", async () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await make(chart));
      link.download = `${figure.id}.${kind.toLowerCase()}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    line.append(button, " ");
  }
  figure.querySelector("figcaption").append(line);
}
