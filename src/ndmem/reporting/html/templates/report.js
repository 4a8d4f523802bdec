"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const palette = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb"];
  // Light enough for black text on any of them.
  const pale = ["#a6c8e8", "#f4b6be", "#b4dcb8", "#e9e0a0", "#b8e6f5", "#dab6d0"];

  function step(nbytes) {
    let at = 0;
    while (nbytes >= 1024 && at < units.length - 1) { nbytes /= 1024; at += 1; }
    return at;
  }
  function write(nbytes) {
    const at = step(nbytes);
    return `${Number((nbytes / 1024 ** at).toPrecision(3))} ${units[at]}`;
  }
  // Plotly reads a few tags in its texts: what the program is called must not be one.
  const inert = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const config = { displaylogo: false, responsive: true, displayModeBar: false };

  function layout(more) {
    return {
      paper_bgcolor: colour("--back"), plot_bgcolor: colour("--back"), font: { color: colour("--text"), size: 13 },
      hoverlabel: { bgcolor: colour("--panel"), bordercolor: colour("--line"), font: { color: colour("--text") }, align: "left" },
      ...more,
    };
  }

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

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value;
      const rows = [...body.rows].sort((a, b) => value(a) === undefined
        ? a.cells[column].textContent.localeCompare(b.cells[column].textContent) : value(a) - value(b));
      body.append(...(descending ? rows.reverse() : rows));
    }));
  }

  function filter(table, words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
  }

  document.querySelectorAll("table:not(.code)").forEach(sortable);
  document.querySelectorAll("[data-filter]").forEach((input) => {
    input.addEventListener("input", () => filter(find(input.dataset.filter), input.value));
  });
  document.querySelectorAll("[data-show]").forEach((link) => link.addEventListener("click", () => {
    document.querySelectorAll('[data-filter^="arrays-"]').forEach((input) => {
      input.value = link.dataset.show;
      filter(find(input.dataset.filter), input.value);
    });
  }));
  for (const id of ["measure", "direction", "library"]) find(id).addEventListener("change", drawIcicle);

  function draw() {
    if (typeof Plotly === "undefined") {
      for (const id of ["timeline", "icicle"]) find(id).textContent = "Plotly's JavaScript was not found: no charts; the tables have their figures.";
      return;
    }
    drawTimeline();
    drawIcicle();
  }
  find("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = getComputedStyle(root).colorScheme === "dark";
    root.dataset.theme = dark ? "light" : "dark";
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
