// The peer's side of `bench/kvm-peer`: for each line on stdin one start; prints its milliseconds.
// Usage: node peer.mjs LAYOUT MEMORY_MIB CPUS; the peer's home comes from BOXLITE_HOME.
import { SimpleBox } from '@boxlite-ai/boxlite';
import { createInterface } from 'node:readline';

const [rootfsPath, memoryMib, cpus] = process.argv.slice(2);
for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now();
  const box = new SimpleBox({ rootfsPath, memoryMib: Number(memoryMib), cpus: Number(cpus) });
  const { stdout } = await box.exec('echo', 'first');
  const took = performance.now() - start;
  if (stdout.trim() !== 'first') {
    throw new Error(`the box printed ${JSON.stringify(stdout)}`);
  }
  await box.stop();
  process.stdout.write(`${took}\n`);
}
process.exit(0); // The library's threads would keep it.
