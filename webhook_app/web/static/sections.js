// The sections that the server draws: asked for again, and put in place of the old ones.

import { tick } from "./told.js";

const main = document.getElementById("main");
const ALL = ["health", "waiting", "outgoing", "figures", "limits"];
const EVERY = 10000, AT_MOST_EVERY = 2000; // milliseconds
const etags = new Map();
const wished = new Set();
let allAt = Date.now() + EVERY;
let wishAt = 0;

// Something has happened there.
export function wish(name) {
  wished.add(name);
}

// Ask for what is due.
export async function renew() {
  const now = Date.now();
  if (now >= allAt) {
    allAt = now + EVERY;
    await fetchSections(ALL);
  } else if (wished.size && now >= wishAt) {
    wishAt = now + AT_MOST_EVERY;
    const names = [...wished];
    wished.clear();
    await fetchSections(names);
  }
}

export async function fetchSections(names) {
  const wanted = new URLSearchParams(main.dataset.query);
  for (const name of names) wanted.append("name", name);
  const url = main.dataset.sections + "?" + wanted;
  const headers = etags.has(url) ? { "If-None-Match": etags.get(url) } : {};
  const response = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
  if (response.status === 401) location.reload();
  if (response.status === 304) return;
  if (!response.ok) throw new Error(response.statusText);
  const html = await response.text();
  // Only what is shown is known: a section asked for alone may have changed meanwhile.
  etags.clear();
  etags.set(url, response.headers.get("ETag"));
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const section of fresh.querySelectorAll("[data-section]")) put(section);
  tick();
}

// Keep what the reader has opened, and where the keyboard is.
function put(fresh) {
  const old = document.getElementById(fresh.id);
  for (const details of old.querySelectorAll("details[open]")) {
    fresh.querySelector("#" + CSS.escape(details.id))?.setAttribute("open", "");
  }
  for (const field of fresh.querySelectorAll("[name=csrf_token]")) {
    field.value = document.querySelector("meta[name=csrf-token]").content;
  }
  const name = (one) => one.id || one.parentElement?.id + (one.getAttribute("href") || one.tagName);
  const focused = old.contains(document.activeElement) ? name(document.activeElement) : null;
  old.replaceChildren(...fresh.childNodes);
  if (focused === null) return;
  const again = [...old.querySelectorAll("a, button, summary")].find((one) => name(one) === focused);
  again?.focus({ preventScroll: true });
}
