// What the console adds to links and forms that work without it.
(function () {
  "use strict";
  // A row with data-href opens its page; links, buttons and selected text inside keep their own meaning.
  document.addEventListener("click", function (event) {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("a, button, input, select, label, summary") || String(getSelection())) return;
    if (event.metaKey || event.ctrlKey) window.open(row.dataset.href);
    else location.assign(row.dataset.href);
  });
  // An open menu closes when something else is clicked, or by Escape.
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open], details.pop[open]").forEach(function (menu) {
      if (!except || !menu.contains(except)) menu.open = false;
    });
  }
  document.addEventListener("click", function (event) { closeMenus(event.target); });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    const menu = document.activeElement && document.activeElement.closest("details.menu, details.pop");
    closeMenus(null);
    if (menu) menu.querySelector("summary").focus();
  });
  // j and k walk the rows that open pages, Enter opens; g then i goes to the inbox.
  let last = "";
  document.addEventListener("keydown", function (event) {
    if (event.target.closest("input, textarea, select, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
    const inbox = document.querySelector(".inbox-link");
    if (event.key === "i" && last === "g" && inbox) { location.assign(inbox.href); return; }
    last = event.key;
    if (event.key !== "j" && event.key !== "k" || document.querySelector('[data-key="' + event.key + '"]')) return;
    const links = Array.from(document.querySelectorAll("tr[data-href] td.main a"));
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
  });
  // A form is sent once.
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(function () { delete form.dataset.sent; }, 4000);
  });
  // A price row that is swapped takes the lines of its tiers with it.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const row = event.detail.target;
    if (!event.detail.shouldSwap || !row || !/^price-\d+$/.test(row.id || "")) return;
    document.querySelectorAll('tr[data-of="' + row.id.slice(6) + '"]').forEach(function (line) { line.remove(); });
  });
  // The theme looks for its own markup around a field for files, and fails where it isn't; so it leaves ours alone.
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("input[type=file]").forEach(function (input) { input.hasChangeListener = true; });
  });
  // A file may be dropped on the field that takes it.
  ["dragover", "drop"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      const zone = event.target.closest("[data-drop]");
      document.querySelectorAll("[data-drop].over").forEach(function (one) { one.classList.remove("over"); });
      if (!zone || !event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      if (name === "dragover") { zone.classList.add("over"); return; }
      const input = zone.querySelector("input[type=file]");
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });
  // htmx: the form's hidden token also goes with requests that don't carry it.
  document.addEventListener("htmx:configRequest", function (event) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });
})();
