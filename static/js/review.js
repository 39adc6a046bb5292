// The invoice review: steps fold out, j and k walk the queue, the PDF opens over the page.
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-opens]");
    const line = event.target.closest("tbody.line > tr:first-child");
    const toggle = button || (line && !event.target.closest("a, button") && !String(getSelection()) && line.querySelector("[data-opens]"));
    if (toggle) {
      const row = document.getElementById(toggle.dataset.opens);
      row.hidden = !row.hidden;
      toggle.setAttribute("aria-expanded", String(!row.hidden));
      return;
    }
    const opener = event.target.closest("[data-overlay]");
    if (!opener || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const overlay = document.getElementById(opener.dataset.overlay);
    overlay.querySelector("iframe").src = opener.href;
    overlay.showModal();
  });
  document.addEventListener("keydown", function (event) {
    if (event.target.closest("input, textarea, select, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
    const link = document.querySelector('[data-key="' + CSS.escape(event.key) + '"]');
    if (link) location.assign(link.href);
  });
})();
