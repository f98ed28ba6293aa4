// Files dropped or chosen go up one by one, each with its progress and, when it is refused, the reason.
// Without script the form's own button sends them.
"use strict";

document.documentElement.classList.add("scripted"); // a chosen file goes up at once: no button of its own
const progress = document.getElementById("upload-progress");
const refreshPapers = () => document.getElementById("papers")?.dispatchEvent(new Event("refresh"));

function row(name) {
  const part = document.createElement("div");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  part.className = "alert alert-info upload-part";
  words.textContent = name;
  bar.max = 100;
  bar.setAttribute("aria-label", name);
  part.append(words, bar);
  progress.append(part);
  return { part, words, bar };
}

function refuse({ part, words, bar }, name, why) {
  part.className = "alert alert-danger upload-part";
  words.textContent = `${name}: ${why}`;
  bar.remove();
  part.scrollIntoView({ block: "nearest" }); // it may have been chosen far below
}

function told(request) {
  if (request.status === 0) return document.getElementById("toasts").dataset.offline;
  try {
    const answer = JSON.parse(request.responseText);
    return `${answer.title}: ${answer.cause} ${answer.fix}`;
  } catch {
    return request.status === 413 ? progress.dataset.tooLarge : progress.dataset.failed;
  }
}

function send(form, file) {
  const shown = row(file.name);
  if (file.size > Number(form.dataset.max)) {
    refuse(shown, file.name, progress.dataset.tooLarge);
    return Promise.resolve();
  }
  const data = new FormData(form);
  data.delete("file");
  data.append("file", file);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      shown.bar.value = (100 * event.loaded) / event.total;
    };
    request.onloadend = () => {
      if (request.status === 201) shown.part.remove();
      else refuse(shown, file.name, told(request));
      done();
    };
    request.send(data);
  });
}

async function sendAll(form, files) {
  progress.querySelectorAll(".alert-danger").forEach((old) => old.remove());
  for (const file of files) {
    await send(form, file);
    refreshPapers();
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form || event.target.type !== "file" || !event.target.files.length) return;
  sendAll(form, [...event.target.files]);
  event.target.value = "";
});

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const zone = event.target.closest?.("form.drop-zone");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("drop-over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) sendAll(zone, [...event.dataTransfer.files]);
  });
}
