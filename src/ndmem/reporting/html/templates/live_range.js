// A range of time that was chosen, in seconds; null for the whole run. It also zooms the timeline.
let chosen = null;

const view = () => chosen ?? [0, end()];
const chosenLines = () => [];

function listenToRanges(id) {
  const chart = find(id);
  if (chart.dataset.ranges) return;
  chart.dataset.ranges = "listens";
  chart.on("plotly_relayout", (change) => {
    const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
    if (from !== undefined) chooseRange([Math.max(from, 0), Math.min(to, end())]);
  });
  chart.on("plotly_doubleclick", () => chooseRange(null));
}

const seconds = (value) => Number(value.toPrecision(6));

function chooseRange(range) {
  chosen = range;
  find("from").value = range ? seconds(range[0]) : "";
  find("to").value = range ? seconds(range[1]) : "";
  find("whole").hidden = find("range").hidden = !range;
  drawTimeline();
  fillRange();
}

// The server computes it from what is alive; one question at a time, asked again with each state.
let asking = false;
async function fillRange() {
  if (!chosen || asking) return;
  asking = true;
  const [from, to] = chosen;
  try {
    const answer = await fetch(`range?from=${from}&to=${to}`);
    if (!answer.ok || !chosen) return;
    const { rows, says } = await answer.json();
    find("range-says").textContent = says;
    fill("range-table", rows.map(([nbytes, count, place, text, held]) =>
      [figure(nbytes, "live"), { text: count.toLocaleString("en"), value: count, head: "arrays" }, { text: place, kind: "place" }, { code: held }, { code: text }]));
  } catch {
    // The connection is lost, which the stream of states says.
  } finally {
    asking = false;
    if (chosen && (chosen[0] !== from || chosen[1] !== to)) fillRange();
  }
}

function readRange() {
  const from = find("from").valueAsNumber || 0, to = find("to").valueAsNumber;
  const last = Number.isNaN(to) ? end() : to;
  if (from !== last) chooseRange([Math.min(from, last), Math.max(from, last)]);
}

for (const id of ["from", "to"]) find(id).addEventListener("change", readRange);
find("whole").addEventListener("click", () => chooseRange(null));
