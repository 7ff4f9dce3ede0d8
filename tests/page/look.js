// Gives what is wrong with the page, by kind, and how many drawings it has.
(() => {
  const wrong = [];
  const say = (what, e) => wrong.push(what + ": " + (e.id || e.textContent || e.tagName).slice(0, 80));
  const within = (inner, outer) =>
    inner.left >= outer.left - 0.5 && inner.right <= outer.right + 0.5 && inner.top >= outer.top - 0.5 && inner.bottom <= outer.bottom + 0.5;

  if (document.documentElement.scrollWidth > innerWidth) say("the page is wider than the screen", document.documentElement);
  if (document.scripts.length > 0) say("there is a script", document.scripts[0]);
  if ("hostile" in window) say("a name was run", document.body);
  for (const e of document.querySelectorAll("h1, h2, h3, p, dt, dd, caption, figure"))
    if (e.scrollWidth > e.clientWidth + 1) say("text is cut off", e);
  for (const e of document.querySelectorAll("td, th"))
    if (e.scrollWidth > e.clientWidth + 1) say("a cell is too narrow", e);
  for (const e of document.querySelectorAll("th"))
    if (!e.scope) say("a header without scope", e);
  for (const e of document.querySelectorAll("table"))
    if (!e.caption) say("a table without a caption", e);
  for (const e of document.querySelectorAll("main a"))
    if (!document.getElementById(e.hash.slice(1))) say("a link that leads nowhere", e);

  for (const figure of document.querySelectorAll("figure.drawing"))
    if (!figure.querySelector("svg g.box")) say("a drawing of nothing", figure.parentElement);
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    if (!svg.checkVisibility() || frame.width < 20 || frame.height < 20) say("a drawing can't be seen", svg);
    for (const id of svg.getAttribute("aria-labelledby").split(" "))
      if (!document.getElementById(id)?.textContent) say("a drawing without title or description", svg);
    for (const box of svg.querySelectorAll("g.box")) {
      const rect = box.querySelector("rect").getBoundingClientRect();
      if (rect.width < 2 || rect.height < 2 || !within(rect, frame)) say("a node can't be seen", box);
      if (!box.querySelector("text")) say("a node without text", box);
      for (const text of box.querySelectorAll("text")) {
        if (!within(text.getBoundingClientRect(), rect)) say("text sticks out of its node", text);
        const ink = getComputedStyle(text).fill, ground = getComputedStyle(box.querySelector("rect")).fill;
        if (contrast(ink, ground) < 4.5) say("text is hard to read, " + ink + " on " + ground, text);
      }
    }
    for (const edge of svg.querySelectorAll("path.edge"))
      if (edge.getTotalLength() < 2 || !within(edge.getBoundingClientRect(), frame)) say("an edge can't be seen", edge);
  }
  for (const e of document.querySelectorAll("body, .quiet, .verdict")) {
    const ground = getComputedStyle(document.body).backgroundColor;
    if (contrast(getComputedStyle(e).color, ground) < 4.5) say("text is hard to read", e);
  }
  return { wrong, drawings: document.querySelectorAll("figure.drawing").length, ids: new Set([...document.querySelectorAll("[id]")].map(e => e.id)).size === document.querySelectorAll("[id]").length };

  // WCAG 2.2, contrast ratio.
  function contrast(a, b) {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  }
  function luminance(color) {
    const [r, g, b] = color.match(/[0-9.]+/g).map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
})()
