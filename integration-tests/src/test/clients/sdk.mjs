// Drives a server with the npm package @boxlite-ai/boxlite: prints a line for each thing that it did. SdkIT.
// Usage: node sdk.mjs URL KEY WORK-DIRECTORY. Run beside node_modules.
import { ApiKeyCredential, BoxliteRestOptions, CodeBox, JsBoxlite, SimpleBox } from "@boxlite-ai/boxlite";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [url, key, work] = process.argv.slice(2);
const IMAGE = "clients:1";
const runtime = connect(key);

function connect(credential, pathPrefix) {
  return JsBoxlite.rest(new BoxliteRestOptions({ url, credential: new ApiKeyCredential(credential), pathPrefix }));
}

async function report(name, attempt) {
  let result;
  try {
    result = await attempt();
  } catch (e) {
    result = `failed: ${e.message}`;
  }
  console.log(`${name}: ${typeof result === "string" ? result : JSON.stringify(result)}`);
}

async function all(stream) {
  let text = "";
  for (let piece = await stream.next(); piece !== null; piece = await stream.next()) text += piece;
  return text;
}

// [command, args, env, tty, user, timeout, directory]
async function run(box, ...options) {
  const execution = await box.exec(...options);
  const [out, err] = await Promise.all([all(await execution.stdout()), all(await execution.stderr())]);
  const { exitCode } = await execution.wait();
  return { exitCode, out, err };
}

const box = await runtime.create({ image: IMAGE, env: [{ key: "OWN", value: "env" }], memoryMib: 512 }, "sdk");
await report("created", async () => (await box.info()).state.status);
await report("listed", async () => (await runtime.listInfo()).map((info) => info.name));
await report("found", async () => (await runtime.get("sdk")).id === box.id);
await report("info", async () => {
  const { name, image, cpus, memoryMib, autoDelete } = await runtime.getInfo("sdk");
  return { name, image, cpus, memoryMib, autoDelete };
});
await report("absent", async () => await runtime.get("nobody"));
await report("existing", () => runtime.create({ image: IMAGE }, "sdk"));
await report("get or create", async () => {
  const { created, box: same } = await runtime.getOrCreate({ image: IMAGE }, "sdk");
  return `${created} ${same.id === box.id}`;
});
await report("exec", () => run(box, "sh", ["-c", "echo $OWN $MORE; pwd; id -u; echo problem >&2; exit 3"],
  [["MORE", "more"]], false, "0", null, "/tmp"));
await report("unicode", async () => (await run(box, "sh", ["-c", "for i in 1 2 3 4 5; do printf 'zürich 漢字 '; sleep 0.05; done"])).out);
await report("large", async () => (await run(box, "head", ["-c", "3000000", "/dev/zero"])).out.length);
await report("late", () => run(box, "sh", ["-c", "sleep 12; echo still there"])); // longer than the first frame may take
await report("timeout", async () => (await run(box, "sleep", ["60"], null, false, null, 1)).exitCode);
await report("missing program", () => run(box, "/no/such"));
await report("stdin", async () => {
  const execution = await box.exec("cat");
  const stdin = await execution.stdin();
  await stdin.writeString("typed ");
  await stdin.write(Buffer.from("bytes"));
  await stdin.close();
  const out = await all(await execution.stdout());
  return `${out} ${(await execution.wait()).exitCode}`;
});
await report("kill", async () => {
  const execution = await box.exec("sleep", ["1000"]);
  await execution.kill();
  return (await execution.wait()).exitCode;
});
await report("signal", async () => {
  const execution = await box.exec("sh", ["-c", "trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.1; done"]);
  const stdout = await execution.stdout();
  await stdout.next();
  await execution.signal(10);
  return `${(await all(stdout)).trim()} ${(await execution.wait()).exitCode}`;
});
await report("tty", async () => {
  const execution = await box.exec("sh", ["-c", "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.1; done"], null, true);
  const stdout = await execution.stdout();
  const first = await stdout.next();
  await execution.resizeTty(40, 132);
  return `${first.trim()} ${(await all(stdout)).trim()}`;
});
await report("resize without tty", async () => {
  const execution = await box.exec("sleep", ["5"]);
  try {
    await execution.resizeTty(40, 132);
    return "taken";
  } catch {
    return "refused";
  } finally {
    await execution.kill();
  }
});
await mkdir(join(work, "tree/below"), { recursive: true });
await writeFile(join(work, "tree/below/file"), "of the tree");
await writeFile(join(work, "one"), "x".repeat(5_000_000));
await report("copy in", async () => {
  await box.copyIn(join(work, "one"), "/root/one");
  await box.copyIn(join(work, "tree"), "/root/tree");
  return (await run(box, "sh", ["-c", "wc -c < /root/one; cat /root/tree/below/file"])).out;
});
await report("copy out", async () => {
  await box.copyOut("/root/one", join(work, "back"));
  await box.copyOut("/root/tree", join(work, "back-tree"));
  const tree = await readFile(join(work, "back-tree/below/file"), "utf8").catch(() =>
    readFile(join(work, "back-tree/tree/below/file"), "utf8"));
  return `${(await stat(join(work, "back"))).size} ${tree}`;
});
await report("metrics", async () => {
  const metrics = await box.metrics();
  const totals = await runtime.metrics();
  return [metrics.commandsExecutedTotal > 5, metrics.memoryBytes > 0, metrics.guestBootDurationMs >= 0,
    totals.boxesCreatedTotal >= 1, totals.totalCommandsExecuted > 5];
});
await report("volume", async () => {
  const volume = await runtime.volumes.create("data");
  const user = await runtime.create({ image: IMAGE, volumes: [{ managedVolume: volume.id, guestPath: "/data" }] });
  await run(user, "sh", ["-c", "echo kept > /data/file"]);
  await runtime.remove(user.id, true);
  const other = await runtime.create({ image: IMAGE, volumes: [{ managedVolume: volume.id, guestPath: "/data" }] });
  const { out } = await run(other, "cat", ["/data/file"]);
  await runtime.remove(other.id, true);
  await runtime.volumes.remove(volume.id);
  return out;
});
await report("tunnel", async () => {
  await run(box, "sh", ["-c", "mkdir -p /www && echo served > /www/index.html && httpd -p 8080 -h /www"]);
  const tunnel = await box.network.tunnel(8080);
  const connection = await tunnel.connect();
  await connection.write(Buffer.from("GET /index.html HTTP/1.0\r\n\r\n"));
  await connection.shutdownWrite();
  let text = "";
  for (let piece = await connection.read(4096); piece.length > 0; piece = await connection.read(4096)) text += piece;
  await connection.close();
  return text.split("\r\n\r\n")[1];
});
await report("stop and start", async () => {
  await run(box, "sh", ["-c", "echo kept > /root/kept"]);
  await box.stop();
  const stopped = (await box.info()).state.status;
  await box.start();
  return `${stopped} ${(await run(box, "cat", ["/root/kept"])).out}`;
});
await report("snapshot", async () => {
  const made = await box.snapshot.create("first");
  await run(box, "sh", ["-c", "echo changed > /root/kept; sync"]);
  await box.stop();
  const names = (await box.snapshot.list()).map((snapshot) => snapshot.name);
  const twice = await box.snapshot.create("first").then(() => "taken", () => "refused");
  await box.snapshot.restore("first");
  const { out } = await run(box, "cat", ["/root/kept"]);
  await box.stop();
  await box.snapshot.remove("first");
  return [made.name, made.boxId === box.id, names, twice, out, await box.snapshot.get("first")];
});
await report("clone", async () => {
  const clone = await box.cloneBox({}, "copy");
  const { out } = await run(clone, "cat", ["/root/kept"]);
  await runtime.remove(clone.id, true);
  return `${clone.name} ${clone.id !== box.id} ${out}`;
});
await report("export and import", async () => {
  const file = await box.export(work);
  const imported = await runtime.importBox(file, "imported");
  const status = (await imported.info()).state.status;
  const { out } = await run(imported, "cat", ["/root/kept"]);
  await runtime.remove(imported.id, true);
  return `${file.slice(work.length + 1)} ${status} ${out}`;
});
await report("bad image", () => runtime.create({ image: "no such image!" }));
await report("host path", () => runtime.create({ image: IMAGE, volumes: [{ hostPath: "/", guestPath: "/m" }] }).then(() => "taken", () => "refused"));
await report("wrong key", () => connect("wrong").listInfo());
await report("prefix", async () => (await connect(key, "team/a").listInfo()).length);
await report("SimpleBox", async () => {
  const simple = new SimpleBox({ image: IMAGE, runtime, name: "simple" });
  const { stdout, exitCode } = await simple.exec("echo", "hello");
  await simple.stop();
  await runtime.remove("simple", true);
  return `${stdout}${exitCode}`;
});
await report("CodeBox", async () => {
  const code = new CodeBox({ image: IMAGE, runtime, name: "code" });
  const out = await code.run("import json; print(json.dumps([n * n for n in range(5)]))");
  const failure = await code.run("1/0").catch((e) => e.stderr.trim().split("\n").at(-1));
  await code.stop();
  await runtime.remove("code", true);
  return `${out}${failure}`;
});
await report("remove running", () => box.start().then(() => runtime.remove(box.id)).catch((e) => e.message.replace(box.id, "ID")));
await report("remove", async () => {
  await runtime.remove(box.id, true);
  return await runtime.listInfo();
});
process.exit(0); // the package's threads would keep it
