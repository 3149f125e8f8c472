// What a Node program in a box reaches: prints a line for each attempt. EgressIT.

import dgram from "node:dgram";
import dns from "node:dns/promises";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";

const forbidden = process.argv[2];
const secret = process.env.BOXLITE_SECRET_KEY;

async function text(stream) {
  let all = "";
  for await (const piece of stream) all += piece;
  return all;
}

function get(url) {
  return new Promise((resolve, reject) => {
    (url.startsWith("https:") ? https : http)
      .get(url, { headers: { "X-Key": secret } }, (response) =>
        text(response).then((body) => resolve(JSON.parse(body).headers["X-Key"][0]), reject))
      .on("error", reject);
  });
}

function get2() {
  return new Promise((resolve, reject) => {
    const session = http2.connect("https://allowed.test").on("error", reject);
    const stream = session.request({ ":path": "/two", "x-key": secret }).on("error", reject);
    text(stream).then((body) => {
      session.close();
      const { kind, headers } = JSON.parse(body);
      resolve(`${kind} ${headers["X-Key"][0]}`);
    }, reject);
  });
}

function webSocket() {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: "Upgrade", Upgrade: "websocket", "X-Key": secret,
      "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    https.get("https://allowed.test/socket", { headers }, (r) => reject(new Error(`${r.statusCode}`)))
      .on("error", reject)
      .on("upgrade", (response, socket) => {
        socket.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from("hello")]));
        socket.once("data", (data) => {
          resolve(`${response.statusCode} ${data.subarray(2)}`);
          socket.destroy();
        });
      });
  });
}

function udp(host) {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    socket.on("error", (e) => { socket.close(); reject(e); });
    socket.on("message", (data) => { socket.close(); resolve(`${data}`); });
    socket.connect(7, host, (e) => (e ? reject(e) : socket.send("hello")));
  });
}

async function report(name, attempt) {
  let result;
  try {
    result = await attempt;
  } catch (e) {
    result = e.code ?? e.message;
  }
  console.log(`node ${name}: ${result}`);
}

await report("http", get("http://allowed.test/"));
await report("https", get("https://allowed.test/"));
await report("http2", get2());
await report("websocket", webSocket());
await report("udp", udp("allowed.test"));
await report("lookup", dns.resolve4("allowed.test"));
await report("name denied", get("https://other.test/"));
await report("lookup denied", dns.resolve4("other.test"));
await report("address denied", get(`http://${forbidden}/`));
await report("udp denied", udp(forbidden));
