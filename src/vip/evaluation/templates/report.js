// Clips: one clock drives all of them; they start together, end together, rest a moment, and start again.
const play = document.getElementById("play");
const scrub = document.getElementById("scrub");
const position = document.getElementById("position");
const REST = 400;
let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
let timer = 0;

const groups = [...document.querySelectorAll(".cases")];
for (const video of document.querySelectorAll(".cases video")) video.loop = false;

function clips() {
  return groups.filter((group) => !group.hidden).flatMap((group) => [...group.querySelectorAll("video")]);
}

function duration() {
  return Math.max(...clips().map((video) => video.duration || 0), 0.01);
}

function seek(seconds) {
  for (const video of clips()) video.currentTime = Math.min(seconds, Math.max((video.duration || 0) - 0.001, 0));
}

function start(seconds) {
  clearTimeout(timer);
  seek(seconds);
  for (const video of clips()) video.play().catch(() => {});
  timer = setTimeout(() => start(0), (duration() - seconds) * 1000 + REST);
}

function stop() {
  clearTimeout(timer);
  for (const video of document.querySelectorAll(".cases video")) video.pause();
}

function setPlaying(value) {
  playing = value;
  play.textContent = playing ? "Pause" : "Play";
  play.setAttribute("aria-pressed", String(playing));
  if (!playing) return stop();
  const from = (Number(scrub.value) / 1000) * duration();
  start(from < duration() - 0.05 ? from : 0);
}

function follow() {
  const first = clips()[0];
  if (first && playing) scrub.value = String(Math.round((1000 * first.currentTime) / duration()));
  if (first) position.textContent = `${((Number(scrub.value) / 1000) * duration()).toFixed(2)} s`;
  requestAnimationFrame(follow);
}

play.addEventListener("click", () => setPlaying(!playing));
scrub.addEventListener("input", () => {
  if (playing) setPlaying(false);
  seek((Number(scrub.value) / 1000) * duration());
});
for (const tab of document.querySelectorAll(".tabs button")) {
  tab.addEventListener("click", () => {
    stop();
    for (const other of document.querySelectorAll(".tabs button")) other.setAttribute("aria-pressed", String(other === tab));
    for (const group of groups) group.hidden = group.dataset.stage !== tab.dataset.stage;
    if (playing) start(0);
    else seek((Number(scrub.value) / 1000) * duration());
  });
}

function ready(video) {
  if (video.readyState >= 1) return Promise.resolve();
  return new Promise((resolve) => {
    video.addEventListener("loadedmetadata", resolve, { once: true });
    video.addEventListener("error", resolve, { once: true });
  });
}

Promise.all(clips().map(ready)).then(() => {
  setPlaying(playing);
  follow();
});
