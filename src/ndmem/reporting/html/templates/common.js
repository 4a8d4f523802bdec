"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
// Light enough for black text on any of them, and distinct for colour-blind readers.
const palette = ["#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99"];
const grey = "#c9ced6", besideColours = ["#c8b7e8", "#bbcc33", "#aaaa00"];
// A line has one colour in all charts: that of its layer in the timeline.
const lineColour = (number) => number < 0 ? grey : palette[number % palette.length];

function step(nbytes) {
  let at = 0;
  while (nbytes >= 1024 && at < units.length - 1) { nbytes /= 1024; at += 1; }
  return at;
}
function write(nbytes) {
  const at = step(nbytes);
  return `${Number((nbytes / 1024 ** at).toPrecision(3))} ${units[at]}`;
}
// Plotly interprets a few tags in its texts: names of the program must not become tags.
const inert = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const config = { displaylogo: false, responsive: true, displayModeBar: false, doubleClick: false, showTips: false };

// Without a height: Plotly forgets that of a layout when the window is resized. Each chart's height is in the style sheet.
function layout(more) {
  return {
    autosize: true,
    paper_bgcolor: colour("--back"), plot_bgcolor: colour("--back"), font: { color: colour("--text"), size: 13 },
    hoverlabel: { bgcolor: colour("--panel"), bordercolor: colour("--line"), font: { color: colour("--text") }, align: "left" },
    ...more,
  };
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const descending = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    showGroups(table, false);
    const value = (row) => row.cells[column].dataset.value;
    const rows = [...body.rows].filter((row) => row.className !== "group").sort((a, b) => value(a) === undefined
      ? a.cells[column].textContent.localeCompare(b.cells[column].textContent) : value(a) - value(b));
    body.append(...(descending ? rows.reverse() : rows));
  }));
}

// Rows of a group are together in the first order only.
function showGroups(table, shown) {
  table.dataset.sorted = shown ? "" : "sorted";
  for (const group of table.querySelectorAll(".group")) group.hidden = !shown;
}

function filter(table, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    const isLost = row.className === "group" && (wanted.length || table.dataset.sorted);
    row.hidden = Boolean(isLost) || !wanted.every((word) => text.includes(word));
  }
}

// Draws the charts now, and again when the theme changes.
function start(charts, draw) {
  const drawAll = () => {
    if (typeof Plotly !== "undefined") { draw(); return; }
    for (const id of charts.filter(find)) {
      find(id).className = "missing";
      find(id).textContent = "Plotly's JavaScript was not found: no charts; the tables have their figures.";
    }
  };
  const root = document.documentElement;
  // Paper is light, whatever the theme.
  let theme;
  addEventListener("beforeprint", () => { theme = root.dataset.theme; root.dataset.theme = "light"; drawAll(); });
  addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    drawAll();
  });
  find("theme").addEventListener("click", () => {
    const dark = getComputedStyle(root).colorScheme === "dark";
    root.dataset.theme = dark ? "light" : "dark";
    drawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  document.querySelectorAll("table:not(.code)").forEach(sortable);
  document.querySelectorAll("[data-filter]").forEach((input) => {
    input.addEventListener("input", () => filter(find(input.dataset.filter), input.value));
  });
  drawAll();
}
