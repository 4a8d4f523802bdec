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
// The timeline is drawn first: measuring the labels of the call stacks takes longest.
start(["timeline", "bands", "icicle"], () => { drawTimeline(); setTimeout(() => { drawBands(); setTimeout(drawIcicle); }); });
