// Layers, one colour each: lines of the program, native memory above them, then resident memory and the limits.
function layer(name, nbytes, color) {
  return { name: inert(name), x: data.timeline.time, nbytes, stackgroup: "live", line: { shape: "hv", width: 1, color } };
}

function layers() {
  const { layers, beside, rss, bounds } = data.timeline, ends = [0, end()];
  const colours = ["#997700", "#555599"];
  return [
    ...layers.map(({ name, nbytes }, number) => layer(name, nbytes, number === layers.length - 1 ? palette[6] : palette[number % 6])),
    ...beside.filter(({ nbytes }) => Math.max(...nbytes) > 0).map(({ name, nbytes }, number) => layer(name, nbytes, colours[number])),
    ...(rss.time.length ? [{ name: rss.name, x: rss.time, nbytes: rss.nbytes, line: { dash: "dot", width: 1.5, color: colour("--dim") } }] : []),
    ...bounds.map(({ name, nbytes }) => ({
      name: `${inert(name)}: ${write(nbytes)}`, x: ends, nbytes: [nbytes, nbytes],
      line: { dash: "dash", width: 2, color: colour(name === "budget" ? "--mark" : "--bad") },
    })),
  ];
}

function end() {
  return Math.max(...data.timeline.time, ...data.timeline.rss.time);
}

// Aligned so that the text stays inside the chart.
function mark(peak, scale) {
  const part = peak.time / end(), xanchor = part < 0.2 ? "left" : part > 0.8 ? "right" : "center";
  return { x: peak.time, y: peak.nbytes / scale, text: `peak of arrays ${write(peak.nbytes)}`, xanchor, showarrow: true, arrowcolor: colour("--text"), ax: 0, ay: -24 };
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

function drawTimeline() {
  const highest = height(), at = step(highest), scale = 1024 ** at, unit = units[at], peak = data.timeline.peak;
  const shown = layers().map(({ nbytes, ...each }) => ({
    ...each, y: nbytes.map((value) => Number((value / scale).toPrecision(6))), mode: "lines",
    hovertemplate: `%{y:,.4~g} ${unit}<extra>%{fullData.name}</extra>`,
  }));
  Plotly.react("timeline", shown, layout({
    margin: { l: 64, r: 16, t: 36, b: 64 + 20 * shown.length }, hovermode: "x", annotations: peak ? [mark(peak, scale)] : [], height: 340 + 20 * shown.length,
    xaxis: { title: { text: "seconds", standoff: 8 }, gridcolor: colour("--line"), zerolinecolor: colour("--line"), range: [0, end()] },
    yaxis: { title: { text: unit }, gridcolor: colour("--line"), zerolinecolor: colour("--line"), range: [0, 1.06 * highest / scale] },
    legend: { orientation: "v", x: 0, xanchor: "left", yref: "container", y: 0, yanchor: "bottom", itemwidth: 30 },
  }), config);
}

// Parts of the icicle, the one selected by keyboard, and the one zoomed in to; ids are Plotly's.
const picture = { parts: new Map(), chosen: "all", level: "all" };

function cutParts() {
  const measure = find("measure").value;
  const tree = data.icicles.trees[find("direction").value + (find("library").checked ? "-library" : "")];
  const total = tree.total[measure];
  const parts = new Map([["all", { parent: "", name: "all", nbytes: total, source: "", color: "#d0d7de", below: [] }]]);
  tree.nbytes[measure].forEach((nbytes, node) => {
    if (nbytes * 1000 < total || !nbytes) return;
    const number = tree.label[node], [name, place, source] = data.icicles.labels[number];
    const parent = tree.parent[node] < 0 ? "all" : String(tree.parent[node]);
    parts.set(String(node), { parent, name: `${name} ${place}`, nbytes, source, color: pale[number % 6], below: [] });
    parts.get(parent).below.push(String(node));
  });
  for (const part of parts.values()) part.below.sort((a, b) => parts.get(b).nbytes - parts.get(a).nbytes);
  return parts;
}

function describe({ name, nbytes, source }) {
  const share = `${write(nbytes)}, ${(100 * nbytes / Math.max(1, picture.parts.get("all").nbytes)).toFixed(1)} %`;
  return { name, share, source };
}

function edges() {
  const chosen = [...picture.parts.keys()].map((id) => id === picture.chosen && picture.chosen !== "all");
  return { width: chosen.map((is) => is ? 4 : 1), color: chosen.map((is) => is ? colour("--bad") : colour("--back")) };
}

function drawIcicle() {
  Object.assign(picture, { parts: cutParts(), chosen: "all", level: "all" });
  const parts = [...picture.parts.values()], total = parts[0].nbytes;
  const texts = parts.map((part) => { const { share, source } = describe(part); return `${share}<br>${inert(source)}`; });
  Plotly.react("icicle", [{
    type: "icicle", ids: [...picture.parts.keys()], parents: parts.map((part) => part.parent), level: "all",
    labels: parts.map((part, number) => number ? inert(part.name) : `all ${write(total)}`), values: parts.map((part) => part.nbytes), text: texts,
    branchvalues: "total", tiling: { orientation: "v" }, textinfo: "label", hovertemplate: "%{label}<br>%{text}<extra></extra>",
    // No path bar: Plotly 7.1 draws it with a height of NaN, and logs an error.
    marker: { colors: parts.map((part) => part.color), line: edges() }, pathbar: { visible: false }, sort: true,
    textfont: { color: "#000" }, insidetextfont: { color: "#000" }, outsidetextfont: { color: "#000" }, leaf: { opacity: 1 }, root: { color: "#d0d7de" },
  }], layout({ margin: { l: 8, r: 8, t: 8, b: 8 }, height: 440, annotations: total ? [] : [{ text: "none", showarrow: false }] }), config);
  find("chosen").textContent = "";
  if (!find("icicle").dataset.listens) {
    find("icicle").dataset.listens = "clicks";
    find("icicle").on("plotly_icicleclick", ({ nextLevel }) => {
      picture.level = picture.chosen = nextLevel || "all";
      showChosen(picture.chosen);
    });
  }
}

function showChosen(id) {
  const { name, share, source } = describe(picture.parts.get(id));
  find("chosen").textContent = `${name}: ${share}${source ? `, ${source}` : ""}`;
}

function choose(id, level = picture.level) {
  Object.assign(picture, { chosen: id, level });
  const { width, color } = edges();
  Plotly.restyle("icicle", { level, "marker.line.width": [width], "marker.line.color": [color] });
  showChosen(id);
}

// For each key: the part to select, and the part to zoom in to.
const moves = {
  ArrowDown: (id, part) => [part.below[0] ?? id],
  ArrowUp: (id, part) => id === picture.level ? zoomOut(id) : [part.parent],
  ArrowRight: (id) => [beside(id, 1)],
  ArrowLeft: (id) => [beside(id, -1)],
  Enter: (id) => [id, id],
  Escape: () => zoomOut(picture.chosen),
};

function beside(id, way) {
  if (id === picture.level) return id;
  const row = picture.parts.get(picture.parts.get(id).parent).below;
  return row[row.indexOf(id) + way] ?? id;
}

function zoomOut(chosen) {
  const level = picture.parts.get(picture.level).parent || "all";
  return [chosen === picture.level ? level : chosen, level];
}

find("icicle").addEventListener("keydown", (event) => {
  const move = moves[event.key];
  if (!move || event.ctrlKey || event.altKey || event.metaKey || !picture.parts.size) return;
  event.preventDefault();
  choose(...move(picture.chosen, picture.parts.get(picture.chosen)));
});

document.querySelectorAll("[data-show]").forEach((link) => link.addEventListener("click", () => {
  document.querySelectorAll('[data-filter^="arrays-"]').forEach((input) => {
    input.value = link.dataset.show;
    filter(find(input.dataset.filter), input.value);
  });
}));
find("to-limit").addEventListener("change", drawTimeline);
for (const id of ["measure", "direction", "library"]) find(id).addEventListener("change", drawIcicle);
// The timeline is drawn first: measuring the labels of the call stacks takes longest.
start(["timeline", "icicle"], () => { drawTimeline(); setTimeout(drawIcicle); });
