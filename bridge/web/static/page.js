// What every page does: moments in the reader's own time, and the keyboard where something went wrong.
"use strict";
(() => {
  const forms = {
    full: { dateStyle: "medium", timeStyle: "short" },
    exact: { dateStyle: "medium", timeStyle: "medium" },
    time: { hour: "2-digit", minute: "2-digit" },
    day: { dateStyle: "medium" },
    other: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  };
  const language = document.documentElement.lang;
  for (const [form, options] of Object.entries(forms)) forms[form] = new Intl.DateTimeFormat(language, options);

  // `near` ones are of these days, and mostly of today.
  const near = (at) => (forms.day.format(at) === forms.day.format(new Date()) ? forms.time : forms.other).format(at);

  const since = (at) => {
    const seconds = Math.max(0, Math.round((Date.now() + (window.clockAhead || 0) - at) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    return seconds < 3600
      ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
      : `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  };

  // Shows each <time class="when"> below an element as local time; `since` ones count on.
  window.localTimes = (root) => {
    for (const time of root.querySelectorAll("time.when")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const form = time.dataset.form;
      const text = form === "since" ? since(at) : form === "near" ? near(at) : (forms[form] || forms.full).format(at);
      if (time.textContent !== text) time.textContent = text;
      if (!time.title) time.title = time.dateTime;
    }
  };

  const begin = () => {
    localTimes(document);
    setInterval(() => localTimes(document), 1000);
    document.querySelector("[data-focus]")?.focus();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
