"""The report as one page of HTML: a template, its data, and the charts that Plotly draws of them."""
