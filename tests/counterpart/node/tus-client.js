// A kiosk made of tus-js-client: uploads one file over mutual TLS, then prints its receipt.
//
// node tus-client.js FOLDER URL FILE CHUNK STOP-AFTER KEY=VALUE... with client.pem, client.key and
// ca.pem in FOLDER; CHUNK 0 sends all in one PATCH. After STOP-AFTER bytes, unless 0, it exits with
// 3 as if unplugged; the next start resumes. Exits with 2 when the server refuses the file.
"use strict";

const fs = require("node:fs");
const https = require("node:https");
const path = require("node:path");
const tus = require("tus-js-client");

const [folder, url, file, chunk, stopAfter, ...pairs] = process.argv.slice(2);
const metadata = Object.fromEntries(pairs.map((pair) => pair.split("=")));
const at = (name) => path.join(folder, name);
const tls = {
  cert: fs.readFileSync(at("client.pem")),
  key: fs.readFileSync(at("client.key")),
  ca: fs.readFileSync(at("ca.pem")),
  minVersion: "TLSv1.3",
};

function receipt() {
  const address = `${url}/v1/receipts/${metadata.device}/${metadata.sequence}`;
  https.get(address, tls, (response) => {
    if (response.statusCode !== 200) process.exit(4);
    response.pipe(process.stdout);
  });
}

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint: `${url}/v1/uploads`,
  httpStack: new tus.DefaultHttpStack(tls),
  urlStorage: new tus.FileUrlStorage(at("resume.json")),
  chunkSize: Number(chunk) || Infinity,
  uploadSize: fs.statSync(file).size,
  metadata,
  retryDelays: Array(60).fill(50),
  onProgress(sent) {
    if (Number(stopAfter) && sent >= Number(stopAfter)) process.exit(3);
  },
  onError(error) {
    console.error(String(error));
    process.exit(error.originalResponse?.getStatus() === 422 ? 2 : 1);
  },
  onSuccess: receipt,
});
upload.findPreviousUploads().then((previous) => {
  if (previous.length) {
    console.error(`resuming ${previous[0].uploadUrl}`);
    upload.resumeFromPreviousUpload(previous[0]);
  }
  upload.start();
});
