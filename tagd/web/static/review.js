// Review: the wrong ones are marked, the rest is confirmed by one key.

import { ask, isTyping, part, say, tell, warn } from "/static/site.js";

const page = document.querySelector(".reviewing");
const deck = document.getElementById("deck");
const { label, name } = page.dataset;
let isBusy = false;

const doubts = () => [...deck.querySelectorAll(".doubt")];
const current = () => document.activeElement.closest?.(".doubt");

async function refresh() {
  deck.innerHTML = await part(`/review/${encodeURIComponent(label)}/wall`);
  doubts()[0]?.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

function toggle(doubt) {
  doubt.setAttribute("aria-pressed", doubt.getAttribute("aria-pressed") !== "true");
}

async function commit() {
  if (isBusy || !doubts().length) return;
  isBusy = true;
  const wrong = [], right = [];
  for (const each of doubts()) (each.getAttribute("aria-pressed") === "true" ? wrong : right).push(each.dataset.id);
  const runs = [];
  try {
    for (const [action, photos] of [["reject", wrong], ["confirm", right]]) {
      if (!photos.length) continue;
      const done = await ask("corrections", { action, tag: name, label, photos });
      if (done.run) runs.push(done.run);
    }
    await refresh();
  } catch (error) { return warn(error); } finally { isBusy = false; }
  tell(say("{count} wrong, {right} right", { count: wrong.length, right: right.length }), runs);
}

function walk(key) {
  const all = doubts(), at = all.indexOf(current());
  if (at < 0) return all[0]?.focus();
  const columns = getComputedStyle(deck.querySelector(".grid")).gridTemplateColumns.split(" ").length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key];
  all[at + step]?.focus();
}

deck.addEventListener("click", (event) => {
  const doubt = event.target.closest(".doubt");
  if (doubt) toggle(doubt);
  if (event.target.closest("[data-commit]")) commit();
});

document.addEventListener("keydown", (event) => {
  if (isTyping(event)) return;
  const isOnLink = document.activeElement.tagName === "A";
  if (event.key.startsWith("Arrow")) { event.preventDefault(); walk(event.key); }
  else if (event.key === "x" && current()) { event.preventDefault(); toggle(current()); }
  else if (event.key === "Enter" && !isOnLink) { event.preventDefault(); commit(); }
  else if (event.key === "n") deck.querySelector(".next")?.click();
});
document.addEventListener("tagd:changed", () => refresh().catch(warn));
doubts()[0]?.focus({ preventScroll: true });
