// Parts of a page that are fetched into it once it is open: <div data-fragment="/where/it/is">.
//
// With `data-every` (milliseconds) a part is fetched again until something in it says `data-done`. While the first
// answer is waited for, `data-waiting` shows in place of `data-plain`, the way without JavaScript. Once something in a part
// says `data-over`, `data-once-over` shows in place of `data-before-over`, wherever on the page they stand.
"use strict";
addEventListener("DOMContentLoaded", () => {
  // What comes is a page of our own server, in which whatever strangers chose is text already.
  const trusted = window.trustedTypes?.createPolicy("fragment", { createHTML: (html) => html });

  const show = (part, html) => {
    if (html === part.shown) return;
    part.shown = html;
    part.innerHTML = trusted ? trusted.createHTML(html) : html;
    window.localTimes?.(part);
    if (!part.querySelector("[data-over]")) return;
    for (const one of document.querySelectorAll("[data-before-over]")) one.hidden = true;
    for (const one of document.querySelectorAll("[data-once-over]")) one.hidden = false;
  };

  const fail = (part) => {
    if (!part.dataset.failed) return; // what is shown stays, and the next try comes
    const failed = document.createElement("p");
    failed.className = "alert alert-danger";
    failed.textContent = part.dataset.failed;
    part.replaceChildren(failed);
  };

  const load = async (part) => {
    const every = Number(part.dataset.every) || 0;
    part.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(part.dataset.fragment, { headers: { Accept: "text/html" } });
      if (answer.status === 401 || answer.status === 404) return location.reload();
      if (answer.ok) show(part, await answer.text());
      else fail(part);
    } catch {
      fail(part);
    }
    part.removeAttribute("aria-busy");
    if (every && !part.querySelector("[data-done]")) setTimeout(load, every, part);
  };

  for (const part of document.querySelectorAll("[data-fragment]")) {
    for (const one of part.querySelectorAll("[data-waiting]")) one.hidden = false;
    for (const one of part.querySelectorAll("[data-plain]")) one.hidden = true;
    if (!part.querySelector("[data-done]")) load(part);
  }
});
