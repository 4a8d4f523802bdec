// Parts of the icicle, the one selected by keyboard, and the one zoomed in to; ids are Plotly's.
const picture = { parts: new Map(), chosen: "all", level: "all" };

function cutParts() {
  const measure = find("measure").value, name = find("direction").value + (find("library").checked ? "-library" : "");
  const tree = data.icicles.trees[name];
  const { nbytes: sums, total } = measure === "chosen"
    ? sumChosen(tree, name) : { nbytes: tree.nbytes[measure], total: tree.total[measure] };
  const parts = new Map([["all", { parent: "", name: "all", nbytes: total, source: "", color: grey, below: [] }]]);
  sums.forEach((nbytes, node) => {
    if (nbytes * 1000 < total || !nbytes) return;
    const [function_, place, source, line] = data.icicles.labels[tree.label[node]];
    const parent = tree.parent[node] < 0 ? "all" : String(tree.parent[node]);
    parts.set(String(node), { parent, name: `${function_} ${place}`, nbytes, source, color: lineColour(line), below: [] });
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

function edges() {
  const chosen = [...picture.parts.keys()].map((id) => id === picture.chosen && picture.chosen !== "all");
  return { width: chosen.map((is) => is ? 4 : 1), color: chosen.map((is) => is ? colour("--bad") : colour("--back")) };
}

function drawIcicle() {
  Object.assign(picture, { parts: cutParts(), chosen: "all", level: "all" });
  const parts = [...picture.parts.values()], total = parts[0].nbytes;
  const texts = parts.map((part) => { const { share, source } = describe(part); return `${share}<br>${inert(source)}`; });
  const colors = fills(), dark = (color) => color.startsWith("#1") || color.startsWith("#2");

  Plotly.react("icicle", [{
    type: "icicle", ids: [...picture.parts.keys()], parents: parts.map((part) => part.parent), level: "all",
    labels: parts.map((part, number) => number ? inert(part.name) : `all ${write(total)}`), values: parts.map((part) => part.nbytes), text: texts,
    branchvalues: "total", tiling: { orientation: "v" }, texttemplate: parts.map((part, number) => number ? "%{label}<br>%{text}" : "%{label}"), hovertemplate: "%{label}<br>%{text}<extra></extra>",
    // No path bar: Plotly 7.1 draws it with a height of NaN, and logs an error.
    marker: { colors, line: edges() }, pathbar: { visible: false }, sort: true,
    insidetextfont: { color: colors.map((color) => dark(color) ? "#fff" : "#000") }, leaf: { opacity: 1 }, root: { color: grey },
  }], layout({ uniformtext: { minsize: 9, mode: "hide" }, margin: { l: 8, r: 8, t: 8, b: 8 }, annotations: total ? [] : [{ text: "none", showarrow: false }] }), config);
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
