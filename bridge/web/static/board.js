// The board: asks for the whole of it again and again, and changes what differs. Nothing else has to be remembered.
"use strict";
(() => {
  const EVERY = 600; // milliseconds, as in pulse.js
  const PATIENCE = 5000;
  const live = document.getElementById("live");
  const form = document.getElementById("act");
  const lost = document.getElementById("lost");
  const left = document.getElementById("left");
  const said = document.getElementById("said");
  const announced = document.getElementById("announced");
  const title = document.title;
  const policy = window.trustedTypes
    ? trustedTypes.createPolicy("board", { createHTML: (html) => html, createScriptURL: (url) => url })
    : { createHTML: (html) => html, createScriptURL: (url) => url };

  // --- What differs is put in place of what was there; the rest stays, and with it focus, selection and open menus.

  const bare = (element) => {
    const copy = element.cloneNode(true);
    for (const time of copy.querySelectorAll("time.when")) {
      time.textContent = "";
      time.removeAttribute("title");
    }
    for (const one of copy.querySelectorAll("[data-for], [data-for-administrators]")) one.hidden = false;
    return copy.outerHTML;
  };

  const merge = (old, fresh) => {
    const keys = new Set([...fresh.children].map((one) => one.dataset.key));
    for (const one of [...old.children]) if (!keys.has(one.dataset.key)) one.remove();
    const known = new Map([...old.children].map((one) => [one.dataset.key, one]));
    let at = old.firstElementChild;
    for (const next of [...fresh.children]) {
      let had = known.get(next.dataset.key);
      if (!had) {
        had = document.importNode(next, true);
      } else if (bare(had) !== bare(next)) {
        if ("keep" in had.dataset && "keep" in next.dataset) {
          merge(had, next);
        } else {
          const changed = document.importNode(next, true);
          had.replaceWith(changed);
          if (at === had) at = changed;
          had = changed;
        }
      }
      if (had === at) at = at.nextElementSibling;
      else old.insertBefore(had, at);
    }
  };

  // Where the keyboard is: the button, the entry that it belongs to, and the one behind, should that entry go.
  const focused = () => {
    const active = document.activeElement;
    const entry = live.contains(active) && active.closest("li[data-key]");
    if (!entry) return null;
    const key = (one) => one?.dataset.key;
    return {
      list: entry.parentElement,
      keys: [key(entry), key(entry.nextElementSibling), key(entry.previousElementSibling)],
      act: active.dataset.act,
      href: active.getAttribute("href"),
    };
  };

  const refocus = (was) => {
    if (!was || live.contains(document.activeElement)) return;
    for (const key of was.keys) {
      const entry = [...was.list.children].find((one) => one.dataset.key === key);
      const can = entry ? [...entry.querySelectorAll("button, a")].filter((one) => !one.hidden) : [];
      const same = can.find((one) => one.dataset.act === was.act && one.getAttribute("href") === was.href);
      if (can.length) return (same || can.find((one) => one.dataset.act) || can[0]).focus();
    }
    was.list.closest("section")?.querySelector("h2")?.focus();
  };

  const dress = () => {
    for (const entry of live.querySelectorAll("[data-claimed-by]")) {
      const mine = entry.dataset.claimedBy === live.dataset.me;
      for (const one of entry.querySelectorAll("[data-for]")) one.hidden = (one.dataset.for === "owner") !== mine;
    }
    const isAdministrator = live.dataset.role === "administrator";
    for (const one of live.querySelectorAll("[data-for-administrators]")) one.hidden = !isAdministrator;
    window.localTimes?.(live);
  };

  const apply = (html) => {
    const parsed = document.createElement("template");
    parsed.innerHTML = policy.createHTML(html);
    const was = focused();
    merge(live, parsed.content);
    dress();
    refocus(was);
    hear();
  };

  // --- Who rings is said once: to the title, to screen readers, aloud, and as a notification.

  let heard = null;

  const hear = () => {
    const ringing = new Map([...live.querySelectorAll("[data-ringing]")].map((one) => [one.dataset.key, one.dataset.announce]));
    document.title = ringing.size ? `(${ringing.size}) ${title}` : title;
    if (heard) {
      const news = [...ringing].filter(([key, text]) => heard.get(key) !== text);
      const fresh = news.filter(([key]) => !heard.has(key));
      if (news.length) announced.textContent = news.map(([, text]) => text).join(". ");
      if (fresh.length) ring();
      for (const [key, text] of fresh) notify(key, text);
    }
    heard = ringing;
  };

  const sound = document.getElementById("sound");
  let audio = null;

  const isLoud = () => localStorage.getItem("sound") === "on";

  const showSound = () => {
    sound.querySelector("[data-on]").hidden = !isLoud();
    sound.querySelector("[data-off]").hidden = isLoud();
  };

  // Browsers let a page sound only after somebody has touched it.
  const wake = () => {
    if (!isLoud()) return;
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
  };

  const ring = () => {
    if (!isLoud() || audio?.state !== "running") return;
    [880, 660].forEach((pitch, turn) => {
      const from = audio.currentTime + turn * 0.22;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.2, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + 0.2);
      tone.connect(volume).connect(audio.destination);
      tone.start(from);
      tone.stop(from + 0.2);
    });
  };

  if (window.AudioContext) {
    sound.hidden = false;
    showSound();
    sound.addEventListener("click", () => {
      localStorage.setItem("sound", isLoud() ? "off" : "on");
      showSound();
      wake();
      ring();
    });
    for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, wake);
  }

  const button = document.getElementById("notifications");

  const notify = (key, text) => {
    if (window.Notification?.permission !== "granted" || document.hasFocus()) return;
    try {
      const shown = new Notification(text, { tag: key, icon: document.querySelector("link[rel=icon]").href });
      shown.addEventListener("click", () => { window.focus(); shown.close(); });
    } catch {
      // Phones know notifications only from service workers.
    }
  };

  if (window.Notification && isSecureContext && Notification.permission === "default") {
    button.hidden = false;
    button.addEventListener("click", async () => { button.hidden = (await Notification.requestPermission()) !== "default"; });
  }

  // --- Asking.

  let etag = live.dataset.etag;
  let asking = null;
  let lostAt = null;
  let isOut = false;
  let rests = 0;
  let between = 0; // beats of the pulse that the server wants us to rest, when many boards are open

  const lose = () => {
    lostAt ??= new Date();
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format(lostAt);
    const text = lost.dataset.text.replace("{time}", time);
    if (lost.textContent !== text) lost.textContent = text;
    lost.hidden = false;
    live.classList.add("stale");
  };

  const found = () => {
    if (isOut) return location.reload(); // the form holds the token of the session before
    if (!lostAt) return;
    lostAt = null;
    lost.hidden = true;
    live.classList.remove("stale");
    announced.textContent = announced.dataset.found;
  };

  const signedOut = () => {
    isOut = true;
    left.hidden = false;
    lost.hidden = true;
    live.classList.add("stale");
    rests = 8;
  };

  // How long it rings is counted here, from a moment of the server's clock. Its header tells whole seconds.
  const setClock = (date) => {
    const ahead = new Date(date || NaN) - Date.now();
    window.clockAhead = Math.abs(ahead) > 3000 ? ahead : 0;
  };

  const ask = async () => {
    const mine = (asking = new AbortController());
    const timer = setTimeout(() => mine.abort(), PATIENCE);
    try {
      const answer = await fetch(live.dataset.source, {
        headers: { Accept: "text/html", ...(etag && { "If-None-Match": etag }) },
        mode: "same-origin", redirect: "manual", cache: "no-store", signal: mine.signal,
      });
      if (asking !== mine) return;
      setClock(answer.headers.get("Date"));
      between = Math.round((Number(answer.headers.get("Ringbridge-Again")) || EVERY) / EVERY) - 1;
      if (answer.status === 401 || answer.type === "opaqueredirect") return signedOut();
      if (answer.status === 200) {
        const html = await answer.text();
        if (asking !== mine) return;
        apply(html);
        etag = answer.headers.get("ETag");
      } else if (answer.status !== 304) {
        return lose();
      }
      found();
    } catch {
      if (asking === mine) lose();
    } finally {
      clearTimeout(timer);
      if (asking === mine) asking = null;
    }
  };

  const pulse = () => {
    if (asking) return;
    if (rests > 0) rests -= 1;
    else {
      ask();
      rests = document.hidden && !isOut ? Math.max(between, 1) : between;
    }
  };

  // After sleep a request may hang that was sent before it: the next one does not wait for it.
  const askNow = () => {
    const before = asking;
    asking = null;
    before?.abort();
    rests = 0;
    ask();
  };

  addEventListener("online", askNow);
  addEventListener("pageshow", askNow);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) askNow(); });
  try {
    const clock = new Worker(policy.createScriptURL(live.dataset.pulse));
    clock.addEventListener("message", pulse);
    clock.addEventListener("error", () => setInterval(pulse, EVERY), { once: true });
  } catch {
    setInterval(pulse, EVERY);
  }

  // --- Claim, give back, done: sent without leaving the page.

  const say = (text, isFine) => {
    said.textContent = text;
    said.className = `alert alert-${isFine ? "success" : "warning"}`;
    said.hidden = false;
    clearTimeout(say.timer);
    if (isFine) say.timer = setTimeout(() => { said.hidden = true; }, 6000);
  };

  let isSending = false;

  form.addEventListener("submit", async (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    try {
      const answer = await fetch(event.submitter.formAction, {
        method: "POST", body: new FormData(form), headers: { Accept: "text/plain" },
        mode: "same-origin", redirect: "manual", signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.status === 401) signedOut();
      else if (answer.status === 400) say(said.dataset.reload, false);
      else if (answer.ok || answer.status === 409) say(await answer.text(), answer.ok);
      else say(said.dataset.failed, false);
    } catch {
      say(said.dataset.failed, false);
    } finally {
      isSending = false;
      askNow();
    }
  });

  dress();
  hear();
})();
