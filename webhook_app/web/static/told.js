// Times and people in a few words, as pages/words.py says them.

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const TINTS = 6;
const main = document.getElementById("main");
// How far the server's clock, which the times are of, is ahead of ours.
const ahead = Date.parse(main.dataset.now) - Date.now();

export function duration(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) || [1, "s"];
  return Math.floor(Math.max(seconds, 0) / size) + " " + unit;
}

export function told(kind, at, now) {
  if (kind === "in") return at > now ? "in " + duration((at - now) / 1000) : "now";
  const passed = Math.max(0, now - at) / 1000;
  if (kind === "minute" && passed < 60) return "this minute";
  return kind === "since" ? duration(passed) : duration(passed) + " ago";
}

export function initials(name, id) {
  const words = name.split(/\s+/).map((part) => part.replace(/[^\p{L}\p{N}]/gu, "")).filter(Boolean);
  const letters = [...words.slice(0, 1), ...words.slice(1).slice(-1)].map((word) => [...word][0]);
  return letters.join("").toUpperCase() || [...name.trim()][0] || id.slice(-2);
}

export function tint(id) {
  return [...id].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % TINTS;
}

// Say every moment anew.
export function tick() {
  const now = Date.now() + ahead;
  for (const time of document.querySelectorAll("main time[data-told]")) {
    const text = told(time.dataset.told, Date.parse(time.dateTime), now);
    if (time.textContent !== text) time.textContent = text;
  }
}
