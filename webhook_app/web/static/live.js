// Keeps the page up to date, by the stream or, where that does not get through, by asking. The page is
// complete without it.

import { ask, collect, parameters, searching } from "./positions.js";
import { fetchSections, renew, wish } from "./sections.js";
import { tick } from "./told.js";

const EVERY = 1000, SEARCH_EVERY = 3000; // milliseconds between two looks
const PATIENCE = 5000; // milliseconds for the stream to begin
const AGAIN = 60000; // milliseconds before the stream is tried again
const DOUBT = 10000; // milliseconds after which a silent stream is doubted
const SECTION_OF = { mark: "outgoing", "rate-limit": "limits" };
const state = document.getElementById("live");
const { api } = document.getElementById("main").dataset;
let stream = null, watchdog = 0, polling = true, lost = false, connectAt = 0, doubtAt = 0, askAt = 0;

function say(words) {
  if (state.textContent !== words) state.textContent = words;
  state.className = words.replace(" ", "-");
}

function connect() {
  const opened = new EventSource(api + "/stream?" + parameters());
  stream = opened;
  watch();
  opened.onopen = () => {
    rest();
    polling = false;
    doubtAt = Date.now() + DOUBT;
    say("live");
  };
  opened.onerror = () => {
    if (opened.readyState === EventSource.CLOSED) return giveUp();
    // The browser tries again by itself, and resumes.
    say("no connection");
    watch();
  };
  opened.addEventListener("position", (event) => {
    doubtAt = Infinity;
    collect(JSON.parse(event.data));
  });
  for (const [kind, name] of Object.entries(SECTION_OF)) opened.addEventListener(kind, () => wish(name));
}

// From the first failure on: the browser's own attempts may fail sooner than this again and again.
function watch() {
  watchdog ||= setTimeout(giveUp, PATIENCE);
}

function rest() {
  clearTimeout(watchdog);
  watchdog = 0;
}

function giveUp() {
  leave();
  polling = true;
  connectAt = Date.now() + AGAIN;
}

function leave() {
  rest();
  stream?.close();
  stream = null;
}

// Only the server can search, and after many changes only the page knows the latest.
async function poll() {
  const began = Date.now();
  if (began < askAt) return;
  if (searching || (await ask()) === null) await fetchSections(["positions"]);
  // What takes the server long is asked for seldom.
  askAt = began + Math.max(searching ? SEARCH_EVERY : EVERY, 10 * (Date.now() - began));
}

// Some hosts let a stream begin and then keep what it says: if asking tells more, it is not heard.
async function doubt() {
  if (!stream || Date.now() < doubtAt) return;
  doubtAt = Date.now() + DOUBT;
  if ((await ask()) !== 0) giveUp();
}

async function live() {
  if (document.hidden) {
    leave();
    polling = true;
    connectAt = 0;
  } else {
    if (!searching && !stream && Date.now() >= connectAt) connect();
    try {
      if (polling) {
        await poll();
        // Nothing got through, so it was not the stream that was kept out.
        if (lost) connectAt = 0;
        lost = false;
        if (!stream) say(searching ? "live" : "polling");
      } else await doubt();
      await renew();
    } catch {
      lost = true;
      say("no connection");
    }
    tick();
  }
  setTimeout(live, EVERY);
}

// Browsers offer no clipboard over plain http, but for this very machine.
for (const command of navigator.clipboard ? document.querySelectorAll(".command") : []) {
  const button = document.createElement("button");
  button.className = "small";
  button.textContent = "Copy";
  button.onclick = async () => {
    await navigator.clipboard.writeText(command.firstElementChild.textContent);
    button.textContent = "Copied";
  };
  command.append(button);
}
live();
