"use strict";
// Its colours are those of paper, whatever the theme.
document.documentElement.dataset.theme = "light";
const figure = JSON.parse(document.getElementById("data").textContent);
Plotly.newPlot("figure", figure.data, figure.layout, { responsive: true, displaylogo: false });
