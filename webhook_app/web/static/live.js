// Keeps the list of positions up to date. The page is complete without it.
"use strict";

const list = document.getElementById("positions");
const outbox = document.getElementById("outbox");
const state = document.getElementById("live");
const template = document.getElementById("row");
const MOST = 50; // rows
const EVERY = 1000; // milliseconds
const OUTBOX_EVERY = 5000; // milliseconds
// A change may become visible a moment after its time; merging twice is harmless.
const OVERLAP = 10000; // milliseconds
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
// How far the server's clock, which the times are of, is ahead of ours.
const ahead = Date.parse(list.dataset.now) - Date.now();
let since = Date.parse(list.dataset.since);
let lookAt = Date.now() + OUTBOX_EVERY;
let known = { url: "", etag: "" };

function duration(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) || [1, "s"];
  return Math.floor(Math.max(seconds, 0) / size) + " " + unit;
}

function show(item, key) {
  const row = template.content.firstElementChild.cloneNode(true);
  const person = (side) => {
    const text = row.querySelector("." + side + " b");
    text.textContent = item[side + "_name"] || item[side];
    text.title = item[side];
  };
  person("reader");
  person("peer");
  row.dataset.key = key;
  row.dataset.updated = item.updated_at;
  row.querySelector(".platform").textContent = item.platform;
  row.querySelector(".cursor").textContent = item.cursor;
  row.querySelector(".read").dateTime = item.read_at;
  if (item.seconds_to_read !== null) {
    row.querySelector(".waited").textContent = ", read " + duration(item.seconds_to_read) + " after it was sent";
  }
  return row;
}

function merge(items) {
  for (const item of items) {
    const key = [item.platform, item.reader, item.peer].join("/");
    const old = Array.from(list.children).find((row) => row.dataset.key === key);
    if (old && old.dataset.updated >= item.updated_at) continue;
    if (old) old.remove();
    const later = Array.from(list.children).find((row) => row.dataset.updated <= item.updated_at);
    list.insertBefore(show(item, key), later || null);
    since = Math.max(since, Date.parse(item.updated_at));
  }
  while (list.children.length > MOST) list.lastElementChild.remove();
  if (list.children.length) {
    list.hidden = false;
    document.getElementById("empty")?.remove();
  }
}

function age() {
  for (const time of list.querySelectorAll("time")) {
    time.textContent = duration((Date.now() + ahead - Date.parse(time.dateTime)) / 1000) + " ago";
  }
}

// More has changed than one answer holds: the page itself knows the latest.
async function renew() {
  const page = await fetch(location.pathname, { cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html").getElementById("positions");
  if (!fresh) return location.reload();
  list.replaceChildren(...fresh.children);
  list.hidden = false;
  since = Date.parse(fresh.dataset.since);
}

async function poll() {
  const from = new Date(Math.max(since - OVERLAP, 0)).toISOString();
  const url = list.dataset.source + "?limit=1000&updated_since=" + from;
  const headers = known.url === url ? { "If-None-Match": known.etag } : {};
  const response = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
  if (response.status === 401) return location.reload();
  if (response.status === 304) return;
  if (!response.ok) throw new Error(response.statusText);
  const answer = await response.json();
  if (answer.next_page) return renew();
  known = { url, etag: response.headers.get("ETag") };
  merge(answer.items);
}

// What is on its way out is counted anew each time, so it is asked for less often.
async function look() {
  if (Date.now() < lookAt) return;
  lookAt = Date.now() + OUTBOX_EVERY;
  const response = await fetch(outbox.dataset.source, { credentials: "same-origin", cache: "no-store" });
  if (!response.ok) throw new Error(response.statusText);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("outbox");
  if (fresh) outbox.replaceChildren(...fresh.childNodes);
}

async function live() {
  if (!document.hidden) {
    try {
      await poll();
      await look();
      state.textContent = "live";
    } catch {
      state.textContent = "no connection";
    }
    age();
  }
  setTimeout(live, EVERY);
}

live();
