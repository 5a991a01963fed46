// Small comforts: everything works without this file. It asks nobody but this server.

const root = document.documentElement;

for (const form of document.querySelectorAll("form[data-theme-form]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const dark = root.dataset.theme === "dark" || (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    const chosen = dark ? "light" : "dark";
    root.dataset.theme = chosen;
    document.cookie = `ringbook_theme=${chosen}; path=/console; max-age=31536000; samesite=lax`;
  });
}

// "/" goes to the one field, as in many such tools; never while somebody types.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    return;
  }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("main input[name=q]") || document.querySelector("input[name=q]");
  if (field) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = "Copied";
  });
}

// A form that takes something away asks once more.
for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.ask)) event.preventDefault();
  });
}

// What was sent is not sent twice by an impatient hand.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  setTimeout(() => {
    for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) button.disabled = true;
  });
  setTimeout(() => {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }, 4000);
});

// What changes by itself is fetched anew now and then, while somebody looks, for as long as the page says so.
async function renew(part) {
  const held = document.activeElement;
  if (document.hidden || (part.contains(held) && !held.matches("button[id], a[id]"))) return part;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return part;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
  if (!fresh || (part.contains(document.activeElement) && document.activeElement !== held)) return part;
  const back = part.contains(held) ? held.id : "";
  part.replaceWith(fresh);
  if (back) document.getElementById(back)?.focus();
  return fresh;
}

async function keep(part) {
  while (part.dataset.refresh) {
    await new Promise((go) => setTimeout(go, Number(part.dataset.refresh) * 1000));
    try {
      part = await renew(part);
    } catch {
      // the server is away for a moment; what is shown says as of when it is
    }
  }
}

for (const part of document.querySelectorAll("[data-refresh]")) keep(part);
