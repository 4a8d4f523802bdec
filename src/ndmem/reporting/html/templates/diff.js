function drawTimelines() {
  const highest = Math.max(1, ...data.before.nbytes, ...data.after.nbytes);
  const at = step(highest), scale = 1024 ** at, unit = units[at];
  const lines = [["before", grey, "dot"], ["after", palette[0], "solid"]].map(([name, color, dash]) => ({
    name, x: data[name].time, y: data[name].nbytes.map((nbytes) => Number((nbytes / scale).toPrecision(6))), mode: "lines",
    line: { shape: "hv", width: 2, color: name === "before" ? colour("--dim") : color, dash },
    hovertemplate: `%{y:,.4~g} ${unit}<extra>%{fullData.name}</extra>`,
  }));
  Plotly.react("timelines", lines, layout({
    margin: { l: 64, r: 16, t: 24, b: 84 }, hovermode: "x",
    xaxis: { title: { text: "seconds", standoff: 8 }, gridcolor: colour("--line"), zerolinecolor: colour("--line") },
    yaxis: { title: { text: unit }, gridcolor: colour("--line"), zerolinecolor: colour("--line"), rangemode: "tozero" },
    legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom" },
  }), config);
}
start(["timelines"], drawTimelines);
