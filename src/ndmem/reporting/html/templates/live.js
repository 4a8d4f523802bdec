// The states of the program come as a stream; each has what is new of the timeline, and all tables.
const tail = (old, keep, added) => [...old.slice(0, keep), ...added];

function merge(old, { keep, keepRss, ...timeline }) {
  if (!keep && !keepRss) return timeline;
  const each = (before, after) => after.map((layer, at) => ({ ...layer, nbytes: tail(before[at].nbytes, keep, layer.nbytes) }));
  return {
    ...timeline,
    time: tail(old.time, keep, timeline.time),
    layers: each(old.layers, timeline.layers),
    beside: each(old.beside, timeline.beside),
    rss: { ...timeline.rss, time: tail(old.rss.time, keepRss, timeline.rss.time), nbytes: tail(old.rss.nbytes, keepRss, timeline.rss.nbytes) },
  };
}

let state = null, isHeld = false, isDirty = false;

function show() {
  isDirty = false;
  if (!state) return;
  say(find("program"), state.title);
  say(find("sentence"), state.sentence);
  say(find("about"), `${state.about}.`);
  document.title = `ndmem: ${state.title}`;
  fillGauges(state.gauges);
  fillLegend();
  fillTables(state);
  fillRange();
  drawTimeline();
}

// At most one drawing for each frame of the screen; none while the page is hidden or a range is being dragged.
function showSoon() {
  if (isDirty || isHeld || document.hidden) return;
  isDirty = true;
  requestAnimationFrame(show);
}

find("timeline").addEventListener("pointerdown", () => { isHeld = true; });
addEventListener("pointerup", () => { isHeld = false; showSoon(); });
addEventListener("pointercancel", () => { isHeld = false; showSoon(); });
document.addEventListener("visibilitychange", showSoon);

const connection = (text) => say(find("connection"), text);
const stream = new EventSource("events");
stream.addEventListener("open", () => connection(""));
stream.addEventListener("error", () => connection("The connection to ndmem is lost; these are the last figures. Trying again."));
stream.addEventListener("state", (event) => {
  const next = JSON.parse(event.data);
  data.timeline = merge(data.timeline, next.timeline);
  state = next;
  showSoon();
});
// What replaces this page is the report of the run.
stream.addEventListener("ended", (event) => {
  stream.close();
  const { says, report } = JSON.parse(event.data);
  connection(says);
  if (report) location.reload();
});
start(["timeline"], drawTimeline);
