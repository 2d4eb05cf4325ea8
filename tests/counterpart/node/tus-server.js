// A registry made of @tus/server: others' upload, and around it only what it leaves to its user:
// mutual TLS, whose upload it is, the digest, and signed receipts by the text of formats/wire.
//
// node tus-server.js FOLDER PORT EXPIRES_MS, with server.pem, server.key and ca.pem in FOLDER. A
// second start in the same folder goes on where the first one was killed.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const https = require("node:https");
const path = require("node:path");
const { FileStore } = require("@tus/file-store");
const { Server } = require("@tus/server");

const [folder, port, expires] = process.argv.slice(2);
const at = (...names) => path.join(folder, ...names);
const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), crypto.createHash("sha256")).digest();
fs.mkdirSync(at("uploads"), { recursive: true });
fs.mkdirSync(at("receipts"), { recursive: true });

function receiptKey() {
  const file = at("receipt.key");
  if (!fs.existsSync(file)) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync("ed25519");
    const { x } = publicKey.export({ format: "jwk" });
    const text = Buffer.from(x, "base64url").toString("base64");
    fs.writeFileSync(at("receipt.pub"), `ed25519:${text}\n`);
    fs.writeFileSync(file, privateKey.export({ format: "pem", type: "pkcs8" }));
  }
  return crypto.createPrivateKey(fs.readFileSync(file));
}

const key = receiptKey();
const receiptFile = (device, sequence) => at("receipts", `${device}-${sequence}.json`);

function logHead() {
  const file = at("log.json");
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : { index: 0, head: "00".repeat(32) };
}

function sign({ device, sequence, sha256: digest }, code) {
  const file = receiptFile(device, sequence);
  if (fs.existsSync(file)) return;
  const log = logHead();
  const now = new Date(Date.now() + 7 * 3600 * 1000).toISOString().slice(0, 19);
  const entry =
    `ban-sao receipt 1\ndevice ${device}\nsequence ${sequence}\ncode ${code}\n` +
    `sha256 ${digest}\nlog-index ${log.index}\nreceived-at ${now}+07:00\n`;
  const head = sha256(Buffer.from(log.head, "hex"), sha256(entry)).toString("hex");
  const bytes = Buffer.from(`${entry}log-head ${head}\n`);
  const signature = crypto.sign(null, bytes, key).toString("base64");
  fs.writeFileSync(file, JSON.stringify({ receipt: bytes.toString("base64"), signature }));
  fs.writeFileSync(at("log.json"), JSON.stringify({ index: log.index + 1, head }));
}

const device = (request) => request.socket.getPeerCertificate().subject.CN;
const refusal = (status, code) =>
  ({ status_code: status, body: JSON.stringify({ code, vi: code, en: code }) });

const uploads = new Server({
  path: "/v1/uploads",
  datastore: new FileStore({
    directory: at("uploads"),
    expirationPeriodInMilliseconds: Number(expires),
  }),
  async onUploadCreate(request, response, upload) {
    if (upload.metadata.device !== device(request)) throw refusal(403, "wrong-device");
    return response;
  },
  async onUploadFinish(request, response, upload) {
    const bytes = fs.readFileSync(at("uploads", upload.id));
    if (sha256(bytes).toString("hex") !== upload.metadata.sha256) throw refusal(422, "digest-mismatch");
    // The tests' copies begin with a line of JSON.
    const { code } = JSON.parse(bytes.subarray(0, bytes.indexOf("\n")));
    sign(upload.metadata, code);
    return response;
  },
});

const tls = {
  cert: fs.readFileSync(at("server.pem")),
  key: fs.readFileSync(at("server.key")),
  ca: fs.readFileSync(at("ca.pem")),
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: "TLSv1.3",
};
https
  .createServer(tls, (request, response) => {
    console.log(request.method, request.url, request.headers["upload-offset"] ?? "");
    const [, asked, sequence] = request.url.match(/^\/v1\/receipts\/([\w.-]+)\/(\d+)$/) ?? [];
    if (!asked) return uploads.handle(request, response);
    const file = receiptFile(asked, sequence);
    const there = asked === device(request) && fs.existsSync(file);
    response.writeHead(there ? 200 : 404, { "content-type": "application/json" });
    return response.end(there ? fs.readFileSync(file) : "{}");
  })
  .listen(Number(port), "127.0.0.1");
