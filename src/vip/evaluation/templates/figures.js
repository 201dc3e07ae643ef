"use strict";

// Figures: colours are names of CSS variables, so that they follow the page between light and dark.
const figures = [...document.querySelectorAll(".plot")].map((element) => ({
  element,
  figure: JSON.parse(element.querySelector("script").textContent),
}));

function coloured(value, style) {
  if (typeof value === "string") return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
  if (Array.isArray(value)) return value.map((entry) => coloured(entry, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, coloured(entry, style)]));
}

function drawFigures() {
  const style = getComputedStyle(document.documentElement);
  const family = getComputedStyle(document.body).fontFamily;
  for (const { element, figure } of figures) {
    const { data, layout } = coloured(figure, style);
    layout.font.family = family;
    Plotly.react(element, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
}

drawFigures();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawFigures);
