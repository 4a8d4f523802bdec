document.querySelectorAll("[data-show]").forEach((link) => link.addEventListener("click", () => {
  document.querySelectorAll('[data-filter^="arrays-"]').forEach((input) => {
    input.value = link.dataset.show;
    filter(find(input.dataset.filter), input.value);
  });
}));
for (const id of ["measure", "direction", "library"]) find(id).addEventListener("change", drawIcicle);
find("stacks-search").addEventListener("input", () => {
  if (!picture.parts.size) return;
  const colors = fills(), color = [inks(colors)];
  Plotly.restyle("icicle", { "marker.colors": [colors], "insidetextfont.color": color, "textfont.color": color });
});
// At first the timeline is drawn alone: measuring the labels of the call stacks takes longest.
const later = (draw) => document.readyState === "loading" ? setTimeout(draw) : draw();
start(["timeline", "bands", "icicle"], () => { drawTimeline(); later(() => { drawBands(); later(drawIcicle); }); });
