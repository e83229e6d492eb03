// The page around a task: signs in by link, keeps the draft of an answer, posts it, and knows the keys.
"use strict";

const frame = document.getElementById("task");
const draftKey = frame && `millrace-draft:${frame.dataset.id}`;

function signInByLink() {
  sessionStorage.clear(); // the drafts of whoever was here before
  const form = document.querySelector(".sign-in");
  const given = new URLSearchParams(location.hash.slice(1)); // a fragment is not sent and not logged
  history.replaceState(null, "", location.pathname);
  if (!form || !given.get("token")) return;
  for (const name of ["name", "token"]) form.elements[name].value = given.get(name) ?? "";
  form.requestSubmit();
}

function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault(); // a second Enter would answer the next task
    form.dataset.sent = "yes";
  });
}

const actions = {
  skip: () => document.getElementById("skip").requestSubmit(),
  submit: () => frame.contentWindow.postMessage({ millrace: "submit" }, "*"),
  instructions: () => frame.contentWindow.postMessage({ millrace: "instructions" }, "*"),
  play: () => frame.contentWindow.postMessage({ millrace: "play" }, "*"),
};

const answers = {
  ready() {
    const draft = sessionStorage.getItem(draftKey);
    frame.contentWindow.postMessage({ millrace: "begin", draft: draft && JSON.parse(draft) }, "*");
    frame.focus();
  },
  draft: ({ draft }) => sessionStorage.setItem(draftKey, JSON.stringify(draft)),
  key: ({ action }) => Object.hasOwn(actions, action) && actions[action](),
  problem({ text }) {
    const place = document.getElementById("problem");
    place.textContent = text;
    place.hidden = false;
  },
  submit({ answer }) {
    const form = document.getElementById("submit");
    form.elements.answerContent.value = JSON.stringify(answer);
    form.requestSubmit();
  },
};

function showClock(clock) {
  const minutes = Math.ceil((new Date(clock.dataset.until) - Date.now()) / 60000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  clock.textContent = minutes <= 0 ? "time is over" : `${hours ? `${hours} h ` : ""}${rest} min left`;
}

document.querySelectorAll("form").forEach(once);
if (document.querySelector(".sign-in")) signInByLink();
document.getElementById("start")?.focus();

const clock = document.querySelector("[data-until]");
if (clock) {
  showClock(clock);
  setInterval(showClock, 10000, clock);
}

const empty = document.querySelector("[data-refresh]");
if (empty) setTimeout(() => location.reload(), Number(empty.dataset.refresh) * 1000);

if (frame) {
  for (const key of Object.keys(sessionStorage)) if (key !== draftKey) sessionStorage.removeItem(key);
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return; // its origin says nothing: a sandbox has none
    const kind = event.data?.millrace;
    if (Object.hasOwn(answers, kind)) answers[kind](event.data);
  });
  const keys = { KeyS: "skip", KeyI: "instructions", KeyP: "play" };
  document.addEventListener("keydown", (event) => {
    const action = event.altKey ? keys[event.code] : (event.ctrlKey || event.metaKey) && event.key === "Enter" && "submit";
    if (!action) return;
    event.preventDefault();
    actions[action]();
  });  frame.contentWindow.postMessage({ millrace: "hello" }, "*"); // the task may have been ready before this script
}
