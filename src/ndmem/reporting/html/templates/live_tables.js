// Tables that are filled again with each state. Rows are kept and only their texts change, so that a selection stays.
const figure = (nbytes, head) => ({ text: nbytes === null ? "?" : nbytes ? write(nbytes) : "-", value: nbytes ?? -1, head });

function fill(id, rows) {
  const body = find(id).tBodies[0];
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  while (body.rows.length < rows.length) body.insertRow();
  rows.forEach((cells, at) => {
    const row = body.rows[at];
    while (row.cells.length < cells.length) row.insertCell();
    cells.forEach((cell, column) => fillCell(row.cells[column], cell));
  });
  sortAgain(find(id));
}

function fillCell(place, { text = "", code, value, head, kind = "", colour: number }) {
  const name = value === undefined ? kind : "n";
  if (place.className !== name) place.className = name;
  if (value !== undefined) place.dataset.value = value;
  if (head) place.dataset.head = head;
  if (code === undefined) { say(place, text); return; }
  if (!place.firstChild) place.append(document.createElement("i"), document.createElement("code"));
  const [swatch, inside] = place.children;
  say(inside, code);
  swatch.className = number >= 0 ? "swatch" : "";
  if (number >= 0) swatch.style.backgroundColor = lineColour(number);
}

function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// A table that the user has sorted stays sorted.
function sortAgain(table) {
  const heads = [...table.tHead.rows[0].cells], column = heads.findIndex((head) => head.hasAttribute("aria-sort"));
  if (column < 0) return;
  const falls = heads[column].getAttribute("aria-sort") === "descending";
  const value = (row) => row.cells[column].dataset.value;
  const rows = [...table.tBodies[0].rows].sort((a, b) => value(a) === undefined
    ? a.cells[column].textContent.localeCompare(b.cells[column].textContent) : value(a) - value(b));
  table.tBodies[0].append(...(falls ? rows.reverse() : rows));
}

function fillLegend() {
  const { layers: lines, beside, rss, bounds } = data.timeline;
  const rows = [...lines, ...beside, ...(rss.time.length ? [rss] : []), ...bounds.map(({ name, nbytes }) => ({ name, nbytes: [nbytes] }))];
  const body = find("timeline-table").tBodies[0];
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  while (body.rows.length < rows.length) {
    const row = body.insertRow(), label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    box.dataset.row = body.rows.length - 1;
    const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
    label.append(box, swatch, document.createElement("span"));
    row.insertCell().append(label);
    row.insertCell();
    row.insertCell();
  }
  rows.forEach(({ name, nbytes }, at) => {
    const [label, now, highest] = body.rows[at].cells;
    say(label.querySelector("span"), name);
    fillCell(now, figure(nbytes.at(-1), "now"));
    fillCell(highest, figure(nbytes.reduce((most, each) => Math.max(most, each), 0), "highest"));
  });
}

function fillGauges(gauges) {
  const box = find("gauges");
  while (box.children.length > gauges.length) box.lastElementChild.remove();
  while (box.children.length < gauges.length) {
    const label = document.createElement("label");
    label.append(document.createElement("span"), document.createElement("b"), document.createElement("meter"));
    box.append(label);
  }
  gauges.forEach(({ name, nbytes, bound }, at) => {
    const [text, figures, meter] = box.children[at].children;
    say(text, name);
    say(figures, `${write(nbytes)} of ${write(bound)} (${percent(nbytes / bound).text})`);
    Object.assign(meter, { max: bound, high: 0.9 * bound, value: nbytes });
  });
}

const rest = (count, what, nbytes) => count ? `\u2026 and ${count.toLocaleString("en")} more ${what}${nbytes ? `: ${write(nbytes)}` : ""}. ` : "";

function rate(growth) {
  if (growth === null) return { text: "?", value: 0, head: "growth" };
  const text = Math.abs(growth) < 1 ? "-" : `${growth < 0 ? "-" : "+"}${write(Math.abs(growth))}/s`;
  return { text, value: growth, head: "growth", kind: "n" };
}

function percent(part) {
  const text = part > 0 && part < 0.01 ? "<1%" : `${Math.round(part * 100)}%`;
  return { text, value: part, head: "part" };
}

function fillTables({ lines, arrays, processes }) {
  fill("lines-table", lines.rows.map(([nbytes, part, growth, place, code, colour]) =>
    [figure(nbytes, "live"), percent(part), rate(growth), { text: place, kind: "place" }, { code, colour }]));
  say(find("lines-rest"), rest(lines.more, "lines", lines.nbytes));
  fill("arrays-table", arrays.rows.map(([nbytes, shape, dtype, name, role, place, code]) =>
    [figure(nbytes), { text: shape }, { text: dtype }, { code: name }, { text: role }, { text: place }, { code }]));
  say(find("arrays-rest"), rest(arrays.more, "arrays", arrays.nbytes) + (arrays.small ? `Smaller arrays: ${write(arrays.small)}.` : ""));
  const { rows, more } = processes;
  find("processes").hidden = find("processes-link").hidden = !rows.length;
  fill("processes-table", rows.map(([live, peak, native, rss, pid, text]) =>
    [figure(live, "live"), figure(peak, "peak"), figure(native, "native"), figure(rss, "RSS"), { text: String(pid), value: pid, head: "pid" }, { code: text }]));
  say(find("processes-rest"), rest(more, "processes"));
}
