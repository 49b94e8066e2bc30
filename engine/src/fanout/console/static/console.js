// Pages are whole without this. It keeps the block #live as it is now, moves what was logged, and copies commands.
"use strict";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const main = document.querySelector("main");
const live = document.getElementById("live");
const connection = document.getElementById("connection");
let seen = newest();

if (live && main.dataset.refresh && "EventSource" in window) follow();
for (const code of document.querySelectorAll(".commands code")) offerCopy(code);

// While somebody sees it: a browser has six connections for one address, and with more tabs than that none would load.
function follow() {
  let source = null, isOver = false;
  const part = () => { if (source) source.close(); source = null; };
  const look = () => {
    if (document.hidden) part();
    else if (!source && !isOver) source = followed(() => { isOver = true; part(); });
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", look);
  addEventListener("pagehide", part);
  look();
}

function followed(end) {
  const elsewhere = main.dataset.at; // what was posted is not looked at again where it was posted
  const source = new EventSource(elsewhere || location.href);
  source.addEventListener("look", (event) => {
    if (event.lastEventId !== main.dataset.template) return elsewhere ? location.replace(elsewhere) : location.reload(); // with its own forms
    const next = document.createElement("div");
    next.innerHTML = event.data; // rendered and escaped by the server, as the page itself
    morph(live, next);
    connection.textContent = "";
    move();
  });
  source.addEventListener("trouble", (event) => {
    connection.textContent = `The last look failed, and the next one comes: ${event.data}`;
  });
  source.addEventListener("over", end);
  source.addEventListener("error", () => {
    connection.textContent = "The console does not answer: it was ended, or is started again.";
  });
  return source;
}

// Changes only what differs, so that focus, selection and what is open stay.
function morph(old, made) {
  const before = [...old.childNodes], after = [...made.childNodes];
  after.forEach((node, index) => {
    const there = before[index];
    if (!there) old.append(node);
    else if (there.nodeType !== node.nodeType || there.nodeName !== node.nodeName || there.id !== node.id) there.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) morphElement(there, node);
    else if (there.data !== node.data) there.data = node.data;
  });
  before.slice(after.length).forEach((node) => node.remove());
}

function morphElement(there, node) {
  if (there.hasAttribute("data-keep")) return;
  if (there.nodeName === "SELECT" && there === document.activeElement) return; // somebody is choosing
  for (const { name, value } of node.attributes) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  for (const { name } of [...there.attributes])
    if (!node.hasAttribute(name) && !(name === "open" && there.nodeName === "DETAILS")) there.removeAttribute(name);
  morph(there, node);
}

function newest() {
  return Math.max(0, ...[...document.querySelectorAll("#moving [data-number]")].map((each) => Number(each.dataset.number)));
}

function move() {
  const fresh = [...document.querySelectorAll("#moving [data-number]")].filter((each) => Number(each.dataset.number) > seen);
  seen = Math.max(seen, newest());
  if (still.matches || document.hidden) return;
  fresh.slice(-40).forEach((each, index) => {
    const lane = [...document.querySelectorAll(".lane")].find((other) => other.dataset.task === each.dataset.task);
    const rail = lane && lane.querySelector(".rail");
    if (!rail) return;
    const dot = document.createElement("i");
    dot.className = `dot ${each.dataset.became}`;
    dot.style.animationDelay = `${index * 60}ms`;
    dot.addEventListener("animationend", () => dot.remove());
    rail.append(dot);
  });
}

function offerCopy(code) {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${code.textContent}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  code.after(button);
}
