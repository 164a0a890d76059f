// Light or dark before anything is drawn: what was chosen here, else what the system says.
"use strict";
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = localStorage.getItem("theme") || (system.matches ? "dark" : "light");
    document.documentElement.dataset.bsTheme = theme;
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        localStorage.setItem("theme", document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark");
        apply();
      });
    }
  });
})();
