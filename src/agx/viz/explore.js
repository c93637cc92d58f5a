"use strict";
const data = JSON.parse(document.getElementById("data").textContent), nodes = data.nodes, groups = data.groups;
const F = data.forward.length, T = F + data.backward.length, space = "http://www.w3.org/2000/svg";
const readers = nodes.map(() => []), born = new Map(data.forward.map((n, i) => [n, i + 1]));
nodes.forEach((n, i) => n.inputs.forEach((a) => readers[a].push(i)));
const open = new Set(), hidden = (g) => !open.has(g);
let time = T, focus = null, view = {x: 0, y: 0, k: 1}, boxes = new Map(), edges = [], hits = [], hit = -1, timer = null;

const last = new Map(data.backward.length ? [[data.backward[0].node, data.backward[0].incoming]] : []);
data.backward.forEach((s) => s.to.forEach(([to, , , after]) => last.set(to, after)));
const brief = (s) => s.replace(/^\(.*\) of norm/, "norm");
const make = (tag, attributes = {}, ...inside) => {
  const svg = ["svg", "g", "rect", "text", "path", "marker", "defs", "title"].includes(tag);
  const element = svg ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    key.startsWith("on") ? element.addEventListener(key.slice(2), value) : element.setAttribute(key, value);
  element.append(...inside);
  return element;
};
const button = (text, label, act) => make("button", {type: "button", title: label, "aria-label": label, onclick: act}, text);

// --- the page
const find = make("input", {type: "search", placeholder: "search  /", "aria-label": "search nodes", oninput: search});
const slider = make("input", {type: "range", min: 0, max: T, value: T, "aria-label": "forward and backward pass", oninput: () => go(+slider.value)});
const step = make("output", {id: "step"}), canvas = make("g"), news = make("p", {id: "news", "aria-live": "polite"}), facts = make("div");
const svg = make("svg", {role: "application", "aria-label": "computational graph"}, make("defs", {}, make("marker", {id: "tip", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto"}, make("path", {d: "M0 1 8 4 0 7z"}))), canvas);
const playing = button("\u25b6", "play or pause (space)", play);
const help = make("dialog", {}, make("table", {}, ...[["arrows", "go along the graph, or move it"], ["Enter", "fold or unfold"], ["/", "search; Enter for the next"], ["space", "play or pause"], ["[ ]", "one step back or on"], ["+ - 0", "zoom, see all"], ["f u", "fold or unfold all"], ["d", "dark or light"], ["?", "these keys"]].map(([key, what]) => make("tr", {}, make("td", {}, key), make("td", {}, what)))), button("close", "close", () => help.close()));
document.body.append(
  make("header", {}, find, button("fold", "fold all (f)", () => fold(true)), button("unfold", "unfold all (u)", () => fold(false)), button("\u2212", "zoom out (-)", () => zoom(0.8)), button("+", "zoom in (+)", () => zoom(1.25)), button("all", "see all (0)", fit), button("\u25d0", "dark or light (d)", dark), button("?", "keys (?)", () => help.showModal())),
  make("main", {}, svg), make("aside", {}, facts, news),
  make("footer", {}, button("\u2039", "one step back ([)", () => go(time - 1)), playing, button("\u203a", "one step on (])", () => go(time + 1)), slider, step), help);

// --- what is seen: nodes, or the outermost folded group around them
const home = (i) => { for (const g of nodes[i].groups) if (hidden(g)) return "g" + g; return "n" + i; };
function seen() {
  const found = new Map(), absorbed = new Set();
  nodes.forEach((n, i) => { if (n.parameter && readers[i].length && readers[i].every((r) => home(r)[0] == "g") && new Set(readers[i].map(home)).size == 1) absorbed.add(i); });
  nodes.forEach((n, i) => {
    if (absorbed.has(i)) return;
    const name = n.op ? home(i) : "n" + i;
    if (!found.has(name)) found.set(name, {name, members: [], from: [], group: name[0] == "g" ? groups[name.slice(1)] : null});
    const box = found.get(name);
    box.members.push(i);
    n.inputs.forEach((a) => { if (!absorbed.has(a)) { const source = nodes[a].op ? home(a) : "n" + a; if (source != name && (name[0] == "n" || !box.from.includes(source))) box.from.push(source); } });
  });
  return found;
}

// --- layers, an order with few crossings, and places near the neighbours (see layout.py)
function lay() {
  boxes = seen();
  const list = [...boxes.values()], below = new Map(list.map((b) => [b.name, []])), left = new Map();
  list.forEach((b) => { left.set(b.name, b.from.length); b.rank = 0; b.from.forEach((s) => below.get(s).push(b.name)); });
  const ready = list.filter((b) => !b.from.length), sources = [...ready];
  for (const b of ready) for (const r of below.get(b.name)) {
    const to = boxes.get(r);
    to.rank = Math.max(to.rank, b.rank + 1);
    left.set(r, left.get(r) - 1);
    if (!left.get(r)) ready.push(to);
  }
  sources.forEach((b) => { const r = below.get(b.name); if (r.length) b.rank = Math.min(...r.map((n) => boxes.get(n).rank)) - 1; });
  const layers = [], put = new Set();
  for (const start of [...list].sort((a, b) => b.rank - a.rank)) {
    const stack = [start];
    while (stack.length) {
      const b = stack.pop();
      if (put.has(b)) continue;
      put.add(b);
      (layers[b.rank] ||= []).push(b);
      [...b.from].reverse().forEach((s) => stack.push(boxes.get(s)));
    }
  }
  list.forEach((b) => { b.lines = label(b); b.w = Math.max(60, ...[...b.lines, b.group ? "" : "grad " + brief(last.get(b.members[0]) || "")].map((l) => l.length * 6.5 + 16)); b.h = 14 * b.lines.length + 10; b.x = 0; b.weight = b.from.length ? 1 : 0.05; });
  const number = (layer) => layer.forEach((b, i) => { b.i = i; });
  layers.forEach(number);
  for (let sweep = 0; sweep < 6; sweep++) for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
    layer.forEach((b) => { const near = (sweep % 2 ? below.get(b.name) : b.from).map((n) => boxes.get(n).i); b.m = near.length ? near.reduce((a, c) => a + c) / near.length : b.i; });
    layer.sort((a, b) => a.m - b.m);
    number(layer);
  }
  layers.forEach((layer) => settle(layer, layer.map(() => 0)));
  for (let sweep = 0; sweep < 18; sweep++) for (const layer of sweep % 2 ? [...layers].reverse() : layers)
    settle(layer, layer.map((b) => {
      const near = (sweep > 11 ? [...b.from, ...below.get(b.name)] : sweep % 2 ? below.get(b.name) : b.from).map((n) => boxes.get(n)), sum = near.reduce((a, n) => a + n.weight, 0);
      return sum ? near.reduce((a, n) => a + n.weight * n.x, 0) / sum : b.x;
    }));
  let y = 0;
  for (const layer of layers) {
    const high = Math.max(...layer.map((b) => b.h));
    layer.forEach((b) => { b.y = y + high / 2; });
    y += high + 34;
  }
}
function settle(layer, wanted) {
  const blocks = [], offsets = [];
  layer.forEach((b, i) => {
    offsets[i] = i ? offsets[i - 1] + (layer[i - 1].w + b.w) / 2 + 16 : 0;
    let block = {w: b.weight, s: b.weight * (wanted[i] - offsets[i]), n: 1};
    while (blocks.length && blocks.at(-1).s * block.w >= block.s * blocks.at(-1).w) { const p = blocks.pop(); block = {w: p.w + block.w, s: p.s + block.s, n: p.n + block.n}; }
    blocks.push(block);
  });
  let i = 0;
  for (const block of blocks) for (let k = 0; k < block.n; k++, i++) layer[i].x = block.s / block.w + offsets[i];
}
function label(b) {
  if (b.group) return [b.group.path, b.group.module].map((l) => (l.length > 40 ? l.slice(0, 37) + "..." : l)).concat(nodes[b.members.at(-1)].shape);
  const n = nodes[b.members[0]], cut = n.value.length > 34 ? n.value.slice(0, 31) + "..." : n.value;
  return [n.op && n.title != n.op ? n.title + ": " + n.op : n.title, cut, "grad"];
}

// --- drawing
function draw() {
  lay();
  canvas.replaceChildren();
  edges = [];
  for (const b of boxes.values()) {
    const count = b.from.length;
    b.from.forEach((name, k) => {
      const a = boxes.get(name), x = b.x + (count > 1 ? (k / (count - 1) - 0.5) * Math.min(b.w * 0.6, 16 * (count - 1)) : 0), y0 = a.y + a.h / 2, y1 = b.y - b.h / 2, m = (y0 + y1) / 2;
      const path = make("path", {class: "edge", d: `M${a.x} ${y0}C${a.x} ${m} ${x} ${m} ${x} ${y1}`});
      edges.push({from: name, to: b.name, path});
      canvas.append(path);
    });
  }
  for (const b of boxes.values()) {
    const kind = b.group ? "module" : nodes[b.members[0]].kind;
    b.element = make("g", {class: "box " + kind, tabindex: 0, role: "button", "data-name": b.name, "aria-label": b.lines.join(", "), transform: `translate(${b.x} ${b.y})`, onfocus: () => tell(b), onmouseenter: () => tell(b), onclick: () => toggle(b)},
      make("rect", {x: -b.w / 2, y: -b.h / 2, width: b.w, height: b.h}), ...b.lines.map((l, i) => make("text", {y: -b.h / 2 + 16 + 14 * i}, l)));
    canvas.append(b.element);
  }
  go(time);
}
function fit() {
  const list = [...boxes.values()], area = svg.getBoundingClientRect();
  const x0 = Math.min(...list.map((b) => b.x - b.w / 2)), x1 = Math.max(...list.map((b) => b.x + b.w / 2)), y1 = Math.max(...list.map((b) => b.y + b.h / 2));
  const y0 = Math.min(...list.map((b) => b.y - b.h / 2)), k = Math.min(1.4, (area.width - 20) / (x1 - x0), (area.height - 20) / (y1 - y0));
  view = {k, x: (area.width - k * (x0 + x1)) / 2, y: (area.height - k * (y0 + y1)) / 2};
  move();
}
const move = () => canvas.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
function zoom(by, x, y) {
  const area = svg.getBoundingClientRect();
  x ??= area.width / 2; y ??= area.height / 2;
  const k = Math.min(6, Math.max(0.02, view.k * by));
  view = {k, x: x - (x - view.x) * (k / view.k), y: y - (y - view.y) * (k / view.k)};
  move();
}
function center(b) {
  const area = svg.getBoundingClientRect(), x = view.x + view.k * b.x, y = view.y + view.k * b.y;
  if (x < 40 || y < 30 || x > area.width - 40 || y > area.height - 30) { view.x += area.width / 2 - x; view.y += area.height / 2 - y; move(); }
  b.element.focus({preventScroll: true});
}

// --- folding
function toggle(b) {
  if (b.group) open.add(+b.name.slice(1));
  else {
    const inside = nodes[b.members[0]].groups;
    if (!inside.length || !nodes[b.members[0]].op) return;
    open.delete(inside.at(-1));
  }
  const first = b.members[0];
  draw();
  const now = boxes.get(home(first)) || boxes.get("n" + first);
  if (now) center(now);
}
function fold(all) {
  open.clear();
  for (const [number, g] of Object.entries(groups)) if (!all || g.above === null) open.add(+number);
  draw();
  fit();
}

// --- time
function go(t) {
  time = Math.max(0, Math.min(T, t));
  slider.value = time;
  const done = Math.max(0, time - F), grads = new Map(), now = done ? data.backward[done - 1] : null;
  if (time >= F && T > F) grads.set(data.backward[0].node, data.backward[0].incoming);
  for (const s of data.backward.slice(0, done)) for (const [to, , , after] of s.to) grads.set(to, after);
  const latest = done ? now.node : data.forward[time - 1];
  for (const b of boxes.values()) {
    const made = b.members.some((i) => !nodes[i].op || born.get(i) <= time);
    b.element.classList.toggle("later", !made);
    b.element.classList.toggle("now", b.members.includes(latest));
    if (!b.group) b.element.lastChild.textContent = grads.has(b.members[0]) ? "grad " + brief(grads.get(b.members[0])) : nodes[b.members[0]].kind == "constant" ? "" : "grad \u2013";
  }
  const reached = new Set(now ? now.to.map(([i]) => (nodes[i].op ? home(i) : "n" + i)) : []), source = now && home(now.node);
  edges.forEach((e) => e.path.classList.toggle("flow", e.to == source && reached.has(e.from)));
  step.textContent = time <= F ? `forward ${time} of ${F}` : `backward ${done} of ${T - F}`;
  if (now) news.textContent = `${nodes[now.node].title}: incoming ${now.incoming}\n` + now.to.map(([i, share, before, after]) => `${nodes[i].title}.grad: ${brief(before)} + ${brief(share)} = ${brief(after)}`).join("\n");
  else news.textContent = time ? `${nodes[latest].title} = ${nodes[latest].value}` : "the slider plays the forward pass, then the backward pass";
}
function play() {
  if (timer) { clearInterval(timer); timer = null; } else {
    if (time >= T) go(0);
    timer = setInterval(() => { go(time + 1); if (time >= T) play(); }, Math.max(60, Math.min(700, 20000 / T)));
  }
  playing.textContent = timer ? "\u23f8" : "\u25b6";
}

// --- telling and finding
function tell(b) {
  focus = b;
  const n = nodes[b.members.at(-1)], rows = b.group
    ? [["module", b.group.module], ["operations", b.members.length], ["result", n.shape + " " + n.dtype], ["value", n.about]]
    : [["operation", n.op || n.kind], ["rule", n.rules.join("; ")], ["shape", n.shape + " " + n.dtype], ["value", n.about], ["gradient", n.slope], ["module", n.groups.length ? groups[n.groups.at(-1)].path : ""], ["line", n.where]];
  facts.replaceChildren(make("h1", {}, b.group ? b.group.path : n.title), make("dl", {}, ...rows.filter(([, v]) => v !== "").flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, String(v))])));
}
const text = (b) => (b.lines.join(" ") + " " + b.members.map((i) => nodes[i].title + " " + nodes[i].op + " " + nodes[i].shape + " " + nodes[i].where).join(" ")).toLowerCase();
function search() {
  const wanted = find.value.trim().toLowerCase();
  hits = wanted ? [...boxes.values()].filter((b) => text(b).includes(wanted)) : [];
  hit = -1;
  boxes.forEach((b) => b.element.classList.toggle("hit", hits.includes(b)));
  news.textContent = wanted ? `${hits.length} found` : "";
}
function walk(key) {
  const b = boxes.get(focus.name);
  if (!b) return;
  const row = [...boxes.values()].filter((o) => o.rank == b.rank).sort((p, q) => p.x - q.x), at = row.indexOf(b);
  const to = {ArrowUp: boxes.get(b.from[0]), ArrowDown: [...boxes.values()].find((o) => o.from.includes(b.name)), ArrowLeft: row[at - 1], ArrowRight: row[at + 1]}[key];
  if (to) center(to);
}
function dark() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme == "dark" ? "light" : "dark";
}
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || help.open) return;
  if (e.target == find) {
    if (e.key == "Enter" && hits.length) { hit = (hit + 1) % hits.length; center(hits[hit]); find.focus(); tell(hits[hit]); }
    if (e.key == "Escape") { find.value = ""; search(); find.blur(); }
    return;
  }
  const onBox = document.activeElement?.dataset?.name, pan = {ArrowUp: [0, 40], ArrowDown: [0, -40], ArrowLeft: [40, 0], ArrowRight: [-40, 0]}[e.key];
  if (e.target == slider && e.key.startsWith("Arrow")) return;
  const act = {"/": () => find.focus(), " ": play, "[": () => go(time - 1), "]": () => go(time + 1), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit, f: () => fold(true), u: () => fold(false), d: dark, "?": () => help.showModal(), Enter: onBox ? () => toggle(boxes.get(onBox)) : null}[e.key];
  if (pan) { if (onBox) walk(e.key); else { view.x += pan[0]; view.y += pan[1]; move(); } } else if (act && !(e.key == " " && e.target.tagName == "BUTTON") && !(e.key == "Enter" && !onBox)) act(); else return;
  e.preventDefault();
});
svg.addEventListener("wheel", (e) => { const area = svg.getBoundingClientRect(); e.preventDefault(); zoom(Math.exp(-e.deltaY / 400), e.clientX - area.left, e.clientY - area.top); }, {passive: false});
let drag = null;
svg.addEventListener("pointerdown", (e) => { drag = {x: e.clientX - view.x, y: e.clientY - view.y}; });
addEventListener("pointermove", (e) => { if (drag) { view.x = e.clientX - drag.x; view.y = e.clientY - drag.y; move(); } });
addEventListener("pointerup", () => { drag = null; });
addEventListener("resize", fit);
fold(data.folded);
