// What every page shares: asking the API, telling what was done with a way back, completing tags.

const words = JSON.parse(document.getElementById("words").textContent);
const told = document.getElementById("told");
const completions = document.getElementById("completions");
const KEPT = "tagd-undo"; // what can be undone stays so on the next page

export function say(phrase, values = {}) {
  return (words[phrase] ?? phrase).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export async function ask(path, body) {
  const request = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(`/api/v1/${path}`, request);
  const said = await answer.json().catch(() => ({ detail: answer.statusText }));
  if (answer.ok) return said;
  throw Object.assign(new Error([said.detail, said.hint].filter(Boolean).join(" – ")), { said });
}

export async function part(path) {
  const answer = await fetch(path, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Telling, and undoing.

export function tell(text, runs = []) {
  show(text, runs, "");
  sessionStorage.setItem(KEPT, JSON.stringify({ text, runs }));
}

export function warn(error) {
  show(error.message, [], "trouble");
}

function show(text, runs, kind) {
  told.className = `told ${kind}`;
  told.replaceChildren(element("span", { textContent: text }));
  if (runs.length) {
    const undo = element("button", { type: "button", textContent: say("undo") });
    undo.addEventListener("click", () => takeBack());
    told.append(undo);
  }
  told.append(element("button", { type: "button", textContent: "✕", ariaLabel: "✕", onclick: hide }));
  told.hidden = false;
}

function hide() {
  told.hidden = true;
  sessionStorage.removeItem(KEPT);
}

export async function takeBack() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!kept?.runs.length) return;
  try {
    for (const run of [...kept.runs].reverse()) await ask("undo", { run });
    tell(say("undone"));
    document.dispatchEvent(new CustomEvent("tagd:changed"));
  } catch (error) { warn(error); }
}

// One correction. Where a word means several things, the person is asked which.
export async function correct(action, tag, photos, more = {}) {
  try {
    const done = await ask("corrections", { action, tag, photos, ...more });
    return done;
  } catch (error) {
    if (!error.said?.candidates) throw error;
    const label = await choose(error.said.candidates);
    return ask("corrections", { action, tag, photos, label });
  }
}

function choose(candidates) {
  return new Promise((resolve) => {
    const buttons = candidates.map((each) => {
      const kinds = each.kinds.length ? ` (${each.kinds[0]})` : "";
      return element("button", { type: "button", textContent: each.name + kinds, onclick: () => { hide(); resolve(each.label); } });
    });
    told.className = "told";
    told.replaceChildren(element("span", { textContent: say("which of these is meant?") }), element("span", { className: "choices" }, ...buttons));
    told.hidden = false;
    buttons[0].focus();
  });
}

export function report(done) {
  if (!done.run) tell(say("nothing was changed"));
  else if (done.changed === 1) tell(say("{tag}: one photo", { tag: done.tag }), [done.run]);
  else tell(say("{tag}: {count} photos", { tag: done.tag, count: done.changed }), [done.run]);
}

// Completion: of the last word of a query, or of a tag.

let completed = null;
let asked = 0;

function wordOf(input) {
  if (input.dataset.complete === "tag") return input.value;
  const before = input.value.slice(0, input.selectionStart);
  const word = before.match(/[^\s()"-]*$/)[0];
  return word.includes(":") && !word.startsWith("tag:") ? "" : word.replace("tag:", "");
}

async function complete(input) {
  const word = wordOf(input).trim();
  const mine = ++asked;
  if (!word) return close();
  const found = await ask(`tags/complete?text=${encodeURIComponent(word)}`).catch(() => []);
  if (mine !== asked || document.activeElement !== input) return;
  if (!found.length) return close();
  completed = input;
  completions.replaceChildren(...found.map((tag, number) => element("div", {
    role: "option", id: `completion-${number}`, onmousedown: (event) => { event.preventDefault(); accept(tag.tag); },
  }, element("span", { textContent: tag.shown }), element("small", { textContent: tag.files }))));
  [...completions.children].forEach((option, number) => { option.dataset.tag = found[number].tag; });
  place(input);
}

function place(input) {
  const box = input.getBoundingClientRect();
  completions.hidden = false;
  const above = box.bottom + completions.offsetHeight > innerHeight;
  completions.style.left = `${box.left + scrollX}px`;
  completions.style.top = `${scrollY + (above ? box.top - completions.offsetHeight - 6 : box.bottom + 6)}px`;
  input.setAttribute("aria-expanded", "true");
}

function close() {
  completions.hidden = true;
  completed?.setAttribute("aria-expanded", "false");
  completed?.removeAttribute("aria-activedescendant");
  completed = null;
}

function accept(tag) {
  const input = completed;
  if (input.dataset.complete === "tag") input.value = tag;
  else {
    const at = input.selectionStart, start = at - wordOf(input).length;
    const word = /^[\p{L}\p{N}]+$/u.test(tag) ? tag : `"${tag}"`;
    input.value = `${input.value.slice(0, start)}${word}${input.value.slice(at)}`;
    input.setSelectionRange(start + word.length, start + word.length);
  }
  close();
}

for (const input of document.querySelectorAll("[data-complete]")) completing(input);

export function completing(input) {
  input.addEventListener("input", () => complete(input));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (completions.hidden) return;
    const options = [...completions.children];
    const at = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
      options.forEach((option, number) => { option.ariaSelected = String(number === next); });
      options[next].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[next].id);
    } else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      event.preventDefault();
      accept(options[at].dataset.tag);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
}

// Keys that mean the same everywhere.

export function isTyping(event) {
  return event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && !/^INPUT$/.test(event.target.tagName)) {
    event.preventDefault();
    takeBack();
  }
  if (isTyping(event)) return;
  if (event.key === "/") { event.preventDefault(); document.querySelector(".search input").focus(); }
  if (event.key === "u") takeBack();
});

for (const time of document.querySelectorAll("time[data-seconds]")) dated(time);

export function dated(time) {
  time.textContent = new Date(1000 * time.dataset.seconds).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}

for (const time of document.querySelectorAll("time[datetime]")) longDate(time);

export function longDate(time) {
  const day = new Date(`${time.dateTime}T12:00`);
  if (!isNaN(day)) time.textContent = day.toLocaleDateString(document.documentElement.lang, { weekday: "short", year: "numeric", month: "long", day: "numeric" });
}

const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
if (kept) {
  show(kept.text, kept.runs, "");
  if (!kept.runs.length) sessionStorage.removeItem(KEPT); // said once more, after a reload
}
