// Drawing alone: bytes to canvases, points to a curve. Colours come from the style sheet, so that light and dark are told once.

const SVG = "http://www.w3.org/2000/svg";

export function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

// Returns 256 colours: from one at 0 over one in the middle, if there is one, to one at 255.
export function shades(...names) {
  const stops = names.map(colour), last = stops.length - 1;
  return Array.from({ length: 256 }, (_, level) => {
    const at = (level / 255) * last, k = Math.min(Math.floor(at), last - 1);
    return stops[k].map((low, c) => low + (stops[k + 1][c] - low) * (at - k));
  });
}

// Paints a canvas of width by height dots; what is behind the last byte stays clear.
export function paint(canvas, levels, width, height, table) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  levels.forEach((level, k) => image.data.set([...table[level], 255], 4 * k));
  context.putImageData(image, 0, 0);
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Draws curves of [samples, part] by the class that colours them.
export function curves(svg, all) {
  const width = svg.clientWidth || 600, height = svg.clientHeight || 210;
  const left = 40, right = 12, top = 8, bottom = 26;
  const most = Math.max(1, ...Object.values(all).flat().map(([at]) => at));
  const x = (at) => left + (at / most) * (width - left - right);
  const y = (part) => top + (1 - part) * (height - top - bottom);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(element("line", { class: "grid", x1: left, x2: width - right, y1: y(part), y2: y(part) }));
    svg.append(element("text", { x: left - 6, y: y(part) + 4, "text-anchor": "end" }, `${100 * part} %`));
  }
  svg.append(element("text", { x: left, y: height - 8 }, "0"));
  svg.append(element("text", { x: width - right, y: height - 8, "text-anchor": "end" }, `${most.toLocaleString("en")} samples`));
  for (const [name, points] of Object.entries(all)) {
    svg.append(element("polyline", { class: name, points: points.map(([at, part]) => `${x(at)},${y(part)}`).join(" ") }));
    const end = points[points.length - 1];
    if (end) svg.append(element("circle", { class: name, cx: x(end[0]), cy: y(end[1]), r: 3.5 }));
  }
}

// Draws how many there are of each number.
export function histogram(svg, bins) {
  const width = 300, height = 90, most = Math.max(1, ...bins.counts), step = width / bins.counts.length;
  svg.setAttribute("viewBox", `0 0 ${width} ${height + 16}`);
  bins.counts.forEach((count, k) => {
    const tall = (count / most) * height;
    svg.append(element("rect", { x: k * step + 0.5, y: height - tall, width: step - 1, height: tall }));
  });
  svg.append(element("line", { class: "grid", x1: 0, x2: width, y1: height, y2: height }));
  svg.append(element("text", { x: 0, y: height + 13 }, bins.low.toLocaleString("en")));
  svg.append(element("text", { x: width, y: height + 13, "text-anchor": "end" }, bins.high.toLocaleString("en")));
}
