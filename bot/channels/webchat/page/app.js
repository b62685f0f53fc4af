// The page: shows the journal as it stands on the server, and sends what a person says. All text goes in as text.
"use strict";

const $ = (id) => document.getElementById(id);
const talk = $("talk"), text = $("text"), composer = $("composer");
const shown = new Map(); // journal id -> {change, element}
let words = {}, newest = 0, attached = [], loading = null, again = false, busyTimer = 0, greeted = false;

const NEVER = new Set([413, 415]); // a file that is too large, or of no use, stays so
const narrow = matchMedia("(max-width: 30rem)");
const word = (key) => words[key] || "";

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Fails with words for people, in the page's language; the browser's own ("Failed to fetch") are for nobody.
async function ask(path, options = {}) {
  const reply = await fetch(path, { credentials: "same-origin", ...options }).catch(() => null);
  if (reply === null) throw new Error(word("unreachable"));
  if (reply.status === 401) location.assign("/");
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok) {
    const wait = reply.status === 429 ? (Number(reply.headers.get("Retry-After")) || 5) * 1000 : 0;
    throw Object.assign(new Error(body.error || word("failed")), { final: NEVER.has(reply.status), wait });
  }
  return body;
}

const post = (path, body) => ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

async function learnWords() {
  const answer = await ask("/chat/words");
  words = answer.words;
  document.documentElement.lang = answer.language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
    element.title = word(element.dataset.label);
  }
  hint();
  text.setAttribute("aria-label", word("placeholder"));
  $("badge").hidden = !answer.demo;
  document.title = word("title");
}

function hint() { text.placeholder = word(narrow.matches ? "placeholder-short" : "placeholder"); }
narrow.addEventListener("change", hint);

// Showing

function atBottom() {
  return talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
}

function actionsOf(message) {
  if (!message.actions || !message.actions.length) return null;
  return make("div", { className: "actions" }, ...message.actions.map((action) => {
    const button = make("button", { type: "button", className: action.danger ? "danger" : "", textContent: action.label, disabled: Boolean(action.disabled) });
    button.addEventListener("click", async () => {
      button.disabled = true;
      button.parentNode.querySelector(".problem")?.remove();
      const pause = await post("/chat/press", { id: uuid(), data: action.data, on: message.id }).then(() => 3000, (error) => {
        button.after(make("span", { className: "problem", textContent: error.message }));
        return 0;
      });
      setTimeout(() => { button.disabled = false; }, pause); // one that has done what it can is shown anew, disabled
    });
    return button;
  }));
}

function barOf(message) {
  if (message.progress === null || message.progress === undefined) return null;
  const inner = make("i");
  inner.style.width = `${Math.round(message.progress * 100)}%`;
  const bar = make("div", { className: "bar" }, inner);
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-valuenow", Math.round(message.progress * 100));
  return bar;
}

// Long words, whole, for who wants to read them.
function foldedOf(message) {
  if (!message.long) return null;
  return make("details", {}, make("summary", { textContent: word("whole") }),
    make("div", { className: "text", textContent: message.long }));
}

// What is compared: a table under the first line of its text, which scrolls by itself on a phone.
function tableOf(message) {
  if (!message.table) return null;
  const [head, ...rows] = message.table;
  const row = (kind) => (cells) => make("tr", {}, ...cells.map((cell) => make(kind, { textContent: cell })));
  return make("div", { className: "table" }, make("table", {}, make("thead", {}, row("th")(head)), make("tbody", {}, ...rows.map(row("td")))));
}

function filmOf(message) {
  const address = `/videos/${encodeURIComponent(message.name)}`;
  const video = make("video", { src: address, controls: true, preload: "metadata" });
  video.setAttribute("playsinline", "");
  if (message.poster) video.poster = `/videos/${encodeURIComponent(message.poster)}`;
  video.style.aspectRatio = `${message.width} / ${message.height}`;
  const download = make("a", { className: "button", href: `${address}?download=1`, textContent: word("download") });
  download.setAttribute("download", "");
  const foot = make("div", { className: "foot" }, make("span", { className: "text", textContent: message.text }), download);
  const tall = message.height > message.width ? " tall" : "";
  return make("article", { className: `bubble media film${tall}` }, video, foot, actionsOf(message));
}

function fileOf(message) {
  const href = `/videos/${encodeURIComponent(message.name)}?download=1`;
  const download = make("a", { className: "button", href, textContent: word("download") });
  download.setAttribute("download", "");
  return make("article", { className: "bubble" }, make("div", { className: "text", textContent: message.text }),
    make("div", { className: "actions" }, download));
}

function attachmentOf(message) {
  const address = `/chat/uploads/${message.upload}`;
  const media = message.kind === "image" ? make("img", { src: address, alt: "", loading: "lazy" })
    : make(message.kind === "audio" ? "audio" : "video", { src: address, controls: true, preload: "metadata" });
  media.addEventListener("load", stay);
  return make("article", { className: "bubble me media" }, media,
    message.text ? make("div", { className: "text", textContent: message.text }) : null);
}

function elementOf(message) {
  if (message.from === "me" && message.upload) return attachmentOf(message);
  if (message.kind === "gone") return make("article", { hidden: true });
  if (message.kind === "file") return fileOf(message);
  if (message.kind === "video") return filmOf(message);
  const mine = message.from === "me" ? " me" : "";
  return make("article", { className: `bubble${mine}` },
    make("div", { className: "text", textContent: message.table ? message.text.split("\n")[0] : message.text }), tableOf(message),
    belowOf(message), foldedOf(message), barOf(message), actionsOf(message));
}

function belowOf(message) {
  return message.below_table ? make("div", { className: "text", textContent: message.below_table }) : null;
}

// Change the words and the bar in place: a bar that is made anew cannot move smoothly.
function refresh(old, message) {
  const fresh = elementOf(message);
  const bar = old.querySelector(".bar i"), freshBar = fresh.querySelector(".bar i");
  const film = old.querySelector("video"), sameFilm = film && message.kind === "video" && film.src.endsWith(encodeURIComponent(message.name));
  if (!sameFilm && (message.kind !== "text" || !bar || !freshBar)) return old.replaceWith(fresh), fresh;
  if (!sameFilm) {
    old.querySelector(".text").textContent = message.text;
    bar.style.width = freshBar.style.width;
  }
  const actions = old.querySelector(".actions"), freshActions = fresh.querySelector(".actions");
  if (actions) actions.remove();
  if (freshActions) old.append(freshActions);
  return old;
}

// Only who scrolls up reads further up: what is told late of an earlier scroll may find new words below it already.
let pinned = true, lastTop = 0;
function stay() { if (pinned) talk.scrollTop = talk.scrollHeight; }
talk.addEventListener("scroll", () => {
  if (atBottom()) pinned = true;
  else if (talk.scrollTop < lastTop) pinned = false;
  lastTop = talk.scrollTop;
});
new ResizeObserver(stay).observe(talk); // a keyboard opens, a phone is turned, the text grows

// Where a keyboard only covers the page, the page is made as high as what is left of it.
if (window.visualViewport) {
  visualViewport.addEventListener("resize", () => {
    document.body.style.height = visualViewport.scale === 1 ? `${visualViewport.height}px` : "";
  });
}

function show(message) {
  newest = Math.max(newest, message.change);
  const known = shown.get(message.id);
  if (known && known.change >= message.change) return;
  if (message.event) document.querySelector(`[data-pending="${CSS.escape(message.event)}"]`)?.remove();
  let element;
  if (known) {
    element = refresh(known.element, message);
    if (element !== known.element) element.style.animation = "none";
  } else {
    element = elementOf(message);
    talk.append(element);
    if (message.from === "me") pinned = true;
    if (message.from === "bot") $("busy").hidden = true;
  }
  shown.set(message.id, { change: message.change, element });
}

async function load() {
  if (loading) { again = true; return loading; }
  loading = (async () => {
    do {
      again = false;
      const answer = await ask(`/chat/messages?after=${newest}`);
      answer.messages.forEach(show);
      welcome();
      stay();
    } while (again);
  })().catch((error) => { if (error.wait) setTimeout(load, error.wait); }).finally(() => { loading = null; });
  return loading;
}

function welcome() {
  const section = $("welcome");
  section.hidden = shown.size > 0;
  if (section.hidden || greeted) return;
  greeted = true;
  section.append(make("img", { src: "/chat/static/icon.svg", alt: "" }), make("h2", { textContent: word("title") }),
    make("p", { textContent: word("tagline") }));
  for (const key of ["example-1", "example-2", "example-3"]) {
    const button = make("button", { type: "button", textContent: word(key) });
    button.addEventListener("click", () => { text.value = word(key); grow(); text.focus(); askPrice(); }); // it costs something: its price comes first
    section.append(button);
  }
}

// A browser opens six connections to a server, and no more: so one of its tabs listens, and tells the others.
const tabs = new BroadcastChannel("reelbot");
tabs.addEventListener("message", (event) => heard(event.data));

function heard(what) {
  $("offline").hidden = what !== "error";
  if (what === "news") load();
  if (what !== "busy") return;
  $("busy").hidden = false;
  stay();
  clearTimeout(busyTimer);
  busyTimer = setTimeout(() => { $("busy").hidden = true; }, 6000);
}

function listen() {
  if (navigator.locks) navigator.locks.request("reelbot events", () => new Promise(stream)); // until this tab is closed
  else stream(); // a plain address in one's own network
}

function stream() {
  const source = new EventSource("/chat/events");
  for (const what of ["news", "busy", "open", "error"]) {
    source.addEventListener(what, () => { heard(what); tabs.postMessage(what); });
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(stream, 2000);
  });
}

// Sending

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

// The price of exactly what stands here, if sending it would make a video: with it on the button, to send is to agree.
const PRICE_AFTER_MS = 350;
let quoted = null, priceTimer = 0;

function writing() {
  const file = attached.length ? attached[0].file : null, [kind] = file ? file.type.split("/") : [null];
  const length = kind === "video" ? $("preview-video").duration || null : null;
  return { text: text.value.trim(), kind, size: file ? file.size : null, seconds: Number.isFinite(length) ? length : null, file };
}

function showPrice(price) {
  $("price").textContent = price ? `${word("make")} · ${price}` : "";
  $("send").classList.toggle("priced", Boolean(price));
  $("send").setAttribute("aria-label", price ? `${word("make")} · ${price}` : word("send"));
}

function askPrice() {
  quoted = null;
  showPrice(null);
  clearTimeout(priceTimer);
  if (text.value.trim() && attached.length < 2) priceTimer = setTimeout(quote, PRICE_AFTER_MS);
}

async function quote() {
  const asked = writing();
  const answer = await post("/chat/price", { text: asked.text, kind: asked.kind, size: asked.size, seconds: asked.seconds }).catch(() => ({}));
  const now = writing();
  if (!answer.price || attached.length > 1 || now.text !== asked.text || now.file !== asked.file) return;
  quoted = { text: asked.text, file: asked.file, price: answer.price };
  showPrice(answer.price);
}

function attach(files) {
  if (!files.length) return; // whether they are of use, the server sees: browsers do not name the type of each photo
  attached.push(...[...files].map((file) => ({ file, address: URL.createObjectURL(file) })));
  const [first, ...more] = attached, [kind] = first.file.type.split("/");
  for (const each of ["image", "video"]) $(`preview-${each}`).hidden = each !== kind;
  if ((kind === "image" || kind === "video") && $(`preview-${kind}`).src !== first.address) $(`preview-${kind}`).src = first.address;
  $("preview-more").replaceChildren(...more.map((each) => each.file.type.startsWith("image/") ? make("img", { src: each.address, alt: "" }) : make("span", { textContent: each.file.type.startsWith("audio/") ? "♪" : "▶" })));
  $("preview-name").textContent = attached.map((each) => each.file.name).join(", ");
  $("preview").hidden = false;
  $("file").value = "";
  text.focus();
  askPrice();
}

function detach() {
  for (const each of attached) URL.revokeObjectURL(each.address);
  attached = [];
  $("preview").hidden = true;
  $("preview-more").replaceChildren();
  $("file").value = "";
  askPrice();
}

function send() {
  const said = text.value.trim(), files = attached.map((each) => each.file), file = files.length ? files[0] : null;
  const seconds = file && file.type.startsWith("video/") ? $("preview-video").duration || null : null;
  if (!said && !file) return;
  const price = quoted && quoted.text === said && quoted.file === file ? quoted.price : null;
  text.value = "";
  grow();
  detach();
  const first = { id: uuid(), text: said, file, upload: null, seconds, price };
  if (files.length > 1) deliverTogether(first, files);
  else deliver(first);
}

// Several files are one question, as the items of an album are: the first brings the words, and all are sent at once.
async function deliverTogether(first, files) {
  const album = uuid();
  const messages = [{ ...first, price: null, album }, ...files.slice(1).map((file) => ({ id: uuid(), text: "", file, upload: null, seconds: null, price: null, album }))];
  const uploads = messages.map((message) => {
    const element = make("article", { className: "bubble me" }, make("div", { className: "text", textContent: message.file.name }));
    element.style.opacity = ".6";
    talk.append(element);
    return upload(message).catch(() => {}).finally(() => element.remove()); // it is tried again when it is sent
  });
  $("welcome").hidden = true;
  pinned = true;
  stay();
  await Promise.all(uploads);
  for (const message of messages) await deliver(message);
}

async function upload(message) {
  if (!message.file || message.upload) return;
  const answer = await ask("/chat/upload", { method: "POST", body: message.file });
  message.upload = answer.upload;
}

async function deliver(message) {
  const element = make("article", { className: "bubble me" },
    make("div", { className: "text", textContent: message.text || message.file.name }));
  element.dataset.pending = message.id;
  element.style.opacity = ".6";
  $("welcome").hidden = true;
  talk.append(element);
  pinned = true;
  stay();
  try {
    await upload(message);
    await post("/chat/send", { id: message.id, text: message.text, upload: message.upload, seconds: message.seconds, price: message.price, album: message.album });
    await load();
    element.remove();
  } catch (error) {
    element.classList.add("failed");
    element.style.opacity = "1";
    element.append(make("span", { className: "problem", textContent: error.message }));
    if (!error.final) {
      const retry = make("button", { type: "button", textContent: word("retry") });
      retry.addEventListener("click", () => { element.remove(); deliver(message); });
      element.append(make("div", { className: "actions" }, retry));
    }
    stay();
  }
}

composer.addEventListener("submit", (event) => { event.preventDefault(); send(); });
text.addEventListener("input", () => { grow(); askPrice(); });
$("preview-video").addEventListener("loadedmetadata", askPrice);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) { event.preventDefault(); send(); }
});
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => attach($("file").files));
$("remove").addEventListener("click", detach);
document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files].filter((each) => /^(image|video|audio)\//.test(each.type));
  if (files.length) { event.preventDefault(); attach(files); }
});
let dragging = 0;
document.addEventListener("dragenter", () => { dragging += 1; $("drop").hidden = false; });
document.addEventListener("dragleave", () => { dragging -= 1; $("drop").hidden = dragging > 0; if (dragging <= 0) $("drop").hidden = true; });
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  dragging = 0;
  $("drop").hidden = true;
  attach(event.dataTransfer.files);
});

async function begin() {
  try {
    await learnWords();
  } catch {
    setTimeout(begin, 2000);
    return;
  }
  await load();
  listen();
}

begin();
