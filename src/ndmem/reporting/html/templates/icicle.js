// Parts of the icicle, the one selected by keyboard, and the one zoomed in to; ids are Plotly's.
const picture = { parts: new Map(), chosen: "all", level: "all" };

function cutParts() {
  const measure = find("measure").value, name = find("direction").value + (find("library").checked ? "-library" : "");
  const tree = data.icicles.trees[name];
  const { nbytes: sums, total } = measure === "chosen"
    ? sumChosen(tree, name) : { nbytes: tree.nbytes[measure], total: tree.total[measure] };
  const parts = new Map([["all", { parent: "", name: "all", place: "all", nbytes: total, source: "", color: grey, below: [] }]]);
  sums.forEach((nbytes, node) => {
    if (nbytes * 1000 < total || !nbytes) return;
    const [function_, place, source, line] = data.icicles.labels[tree.label[node]];
    const parent = tree.parent[node] < 0 ? "all" : String(tree.parent[node]);
    parts.set(String(node), { parent, name: `${function_} ${place}`, place, nbytes, source, color: lineColour(line), below: [] });
    parts.get(parent).below.push(String(node));
  });
  for (const part of parts.values()) part.below.sort((a, b) => parts.get(b).nbytes - parts.get(a).nbytes);
  return parts;
}

function describe({ name, nbytes, source }) {
  const share = `${write(nbytes)}, ${(100 * nbytes / Math.max(1, picture.parts.get("all").nbytes)).toFixed(1)} %`;
  return { name, share, source };
}

// Words that a part's function, place or source must contain; parts without them are faint.
function searchParts() {
  const words = find("stacks-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...picture.parts].filter(([id, { name, source }]) =>
    id !== "all" && words.length && words.every((word) => `${name} ${source}`.toLowerCase().includes(word)));
  const ids = new Set(found.map(([id]) => id));
  // A part inside another found one is part of its bytes.
  const outer = found.filter(([id]) => {
    for (let up = picture.parts.get(id).parent; up; up = picture.parts.get(up).parent) if (ids.has(up)) return false;
    return true;
  });
  const nbytes = outer.reduce((sum, [, part]) => sum + part.nbytes, 0);
  find("stacks-found").textContent = words.length
    ? `${found.length} ${found.length === 1 ? "part matches" : "parts match"}: ${write(nbytes)}` : "";
  return words.length ? ids : null;
}

function fills() {
  const found = searchParts();
  return [...picture.parts].map(([id, { color }]) => !found || found.has(id) ? color : colour("--panel"));
}

const inks = (colors) => colors.map((color) => color === colour("--panel") ? colour("--text") : "#000");

function edges() {
  const chosen = [...picture.parts.keys()].map((id) => id === picture.chosen && picture.chosen !== "all");
  return { width: chosen.map((is) => is ? 4 : 1), color: chosen.map((is) => is ? colour("--bad") : colour("--back")) };
}

// A label is cut to the part's width, so that it need not shrink below 9 pixels; a part without space for it has none.
function labels() {
  const inside = picture.parts.get(picture.level).nbytes || 1, width = find("icicle").clientWidth - 20;
  return [...picture.parts].map(([id, part]) => {
    if (id === "all") return `all ${write(part.nbytes)}`;
    const fits = Math.floor((Math.min(1, part.nbytes / inside) * width - 8) / 7.5);
    const { name, share, source } = describe(part), short = share.split(",")[0];
    const lines = [name.length > fits ? part.place : name, share.length > fits ? short : share, source].filter(Boolean);
    return fits < 4 ? "" : lines.map((line) => inert(line.length > fits ? `${line.slice(0, fits - 1)}\u2026` : line)).join("<br>");
  });
}

function drawIcicle() {
  Object.assign(picture, { parts: cutParts(), chosen: "all", level: "all" });
  const parts = [...picture.parts.values()], total = parts[0].nbytes;
  const texts = parts.map((part) => { const { share, source } = describe(part); return `${share}<br>${inert(source)}`; });
  const colors = fills();

  Plotly.react("icicle", [{
    type: "icicle", ids: [...picture.parts.keys()], parents: parts.map((part) => part.parent), level: "all",
    labels: parts.map((part, number) => number ? inert(part.name) : `all ${write(total)}`), values: parts.map((part) => part.nbytes), text: texts,
    branchvalues: "total", tiling: { orientation: "v" }, texttemplate: labels(), hovertemplate: "%{label}<br>%{text}<extra></extra>",
    // No path bar: Plotly 7.1 draws it with a height of NaN, and logs an error.
    marker: { colors, line: edges() }, pathbar: { visible: false }, sort: true,
    textfont: { color: inks(colors) }, insidetextfont: { color: inks(colors) }, outsidetextfont: { color: inks(colors) },
    leaf: { opacity: 1 }, root: { color: grey },
  }], layout({
    uniformtext: { minsize: 9, mode: "hide" }, margin: { l: 8, r: 8, t: 8, b: 8 },
    annotations: total ? [] : [{ text: "none", showarrow: false }],
  }), config);
  find("chosen").textContent = "";
  if (!find("icicle").dataset.listens) {
    find("icicle").dataset.listens = "clicks";
    find("icicle").on("plotly_icicleclick", ({ nextLevel }) => {
      choose(nextLevel || "all", nextLevel || "all");
      return false;  // Plotly would draw the same again, with the labels of the level before
    });
    find("icicle").on("plotly_relayout", ({ autosize }) => { if (autosize) Plotly.restyle("icicle", { texttemplate: [labels()] }); });
  }
}

function showChosen(id) {
  const { name, share, source } = describe(picture.parts.get(id));
  find("chosen").textContent = `${name}: ${share}${source ? `, ${source}` : ""}`;
}

function choose(id, level = picture.level) {
  Object.assign(picture, { chosen: id, level });
  const { width, color } = edges();
  Plotly.restyle("icicle", { level, "marker.line.width": [width], "marker.line.color": [color], texttemplate: [labels()] });
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
