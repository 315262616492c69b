"use strict";
// The page is whole without this: here are filters, buttons that copy, and opening all at once.
(() => {
  const root = document.documentElement;
  let errors = 0;
  root.dataset.errors = "0";
  addEventListener("error", () => { root.dataset.errors = String(++errors); });
  addEventListener("securitypolicyviolation", () => { root.dataset.errors = String(++errors); });

  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  for (const button of all(".copy, .copy-all, .toggle")) button.hidden = false;

  // Filters: levels that are pressed, and text that is in a finding outside of its raw records.
  const articles = all("article.finding");
  const rows = all(".list tbody tr");
  const levels = all("button.level");
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const texts = new Map();
  const textOf = (finding) => {
    if (!texts.has(finding)) {
      const parts = all("header, .facts, .attack, .tree, .event .what, .event .step, .matched, .indicators", finding);
      texts.set(finding, parts.map((part) => part.textContent).join("\n").toLowerCase());
    }
    return texts.get(finding);
  };
  const apply = () => {
    const on = new Set(levels.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.level));
    const words = (filter ? filter.value : "").toLowerCase().split(/\s+/).filter(Boolean);
    const holds = (element, text) => on.has(element.dataset.level) && words.every((word) => text().includes(word));
    const visible = new Set();
    let count = 0;
    for (const article of articles) {
      article.hidden = !holds(article, () => textOf(article));
      if (!article.hidden) { visible.add(article.id); ++count; }
    }
    for (const row of rows) {
      const drawn = row.querySelector("a") !== null;
      row.hidden = drawn ? !visible.has(row.dataset.finding) : !holds(row, () => row.textContent.toLowerCase());
      if (!drawn && !row.hidden) ++count;
    }
    const total = Math.max(articles.length, rows.length);
    if (shown) shown.textContent = count === total ? "" : `${count} of ${total} shown`;
  };
  if (articles.length > 1) {
    for (const button of levels) {
      button.disabled = false;
      button.title = "Show or hide these";
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        apply();
      });
    }
  }
  if (filter) {
    filter.addEventListener("input", apply);
    addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { filter.focus(); event.preventDefault(); }
      if (event.key === "Escape" && document.activeElement === filter) { filter.value = ""; apply(); }
    });
  }

  // What is copied is what is shown: no control character gets onto the clipboard.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  const textFor = (button) => {
    if (button.classList.contains("copy-all")) {
      return all(".v", button.closest(".group")).map((value) => value.textContent).join("\n");
    }
    return (button.dataset.of === "pre" ? button.closest("details").querySelector("pre") : button.previousElementSibling).textContent;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.matches(".copy, .copy-all")) {
      const label = button.textContent;
      button.textContent = (await copy(textFor(button))) ? "Copied" : "Not copied";
      button.classList.add("done");
      setTimeout(() => { button.textContent = label; button.classList.remove("done"); }, 1200);
    } else if (button.matches(".toggle")) {
      const open = button.textContent === "Open all";
      for (const details of all("details", button.closest("section"))) details.open = open;
      button.textContent = open ? "Close all" : "Open all";
    }
  });

  root.classList.add("js");
  root.dataset.ready = "true";
})();
