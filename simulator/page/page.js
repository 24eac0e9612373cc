// The page of the simulator: a region on a desk, shown and played by hand.
//
// Responsible for drawing what `/api/state` says and for sending what a visitor does. It decides nothing: what a
// box thinks of a pass is read from the box, never guessed here, so a press shows only once the box has felt it.
//
// Invariants: an element is made once and then only changed where it differs, so a button under a finger stays
// the same button; text from the simulator goes through `textContent` alone; colour is never the only signal.
"use strict";

/** Keys in the order they stand on the box, as words of its keypad. */
const KEYS = ["yes", "no", ..."1234567890", "backspace", "enter", ..."ABEKMHOPCTYX", "menu", "language"];
const KEY_WORDS = { yes: "yes", no: "no", menu: "menu", language: "keyLanguage", backspace: "backspace", enter: "enter" };
const KEY_SIGNS = { yes: "✓", no: "✕", backspace: "⌫", enter: "⏎" };
const LAMP_SHAPES = { off: "", amber: "wait", green: "go", red: "stop" };

/** Crossings shown; HQ's own pages have the rest. */
const CROSSINGS_SHOWN = 60;

let language = remembered("language") ?? (navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en");
let state = null;

function word(key, ...values) {
  const text = WORDS[key]?.[language === "ru" ? 0 : 1] ?? key;
  return values.reduce((filled, value, at) => filled.replace(`{${at}}`, value), text);
}

/** A text the simulator gives in every language. */
function inLanguage(names) {
  return typeof names === "string" ? names : names?.[language] ?? names?.en ?? "";
}

function remembered(what) {
  try { return localStorage.getItem(what); } catch { return null; } // storage may be forbidden: then nothing is kept
}

function remember(what, value) {
  try { localStorage.setItem(what, value); } catch { /* see above */ }
}

// ------------------------------------------------------------------------------- changing only what differs

const find = (root, selector) => root.querySelector(selector);

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function mark(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function shape(svg, name) {
  mark(find(svg, "use"), "href", name ? `#shape-${name}` : "");
}

function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

function copyOf(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

const pictures = new WeakMap(); // img -> { wanted, shown, loading }

/** Shows a picture once it is decoded, so nothing flickers; of several that come meanwhile only the last. */
async function showPicture(img, address) {
  const picture = pictures.get(img) ?? { shown: null, loading: false };
  pictures.set(img, picture);
  picture.wanted = address;
  if (picture.loading) return;
  picture.loading = true;
  while (picture.shown !== picture.wanted) {
    const next = new Image();
    next.src = picture.shown = picture.wanted;
    try {
      await next.decode();
      img.src = next.src;
    } catch { /* not there yet, or half written: the next version comes */ }
  }
  picture.loading = false;
}

// ----------------------------------------------------------------------------------------- numbers and times

const locale = () => (language === "ru" ? "ru" : "en-GB");
const number = (value, digits = 0) =>
  value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits });

const milliseconds = (ms) => ms == null ? "" : `${number(ms, ms < 100 ? 1 : 0)}\u00a0${word("ms")}`;

/** An age in its largest whole unit; the space does not break. */
function age(seconds) {
  const sizes = [86400, 3600, 60, 1];
  const at = sizes.findIndex((size) => seconds >= size);
  const unit = at < 0 ? sizes.length - 1 : at;
  return `${Math.floor(Math.max(0, seconds) / sizes[unit])}\u00a0${word("units").split(" ")[unit]}`;
}

/** The region's offset from UTC in ms: its clocks are shown in its own time, wherever the visitor is. */
function regionOffset(iso) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(iso ?? "") ?? [null, "+", 0, 0];
  return (sign === "-" ? -60000 : 60000) * (Number(hours) * 60 + Number(minutes));
}

function timeOfDay(ms, offset) {
  return ms == null ? "" : new Date(ms + offset).toISOString().slice(11, 19);
}

function dateAndTime(iso, elapsed) {
  if (!iso) return "";
  const local = Date.parse(iso) + elapsed + regionOffset(iso);
  const parts = { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" };
  const day = new Date(local).toLocaleDateString(locale(), parts);
  return `${day.replace(/\s*г\.$/, "")} ${timeOfDay(local, 0)}`;
}

/** `A123BC69` as it stands on the car. */
const plateWritten = (plate) => plate?.replace(/^(.)(.{3})(..)(.+)$/, "$1 $2 $3 $4") ?? "";

// --------------------------------------------------------------------------------------- asking the simulator

let tellingEnds = 0;

/** The quiet line: what did not work, or what to look at now. */
function tell(text) {
  write(find(document, ".status"), text);
  clearTimeout(tellingEnds);
  tellingEnds = setTimeout(() => write(find(document, ".status"), ""), 9000);
}

async function send(path, headers, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers, body });
    if (answer.ok) return true;
    const told = await answer.json().catch(() => ({}));
    tell(word("refused", inLanguage(told.error) || `${answer.status} ${answer.statusText}`));
  } catch {
    tell(word("lost"));
  }
  return false;
}

const ask = (path, what = {}) => send(path, { "Content-Type": "application/json" }, JSON.stringify(what));
const askBox = (name, verb, what) => ask(`/api/box/${encodeURIComponent(name)}/${verb}`, what);

/** Sends a picture into a camera: `picture` stays until it is taken away, `webcam` for a second. */
function putBeforeCamera(name, picture, stay) {
  return send(`/api/box/${encodeURIComponent(name)}/frame?stay=${stay}`, { "Content-Type": picture.type }, picture);
}

// ---------------------------------------------------------------------------------------- a box, made once

const boxes = new Map(); // name -> its section

function makeBox(box) {
  const section = copyOf("box");
  section.dataset.box = box.name;
  section.id = `box-${box.name}`;
  find(section, "h2").id = `${section.id}-title`;
  mark(section, "aria-labelledby", `${section.id}-title`);
  find(section, ".keys").append(...KEYS.map(makeKey));
  section.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) pressed(box.name, button.dataset);
  });
  find(section, "[data-scenario]").addEventListener("change", ({ target }) => {
    askBox(box.name, "weather", { scenario: target.value });
  });
  find(section, "[data-upload]").addEventListener("change", ({ target }) => {
    if (target.files[0]) putBeforeCamera(box.name, target.files[0], "picture");
    target.value = ""; // so that the same picture can be chosen again
  });
  translate(section);
  document.getElementById("boxes").append(section);
  boxes.set(box.name, section);
  const place = document.createElement("a");
  place.href = `#${section.id}`;
  place.append(find(copyOf("crossing"), "svg"), " ", document.createElement("span"));
  find(document, "nav a[href='#hq']").before(place);
  return section;
}

function makeKey(key) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.key = key;
  const sign = document.createElement("span");
  sign.textContent = KEY_SIGNS[key] ?? (KEY_WORDS[key] ? "" : key);
  button.append(sign);
  if (KEY_WORDS[key]) {
    const name = document.createElement("small");
    name.dataset.text = KEY_WORDS[key];
    sign.setAttribute("aria-hidden", "true");
    button.append(name);
  }
  return button;
}

function makePass(pass) {
  const button = copyOf("pass");
  button.dataset.pass = pass.id;
  find(button, "img").src = `/pass/${encodeURIComponent(pass.id)}.png`;
  return button;
}

/** What a press on one of a box's buttons asks for. */
function pressed(name, what) {
  const box = state.boxes.find((each) => each.name === name);
  if (what.pass) return box.held === what.pass ? askBox(name, "away") : askBox(name, "hold", { pass: what.pass });
  if (what.key) return askBox(name, "key", { key: what.key });
  if (what.clock === "reset") return askBox(name, "clock", { reset: true });
  if (what.clock === "ntp") return askBox(name, "clock", { ntp: !box.clock.ntp });
  if (what.clock === "rtc") return askBox(name, "clock", { rtc: !box.clock.rtc });
  if (what.clock) return askBox(name, "clock", { add_s: Number(what.clock) });
  if ("network" in what) return askBox(name, "network", { up: !box.network });
  if ("stick" in what) return askBox(name, "stick", { on: !box.stick });
  if (what.lens) return askBox(name, "lens", { lens: box.lens === what.lens ? "clear" : what.lens });
  if (what.grip) return askBox(name, "grip", { grip: box.grip === what.grip ? "well" : what.grip });
  if ("night" in what) return askBox(name, "night", { on: !box.night });
  if ("anpr" in what) return askBox(name, "anpr", { on: !box.anpr });
  if ("kill" in what) return askBox(name, "kill");
  if ("webcam" in what) return webcam?.name === name ? stopWebcam() : startWebcam(name);
  if ("play" in what) return askBox(name, box.held === "run" ? "away" : "play");
  if ("away" in what) {
    if (webcam?.name === name) stopWebcam();
    return askBox(name, "away");
  }
}

// -------------------------------------------------------------------------------------- a box, as it is now

function showBox(box) {
  const section = boxes.get(box.name) ?? makeBox(box);
  mark(section, "data-screen", box.screen ?? "");
  mark(section, "data-outcome", box.outcome ?? "");
  mark(section, "data-reasons", (box.reasons ?? []).join(" "));
  mark(section, "data-lamp", box.lamp ?? "off");
  mark(section, "data-network", box.network ? "up" : "down");
  mark(section, "data-running", Boolean(box.running));
  mark(section, "data-camera", box.camera_state ?? "");
  write(find(section, "h2"), inLanguage(box.title) || box.name);
  showVerdict(section, box);
  showScene(section, box);
  showPasses(section, box);
  showLink(section, box);
  sound(box);
}

function verdictShape(box) {
  if (!box.running) return "";
  if (box.screen === "verdict") return box.outcome;
  if (box.screen === "closed" && box.lamp === "green") return "admit";
  return box.screen === "closed" && box.lamp === "red" ? "refuse" : "";
}

/** The panel in words: for a glance, and for those who hear the page. */
function verdictWords(box) {
  if (!box.running) return word("dead");
  if (box.screen === "verdict") {
    const reasons = (box.reasons ?? []).map(reasonWords).join("; ");
    return reasons ? `${word(box.outcome)}: ${reasons}` : word(box.outcome);
  }
  if (box.screen === "closed" && box.lamp === "green") return word("passed");
  if (box.screen === "closed" && box.lamp === "red") return word("turned-back");
  return inLanguage(box.call) || (box.screen ? word(box.screen) : "");
}

const reasonWords = (reason) => inLanguage(state.reasons?.[reason]) || reason;

function showVerdict(section, box) {
  const words = verdictWords(box);
  const kind = verdictShape(box);
  mark(find(section, ".verdict"), "data-outcome", kind ?? "");
  shape(find(section, ".verdict .shape"), kind);
  write(find(section, ".verdict span"), words);
  mark(find(section, ".panel"), "alt", word("panelSays", words));
  const place = find(document, `nav a[href="#${section.id}"]`);
  mark(place, "data-outcome", kind ?? "");
  shape(find(place, "svg"), kind);
  write(find(place, "span"), inLanguage(box.title) + (box.queue ? ` · ${word("waiting", box.queue)}` : ""));
}

function showScene(section, box) {
  const at = `/box/${encodeURIComponent(box.name)}`;
  if (box.camera != null) showPicture(find(section, ".camera"), `${at}/camera.jpg?v=${box.camera}${again}`);
  if (box.panel != null) showPicture(find(section, ".panel"), `${at}/panel.png?v=${box.panel}${again}`);
  mark(find(section, ".small"), "href", `${at}/small.png?v=${box.panel ?? 0}`);
  mark(find(section, ".driver"), "href", `${at}/driver.png?v=${box.panel ?? 0}`);
  mark(find(section, ".camera"), "alt", word("camera"));
  const look = box.look;
  const steps = look?.steps?.map((step) => `${step.rung} ${milliseconds(step.ms)}`).join(" → ");
  write(find(section, ".looks"), look?.path ? steps || `${look.path} ${milliseconds(look.ms)}` : "");
  mark(find(section, ".looks"), "title", look?.dropped ? word("dropped", look.dropped) : "");
  const lamp = box.lamp ?? "off";
  mark(find(section, ".lamp"), "data-lamp", lamp);
  shape(find(section, ".lamp .shape"), LAMP_SHAPES[lamp]);
  write(find(section, ".lamp b"), word(`lamp_${lamp}`));
  mark(find(section, "[data-anpr]"), "aria-checked", Boolean(box.anpr));
  write(find(section, ".plate-seen .plate"), box.anpr ? plateWritten(box.plate) : "");
}

function showPasses(section, box) {
  for (const pass of state.passes.filter(({ id }) => id !== "road")) {
    const known = find(section, `[data-pass="${CSS.escape(pass.id)}"]`);
    const button = known ?? find(section, ".passes").appendChild(makePass(pass));
    mark(button, "aria-pressed", box.held === pass.id);
    write(find(button, "b"), inLanguage(pass.title));
    write(find(button, ".hint"), pass.revoked && pass.id !== "revoked" ? word("isRevoked") : inLanguage(pass.hint));
  }
  mark(find(section, "[data-away]"), "data-away", box.held && box.held !== "road" ? "held" : "");
  mark(find(section, "[data-play]"), "aria-pressed", box.held === "run");
  const filming = webcam?.name === box.name;
  mark(find(section, "[data-webcam]"), "aria-pressed", filming);
  write(find(section, "[data-webcam]"), word(filming ? "webcamStop" : "webcam"));
}

function showLink(section, box) {
  const head = box.journal?.head ?? 0;
  const settled = box.journal?.settled ?? 0;
  const waiting = box.queue ?? head - settled;
  mark(find(section, ".link"), "data-online", Boolean(box.online));
  write(find(section, ".line"), word(box.online ? "online" : "offline"));
  write(find(section, ".receipted"), word("receipted", number(settled), number(head)));
  const rows = "▪".repeat(Math.min(waiting, 24)) + (waiting > 24 ? "…" : "");
  const writes = box.journal?.writes === false ? ` · ${word("journalFails")}` : "";
  write(find(section, ".waiting"), (waiting ? `${word("waiting", number(waiting))} ${rows}` : "") + writes);
  mark(find(section, "progress"), "max", Math.max(head, 1));
  mark(find(section, "progress"), "value", head ? settled : 1);
  for (const button of section.querySelectorAll("[data-lens]")) {
    mark(button, "aria-pressed", box.lens === button.dataset.lens);
  }
  for (const button of section.querySelectorAll("[data-grip]")) {
    mark(button, "aria-pressed", box.grip === button.dataset.grip);
  }
  mark(find(section, "[data-night]"), "aria-pressed", Boolean(box.night));
  write(find(section, ".exposure"), box.exposure === 1 ? "" : word("exposure", number(box.exposure, 1)));
  write(find(section, "[data-network]"), word(box.network ? "cut" : "restore"));
  showWeather(section, box);
  write(find(section, "[data-stick]"), word(box.stick ? "stickOut" : "stickIn"));
  for (const source of ["ntp", "rtc"]) {
    mark(find(section, `[data-clock="${source}"]`), "aria-pressed", !box.clock[source]);
  }
  mark(find(section, ".trust"), "data-grade", box.clock?.grade ?? "");
  write(find(section, ".trust"), trustWords(box.clock?.trust));
  write(find(section, ".tone"), box.tone?.kind ? word(`tone_${box.tone.kind}`) : "");
  write(find(section, ".knowledge"), releaseWords(box) + (box.starts > 1 ? ` · ${word("starts", box.starts)}` : ""));
}

/** How much passes, from nothing to all: the height of a stretch, so that colour is not the only sign. */
const HEIGHTS = { cut: 0, silent: 8, corrupt: 22, slow: 16, clear: 32 };

/** The weather of a scenario, from left to right as it is played, and where it stands. */
function showWeather(section, { weather }) {
  const choice = find(section, "[data-scenario]");
  if (choice.options.length === 0) {
    choice.add(new Option("", ""));
    for (const { name } of state.scenarios) choice.add(new Option("", name));
  }
  for (const option of choice.options) {
    const known = state.scenarios.find(({ name }) => name === option.value);
    write(option, known ? inLanguage(known.title) : word("noScenario"));
    mark(option, "title", known ? inLanguage(known.about) : "");
  }
  mark(section, "data-weather", weather.now);
  const playing = weather.scenario ?? "";
  if (section.dataset.playing !== playing) choice.value = section.dataset.playing = playing;
  const forecast = find(section, ".forecast");
  forecast.hidden = !weather.scenario;
  if (!weather.scenario) return;
  const picture = find(forecast, "svg");
  const drawn = JSON.stringify([weather.strip, weather.events]);
  if (picture.dataset.drawn !== drawn) {
    picture.dataset.drawn = drawn;
    const stretches = weather.strip.map(([from, look], at) => {
      const width = (weather.strip[at + 1]?.[0] ?? 1000) - from;
      return drawing("rect", { class: look, x: from, width, y: 36 - HEIGHTS[look], height: HEIGHTS[look] });
    });
    const events = weather.events.map(([at]) => drawing("path", { class: "event", d: `M${at} 0v36` }));
    picture.replaceChildren(drawing("path", { class: "road", d: "M0 37h1000" }), ...stretches, ...events,
      drawing("path", { class: "now", d: "M0 0v40" }));
  }
  mark(find(picture, ".now"), "transform", `translate(${weather.at})`);
  const last = weather.events.findLast(([at]) => at <= weather.at && at > weather.at - 120);
  const words = [word(`line_${weather.now}`), ...(last ? [word(`event_${last[1]}`)] : [])];
  write(find(forecast, "figcaption"), words.join(" · "));
}

function drawing(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Where a clock's time comes from, as `ntp` or `signed by HQ`. */
function trustWords(trust) {
  const key = `trust_${trust?.split(/[ -]/)[0]}`;
  return WORDS[key] ? word(key) : trust ?? "";
}

function releaseWords({ release, release_age_s }) {
  if (release == null) return word("noRelease");
  const behind = state.hq.release > release ? "releaseBehind" : "release";
  return word(behind, release, age(release_age_s ?? 0), state.hq.release);
}

// ------------------------------------------------------------------------------------------------------- HQ

const hq = document.getElementById("hq");
const rows = new Map(); // id of a crossing -> its row
let lastRevoked = null;

function showHq() {
  write(find(hq, ".region"), `${state.region.name} · ${state.region.id}`);
  show(find(hq, ".own-pages"), Boolean(state.hq.url));
  if (state.hq.url) mark(find(hq, ".own-pages"), "href", state.hq.url);
  const connected = state.hq.connected === false ? ` · ${word("hqOffline")}` : "";
  write(find(hq, ".hq-release"), releaseWords(state.hq) + connected);
  for (const outcome of ["admit", "check", "refuse"]) {
    const count = state.counts?.by_outcome?.[outcome] ?? 0;
    write(find(hq, `.counts [data-outcome="${outcome}"] span`), `${word(outcome)} ${number(count)}`);
  }
  const damaged = state.counts?.damaged ?? 0;
  const kept = number(state.counts?.rows ?? 0);
  write(find(hq, ".counts .rows"), word(damaged ? "rowsDamaged" : "rowsKept", kept, damaged));
  state.passes.filter((pass) => pass.can_revoke).forEach(showIssued);
  showCrossings();
}

function showIssued(pass) {
  const button = find(hq, `[data-revoke="${CSS.escape(pass.id)}"]`);
  const item = button?.parentElement ?? find(hq, ".issued").appendChild(copyOf("issued"));
  const name = inLanguage(pass.title);
  mark(find(item, "[data-revoke]"), "data-revoke", pass.id);
  mark(find(item, "[data-renew]"), "data-renew", pass.id);
  mark(item, "data-revoked", Boolean(pass.revoked));
  mark(find(item, "a"), "href", `/pass/${encodeURIComponent(pass.id)}.png`);
  write(find(item, "a"), name);
  write(find(item, ".state"), pass.revoked ? word("isRevoked") : "");
  for (const verb of ["revoke", "renew"]) {
    write(find(item, `[data-${verb}]`), word(verb));
    mark(find(item, `[data-${verb}]`), "aria-label", `${word(verb)}: ${name}`);
  }
}

function showCrossings() {
  const body = find(hq, "tbody");
  const crossings = (state.crossings ?? []).slice(0, CROSSINGS_SHOWN);
  const kept = new Set(crossings.map((crossing) => crossing.id));
  for (const [id, row] of rows) {
    if (!kept.has(id)) { row.remove(); rows.delete(id); }
  }
  let place = body.firstElementChild;
  for (const crossing of crossings) {
    const row = rows.get(crossing.id) ?? copyOf("crossing");
    rows.set(crossing.id, row);
    showCrossing(row, crossing);
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  show(find(hq, ".none-yet"), crossings.length === 0);
}

function showCrossing(row, crossing) {
  const box = state.boxes.find((each) => each.name === crossing.box);
  const { plate_seen: seen, plate_bound: bound } = crossing;
  mark(row, "data-crossing", crossing.id);
  mark(row, "data-box", crossing.box);
  mark(row, "data-outcome", crossing.outcome ?? "");
  mark(row, "data-reasons", (crossing.reasons ?? []).join(" "));
  write(find(row, ".at"), timeOfDay(crossing.at_ms, regionOffset(state.hq.now)));
  shape(find(row, ".said .shape"), crossing.outcome);
  write(find(row, ".said span"), crossing.outcome ? word(crossing.outcome) : "");
  write(find(row, ".car .plate"), plateWritten(seen ?? bound));
  write(find(row, ".where"), inLanguage(box?.title) || crossing.box);
  const other = seen && bound && seen !== bound ? [word("boundTo", plateWritten(bound))] : [];
  write(find(row, ".why"), [...(crossing.reasons ?? []).map(reasonWords), ...other].join("; "));
  write(find(row, ".what"), [inLanguage(crossing.kind_name), crossing.issuer].filter(Boolean).join(", "));
  write(find(row, ".done"), word(crossing.action ?? "undecided"));
  const took = crossing.read_us == null ? null : (crossing.read_us + (crossing.judge_us ?? 0)) / 1000;
  write(find(row, ".took"), milliseconds(took));
}

async function pressedAtHq({ target }) {
  const what = target.closest("button")?.dataset ?? {};
  const id = what.revoke ?? what.renew;
  const name = inLanguage(state?.passes.find((pass) => pass.id === id)?.title);
  if (what.revoke && await ask("/api/hq/revoke", { pass: id })) {
    lastRevoked = id;
    tell(word("didRevoke", name));
  }
  if (what.renew && await ask("/api/hq/renew", { pass: id })) tell(word("didRenew", name));
  if ("publish" in what) ask("/api/hq/publish");
  if (what.allNetwork) ask("/api/hq/network", { up: what.allNetwork === "up" });
}

// --------------------------------------------------------------------------------------- what to try first

const queued = new Set(); // boxes seen with rows waiting and no network

function showFirstSteps() {
  for (const box of state.boxes) {
    if (!box.network && box.queue > 0) queued.add(box.name);
    else if (box.network && box.queue === 0 && queued.has(box.name)) stepDone("queue");
    if (lastRevoked && box.held === lastRevoked && box.reasons?.includes("revoked")) stepDone("revoke");
  }
  if (state.crossings?.some((crossing) => crossing.action === "passed")) stepDone("admit");
}

const stepDone = (step) => mark(find(document, `[data-step="${step}"]`), "data-done", "");

// --------------------------------------------------------------------------------------------------- sound

/** Hertz and seconds of each beep. */
const TONES = {
  one: [[880, 0.15]],
  two: [[880, 0.12], [880, 0.12]],
  long: [[440, 0.8]],
  fault: [[220, 0.15], [220, 0.15], [220, 0.15]],
};
const tonesHeard = new Map(); // name of a box -> how many tones it had given
let audio = null;
let muted = remembered("sound") === "off";

/** Plays what a box's buzzer has done since the last look; what it did before the page opened stays silent. */
function sound({ name, tone }) {
  const count = tone?.count ?? 0;
  if (count > (tonesHeard.get(name) ?? Infinity) && !muted) play(TONES[tone.kind] ?? []);
  tonesHeard.set(name, count);
}

function play(pattern) {
  if (!audio) return; // browsers allow sound only after a gesture
  let at = audio.currentTime + 0.02;
  for (const [hertz, seconds] of pattern) {
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.12, at + 0.01); // ramps, for a bare switch clicks
    gain.gain.setValueAtTime(0.12, at + seconds - 0.02);
    gain.gain.linearRampToValueAtTime(0, at + seconds);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + seconds);
    at += seconds + 0.09;
  }
}

function allowSound() {
  audio ??= new AudioContext();
  audio.resume();
}

// -------------------------------------------------------------------------------------------------- webcam

const FRAME_EVERY_MS = 200; // five frames a second are enough to read a pass held still
const FRAME_WIDTH = 1280;
let webcam = null; // { name, stream }: one box at a time

async function startWebcam(name) {
  stopWebcam();
  const trouble = find(boxes.get(name), ".webcam-trouble");
  write(trouble, "");
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: FRAME_WIDTH } } });
    const mine = webcam = { name, stream };
    stream.getVideoTracks()[0].addEventListener("ended", () => webcam === mine && stopWebcam());
    showBox(state.boxes.find((box) => box.name === name));
    await film(mine);
  } catch (error) {
    const known = { NotFoundError: "noWebcam", OverconstrainedError: "noWebcam", NotAllowedError: "webcamRefused" };
    write(trouble, word(known[error.name] ?? "webcamBusy"));
    stopWebcam();
  }
}

/** One frame is on its way at a time: a slow simulator gets fewer, never a queue of old ones. */
async function film(mine) {
  const video = document.createElement("video");
  video.muted = video.playsInline = true;
  video.srcObject = mine.stream;
  await video.play();
  while (webcam === mine) {
    const began = performance.now();
    const frame = await jpegOf(video);
    if (webcam !== mine || !await putBeforeCamera(mine.name, frame, "webcam")) break;
    await new Promise((done) => setTimeout(done, FRAME_EVERY_MS - (performance.now() - began)));
  }
  if (webcam === mine) stopWebcam();
}

function jpegOf(video) {
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, FRAME_WIDTH / video.videoWidth);
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
}

function stopWebcam() {
  if (!webcam) return;
  const { name, stream } = webcam;
  webcam = null;
  stream.getTracks().forEach((track) => track.stop());
  showBox(state.boxes.find((box) => box.name === name));
}

// ------------------------------------------------------------------------------------------- the whole page

let received = 0;
let again = ""; // after a lost connection the versions of pictures may begin anew: their addresses must not

function translate(root) {
  for (const element of root.querySelectorAll("[data-text]")) write(element, word(element.dataset.text));
  for (const element of root.querySelectorAll("[data-name]")) mark(element, "aria-label", word(element.dataset.name));
}

function showSwitches() {
  mark(document.documentElement, "lang", language);
  document.title = `${word("title")} — ${word("subtitle")}`;
  write(document.getElementById("language"), word("otherLanguage"));
  mark(document.getElementById("language"), "lang", language === "ru" ? "en" : "ru");
  write(document.getElementById("sound"), word(muted ? "soundOff" : "soundOn"));
  mark(document.getElementById("sound"), "aria-pressed", !muted);
}

function showClocks() {
  if (!state) return;
  const elapsed = performance.now() - received;
  write(find(hq, ".hq-clock"), dateAndTime(state.hq.now, elapsed));
  for (const box of state.boxes) {
    write(find(boxes.get(box.name), ".clock time"), dateAndTime(box.clock?.now, elapsed));
  }
}

function showState() {
  state.boxes.forEach(showBox);
  showHq();
  showFirstSteps();
  showClocks();
  if (state.message) tell(inLanguage(state.message));
}

function showConnection(connection) {
  mark(document.body, "data-connection", connection);
  show(find(document, ".lost"), connection === "lost");
}

const ASK_AGAIN_MS = 60; // a camera changes ten times a second; faster than this nobody sees
const ANSWER_MS = 15000; // the simulator answers after ten seconds at the latest
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks for the state again and again; each answer waits until something has changed. */
async function follow() {
  for (let failures = 0; ;) {
    try {
      const after = failures ? 0 : state?.version ?? 0;
      const answer = await fetch(`/api/state?after=${after}&lang=${language}`, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(answer.statusText);
      state = await answer.json();
      received = performance.now();
      if (failures) again = `&again=${Math.round(received)}`;
      failures = 0;
    } catch {
      failures += 1;
      showConnection("lost");
      await pause(Math.min(4000, 250 * 2 ** failures));
      continue;
    }
    showConnection("kept");
    speakAlike();
    try { showState(); } catch (mistake) { console.error(mistake); } // a mistake in drawing is not a lost connection
    await pause(ASK_AGAIN_MS);
  }
}

const asked = new Map(); // box -> the page's language when it was last asked to speak alike

/** Presses the language key of a box that speaks another language; once, as an officer might want it otherwise. */
function speakAlike() {
  for (const box of state?.boxes ?? []) {
    if (!box.language || asked.get(box.name) === language) continue;
    asked.set(box.name, language);
    if (box.language !== language) askBox(box.name, "key", { key: "language" });
  }
}

function switchLanguage() {
  language = language === "ru" ? "en" : "ru";
  remember("language", language);
  showSwitches();
  translate(document);
  speakAlike();
  if (state) showState();
}

function switchSound() {
  muted = !muted;
  remember("sound", muted ? "off" : "on");
  showSwitches();
}

hq.addEventListener("click", pressedAtHq);
document.getElementById("language").addEventListener("click", switchLanguage);
document.getElementById("sound").addEventListener("click", switchSound);
for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, allowSound, { once: true });
setInterval(showClocks, 1000);
showSwitches();
translate(document);
follow();
