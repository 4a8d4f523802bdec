function drawTimeline() {
  const { time, layers, native, rss, peak } = data.timeline;
  const totals = time.map((_, at) => layers.reduce((sum, layer) => sum + layer.nbytes[at], 0) + (native ? native[at] : 0));
  const at = step(Math.max(1, ...totals, ...rss.nbytes)), scale = 1024 ** at, unit = units[at];
  const shorten = (values) => values.map((nbytes) => Number((nbytes / scale).toPrecision(6)));
  const hover = `%{y:,.4~g} ${unit}<extra>%{fullData.name}</extra>`;
  const stacked = layers.map((layer, number) => ({
    name: inert(layer.name), x: time, y: shorten(layer.nbytes), stackgroup: "live", mode: "lines", hovertemplate: hover,
    line: { shape: "hv", width: 1, color: number === layers.length - 1 ? palette[6] : palette[number % 6] },
  }));
  if (native) {
    stacked.push({ name: "native blocks", x: time, y: shorten(native), stackgroup: "live", mode: "lines", hovertemplate: hover,
      line: { shape: "hv", width: 1, color: "#997700" } });
  }
  if (rss.time.length) {
    stacked.push({ name: "resident memory (RSS)", x: rss.time, y: shorten(rss.nbytes), mode: "lines", hovertemplate: hover,
      line: { dash: "dot", width: 1.5, color: colour("--dim") } });
  }
  const marks = peak ? [{ x: peak.time, y: peak.nbytes / scale, text: `peak of arrays ${write(peak.nbytes)}`, showarrow: true, arrowcolor: colour("--text"), ax: 0, ay: -24 }] : [];
  Plotly.react("timeline", stacked, layout({
    margin: { l: 64, r: 16, t: 36, b: 44 }, hovermode: "x", annotations: marks, height: 320 + 22 * stacked.length,
    xaxis: { title: { text: "seconds" }, gridcolor: colour("--line"), zerolinecolor: colour("--line") },
    yaxis: { title: { text: unit }, gridcolor: colour("--line"), zerolinecolor: colour("--line"), rangemode: "tozero" },
    legend: { orientation: "v", x: 0, xanchor: "left", y: -52 / 240, yanchor: "top", itemwidth: 30 },
  }), config);
}

function drawIcicle() {
  const measure = find("measure").value;
  const tree = data.icicles.trees[find("direction").value + (find("library").checked ? "-library" : "")];
  const total = tree.total[measure], values = tree.nbytes[measure];
  const shown = { ids: ["all"], parents: [""], labels: [`all ${write(total)}`], values: [total], text: [""], colors: ["#d0d7de"] };
  values.forEach((nbytes, node) => {
    if (nbytes * 1000 < total || !nbytes) return;
    const number = tree.label[node], [name, place, source] = data.icicles.labels[number];
    shown.ids.push(String(node));
    shown.parents.push(tree.parent[node] < 0 ? "all" : String(tree.parent[node]));
    shown.labels.push(inert(`${name} ${place}`));
    shown.values.push(nbytes);
    shown.text.push(`${write(nbytes)}, ${(100 * nbytes / total).toFixed(1)} %<br>${inert(source)}`);
    shown.colors.push(pale[number % 6]);
  });
  Plotly.react("icicle", [{
    type: "icicle", ids: shown.ids, parents: shown.parents, labels: shown.labels, values: shown.values, text: shown.text,
    branchvalues: "total", tiling: { orientation: "v" }, textinfo: "label", hovertemplate: "%{label}<br>%{text}<extra></extra>",
    marker: { colors: shown.colors, line: { width: 1, color: colour("--back") } }, pathbar: { visible: true }, sort: true,
    textfont: { color: "#000" }, insidetextfont: { color: "#000" }, outsidetextfont: { color: "#000" }, leaf: { opacity: 1 }, root: { color: "#d0d7de" },
  }], layout({ margin: { l: 8, r: 8, t: 28, b: 8 }, height: 440, annotations: total ? [] : [{ text: "none", showarrow: false }] }), config);
}

document.querySelectorAll("[data-show]").forEach((link) => link.addEventListener("click", () => {
  document.querySelectorAll('[data-filter^="arrays-"]').forEach((input) => {
    input.value = link.dataset.show;
    filter(find(input.dataset.filter), input.value);
  });
}));
for (const id of ["measure", "direction", "library"]) find(id).addEventListener("change", drawIcicle);
// The timeline is to be seen before the labels of the call stacks have been measured, which takes longest.
start(["timeline", "icicle"], () => { drawTimeline(); setTimeout(drawIcicle); });
