"use strict";
const data = JSON.parse(document.getElementById("data").textContent), { nodes, forward, backward } = data;
const F = forward.length, T = F + backward.length;

// --- the page; texts are only ever set as text
function make(tag, given = {}, ...inside) {
  const svg = /^(svg|g|rect|text|path|defs|marker)$/.test(tag);
  const e = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(given)) key.startsWith("on") ? (e[key] = value) : e.setAttribute(key, value);
  e.append(...inside);
  return e;
}
const button = (text, label, act) => make("button", {type: "button", title: label, "aria-label": label, onclick: act}, text);
const list = (rows) => make("dl", {}, ...rows.filter(([, v]) => v || v === 0).flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, `${v}`)]));
const find = make("input", {type: "search", placeholder: "search  /", "aria-label": "search nodes", oninput: search});
const slider = make("input", {type: "range", min: 0, max: T, value: T, "aria-label": "forward and backward pass", oninput: () => { pause(); go(+slider.value); }});
const speed = make("select", {"aria-label": "speed"}, ...[["slow", 1600], ["normal", 700], ["fast", 200], ["fastest", 40]].map(([t, v]) => make("option", {value: v}, t)));
const step = make("output", {id: "step"}), canvas = make("g"), news = make("p", {id: "news", "aria-live": "polite"}), facts = make("div");
const svg = make("svg", {role: "group", tabindex: 0, "aria-label": "graph; arrow keys go along it"}, make("defs", {}, make("marker", {id: "tip", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto"}, make("path", {d: "M0 1 8 4 0 7z"}))), canvas);
const playing = button("\u25b6", "play or pause (space)", play);
const help = make("dialog", {"aria-label": "keys"}, list([["arrows", "go along the graph; with Shift, or with nothing chosen, move it"], ["Enter", "fold or unfold"], ["Escape", "choose nothing"], ["/", "search; Enter: next, Shift Enter: look inside"], ["space", "play or pause"], ["[ ]", "one step back or on"], ["< >", "slower, faster"], ["+ - 0", "zoom, see all"], ["f u", "fold or unfold all"], ["d", "dark or light"], ["?", "these keys"]]), button("close", "close", () => help.close()));
document.body.append(
  make("header", {}, find, ...["fold,fold all,f", "unfold,unfold all,u", "\u2212,zoom out,-", "+,zoom in,+", "all,see all,0", "\u25d0,dark or light,d", "?,keys,?"].map((b) => b.split(",")).map(([text, label, key]) => button(text, `${label} (${key})`, () => acts[key]()))),
  make("main", {}, svg), make("aside", {tabindex: 0, "aria-label": "what is known"}, news, facts),
  make("footer", {}, button("\u2039", "one step back ([)", () => acts["["]()), playing, button("\u203a", "one step on (])", () => acts["]"]()), slider, speed, step), help);

// --- what there is: nodes and calls of modules, each in the call around it; a parameter is in what alone reads it
const root = {parts: [], open: true}, groups = Object.entries(data.groups).map(([name, g]) => Object.assign(g, {name: "g" + name, parts: [], members: []}));
const named = new Map(groups.map((g) => [g.name, g])), links = [], born = new Map(forward.map((n, i) => [n, i + 1]));
groups.forEach((g) => { g.up = g.above === null ? root : named.get("g" + g.above); g.up.parts.push(g); });
nodes.forEach((n, i) => {
  Object.assign(n, {name: "n" + i, i, members: [i], readers: [], chain: n.groups.map((g) => named.get("g" + g))});
  n.inputs.forEach((a, k) => { if (typeof a === "number") { nodes[a].readers.push(n); links.push({a: nodes[a], b: n, k}); } });
});
for (const n of nodes) {
  if (n.parameter && !n.op && n.readers.length) n.chain = n.readers.map((r) => r.chain).reduce((p, q) => p.filter((g, i) => g === q[i]));
  n.up = n.chain.at(-1) || root;
  n.up.parts.push(n);
  if (n.op) n.chain.forEach((g) => g.members.push(n.i));
}
const around = (e) => (e.parts ? (e.up === root ? [e] : [...around(e.up), e]) : [...e.chain, e]);
const seen = (e) => around(e).find((g) => g.parts && !g.open) || e;
const result = (e) => nodes[e.members.at(-1)] || nodes.at(-1);
const brief = (s) => s.replace(/^\(.*\) of norm/, "norm"), cut = (s) => (s.length > 40 ? s.slice(0, 37) + "..." : s);
const ends = new Map(nodes.map((n) => [n.i, n.kind === "constant" ? "" : "grad \u2013"]));
grads(backward.length).forEach((g, i) => ends.set(i, "grad " + brief(g)));
const letters = document.createElement("canvas").getContext("2d");
letters.font = "600 12px system-ui,sans-serif";
const wide = (text) => letters.measureText(text).width;
const shown = (e) => (e.parts ? [cut(e.path), cut(e.module), result(e).shape] : [cut(e.op && e.title !== e.op ? `${e.title}: ${e.op}` : e.title), cut(e.value), ""]);

// --- layers inside of each call, an order with few crossings, and places near the neighbours (see layout.py)
function lay(group) {
  for (const e of group.parts) {
    if (e.open) { lay(e); continue; }
    e.lines = shown(e);
    e.w = Math.max(60, ...[...e.lines, ends.get(e.i) || ""].map(wide)) + 18;
    e.h = 16 * e.lines.length + 9;
  }
  const ranks = rank(group), of = new Map();
  const points = group.parts.map((e) => ({e, w: e.w, h: e.h, rank: ranks.get(e), from: [], to: [], weight: e.parts || e.op ? 1 : 0.05}));
  points.forEach((p) => of.set(p.e, p));
  for (const {edge, from, to} of [...group.edges.map((e) => ({edge: e, ...e})), ...group.entries]) {  // a point for each layer that it goes past
    let p = of.get(from);
    const end = of.get(to), first = p ? p.rank + 1 : 0;
    for (let r = first; r < end.rank && end.rank - first < 24; r++) {
      const q = {w: 2, h: 0, rank: r, from: p ? [p] : [], to: [], weight: 0.5, group};
      p?.to.push(q);
      edge.past.push(q);
      points.push(q);
      p = q;
    }
    p?.to.push(end);
    if (p) end.from.splice(from ? end.from.length : end.from.length >> 1, 0, p);  // what comes from outside, in the middle
  }
  const layers = ordered(points), inner = group !== root;
  settle(layers);
  const left = Math.min(...layers.map((l) => l[0].x - l[0].w / 2)), right = Math.max(...layers.map((l) => l.at(-1).x + l.at(-1).w / 2));
  const side = inner ? Math.max(14, (wide(`${cut(group.path)}  ${cut(group.module)}`) + 34 - right + left) / 2) : 0;
  let y = inner ? 34 : 0;
  for (const layer of layers) {
    const h = layer.reduce((m, p) => Math.max(m, p.h), 0);
    for (const p of layer) {
      p.x += side - left;
      p.y = [y, y + h];
      if (p.e) { p.e.dx = p.x - p.w / 2; p.e.dy = y + (h - p.h) / 2; }
    }
    y += h + 34;
  }
  group.w = right - left + 2 * side;
  group.h = y - 34 + (inner ? 14 : 0);
}
function rank({parts, edges}) {
  const after = new Map(parts.map((e) => [e, []])), left = new Map(), ranks = new Map(parts.map((e) => [e, 0]));
  for (const {from, to} of edges) { after.get(from).push(to); left.set(to, (left.get(to) || 0) + 1); }
  const sources = parts.filter((e) => !left.get(e)), ready = [...sources];
  for (const e of ready) for (const t of after.get(e)) {
    ranks.set(t, Math.max(ranks.get(t), ranks.get(e) + 1));
    left.set(t, left.get(t) - 1);
    if (!left.get(t)) ready.push(t);
  }
  for (const e of sources) if (after.get(e).length) ranks.set(e, after.get(e).reduce((m, t) => Math.min(m, ranks.get(t)), 1e9) - 1);
  return ranks;
}
function ordered(points) {
  const found = [], put = new Set();
  for (const start of [...points].sort((a, b) => b.rank - a.rank)) for (const stack = [start]; stack.length;) {
    const p = stack.pop();
    if (put.has(p)) continue;
    put.add(p);
    (found[p.rank] ||= []).push(p);
    stack.push(...[...p.from].reverse());
  }
  const layers = found.filter(Boolean), number = (l) => l.forEach((p, i) => { p.i = i; });
  layers.forEach(number);
  for (let sweep = 0; sweep < 6; sweep++) for (const l of sweep % 2 ? [...layers].reverse() : layers) {
    for (const p of l) { const near = sweep % 2 ? p.to : p.from; p.m = near.length ? near.reduce((s, q) => s + q.i, 0) / near.length : p.i; }
    l.sort((p, q) => p.m - q.m);
    number(l);
  }
  return layers;
}
function settle(layers) {
  layers.flat().forEach((p) => { p.x = 0; });
  for (let sweep = 0; sweep < 19; sweep++) for (const l of sweep % 2 ? layers : [...layers].reverse()) {
    const blocks = [];
    let offset = 0, i = 0;
    l.forEach((p, j) => {
      offset = p.offset = j ? offset + (l[j - 1].w + p.w) / 2 + 18 : 0;
      const near = sweep > 12 ? [...p.from, ...p.to] : sweep % 2 ? p.from : p.to, sum = near.reduce((s, q) => s + q.weight, 0);
      let block = {w: p.weight, s: p.weight * ((sweep && sum ? near.reduce((s, q) => s + q.weight * q.x, 0) / sum : p.x) - offset), n: 1};
      while (blocks.length && blocks.at(-1).s * block.w >= block.s * blocks.at(-1).w) { const b = blocks.pop(); block = {w: b.w + block.w, s: b.s + block.s, n: b.n + block.n}; }
      blocks.push(block);
    });
    for (const b of blocks) for (let k = 0; k < b.n; k++, i++) l[i].x = b.s / b.w + l[i].offset;
  }
}

// --- drawing
let time = T, focus = null, view = {x: 0, y: 0, k: 1}, drawn = new Map(), edges = [], hits = [], hit = -1, timer = 0, moved = false;
const notes = make("g", {class: "notes"});
function join() {  // an edge belongs to the innermost call around both of its ends
  const known = new Map();
  for (const g of [root, ...groups]) { g.edges = []; g.entries = []; }
  for (const link of links) {
    const start = seen(link.a), end = seen(link.b);
    link.edge = null;
    if (start === end) continue;
    const key = start.parts || end.parts ? `${start.name} ${end.name}` : link;
    if (!known.has(key)) {
      const p = around(start), q = around(end), i = p.findIndex((e, k) => e !== q[k]), edge = {start, end, from: p[i], to: q[i], k: link.k, past: []};
      known.set(key, edge);
      p[i].up.edges.push(edge);
      q.slice(i, -1).forEach((g, j) => { if (g.open) g.entries.push({edge, to: q[i + j + 1]}); });
    }
    link.edge = known.get(key);
  }
  return [...known.values()];
}
function draw() {
  edges = join();
  lay(root);
  drawn = new Map();
  const layers = [0, 0, 0].map(() => make("g"));
  (function place(group, x, y) {
    Object.assign(group, {x, y});
    for (const e of group.parts) {
      Object.assign(e, {x: x + e.dx, y: y + e.dy});
      drawn.set(e, box(e));
      layers[e.open ? 0 : 2].append(drawn.get(e));
      if (!e.open) continue;
      layers[2].append(make("text", {class: "title", x: e.x + 12, y: e.y + 20}, `\u25be ${cut(e.path)}  ${cut(e.module)}`));
      place(e, e.x, e.y);
    }
  })(root, 0, 0);
  const arriving = new Map();
  for (const e of edges) arriving.set(e.end, [...(arriving.get(e.end) || []), e]);
  for (const [b, all] of arriving) {
    const from = (e) => (e.past.length ? e.past.at(-1).group.x + e.past.at(-1).x : e.start.x + e.start.w / 2);
    all.sort((p, q) => from(p) - from(q) || p.k - q.k).forEach((e, k) => {
      const a = e.start, points = [[a.x + a.w / 2, a.y + a.h]];
      for (const p of e.past) points.push(...p.y.map((y) => [p.group.x + p.x, p.group.y + y]));
      points.push([b.x + b.w / 2 + (all.length > 1 ? (k / (all.length - 1) - 0.5) * Math.min(b.w * 0.6, 16 * (all.length - 1)) : 0), b.y]);
      const d = points.slice(1).map(([x1, y1], i) => { const [x0, y0] = points[i], m = (y0 + y1) / 2; return `C${x0} ${m} ${x1} ${m} ${x1} ${y1}`; });
      layers[1].append(e.path = make("path", {class: "edge", d: `M${points[0]}${d.join("")}`}));
    });
  }
  canvas.replaceChildren(...layers, notes);
  go(time);
}
function box(e) {
  const lines = e.open ? [] : e.lines;
  return make("g", {class: e.open ? "frame" : "box " + (e.parts ? "module" : e.kind), tabindex: e === focus ? 0 : -1, role: "button", "data-name": e.name, "aria-label": lines.filter(Boolean).join(", ") || e.path, transform: `translate(${e.x} ${e.y})`, ...(e.parts && {"aria-expanded": !!e.open}),
    onfocus: () => choose(e), onmouseenter: () => tell(e), onmouseleave: () => tell(focus), onclick: () => { if (!moved) e.parts ? toggle(e) : center(e); }},
    make("rect", {width: e.w, height: e.h}), ...lines.map((l, i) => make("text", {x: e.w / 2, y: 17 + 16 * i}, l)));
}
function fit(least = 0) {  // at first the text can be read, and the result be seen
  const w = svg.clientWidth, h = svg.clientHeight, k = Math.max(least, Math.min(1.4, (w - 20) / root.w, (h - 20) / root.h)), last = seen(nodes.at(-1));
  view = {k, x: w / 2 - k * (root.w * k > w ? last.x + last.w / 2 : root.w / 2), y: Math.min(h - 12 - k * root.h, (h - k * root.h) / 2)};
  move();
}
const move = () => canvas.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
function zoom(by, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
  const k = Math.min(6, Math.max(0.02, view.k * by));
  view = {k, x: x - (x - view.x) * (k / view.k), y: y - (y - view.y) * (k / view.k)};
  move();
}
function reveal(e) {
  const w = svg.clientWidth, h = svg.clientHeight, x = view.x + view.k * (e.x + e.w / 2), y = view.y + view.k * (e.y + (e.open ? 17 : e.h / 2));
  if (x < 40 || y < 30 || x > w - 40 || y > h - 30) { view.x += w / 2 - x; view.y += h / 2 - y; move(); }
}
function choose(e) {
  drawn.get(focus)?.setAttribute("tabindex", -1);
  focus = e;
  drawn.get(e)?.setAttribute("tabindex", 0);
  tell(e);
}
function center(e) {
  reveal(e);
  drawn.get(e).focus({preventScroll: true});
}

// --- folding
function toggle(e) {
  const g = e.parts ? e : e.up, {x, y} = e;
  if (g === root) return;
  g.open = !g.open;
  draw();
  view.x += view.k * (x - g.x);  // it stays where the pointer is
  view.y += view.k * (y - g.y);
  move();
  center(g);
}
function fold(all) {
  for (const g of groups) g.open = !all || g.up === root;
  focus = null;
  draw();
  fit(0.6);
}

// --- time
function grads(done) {
  const found = new Map(backward.length ? [[backward[0].node, backward[0].incoming]] : []);
  for (const s of backward.slice(0, done)) for (const [to, , , after] of s.to) found.set(to, after);
  return found;
}
function go(t) {
  time = Math.max(0, Math.min(T, t));
  slider.value = time;
  const done = Math.max(0, time - F), known = time >= F ? grads(done) : new Map(), now = done ? backward[done - 1] : null;
  const latest = nodes[done ? now.node : forward[time - 1]], at = latest && seen(latest), made = (i) => !nodes[i].op || born.get(i) <= time;
  for (const [e, element] of drawn) {
    element.classList.toggle("later", !made(e.members[0] ?? 0));
    element.classList.toggle("now", e === at);
    if (e.parts) continue;
    element.lastChild.textContent = known.has(e.i) ? "grad " + brief(known.get(e.i)) : ends.get(e.i) && "grad \u2013";
    element.children[2].textContent = made(e.i) ? e.lines[1] : "\u2026";
  }
  const reached = new Set(now ? now.to.map(([i]) => i) : []), flowing = new Set(links.filter((l) => l.b === latest && reached.has(l.a.i)).map((l) => l.edge));
  edges.forEach((e) => e.path.classList.toggle("flow", flowing.has(e)));
  const arrived = new Map();
  if (now && (time < T || timer)) for (const [i, share] of now.to) arrived.set(seen(nodes[i]), (arrived.get(seen(nodes[i])) || "") + ` + ${brief(share)}`);
  arrived.delete(at);
  notes.replaceChildren(...[...arrived].map(([e, text]) => {
    const w = wide(text) + 12;
    return make("g", {transform: `translate(${e.x + e.w / 2} ${e.y + e.h + 3})`}, make("rect", {x: -w / 2, width: w, height: 20}), make("text", {y: 14}, text));
  }));
  step.textContent = time <= F ? `forward ${time} of ${F}` : `backward ${done} of ${T - F}`;
  if (now) news.textContent = `${nodes[now.node].title}: incoming ${now.incoming}\n` + now.to.map(([i, share, before, after]) => `${nodes[i].title}.grad: ${(/norm/.test(share) ? [brief(before), ", ", brief(share), " added: "] : [before, " + ", share, " = "]).join("")}${brief(after)}`).join("\n");
  else news.textContent = time ? `${latest.title} = ${latest.value}` : "the slider plays the forward pass, then the backward pass";
  if (timer && at) reveal(at);
}
function pause() {
  timer = clearTimeout(timer);
  playing.textContent = "\u25b6";
}
function play() {
  if (timer) return pause();
  const next = () => {
    timer = setTimeout(next, +speed.value);
    go(time + 1);
    if (time >= T) pause();
  };
  playing.textContent = "\u23f8";
  timer = setTimeout(next, +speed.value);
  go(time >= T ? 0 : time);
}

// --- telling and finding
function tell(e) {
  if (!e) return facts.replaceChildren("Point at a box, or go to it with Tab and the arrows. ? lists the keys.");
  const n = result(e);
  const rows = e.parts ? [["module", e.module], ["parameters", e.parameters.toLocaleString("en")], ["operations", e.members.length]] : [["operation", n.op || n.kind], ["rule", n.rules.join("; ")], ["inputs", n.inputs.map((a) => (typeof a === "number" ? nodes[a].title : a)).join(", ")]];
  rows.push(["shape", `${n.shape} ${n.dtype}`], ["value", n.about], ["gradient", n.slope]);
  if (!e.parts) rows.push(["module", n.chain.at(-1)?.path], ["line", n.where]);
  facts.replaceChildren(make("h1", {}, e.parts ? e.path : n.title), list(rows));
}
const words = (e) => (e.parts ? [e.path, e.module, ...e.parts.map(words)] : [e.title, e.op, e.shape, e.where, e.chain.at(-1)?.path]).join(" ").toLowerCase();
function search() {
  const wanted = find.value.trim().toLowerCase();
  hits = wanted ? [...drawn.keys()].filter((e) => !e.open && words(e).includes(wanted)) : [];
  hit = -1;
  drawn.forEach((element, e) => element.classList.toggle("hit", hits.includes(e)));
  news.textContent = wanted ? `${hits.length} found` : "";
}
function next(inside) {
  if (inside && hits[hit]?.parts) { toggle(hits[hit]); search(); }
  hit = (hit + 1) % hits.length;
  center(hits[hit]);
  find.focus();
  news.textContent = `${hit + 1} of ${hits.length} found`;
}
function walk(key) {
  const boxes = [...drawn.keys()].filter((e) => !e.open), b = focus || seen(nodes.at(-1)), mid = (e) => [e.x + e.w / 2, e.y + e.h / 2];
  const sign = key === "ArrowLeft" ? -1 : 1, away = (e) => { const x = sign * (mid(e)[0] - mid(b)[0]); return x > 1 ? x + 4 * Math.abs(mid(e)[1] - mid(b)[1]) : 1e9; };
  const to = !focus ? b : key === "ArrowUp" ? b.open ? b.parts.at(-1) : edges.filter((e) => e.end === b).sort((p, q) => p.k - q.k)[0]?.start
    : key === "ArrowDown" ? b.open ? b.parts[0] : edges.find((e) => e.start === b)?.end : boxes.reduce((p, q) => (away(q) < away(p) ? q : p));
  if (to) center(to);
}
const page = document.documentElement.dataset;
page.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
const faster = (by) => { speed.selectedIndex = Math.max(0, Math.min(3, speed.selectedIndex + by)); };
const acts = {"/": () => find.focus(), " ": play, "[": () => go(time - 1), "]": () => go(time + 1), "<": () => faster(-1), ">": () => faster(1), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit(), f: () => fold(true), u: () => fold(false), d: () => { page.theme = page.theme === "dark" ? "light" : "dark"; }, "?": () => help.showModal(),
  Escape: () => { document.activeElement.blur(); choose(null); }};
document.addEventListener("keydown", (e) => {
  const on = e.target, graph = on === svg || on === document.body || svg.contains(on);
  if (e.ctrlKey || e.metaKey || e.altKey || help.open) return;
  if (on === find) {
    if (e.key === "Enter" && hits.length) next(e.shiftKey);
    if (e.key === "Escape") { find.value = ""; search(); find.blur(); }
    return;
  }
  if (e.key.startsWith("Arrow")) {
    if (!graph) return;
    const side = {ArrowUp: [0, 40], ArrowDown: [0, -40], ArrowLeft: [40, 0], ArrowRight: [-40, 0]}[e.key];
    if (on !== document.body && !e.shiftKey) walk(e.key);
    else { view.x += side[0]; view.y += side[1]; move(); }
  } else if (e.key === "Enter" && svg.contains(on) && focus) toggle(focus);
  else if (e.key in acts && !(e.key === " " && /BUTTON|SELECT/.test(on.tagName))) acts[e.key]();
  else return;
  e.preventDefault();
});
svg.addEventListener("wheel", (e) => { const area = svg.getBoundingClientRect(); e.preventDefault(); zoom(Math.exp(-e.deltaY / 400), e.clientX - area.left, e.clientY - area.top); }, {passive: false});
let drag = null;
svg.addEventListener("pointerdown", (e) => { drag = {x: e.clientX - view.x, y: e.clientY - view.y, at: [e.clientX, e.clientY]}; moved = false; });
addEventListener("pointermove", (e) => {
  if (!drag) return;
  moved ||= Math.hypot(e.clientX - drag.at[0], e.clientY - drag.at[1]) > 4;
  if (moved) { view.x = e.clientX - drag.x; view.y = e.clientY - drag.y; move(); }
});
addEventListener("pointerup", () => { drag = null; });
addEventListener("resize", () => fit(0.6));
speed.value = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1600 : 700;
fold(data.folded);
tell(null);
