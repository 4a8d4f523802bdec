// A range of moments, by their numbers, that the call stacks, the lines and the arrays below are about: what was allocated
// after the first and is alive at the last. A moment is the range from the start. Null: the peak and the end.
let chosen = null;
let zoomed = null;

const view = () => zoomed ?? [0, end()];
// Several moments can be at the start; the first is before any array.
const momentAt = (seconds) => seconds > 0 ? Math.max(0, data.timeline.time.findLastIndex((time) => time <= seconds + 1e-6)) : 0;
const secondsOf = (moment) => Number(data.timeline.time[moment].toPrecision(6));

function chosenLines() {
  if (!chosen) return [];
  return (chosen.from ? [chosen.from, chosen.to] : [chosen.to]).map((moment) => ({
    type: "line", x0: data.timeline.time[moment], x1: data.timeline.time[moment], y0: 0, y1: 1, yref: "paper",
    line: { width: 2, color: colour("--mark"), dash: "dot" },
  }));
}

const isChosen = (first, last) => first > chosen.from && first <= chosen.to && last > chosen.to;

function chosenSpans() {
  const { first, last } = data.lifetimes.spans;
  return first.map((_, number) => number).filter((number) => isChosen(first[number], last[number]));
}

// Bytes of each part of an icicle, with all below it; parents come before their children.
function sumChosen(tree, name) {
  const { spans, stacks } = data.lifetimes, nbytes = tree.parent.map(() => 0);
  let total = 0;
  for (const number of chosenSpans()) {
    const place = stacks[name][spans.stack[number]];
    total += spans.nbytes[number];
    if (place >= 0) nbytes[place] += spans.nbytes[number];
  }
  for (let node = nbytes.length - 1; node >= 0; node -= 1) if (tree.parent[node] >= 0) nbytes[tree.parent[node]] += nbytes[node];
  return { nbytes, total };
}

function chooseRange(range) {
  chosen = range;
  const active = Boolean(range), option = document.querySelector('#measure [value="chosen"]');
  option.hidden = option.disabled = !active;
  if (active) option.textContent = range.from ? "allocated in the range, alive at its end" : `alive at ${secondsOf(range.to)} s`;
  if (active || find("measure").value === "chosen") find("measure").value = active ? "chosen" : "peak";
  find("from").value = active ? secondsOf(range.from) : "";
  find("to").value = active ? secondsOf(range.to) : "";
  find("whole").hidden = !active && !zoomed;
  drawTimeline();
  drawBands();
  drawIcicle();
  fillLines();
  fillArrays();
}

function writeRange() {
  const to = `${secondsOf(chosen.to)} s`;
  return chosen.from ? `allocated between ${secondsOf(chosen.from)} s and ${to}, and alive at ${to}` : `alive at ${to}`;
}

function fillLines() {
  const table = find("lines-table");
  if (!table) return;
  for (const cell of table.querySelectorAll(".chosen")) cell.hidden = !chosen;
  const rows = [...table.tBodies[0].rows], sums = new Map();
  if (chosen) {
    const { spans, stacks } = data.lifetimes;
    for (const number of chosenSpans()) {
      const line = stacks.row[spans.stack[number]];
      sums.set(line, (sums.get(line) ?? 0) + spans.nbytes[number]);
    }
  }
  for (const cell of table.tBodies[0].querySelectorAll(".chosen")) {
    const nbytes = sums.get(Number(cell.parentElement.dataset.line)) ?? 0;
    cell.dataset.value = nbytes;
    cell.textContent = nbytes ? write(nbytes) : "-";
  }
  const nbytes = (row) => sums.get(Number(row.dataset.line)) ?? 0;
  table.tBodies[0].append(...rows.sort((a, b) => nbytes(b) - nbytes(a) || a.dataset.line - b.dataset.line));
  showGroups(table, !chosen);
  for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  if (chosen) table.tHead.querySelector(".chosen").setAttribute("aria-sort", "descending");
}

function fillArrays() {
  const box = find("arrays-chosen");
  box.hidden = !chosen;
  find("range-says").textContent = "";
  if (!chosen) return;
  const { arrays, spans } = data.lifetimes, found = chosenSpans();
  const nbytes = found.reduce((sum, number) => sum + spans.nbytes[number], 0);
  const count = found.reduce((sum, number) => sum + spans.count[number], 0);
  const listed = arrays.first.map((_, number) => number).filter((number) => isChosen(arrays.first[number], arrays.last[number]))
    .sort((a, b) => arrays.nbytes[b] - arrays.nbytes[a]).slice(0, 500);
  find("arrays-chosen-title").textContent = `Arrays ${writeRange()}: ${write(nbytes)}`;
  find("arrays-chosen-table").tBodies[0].replaceChildren(...listed.map(arrayRow));
  const rest = count - listed.length, others = nbytes - listed.reduce((sum, number) => sum + arrays.nbytes[number], 0);
  find("arrays-chosen-rest").textContent = rest > 0 ? `${rest.toLocaleString("en")} other arrays: ${write(others)}.` : "";
  const left = chosen.from ? 0 : live[chosen.to] - nbytes;
  const small = left > 0 ? `; ${write(left)} more in smaller arrays, which have no lifetimes here` : "";
  find("range-says").textContent = `${count.toLocaleString("en")} ${count === 1 ? "array" : "arrays"} ${writeRange()}: ${write(nbytes)}${small}. `
    + "The call stacks, the lines and the arrays below show them.";
}

// The line in the source, if the page shows it.
function linkLine({ place, row }) {
  if (!find(`line-${row}`)) return place;
  return Object.assign(document.createElement("a"), { href: `#line-${row}`, textContent: place });
}

function arrayRow(number) {
  const { arrays, lines, kinds } = data.lifetimes, line = lines[arrays.line[number]], row = document.createElement("tr");
  const add = (text, value) => {
    const cell = row.insertCell();
    if (value !== undefined) { cell.className = "n"; cell.dataset.value = value; }
    cell.textContent = text;
    return cell;
  };
  add(write(arrays.nbytes[number]), arrays.nbytes[number]);
  for (const text of [...kinds[arrays.kind[number]], arrays.name[number]]) add(text);
  const died = arrays.died[number];
  add(`${arrays.born[number]} s`, arrays.born[number]).dataset.head = "allocated";
  add(died === null ? "-" : `${died} s`, died ?? end() + 1).dataset.head = "freed";
  add("").append(linkLine(line));
  const code = document.createElement("code");
  code.textContent = line.text;
  add("").append(code);
  return row;
}

// Zooming chooses the range that is seen, in both charts; a click chooses a moment; a double click ends both.
function listenToRanges(id) {
  const chart = find(id);
  if (chart.dataset.ranges) return;
  chart.dataset.ranges = "listens";
  chart.on("plotly_relayout", (change) => {
    const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
    if (id === "bands" && change.autosize) labelBands();
    if (from === undefined) return;
    zoomed = [Math.max(from, 0), Math.min(to, end())];
    chooseRange(data.lifetimes ? { from: momentAt(from), to: momentAt(to) } : null);
  });
  chart.on("plotly_doubleclick", showWhole);
  if (id === "timeline" && data.lifetimes) chart.on("plotly_click", ({ points: [{ x }] }) => chooseRange({ from: 0, to: momentAt(x) }));
}

function showWhole() {
  zoomed = null;
  chooseRange(null);
}

function readRange() {
  const { from, to } = { from: find("from").valueAsNumber || 0, to: find("to").valueAsNumber };
  if (Number.isNaN(to)) return;
  chooseRange({ from: momentAt(Math.min(from, to)), to: momentAt(Math.max(from, to)) });
}

if (data.lifetimes) for (const id of ["from", "to"]) find(id).addEventListener("change", readRange);
find("whole").addEventListener("click", showWhole);
