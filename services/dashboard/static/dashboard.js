// What a reader may do without waiting for a page: fold groups, find a unit, change the peer group, see changes live.
// Every page works without this file; a reload then shows what is new.

const REFRESH_MS = 400; // events come in bursts: ask once for all of them
const QUIET_MS = 30_000; // a screen reader is told of updates at most this often
const RETRY_MS_MAX = 30_000;

const body = document.body;
const status = document.querySelector("[data-status]");
const folded = new Set();
let sought = "";

const plain = (text) =>
  text.normalize("NFD").replace(/\p{Mn}/gu, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();

// --- folding and finding; both are applied again after a region was replaced ---

function fold(button, closed) {
  button.setAttribute("aria-expanded", String(!closed));
  const rows = document.getElementById(button.getAttribute("aria-controls"));
  if (rows) rows.hidden = closed;
}

function find() {
  const words = plain(sought).split(/\s+/).filter(Boolean);
  for (const matrix of document.querySelectorAll('[data-region="matrix"]')) {
    let shown = 0;
    for (const row of matrix.querySelectorAll("[data-find]")) {
      const text = plain(row.dataset.find);
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    for (const button of matrix.querySelectorAll("[data-fold]")) {
      const rows = document.getElementById(button.getAttribute("aria-controls"));
      const hit = rows.querySelector("[data-find]:not([hidden])");
      button.closest("tbody").hidden = words.length > 0 && !hit;
      rows.hidden = words.length > 0 ? !hit : folded.has(rows.id);
    }
    const nothing = matrix.querySelector("[data-nothing]");
    if (nothing) nothing.hidden = shown > 0;
  }
}

function prepare(root) {
  for (const label of root.querySelectorAll("[data-search]")) {
    label.hidden = false;
    label.querySelector("input").value = sought;
  }
  for (const button of root.querySelectorAll("[data-fold]")) {
    if (folded.has(button.getAttribute("aria-controls"))) fold(button, true);
  }
  if (sought) find();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fold]");
  if (button) {
    const id = button.getAttribute("aria-controls");
    const closed = button.getAttribute("aria-expanded") === "true";
    closed ? folded.add(id) : folded.delete(id);
    fold(button, closed);
    return;
  }
  const link = event.target.closest("a[data-swap]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    history.pushState(null, "", link.href);
    refresh(["matrix", "ranking"]);
  }
});
document.addEventListener("input", (event) => {
  if (event.target.closest("[data-search]")) {
    sought = event.target.value;
    find();
  }
});
window.addEventListener("popstate", () => refresh(["matrix", "ranking"]));

// --- regions: fetched as fragments of this very address ---

let turn = 0;
const turns = new Map();

async function replace(region) {
  const place = document.querySelector(`[data-region="${region}"]`);
  if (!place) return false;
  const mine = ++turn;
  turns.set(region, mine);
  const address = new URL(location.href);
  address.searchParams.set("fragment", region);
  address.hash = "";
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok || answer.redirected || turns.get(region) !== mine) return false;
  const text = await answer.text();
  const inside = place.contains(document.activeElement) ? document.activeElement : null;
  if (inside?.matches("input:not([type=checkbox]), select, textarea")) {
    // Somebody is typing: come back when they have left the field.
    inside.addEventListener("blur", () => refresh([region]), { once: true });
    return false;
  }
  const ticked = new Set([...place.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value));
  const seen = [...place.querySelectorAll(".scroll")].map((box) => [box.scrollTop, box.scrollLeft]);
  const key = inside && focusKey(inside);
  place.innerHTML = text;
  for (const box of place.querySelectorAll("input[type=checkbox]")) box.checked = ticked.has(box.value);
  prepare(place);
  count();
  [...place.querySelectorAll(".scroll")].forEach((box, at) => {
    if (seen[at]) [box.scrollTop, box.scrollLeft] = seen[at];
  });
  if (key) place.querySelector(key)?.focus({ preventScroll: true });
  return true;
}

function focusKey(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  for (const name of ["aria-controls", "href", "aria-labelledby", "value"]) {
    const value = element.getAttribute(name);
    if (value) return `[${name}="${CSS.escape(value)}"]`;
  }
  return null;
}

async function refresh(regions) {
  const done = await Promise.all(regions.map((region) => replace(region).catch(() => false)));
  if (done.some(Boolean)) announce();
}

let announced = 0;
function announce() {
  const now = Date.now();
  if (now - announced < QUIET_MS) return;
  announced = now;
  status.textContent = "";
  requestAnimationFrame(() => (status.textContent = body.dataset.updatedText));
}

// --- what is ticked, and what was said once ---

function count() {
  const picked = document.querySelector("[data-picked]");
  if (!picked) return;
  const number = document.querySelectorAll("input[type=checkbox][form=act]:checked").length;
  picked.textContent = `(${number})`;
  picked.closest("form").classList.toggle("picked", number > 0); // then it stays in sight while the list is scrolled
}
document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=checkbox]")) count();
});
count();

const told = document.querySelector("[data-told]");
if (told) {
  if (told.dataset.told === "bad") told.focus(); // what went wrong is read first, wherever the form stands
  // A reload, or the address sent to somebody else, does not say again what was done once.
  const address = new URL(location.href);
  for (const name of ["done", "n"]) address.searchParams.delete(name);
  history.replaceState(null, "", address);
}

// --- the live channel names the regions that changed ---

const waiting = new Set();
let timer = 0;

function changed(regions) {
  for (const region of regions) waiting.add(region);
  if (timer || document.hidden) return;
  timer = setTimeout(flush, REFRESH_MS);
}

async function flush() {
  timer = 0;
  if (document.querySelector("[data-awaits-plan]") && waiting.has("matrix")) location.reload();
  const regions = [...waiting];
  waiting.clear();
  await refresh(regions);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && waiting.size) changed([]);
});

const light = document.querySelector("[data-live]");
function show(live) {
  light.hidden = false;
  light.classList.toggle("lost", !live);
  const text = live ? body.dataset.liveText : body.dataset.lostText;
  const label = light.querySelector("[data-live-label]");
  if (label.textContent !== text) label.textContent = text;
}

let pause = 1000;
let lost = false;
function listen() {
  const source = new EventSource("/live");
  source.addEventListener("ready", () => {
    pause = 1000;
    show(true);
    // What happened while nobody listened is not told again: look at everything once.
    if (lost) changed([...document.querySelectorAll("[data-region]")].map((place) => place.dataset.region));
    lost = false;
  });
  source.addEventListener("changed", (event) => changed(JSON.parse(event.data).regions));
  source.addEventListener("error", () => {
    lost = true;
    show(false);
    if (source.readyState === EventSource.CLOSED) {
      // Refused (full, or signed out): the browser gives up, we do not.
      setTimeout(listen, pause);
      pause = Math.min(pause * 2, RETRY_MS_MAX);
    }
  });
  window.addEventListener("pagehide", () => source.close(), { once: true });
}

prepare(document);
if (light) listen();
