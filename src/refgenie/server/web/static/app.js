// What the pages need besides links and forms: copying, the "/" key, live jobs, the bridge to one's own dashboard.
"use strict";

const HEADER = { "X-Refgenie-Dashboard": "1" };

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = copy.dataset.copy || document.querySelector(copy.dataset.copyFrom).dataset.text;
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Press Ctrl+C";
      const range = document.createRange();
      range.selectNodeContents(copy.parentElement.querySelector("code, pre") || copy.parentElement);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
    setTimeout(() => (copy.textContent = "Copy"), 2000);
    return;
  }
  const send = event.target.closest("[data-bridge]");
  if (send) askDashboard(send);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(input|textarea|select)$/i.test(event.target.tagName)) return;
  const field = document.querySelector("[data-search]");
  if (field) {
    event.preventDefault();
    field.focus();
  }
});

// A form that changes something asks first where it cannot be undone, and says what went wrong beside itself.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-change]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.ask && !confirm(form.dataset.ask)) return;
  const button = form.querySelector("button[type=submit], button:not([type])");
  const note = form.querySelector("[role=status]") || form.appendChild(document.createElement("p"));
  note.setAttribute("role", "status");
  note.textContent = "";
  if (button) button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", headers: HEADER, body: new URLSearchParams(new FormData(form)) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error.message + (told.error.hint ? ` — ${told.error.hint}` : ""));
    if (told.go === location.pathname + location.search) location.reload();
    else if (told.go) location.assign(told.go);
    else location.reload();
  } catch (error) {
    note.className = "notice bad";
    note.textContent = error.message;
    if (button) button.disabled = false;
  }
});

// A job's page: progress, state and log by server-sent events.
function follow(box) {
  const log = box.querySelector("[data-log]");
  const bar = box.querySelector("progress");
  const told = box.querySelector("[data-told]");
  const events = new EventSource(box.dataset.job);
  // After a lost connection everything is told again.
  events.addEventListener("open", () => log.replaceChildren());
  events.addEventListener("progress", (event) => {
    const now = JSON.parse(event.data);
    bar.hidden = false;
    if (now.total) {
      bar.max = now.total;
      bar.value = now.done;
    } else bar.removeAttribute("value");
    told.textContent = now.text;
  });
  events.addEventListener("log", (event) => {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(JSON.parse(event.data));
    while (log.childNodes.length > 4000) log.firstChild.remove();
    if (atEnd) log.scrollTop = log.scrollHeight;
  });
  events.addEventListener("state", (event) => {
    if (JSON.parse(event.data).state !== box.dataset.state) location.reload();
  });
  events.addEventListener("end", () => events.close());
}
document.querySelectorAll("[data-job]").forEach(follow);

// The bridge: asks the dashboard on the reader's own machine, only when the reader presses the button.
async function askDashboard(button) {
  const note = button.parentElement.querySelector("[role=status]");
  const port = localStorage.getItem("refgenie-dashboard-port") || "8080";
  const home = `http://127.0.0.1:${port}`;
  const local = { targetAddressSpace: "loopback" };
  note.textContent = "Asking the dashboard on this computer …";
  try {
    const ping = await (await fetch(`${home}/ping`, local)).json();
    if (ping.service !== "refgenie-dashboard") throw new Error(`What answers at ${home} is no dashboard of refgenie.`);
    if (ping.capabilities.includes("pull")) {
      const body = JSON.stringify({ registry_path: button.dataset.bridge, digest: button.dataset.digest });
      const headers = { "Content-Type": "application/json", ...HEADER };
      const answer = await fetch(`${home}/bridge/pull`, { method: "POST", body, headers, ...local });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error.message);
      note.textContent = "Your dashboard is pulling it.";
    } else {
      const answer = await fetch(`${home}/bridge/assets/${button.dataset.digest}`, local);
      note.textContent = answer.ok
        ? "You have this asset on this computer."
        : "It is not on this computer; run the command above, or start the dashboard with --bridge full.";
    }
  } catch (error) {
    // A browser does not tell a dashboard that refuses this site from one that does not run: TypeError is both.
    note.textContent = error instanceof TypeError
      ? `No dashboard answers ${location.origin}. Start it with: refgenie dash --bridge full. Where it runs already, subscribe it to this server or list this site in REFGENIE_BRIDGE_ORIGINS.`
      : error.message;
  }
}
