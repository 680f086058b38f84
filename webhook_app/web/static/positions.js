// The list of positions: merges what arrives by the law, the latest first. The list itself is the state.

import { duration, initials, tick, tint } from "./told.js";

const MOST = 50; // rows
const { api, query } = document.getElementById("main").dataset;
const asked = new URLSearchParams(query);
// A change may become visible a moment after its time; merging twice is harmless.
const OVERLAP = 10000; // milliseconds
const pending = new Map();
const list = () => document.getElementById("positions");
let since = 0;

// Only the server finds people by name.
export const searching = asked.has("q");

// Where to go on, and for whom.
export function parameters() {
  since = Math.max(since, Date.parse(list().dataset.since));
  const wanted = new URLSearchParams(asked);
  wanted.set("updated_since", new Date(Math.max(since - OVERLAP, 0)).toISOString());
  return wanted;
}

const keyOf = (item) => [item.platform, item.reader, item.peer].join("/");

// Take an item; all of a frame are shown at once. An operator's correction replaces what was there.
export function collect(item) {
  const key = keyOf(item);
  const other = pending.get(key);
  if (other && !item.corrected && (other.corrected || other.updated_at >= item.updated_at)) return;
  pending.set(key, item);
  if (pending.size === 1) requestAnimationFrame(show);
}

function show() {
  const items = [...pending.values()].sort((one, other) => (one.updated_at < other.updated_at ? 1 : -1));
  pending.clear();
  const rows = new Map([...list().children].map((row) => [row.dataset.key, row]));
  for (const item of items) since = Math.max(since, Date.parse(item.updated_at));
  for (const item of items.slice(0, MOST).reverse()) place(item, rows.get(keyOf(item)));
  while (list().children.length > MOST) list().lastElementChild.remove();
  list().hidden = !list().children.length;
  document.getElementById("empty")?.toggleAttribute("hidden", !list().hidden);
  tick();
}

function place(item, old) {
  if (old && !item.corrected && old.dataset.updated >= item.updated_at) return;
  const focused = old?.contains(document.activeElement) && document.activeElement.className;
  old?.remove();
  const later = [...list().children].find((row) => row.dataset.updated <= item.updated_at);
  const row = draw(item);
  list().insertBefore(row, later || null);
  if (focused) row.querySelector("a." + focused).focus({ preventScroll: true });
}

function draw(item) {
  // Not cloned: in a template's own document links have no base.
  const row = document.importNode(document.getElementById("row").content.firstElementChild, true);
  for (const side of ["reader", "peer"]) {
    const link = row.querySelector("." + side);
    link.firstElementChild.textContent = item[side + "_name"] || item[side];
    link.title = item[side];
    const wanted = new URLSearchParams({ platform: item.platform, [side]: item[side] });
    link.setAttribute("href", link.pathname + "?" + wanted);
  }
  const disc = row.querySelector(".disc");
  disc.className = "disc tint" + tint(item.reader);
  disc.textContent = initials(item.reader_name || "", item.reader);
  row.className = "new";
  row.dataset.key = keyOf(item);
  row.dataset.updated = item.updated_at;
  row.querySelector(".platform").textContent = item.platform;
  row.querySelector(".cursor").textContent = item.cursor;
  row.querySelector("time").dateTime = item.read_at;
  row.querySelector(".waited").textContent =
    item.seconds_to_read === null ? "" : "read " + duration(item.seconds_to_read) + " after it was sent";
  return row;
}

let known = { url: "", etag: "" };

// Ask for what has changed; returns how many changes there were, or null where the page itself is to tell.
export async function ask() {
  const url = api + "/read-positions?limit=1000&" + parameters();
  const headers = known.url === url ? { "If-None-Match": known.etag } : {};
  const response = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
  if (response.status === 401) location.reload();
  if (response.status === 304) return 0;
  if (!response.ok) throw new Error(response.statusText);
  const answer = await response.json();
  if (answer.next_page) return null;
  known = { url, etag: response.headers.get("ETag") };
  const before = since;
  answer.items.forEach(collect);
  return answer.items.filter((item) => Date.parse(item.updated_at) > before).length;
}
