// The wall: selecting photos, saying something of all of them, walking with the arrow keys.

import { ask, correct, isTyping, longDate, report, say, tell, warn } from "/static/site.js";

const wall = document.getElementById("wall");
const bar = document.getElementById("selection");
const picked = new Set();
let last = null; // the tile from which a range begins

const tiles = () => [...wall.querySelectorAll("a.tile")];
const tileOf = (node) => node.closest?.("a.tile");

function mark(tile, isPicked) {
  tile.querySelector(".pick").setAttribute("aria-pressed", isPicked);
  if (isPicked) picked.add(tile.dataset.id); else picked.delete(tile.dataset.id);
}

function pick(tile, isRange) {
  const all = tiles();
  if (isRange && last) {
    const [from, to] = [all.indexOf(last), all.indexOf(tile)].sort((a, b) => a - b);
    for (const each of all.slice(from, to + 1)) mark(each, true);
  } else mark(tile, !picked.has(tile.dataset.id));
  last = tile;
  show();
}

function show() {
  bar.hidden = !picked.size;
  wall.classList.toggle("selecting", picked.size > 0);
  bar.querySelector("[data-count]").textContent = say("{count} selected", { count: picked.size });
}

function clear() {
  for (const tile of tiles()) if (picked.has(tile.dataset.id)) mark(tile, false);
  picked.clear();
  show();
}

wall?.addEventListener("click", (event) => {
  const tile = tileOf(event.target);
  if (!tile) return;
  if (event.target.closest(".pick") || event.shiftKey || picked.size) {
    event.preventDefault();
    pick(tile, event.shiftKey);
  } else remember();
});

// Drag from one circle over others to take them too.
let isDragging = false;
wall?.addEventListener("pointerdown", (event) => { isDragging = Boolean(event.target.closest(".pick")) && event.pointerType === "mouse"; });
addEventListener("pointerup", () => { isDragging = false; });
wall?.addEventListener("pointerover", (event) => {
  const tile = tileOf(event.target);
  if (!isDragging || !tile || picked.has(tile.dataset.id)) return;
  if (last === null && picked.size === 0) return;
  mark(tile, true);
  show();
});

// The photo page walks through the same photos.
function remember() {
  const more = wall.querySelector(".more")?.dataset.after ?? "";
  const ids = tiles().map((tile) => tile.dataset.id);
  sessionStorage.setItem("tagd-wall", JSON.stringify({ q: wall.dataset.q, ids, more }));
}

bar?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { action } = event.submitter.dataset;
  const tag = bar.elements.tag.value.trim();
  if (!tag) return bar.elements.tag.focus();
  try {
    report(await correct(action, tag, [...picked]));
    bar.elements.tag.value = "";
    clear();
  } catch (error) { warn(error); }
});

bar?.addEventListener("click", async (event) => {
  const { post, clear: clears } = event.target.dataset;
  if (clears !== undefined) return clear();
  if (!post) return;
  try {
    const done = await ask(post, { photos: [...picked] });
    if (post === "retag") tell(say("marked to be tagged again: {count}", { count: done.marked }));
    else tell(say("written: {count}", { count: done.written.length }));
    clear();
  } catch (error) { warn(error); }
});

function walk(tile, key) {
  const all = tiles(), at = all.indexOf(tile);
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  const box = tile.getBoundingClientRect(), middle = box.left + box.width / 2;
  const down = key === "ArrowDown";
  const others = (down ? all.slice(at + 1) : all.slice(0, at).reverse());
  const row = others.find((each) => Math.abs(each.offsetTop - tile.offsetTop) > 4 || each.parentNode !== tile.parentNode);
  if (!row) return null;
  const top = row.getBoundingClientRect().top;
  const near = others.filter((each) => Math.abs(each.getBoundingClientRect().top - top) < 4);
  const off = (each) => Math.abs(each.getBoundingClientRect().left + each.offsetWidth / 2 - middle);
  return near.sort((a, b) => off(a) - off(b))[0];
}

document.addEventListener("keydown", (event) => {
  if (!wall || isTyping(event)) return;
  const tile = tileOf(document.activeElement);
  if (event.key === "Escape") clear();
  else if (event.key.startsWith("Arrow") && tile) {
    event.preventDefault();
    const next = walk(tile, event.key);
    next?.focus();
    if (next && event.shiftKey) { if (!picked.has(tile.dataset.id)) mark(tile, true); mark(next, true); last = next; show(); }
  } else if (event.key.startsWith("Arrow") && event.key !== "ArrowUp" && !tile) tiles()[0]?.focus({ preventScroll: true });
  else if ((event.key === "x" || event.key === " ") && tile) { event.preventDefault(); pick(tile, false); }
  else if (event.key === "Enter" && tile && document.activeElement === tile) remember();
  else if (event.key === "t" && picked.size) { event.preventDefault(); bar.elements.tag.focus(); }
});

document.body.addEventListener("htmx:afterSettle", () => {
  for (const time of wall.querySelectorAll("time[datetime]")) if (time.textContent === time.dateTime) longDate(time);
});
document.addEventListener("tagd:changed", () => location.reload());
