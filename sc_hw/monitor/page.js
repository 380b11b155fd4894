// Asks for what is new, again and again, and shows it. What comes is data: it is set as text or painted, never read as markup.

import { bytes, curves, histogram, paint, shades } from "./draw.js";

const at = (name) => document.getElementById(name);
const known = {};

function made(name, classes, text) {
  const one = document.createElement(name);
  if (classes) one.className = classes;
  if (text !== undefined) one.textContent = text;
  return one;
}

const show = {
  about(about) {
    document.title = `${about.title}: sc-hw monitor`;
    for (const name of ["title", "design", "line", "version"]) at(name).textContent = about[name];
  },

  status(status) {
    const words = { lost: "the line is gone", differs: "not as the golden model" };
    const state = words[status.state] ?? status.state;
    if (at("state").textContent !== state) at("state").textContent = state;  // a screen reader says each change
    at("text").textContent = status.text;
    at("state").parentElement.className = `status ${status.state}`;
    if (status.state === "lost") gone("What is shown below is the last that the chip said; nothing more comes.");
  },

  figures(figures) {
    at("figures").replaceChildren(...figures.map(({ name, value, good }) => {
      const box = made("div", good === undefined ? "" : good ? "good" : "bad");
      box.append(made("dt", "", name), made("dd", "", value));
      return box;
    }));
  },

  accuracy(accuracy) {
    at("window").textContent = `of the last ${accuracy.window}, each decided before it is learned`;
    at("accuracy").hidden = false;
    curves(at("curve"), { learning: accuracy.learning, "held-out": accuracy.held_out });
  },

  now(now) {
    at("now").hidden = false;
    paint(at("sample"), bytes(now.levels), now.width, now.height, shades("--quiet", "--spike"));
    at("label").textContent = now.label;
    at("decision").textContent = now.decision;
    const good = now.label === now.decision;
    at("verdict").textContent = good ? "right" : "wrong";
    at("verdict").className = `pill ${good ? "good" : "bad"}`;
  },

  raster(raster) {
    const rows = raster.groups.reduce((sum, group) => sum + group.rows, 0), levels = bytes(raster.levels);
    const all = new Uint8Array(rows * raster.width), from = raster.width - raster.columns;
    for (let row = 0; row < rows; row++) {
      all.set(levels.subarray(row * raster.columns, (row + 1) * raster.columns), row * raster.width + from);
    }
    at("raster").hidden = false;
    at("raster-text").textContent =
      `A column is a ${raster.unit}, the newest on the right, a row a neuron; the stronger, the more spikes. ${raster.source}` +
      (raster.marks.length ? " Below: blue where a sample was decided rightly, orange where not." : "");
    const canvas = at("spikes"), scale = rows < 20 ? 10 : rows < 40 ? 6 : rows < 90 ? 4 : 2;
    paint(canvas, all, raster.width, rows, shades("--quiet", "--spike"));
    canvas.style.height = `${rows * scale}px`;
    at("groups").replaceChildren(...raster.groups.map((group) => {
      const some = group.rows < group.units ? `${group.rows} of ${group.units}` : `${group.units}`;
      const name = made("span", "", `${group.name}, ${some}`);
      name.style.height = `${group.rows * scale}px`;
      return name;
    }));
    at("marks").hidden = raster.marks.length === 0;
    if (raster.marks.length) {
      const decided = new Uint8Array(raster.width).fill(128);
      let column = 0;
      for (const mark of raster.marks) {
        for (; column <= mark.at; column++) decided[from + column] = mark.good ? 255 : 0;
      }
      paint(at("marks"), decided, raster.width, 1, shades("--above", "--zero", "--below"));
      at("groups").append(made("span", "", "decided"));
    }
  },

  weights(weights) {
    const table = shades("--below", "--zero", "--above");
    at("weights").hidden = weights.length === 0;
    const fields = weights.some((part) => part.bins);
    at("held").textContent = fields ? "State" : "Weights";
    at("images").className = fields ? "fields" : "";
    at("images").replaceChildren(...weights.map((part) => {
      const box = made("div"), title = made("h3", "", `${part.name} `);
      title.append(made("span", "", `${part.legend}; full colour is ${part.reach.toLocaleString("en")}`));
      const tiles = made("div", part.count === 1 ? "one" : part.height === 1 ? "rows" : "tiles");
      const levels = bytes(part.levels), size = part.height * part.width;
      for (let k = 0; k < part.count; k++) {
        const figure = made("figure", part.read[k] === null ? "unread" : ""), canvas = made("canvas");
        paint(canvas, levels.subarray(k * size, (k + 1) * size), part.width, part.height, table);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", `${part.name}, image ${k}`);
        canvas.title = part.read[k] === null ? "not read yet" : `as of ${part.read[k].toLocaleString("en")}`;
        if (part.count > 1 && part.height === 1) figure.append(made("figcaption", "", `neuron ${k}`));
        figure.append(canvas);
        if (part.count > 1 && part.height > 1) figure.append(made("figcaption", "", k));
        tiles.append(figure);
      }
      if (part.bins) {
        const bars = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        bars.setAttribute("class", "bars");
        bars.setAttribute("role", "img");
        bars.setAttribute("aria-label", `How many of ${part.bins.of} hold which number`);
        histogram(bars, part.bins);
        tiles.append(bars);
      }
      box.append(title, tiles);
      return box;
    }));
  },
};

function gone(text) {
  at("gone").hidden = !text;
  at("gone").textContent = text;
}

async function follow() {
  let number = 0;
  for (;;) {
    let answer;
    try {
      const got = await fetch(`data?after=${number}`, { cache: "no-store" });
      if (!got.ok) throw new Error(got.status);
      answer = await got.json();
    } catch {
      if (!["done", "lost", "differs"].includes(known.status?.state)) {
        gone("sc-hw monitor has ended, and nothing more comes; what is shown is the last that it said.");
        at("state").textContent = "ended";
        at("state").parentElement.className = "status";
      }
      return;
    }
    number = answer.number;
    for (const [name, value] of Object.entries(answer.sections)) {
      known[name] = value;
      if (Object.hasOwn(show, name)) show[name](value);
    }
    await new Promise((go) => setTimeout(go, document.hidden ? 1000 : 100));
  }
}

function again() {
  for (const [name, value] of Object.entries(known)) if (Object.hasOwn(show, name)) show[name](value);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
addEventListener("resize", () => known.accuracy && show.accuracy(known.accuracy));
follow();
