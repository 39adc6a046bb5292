// What keeps itself up to date by htmx: only while it is seen, not paused, and never under somebody's hands.
(function () {
  "use strict";
  const failed = "No answer, trying again";
  function why(box) {
    if (document.hidden) return "Waits until the page is seen";
    if (box.dataset.paused) return "Paused";
    if (!box.hasAttribute("data-live-list")) return "";
    const rows = document.getElementById("rows");
    const selection = document.getSelection();
    if (!selection.isCollapsed && rows.contains(selection.anchorNode)) return "Waits while you select";
    if (rows.contains(document.activeElement)) return "Waits while you are in the list";
    if (box.getBoundingClientRect().top < 0) return "Waits while you read further down";
    return "";
  }
  function say(box, name, words) {
    const place = box.querySelector("[data-live-" + name + "]");
    if (place && place.textContent !== words) place.textContent = words;
  }
  function boxOf(event) {
    const element = event.detail && event.detail.elt;
    return element && element.closest ? element.closest("[data-live]") : null;
  }
  document.querySelectorAll(".live-head").forEach(function (head) { head.hidden = false; });
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-live-pause]");
    if (!button) return;
    const box = button.closest("[data-live]");
    if (box.dataset.paused) delete box.dataset.paused; else box.dataset.paused = "1";
    button.textContent = box.dataset.paused ? "Resume" : "Pause";
    say(box, "state", why(box) || "Live");
  });
  document.addEventListener("htmx:configRequest", function (event) {
    const rows = boxOf(event) && document.getElementById("rows");
    if (rows && rows.dataset.seen) event.detail.parameters.seen = rows.dataset.seen;
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    const box = boxOf(event);
    if (!box) return;
    const held = why(box);
    box.classList.toggle("is-held", Boolean(held));
    say(box, "state", held || "Live");
    if (held) event.preventDefault();
  });
  // Signed out meanwhile: what comes is another page, not a part of this one.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!boxOf(event)) return;
    const asked = new URL(event.detail.pathInfo.requestPath, location.href).pathname;
    if (new URL(event.detail.xhr.responseURL).pathname === asked) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      const box = boxOf(event);
      if (box) say(box, "state", failed);
    });
  });
  document.addEventListener("arrived", function (event) {
    const box = event.target.closest("[data-live]");
    const count = event.detail.count;
    if (!box || !count) return;
    say(box, "news", "");
    say(box, "news", (event.detail.more ? "more than " : "") + count + (count === 1 ? " new event" : " new events"));
  });
  document.addEventListener("htmx:afterSwap", function () {
    const rows = document.getElementById("rows");
    const link = document.querySelector("[data-live-earlier]");
    if (!rows || !link) return;
    link.hidden = !rows.dataset.earlier;
    link.closest(".pager").hidden = link.hidden;
    if (rows.dataset.earlier) link.href = rows.dataset.earlier;
  });
})();
