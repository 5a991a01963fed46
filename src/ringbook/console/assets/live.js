// What happens now, from the server's stream of events. Texts are put in as texts, never as markup.

const form = document.getElementById("live-form");
const list = document.getElementById("live-list");
const state = document.getElementById("live-state");
const empty = document.getElementById("live-empty");
const MOST = 100;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: form.dataset.zone, timeZoneName: "short" });
const TYPES = {
  pop: "Pop", "contact.created": "New contact", "contact.changed": "Contact changed", "contact.deleted": "Contact deleted", "contact.merged": "Contacts merged", "contact.parted": "Contacts taken apart",
  "interaction.leg": "Call", "interaction.created": "Call", "interaction.changed": "Call", "attempt.reported": "Attempt",
  "data_set.submitted": "Data set left", "data_set.changed": "Data set changed", "data_set.expired": "Data set expired",
  "campaign.started": "Campaign started", "campaign.stopped": "Campaign stopped", "campaign.created": "New campaign", "campaign.changed": "Campaign changed", "campaign.deleted": "Campaign deleted",
};
let stream;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function person(id, name) {
  const link = element("a", name || "Open the person");
  link.href = `/console/contacts/${id}`;
  return link;
}

function nameOf(attributes) {
  if (!attributes) return "";
  return [attributes.first_name, attributes.last_name].filter(Boolean).join(" ") || attributes.company || "";
}

function people(told) {
  if (told.type === "pop") return (told.data.candidates || []).slice(0, 3).map((one) => person(one.id, one.name));
  const after = told.data.after || told.data.before || {};
  const name = told.entity === "contact" ? nameOf(after) : "";
  return told.contact_ids.slice(0, 3).map((id) => person(id, name));
}

function details(told) {
  const data = told.data;
  if (told.type === "pop") {
    const many = { one: "", many: "several may be meant", none: "nobody is known by this" }[data.match] || "";
    return [data.ani, data.agent && `for ${data.agent}`, many].filter(Boolean).join(", ");
  }
  const after = data.after || data;
  const said = [after.outcome, after.disposition, after.wrap_up, after.ivr_trail, after.template, after.name, told.agent && `agent ${told.agent}`];
  return said.filter((text) => typeof text === "string" && text).slice(0, 3).join(", ");
}

function show(event) {
  const told = JSON.parse(event.data);
  if (!told.type) return;
  const item = document.createElement("li");
  const line = element("div", "", "row");
  const time = element("time", clock.format(new Date(told.at)));
  time.dateTime = told.at;
  line.append(time, element("span", TYPES[told.type] || told.type.replace(/[._]/g, " "), told.type === "pop" ? "chip busy" : "chip"), ...people(told));
  item.append(line);
  const said = details(told);
  if (said) item.append(element("div", said, "small"));
  item.append(element("div", `${told.by}, ${told.dialect}`, "quiet small"));
  list.prepend(item);
  empty.hidden = true;
  while (list.children.length > MOST) list.lastElementChild.remove();
  const mine = told.type === "pop" && told.agent && told.agent === form.dataset.agent;
  if (mine && form.elements.follow.checked && (told.data.candidates || []).length === 1) {
    location.assign(`/console/contacts/${told.data.candidates[0].id}`);
  }
}

function listen() {
  stream?.close();
  const types = [...form.querySelectorAll("input[name=types]:checked")].map((box) => box.value);
  if (!types.length) {
    state.textContent = "nothing is chosen";
    return;
  }
  stream = new EventSource(`${form.dataset.events}?types=${types.join(",")}`);
  stream.onopen = () => { state.textContent = "listening"; state.className = "chip good"; };
  stream.onerror = () => { state.textContent = "connecting again"; state.className = "chip warn"; };
  for (const type of Object.keys(TYPES)) stream.addEventListener(type, show);
}

form.elements.follow.checked = localStorage.getItem("ringbook.follow") === "yes";
form.addEventListener("change", (event) => {
  if (event.target.name === "follow") localStorage.setItem("ringbook.follow", event.target.checked ? "yes" : "no");
  else listen();
});
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("pagehide", () => stream?.close());
listen();
