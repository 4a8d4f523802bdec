// What the pages of ndmem draw with: the core of Plotly, which has scatter, and the other traces that a page has.
const Plotly = require("plotly.js/lib/core");

Plotly.register([require("plotly.js/lib/bar"), require("plotly.js/lib/icicle")]);
module.exports = Plotly;
