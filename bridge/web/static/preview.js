// What each outcome would be told as, while it is typed. Without this, a button shows the same.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-preview]");
  if (!form) return;
  form.querySelector("[data-preview-button]").hidden = true;
  const concerns = (name) =>
    ["policy", "which", "instances", "language", "timezone", "template", "connector", "csrf_token"].includes(name) ||
    name.startsWith("labels.");
  let newest = 0;
  let waiting;

  const ask = async () => {
    const mine = ++newest;
    const sent = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (concerns(name)) sent.append(name, value);
    let answer;
    try {
      const response = await fetch(form.dataset.preview, { method: "POST", body: sent });
      if (!response.ok) return;
      answer = await response.json();
    } catch {
      return; // the page stays as it is, and saving says what is wrong
    }
    if (mine !== newest) return;
    form.querySelector("[data-preview-fault]").textContent = answer.fault || "";
    for (const [status, text] of Object.entries(answer.previews))
      form.querySelector(`[data-preview-of="${status}"]`).textContent = text;
  };

  form.addEventListener("input", (event) => {
    if (!concerns(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 300);
  });
});
