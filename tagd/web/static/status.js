// How things stand, as the daemon's events tell it.

import { ask, element, say, tell, warn } from "/static/site.js";

const figure = (name) => document.querySelector(`[data-figure="${name}"]`);
const put = (name, value) => { figure(name).textContent = typeof value === "number" ? value.toLocaleString() : value; };

function show(now) {
  put("tagged", now.files.tagged);
  put("queued", now.queue.waiting + now.queue.leased);
  put("pace", now.photos_per_second.toFixed(1));
  put("failures", now.failures);
  put("daemon", now.daemon ? `${now.daemon.what} (${now.daemon.pid})` : "–");
  put("model", now.model ?? "–");
  put("device", now.device ?? "–");
  put("stale", now.stale);
  document.getElementById("troubles").replaceChildren(...now.troubles.map((text) => element("p", { textContent: text })));
  document.querySelector('[data-order="pause"]').hidden = now.mode === "paused";
  document.querySelector('[data-order="resume"]').hidden = now.mode !== "paused";
  const most = Math.max(1, ...now.pace), step = 600 / Math.max(1, now.pace.length - 1);
  const points = now.pace.map((photos, number) => `${number * step},${116 - 110 * photos / most}`);
  document.querySelector(".plot polyline").setAttribute("points", points.join(" "));
}

const events = new EventSource("/api/v1/events");
events.addEventListener("status", (event) => show(JSON.parse(event.data)));
events.addEventListener("error", () => warn(new Error(say("connection lost; trying again"))));
events.addEventListener("open", () => { if (document.querySelector(".told.trouble")) document.getElementById("told").hidden = true; });
addEventListener("pagehide", () => events.close());

document.addEventListener("click", async (event) => {
  const { order, retry } = event.target.dataset;
  try {
    if (order) tell((await ask(order, {})).message);
    if (retry !== undefined) {
      await ask("failures/retry", { paths: retry ? [retry] : null });
      event.target.closest("li")?.remove();
      if (!retry) document.querySelector(".failures").replaceChildren();
    }
  } catch (error) { warn(error); }
});
