// Layers, one colour each: lines of the program, native memory above them, then resident memory and the limits.
const hiddenRows = new Set();

function end() {
  return Math.max(...data.timeline.time, ...data.timeline.rss.time);
}

// One for each row of the table below the chart, which is its legend.
function layers() {
  const { layers, beside, rss, bounds, time } = data.timeline, ends = [0, end()];
  const area = (each, color) =>
    ({ ...each, x: time, color, fillcolor: color, stackgroup: "live", line: { shape: "hv", width: 0.5, color } });
  const line = (each, color, style) => ({ ...each, color, line: { ...style, color } });
  return [
    ...layers.map((each, number) => area(each, number === layers.length - 1 ? grey : palette[number])),
    ...beside.map((each, number) => area(each, besideColours.at(number - beside.length))),
    ...(rss.time.length ? [line({ ...rss, x: rss.time }, colour("--dim"), { dash: "dot", width: 1.5 })] : []),
    ...bounds.map(({ name, nbytes }) => line(
      { name: `${name}: ${write(nbytes)}`, x: ends, nbytes: [nbytes, nbytes] },
      colour(name === "budget" ? "--mark" : "--bad"), { dash: "dash", width: 2 },
    )),
  ].map((each, row) => ({ ...each, row, visible: !hiddenRows.has(row) }));
}

// Aligned so that the text stays inside the chart; the lower of two near each other is written below its point.
function mark({ name, time, nbytes }, scale, below) {
  const part = time / end(), xanchor = part < 0.2 ? "left" : part > 0.8 ? "right" : "center";
  return {
    x: time, y: nbytes / scale, text: `${name} ${write(nbytes)}`, xanchor, showarrow: true, arrowcolor: colour("--text"),
    ax: 0, ay: below ? 30 : -24, bgcolor: colour("--back"), opacity: 0.9, captureevents: false,
  };
}

function marks(scale) {
  const { peaks } = data.timeline, [arrays, total] = peaks;
  const near = total && Math.abs(arrays.time - total.time) < 0.3 * end();
  return peaks.map((peak, number) => mark(peak, scale, near && number === 0));
}

// A limit far above the data would flatten the curve: it is drawn only if the user asks for it.
function height() {
  const { time, layers, beside, rss, bounds } = data.timeline;
  const sum = (at) => [...layers, ...beside].reduce((total, each) => total + each.nbytes[at], 0);
  const highest = Math.max(1, ...time.map((_, at) => sum(at)), ...rss.nbytes);
  const far = bounds.filter(({ nbytes }) => nbytes > 3 * highest);
  find("to-limit").parentElement.hidden = far.length === 0;
  const seen = find("to-limit").checked ? bounds : bounds.filter((bound) => !far.includes(bound));
  return Math.max(highest, ...seen.map(({ nbytes }) => nbytes));
}

// Time is the only axis that zooms: bytes always start at zero.
function axes(unit, top) {
  const lines = { gridcolor: colour("--line"), zerolinecolor: colour("--line") };
  return {
    xaxis: { title: { text: "seconds", standoff: 8 }, ...lines, range: view() },
    yaxis: { title: { text: unit }, ...lines, range: [0, top], fixedrange: true },
  };
}

function drawTimeline() {
  const highest = height(), at = step(highest), scale = 1024 ** at, unit = units[at], all = layers();
  const shown = all.map(({ nbytes, row, color, name, time, ...each }) => ({
    ...each, name: inert(name), y: nbytes.map((value) => Number((value / scale).toPrecision(6))), mode: "lines",
    hovertemplate: `%{y:,.4~g} ${unit}<extra>%{fullData.name}</extra>`,
  }));
  const look = layout({
    margin: { l: 64, r: 16, t: 36, b: 48 }, hovermode: "x unified", showlegend: false, annotations: marks(scale),
    shapes: chosenLines(), ...axes(unit, 1.06 * highest / scale),
  });
  look.hoverlabel.namelength = 40;
  Plotly.react("timeline", shown, look, config);
  colourLegend(all);
  listenToRanges("timeline");
}

function colourLegend(all) {
  document.querySelectorAll("#timeline-table [data-row]").forEach((box) => {
    box.nextElementSibling.style.backgroundColor = all[box.dataset.row].color;
  });
  document.querySelectorAll("[data-colour]").forEach((swatch) => {
    swatch.style.backgroundColor = lineColour(Number(swatch.dataset.colour));
  });
}

find("timeline-table").addEventListener("change", ({ target: box }) => {
  hiddenRows[box.checked ? "delete" : "add"](Number(box.dataset.row));
  drawTimeline();
});
find("to-limit").addEventListener("change", drawTimeline);
