// The peer's side of `bench/pull`: after a line on stdin one pull; prints its milliseconds.
// Usage: node peer-pull.mjs HOME REGISTRY REFERENCE
import { JsBoxlite } from '@boxlite-ai/boxlite';
import { createInterface } from 'node:readline';

const [homeDir, host, reference] = process.argv.slice(2);
const boxlite = new JsBoxlite({ homeDir, imageRegistries: [{ host, transport: 'http' }] });
process.stdout.write('ready\n');
for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await boxlite.images.pull(reference);
  process.stdout.write(`${performance.now() - start}\n`);
}
process.exit(0); // The library's threads would keep it.
