// The peer's side of `bench/pull`. After a first line on stdin it pulls, after a second it makes what
// it would start a box from, each time in milliseconds on stdout. That is watched from outside:
// without KVM the start fails afterwards.   Usage: node peer-pull.mjs HOME REGISTRY REFERENCE
import { JsBoxlite } from '@boxlite-ai/boxlite';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const [homeDir, host, reference] = process.argv.slice(2);
const boxlite = new JsBoxlite({ homeDir, imageRegistries: [{ host, transport: 'http' }] });
const disks = `${homeDir}/images/disk-images`;
const work = [
  () => boxlite.images.pull(reference),
  async () => {
    const box = await boxlite.create({ image: reference, cpus: 1, memoryMib: 512 });
    let failure;
    box.start().catch((e) => (failure = e));
    while (!existsSync(disks) || !readdirSync(disks).some((name) => name.endsWith('.ext4'))) {
      if (failure) throw failure;
      await setTimeout(5);
    }
  },
];
process.stdout.write('ready\n');
for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await work.shift()();
  process.stdout.write(`${performance.now() - start}\n`);
}
process.exit(0); // The library's threads would keep it.
