// A preview of where the columns go, as soon as a file is chosen. Without script, the dry run tells the same.

const form = document.querySelector("form[data-preview]");
const place = document.getElementById("mapping");
const FIRST = 512 * 1024;
let asked = 0;

async function preview() {
  const chosen = form.elements.file.files[0];
  place.replaceChildren();
  if (!chosen) return;
  const turn = ++asked;
  const data = new FormData(form);
  for (const name of ["column", "to"]) data.delete(name);
  // The beginning of a text says where its columns go; a spreadsheet is whole or nothing.
  const part = /\.xlsx$/i.test(chosen.name) || chosen.size <= FIRST ? chosen : chosen.slice(0, FIRST);
  data.set("file", part, chosen.name);
  let answer;
  try {
    answer = await fetch(form.dataset.preview, { method: "POST", body: data });
  } catch {
    answer = new Response("", { status: 503 });
  }
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (turn !== asked) return;
  if (answer.ok) place.replaceChildren(...told.body.childNodes);
  else place.textContent = "The columns cannot be shown now. The dry run tells where they go.";
}

for (const name of ["file", "list", "mode", "key"]) form.elements[name].addEventListener("change", preview);
