// The largest arrays over time. Each lies on those that are older, and moves down when one of them is freed.
let pinned = -1;

function describeArray(number) {
  const { arrays, lines, kinds } = data.lifetimes, at = (column) => arrays[column][number], line = lines[at("line")];
  const [shape, dtype] = kinds[at("kind")];
  const died = at("died") === null ? "alive at the end" : `freed at ${at("died")} s`;
  return {
    what: `${at("name")}: ${write(at("nbytes"))}, shape ${shape}, dtype ${dtype}`,
    where: `${line.place} ${line.text}`, when: `allocated at ${at("born")} s, ${died}`, line,
  };
}

// The rectangles of a band: from, to and bottom of each.
function pieces(number) {
  const { arrays, steps } = data.lifetimes, moves = steps[number], found = [];
  for (let at = 0, from = arrays.born[number]; at < moves.length; at += 2) {
    const to = moves[at + 1] ?? arrays.died[number] ?? end();
    found.push([from, to, moves[at]]);
    from = to;
  }
  return found;
}

function outline(number) {
  const nbytes = data.lifetimes.arrays.nbytes[number], edges = pieces(number);
  const x = edges.flatMap(([from, to]) => [from, to]), y = edges.flatMap(([, , bottom]) => [bottom, bottom]);
  return { x: [...x, ...x.slice().reverse(), x[0]], y: [...y, ...y.slice().reverse().map((at) => at + nbytes), y[0]] };
}

const live = data.timeline.time.map((_, at) => data.timeline.layers.reduce((sum, each) => sum + each.nbytes[at], 0));
const highestLive = Math.max(1, ...live), bandUnit = step(highestLive), bandScale = 1024 ** bandUnit;

function drawBands() {
  if (!data.lifetimes || !data.lifetimes.steps.length) return;
  const { arrays, lines, steps } = data.lifetimes, { time } = data.timeline, scale = bandScale;
  const all = { x: time, y: live.map((nbytes) => nbytes / scale), mode: "lines", fill: "tozeroy", hoverinfo: "skip",
    line: { shape: "hv", width: 0, color: colour("--line") }, fillcolor: colour("--line"), name: "all arrays" };
  const bands = steps.map((_, number) => {
    const { x, y } = outline(number), { what, where, when } = describeArray(number);
    const color = lineColour(lines[arrays.line[number]].colour);
    // An edge in the page's colour would hide a band that is not much wider than the edge.
    const isThin = arrays.nbytes[number] / highestLive < 1 / 80 || Math.max(...x) - x[0] < end() / 300;
    const line = number === pinned ? { width: 3, color: colour("--bad") } : { width: isThin ? 1 : 0.5, color: isThin ? color : colour("--back") };
    return {
      x, y: y.map((nbytes) => nbytes / scale), mode: "lines", fill: "toself", fillcolor: color, line, hoveron: "fills",
      hoverinfo: "text", text: [what, where, when].map(inert).join("<br>"), name: String(number),
    };
  });
  const look = layout({
    margin: { l: 64, r: 16, t: 16, b: 48 }, hovermode: "closest", showlegend: false, shapes: chosenLines(),
    ...axes(units[bandUnit], 1.06 * highestLive / scale),
  });
  Plotly.react("bands", [all, ...bands], look, config).then(labelBands);
  listenToRanges("bands");
  if (find("bands").dataset.pins) return;
  find("bands").dataset.pins = "clicks";
  find("bands").on("plotly_click", ({ points: [{ curveNumber }] }) => pin(curveNumber - 1 === pinned ? -1 : curveNumber - 1));
}

function pin(number) {
  pinned = number;
  drawBands();
  const box = find("pinned");
  box.hidden = number < 0;
  if (number < 0) return;
  const { what, where, when, line } = describeArray(number);
  box.replaceChildren(`${what}, `, linkLine(line), `${where.slice(line.place.length)}, ${when}`);
}

// A name is written on a band where it fits: in its longest step on the screen.
function labelBands() {
  const { arrays, lines, steps } = data.lifetimes, { _fullLayout } = find("bands"), { xaxis, yaxis } = _fullLayout;
  const [from, to] = xaxis.range, width = xaxis._length / (to - from), tall = yaxis._length / yaxis.range[1];
  const annotations = [];
  steps.forEach((_, number) => {
    const nbytes = arrays.nbytes[number] / bandScale;
    if (nbytes * tall < 15) return;
    const ranges = pieces(number).map(([since, until, bottom]) => [Math.max(since, from), Math.min(until, to), bottom]);
    const [left, right, bottom] = ranges.reduce((best, each) => each[1] - each[0] > best[1] - best[0] ? each : best);
    const text = `${arrays.name[number] === "?" ? lines[arrays.line[number]].text : arrays.name[number]} ${write(arrays.nbytes[number])}`;
    if (text.length * 6.5 > (right - left) * width) return;
    annotations.push({
      x: (left + right) / 2, y: bottom / bandScale + nbytes / 2, text: inert(text), showarrow: false,
      captureevents: false, font: { size: 11, color: "#000" },
    });
  });
  if (JSON.stringify(annotations) !== JSON.stringify(find("bands").layout.annotations ?? [])) Plotly.relayout("bands", { annotations });
}
