"""Report as one page of HTML: a template, its data, and charts that Plotly draws from them; tables for notebooks."""
