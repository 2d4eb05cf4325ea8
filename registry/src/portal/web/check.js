"use strict";
// Two conveniences; every page works without them. Nothing is loaded from elsewhere.

// 1. A file dropped on the form is sent.
const form = document.getElementById("file-form");
const drop = document.getElementById("drop");
const file = document.getElementById("file");
const fileStatus = document.getElementById("file-status");
if (form && drop && file && fileStatus) {
  const over = (on) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", on);
  };
  drop.addEventListener("dragenter", over(true));
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length === 1) {
      file.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", () => {
    fileStatus.textContent = fileStatus.dataset.waiting;
  });
}

// 2. The QR code's address ends in "#digest.signature". Browsers do not send that part, so it is
// posted on its own: it then appears in no address, no history of servers, no log.
const qr = document.getElementById("qr");
const proof = location.hash.slice(1);
if (qr && proof.includes(".")) {
  const say = (what, tone) => {
    qr.hidden = false;
    qr.className = "qr " + tone;
    qr.textContent = qr.dataset[what];
  };
  say("waiting", "");
  fetch("/api/check-qr", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code: qr.dataset.code, proof }),
  })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((found) => (found.genuine ? say("genuine", "good") : say("false", "bad")))
    .catch(() => say("failed", "wait"));
  // The other language is the same page with the same proof.
  for (const link of document.querySelectorAll("a.language")) {
    link.hash = location.hash;
  }
}
