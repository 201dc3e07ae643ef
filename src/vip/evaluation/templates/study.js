"use strict";

// A study knows clips by blind names only. Everything a person does is in `state`, which the browser keeps.
const study = JSON.parse(document.getElementById("study").textContent);
const items = new Map(study.items.map((item) => [item.item, item]));
const place = `vip-study-${study.study}`;
const element = (id) => document.getElementById(id);

const APART = 0.08; // seconds by which videos may differ before they are put together again
const REST = 700; // milliseconds between the end of the videos and their next start

function random(below) {
  const limit = Math.floor(2 ** 32 / below) * below;
  for (;;) {
    const [drawn] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < limit) return drawn % below;
  }
}

function shuffled(values) {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = random(last + 1);
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

function fresh() {
  const rater = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const order = shuffled(items.keys()).map((item) => ({ item, shown: shuffled(items.get(item).clips.map((clip) => clip.clip)) }));
  return { rater, order, votes: [], started: false };
}

function belongs(kept) {
  return (
    typeof kept?.rater === "string" &&
    Array.isArray(kept.votes) &&
    Array.isArray(kept.order) &&
    kept.order.length === items.size &&
    kept.order.every((step) => items.has(step.item))
  );
}

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(place));
    if (belongs(kept)) return kept;
  } catch {
    // not kept, or not readable: a fresh start
  }
  return fresh();
}

function keep() {
  try {
    localStorage.setItem(place, JSON.stringify(state));
  } catch {
    element("unkept").hidden = false;
  }
}

const state = recall();
let watched = false;
let ranked = [];
let since = 0;
let timer = 0;
let turn = 0;

const videos = () => [...document.querySelectorAll("#clips video")];

function say(text, wrong = false) {
  element("status").textContent = text;
  element("status").classList.toggle("warning", wrong);
}

async function play() {
  clearTimeout(timer);
  const mine = turn;
  for (const video of videos()) {
    video.pause();
    video.currentTime = 0;
  }
  try {
    await Promise.all(videos().map((video) => video.play()));
  } catch {
    if (mine === turn && !watched) say("Press space, or Play again, to start the videos.");
  }
}

// Keep the videos together while they play, and notice when all have come to their end.
function follow() {
  const shown = videos();
  const running = shown.filter((video) => !video.ended && !video.paused);
  if (running.length > 1) {
    const behind = Math.min(...running.map((video) => video.currentTime));
    for (const video of running) if (video.currentTime - behind > APART) video.currentTime = behind;
  }
  requestAnimationFrame(follow);
}

function ended() {
  if (!videos().every((video) => video.ended)) return;
  if (!watched) {
    watched = true;
    for (const button of document.querySelectorAll("[data-choice]")) button.disabled = false;
    ask();
  }
  timer = setTimeout(play, REST);
}

function ask() {
  if (ranked.length > 0) say("Which of those that are left is better?");
  else say(study.size > 2 ? "Which one is the best?" : "Which one is better?");
}

function show() {
  clearTimeout(timer);
  turn += 1;
  const done = state.votes.length;
  element("progress").max = items.size;
  element("progress").value = done;
  element("count").textContent = `${done} / ${items.size}`;
  element("intro").hidden = state.started;
  element("comparison").hidden = !state.started || done === items.size;
  element("end").hidden = done < items.size;
  element("back").disabled = done === 0;
  element("clips").replaceChildren();
  if (!element("comparison").hidden) present(state.order[done]);
}

function present(step) {
  const item = items.get(step.item);
  watched = false;
  ranked = [];
  since = performance.now();
  element("prompt").textContent = item.prompt;
  element("tie").disabled = true;
  element("clips").replaceChildren(...step.shown.map((name, index) => figure(item, name, index)));
  say("Watch the videos to the end, then choose.");
  play();
}

function figure(item, name, index) {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  video.addEventListener("ended", ended);
  video.addEventListener("error", () => say("This browser cannot play a video; please try another browser.", true));
  video.src = item.clips.find((clip) => clip.clip === name).video;
  const button = document.createElement("button");
  const key = document.createElement("kbd");
  key.textContent = String(index + 1);
  button.append("This one ", key);
  button.dataset.choice = String(index + 1);
  button.disabled = true;
  button.addEventListener("click", () => choose(index));
  const frame = document.createElement("figure");
  frame.append(video, button);
  return frame;
}

// Choices rank clips from the best down; once one is left, it is the last.
function choose(index) {
  const { shown } = state.order[state.votes.length];
  const name = shown[index];
  if (!watched || name === undefined || ranked.some(([clip]) => clip === name)) return;
  ranked.push([name]);
  const frame = document.querySelectorAll("#clips figure")[index];
  frame.dataset.rank = String(ranked.length);
  frame.querySelector("button").disabled = true;
  const left = shown.filter((clip) => !ranked.some(([other]) => other === clip));
  if (left.length === 1) vote([...ranked, left]);
  else ask();
}

function tie() {
  if (!watched) return;
  const { shown } = state.order[state.votes.length];
  vote([...ranked, shown.filter((clip) => !ranked.some(([other]) => other === clip))]);
}

function vote(ranking) {
  const { item, shown } = state.order[state.votes.length];
  state.votes.push({ item, shown, ranking, milliseconds: Math.round(performance.now() - since) });
  element("saved").textContent = "";
  keep();
  show();
}

function back() {
  if (state.votes.length === 0) return;
  state.votes.pop();
  keep();
  show();
}

function start() {
  state.started = true;
  keep();
  show();
}

function save() {
  const ballot = {
    format: "vip-votes-1",
    study: study.study,
    rater: state.rater,
    exported: new Date().toISOString(),
    votes: state.votes,
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(ballot, null, 1)], { type: "application/json" }));
  link.download = `votes_${study.study}_${state.rater}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  element("saved").textContent = `${state.votes.length} of ${items.size} votes saved as ${link.download}`;
}

element("start").addEventListener("click", start);
element("tie").addEventListener("click", tie);
element("play").addEventListener("click", play);
element("back").addEventListener("click", back);
element("again").addEventListener("click", back);
element("export").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { 0: tie, " ": play, Backspace: back, e: save, Enter: start };
  const voting = !element("comparison").hidden;
  if (event.key === "Enter" && (state.started || event.target instanceof HTMLButtonElement)) return;
  if ((event.key === " " || event.key === "0") && !voting) return;
  if (voting && /^[1-9]$/.test(event.key)) choose(Number(event.key) - 1);
  else if (Object.hasOwn(keys, event.key)) keys[event.key]();
  else return;
  event.preventDefault();
});

keep();
show();
follow();
