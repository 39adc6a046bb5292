// Sending events: tabs of code (all of it is shown without this script), and buttons that copy.
(function () {
  "use strict";
  document.querySelectorAll("[data-tabs]").forEach(function (box) {
    const tabs = Array.from(box.querySelectorAll("[role=tab]"));
    box.querySelector("[role=tablist]").hidden = false;
    function choose(tab, focus) {
      tabs.forEach(function (each) {
        const chosen = each === tab;
        each.setAttribute("aria-selected", String(chosen));
        each.tabIndex = chosen ? 0 : -1;
        const panel = document.getElementById(each.getAttribute("aria-controls"));
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", each.id);
        panel.hidden = !chosen;
      });
      if (focus) tab.focus();
    }
    box.addEventListener("click", function (event) {
      const tab = event.target.closest("[role=tab]");
      if (tab) choose(tab);
    });
    box.addEventListener("keydown", function (event) {
      const at = tabs.indexOf(event.target);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (at < 0 || !step) return;
      event.preventDefault();
      choose(tabs[(at + step + tabs.length) % tabs.length], true);
    });
    choose(tabs[0]);
  });
  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = document.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  // The clipboard is open to pages of https and localhost only; elsewhere the text is selected, ready to be copied.
  async function copy(button) {
    const from = document.getElementById(button.dataset.copy);
    const words = button.dataset.words || button.textContent;
    button.dataset.words = words;
    try {
      await navigator.clipboard.writeText(from.textContent);
      button.textContent = "Copied";
    } catch (error) {
      select(from);
      button.textContent = "Selected: press Ctrl C";
    }
    setTimeout(function () { button.textContent = words; }, 2500);
  }
  function reveal() {
    document.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
  }
  reveal();
  document.addEventListener("htmx:afterSettle", reveal);
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
})();
