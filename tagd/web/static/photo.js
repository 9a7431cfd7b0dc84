// One photo: judging its tags by keys, and its neighbours.

import { ask, completing, correct, dated, isTyping, part, report, warn } from "/static/site.js";

const page = document.querySelector(".photo");
const side = document.getElementById("tags");
const { id, q } = page.dataset;

async function refresh(focused) {
  const fresh = await part(`/photo/${id}/tags`);
  const open = [...side.querySelectorAll("details")].map((each) => each.open);
  const typed = side.querySelector(".add input"), isTyped = typed === document.activeElement;
  side.innerHTML = fresh;
  side.querySelectorAll("details").forEach((each, number) => { each.open = open[number]; });
  prepare();
  if (isTyped && !focused) {  // what is being typed goes on
    const input = side.querySelector(".add input");
    input.value = typed.value;
    input.focus();
  }
  side.querySelector(`[data-label="${CSS.escape(focused ?? "")}"]`)?.focus();
}

function prepare() {
  for (const time of side.querySelectorAll("time[data-seconds]")) dated(time);
  completing(side.querySelector("[data-complete]"));
}
for (const time of side.querySelectorAll("time[data-seconds]")) dated(time);

async function judge(action, tag) {
  try {
    report(await correct(action, tag.dataset.name, [id], { label: tag.dataset.label }));
    await refresh(tag.dataset.label);
  } catch (error) { warn(error); }
}

side.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) judge(button.dataset.action, button.closest(".tag"));
});

side.addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = event.target.elements.tag;
  if (!input.value.trim()) return;
  try {
    const done = await correct("add", input.value.trim(), [id]);
    report(done);
    await refresh(done.label);
  } catch (error) { warn(error); }
});

function move(step) {
  const tags = [...side.querySelectorAll(".tag")];
  const at = tags.indexOf(document.activeElement.closest?.(".tag"));
  tags[at < 0 ? (step > 0 ? 0 : tags.length - 1) : Math.min(Math.max(at + step, 0), tags.length - 1)]?.focus();
}

// Neighbours: as the wall was that this photo was opened from.
const wall = JSON.parse(sessionStorage.getItem("tagd-wall") ?? "null");
const back = document.querySelector(".turn.back"), on = document.querySelector(".turn.on");
const to = (photo) => `/photo/${photo}${q ? `?q=${encodeURIComponent(q)}` : ""}`;

function lead(turn, photo) {
  if (!photo) return;
  turn.href = to(photo);
  turn.hidden = false;
  new Image().src = `/api/v1/photos/${photo}/picture?large=true`;
}

async function neighbours() {
  if (!wall || wall.q !== q) return;
  const at = wall.ids.indexOf(id);
  if (at < 0) return;
  if (at === wall.ids.length - 1 && wall.more) {
    const more = await ask(`photos?limit=60&q=${encodeURIComponent(q)}&after=${wall.more}`);
    wall.ids.push(...more.items.map((item) => item.photo_id).filter(Boolean));
    wall.more = more.next ?? "";
    sessionStorage.setItem("tagd-wall", JSON.stringify(wall));
  }
  lead(back, wall.ids[at - 1]);
  lead(on, wall.ids[at + 1]);
}
neighbours().catch(() => {});

const zoom = () => page.classList.toggle("zoomed");
document.querySelector(".zoom").addEventListener("click", zoom);

document.addEventListener("keydown", (event) => {
  if (isTyping(event)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const tag = document.activeElement.closest?.(".tag");
  const actions = {
    ArrowRight: () => on.hidden || on.click(),
    ArrowLeft: () => back.hidden || back.click(),
    ArrowDown: () => move(1), j: () => move(1),
    ArrowUp: () => move(-1), k: () => move(-1),
    c: () => tag ? judge("confirm", tag) : move(1),
    r: () => tag ? judge("reject", tag) : move(1),
    a: () => side.querySelector(".add input").focus(),
    z: zoom,
    Escape: () => { location.href = q ? `/?q=${encodeURIComponent(q)}` : "/"; },
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
});
document.addEventListener("tagd:changed", () => refresh());
