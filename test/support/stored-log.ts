/** A stored log of any length, read part by part and checked as it comes. */
import { SegmentHasher } from '@longshore/protocol/segments';

import { LineCheck, OUTPUT_STREAMS, type NumberedLines } from './log-oracle.ts';
import type { RestClient } from './rest.ts';

/** A download, part by part; an answer that is none is an error. */
export async function* download(rest: RestClient, path: string): AsyncGenerator<Uint8Array> {
  const answer = await rest.call('GET', path);
  if (!answer.ok || answer.body === null) throw new Error(`GET ${path}: ${answer.status}`);
  yield* answer.body as unknown as AsyncIterable<Uint8Array>;
}

/** Its length, and its digest as the attempt's is made. @throws Error where it is not whole records */
export async function digestOfStored(
  rest: RestClient,
  attemptId: string,
): Promise<{ length: number; digest: string }> {
  const hasher = new SegmentHasher();
  let held = Buffer.alloc(0);
  for await (const part of download(rest, `/attempts/${attemptId}/spool`)) {
    held = Buffer.concat([held, part]);
    const whole = wholeRecords(held);
    hasher.add(held.subarray(0, whole));
    held = held.subarray(whole);
  }
  if (held.length > 0) throw new Error(`the log of ${attemptId} ends with ${held.length} bytes of a record`);
  const { length, digest } = hasher.finish();
  return { length, digest: digest.toString('hex') };
}

/** @throws Error unless each stream holds each of its lines exactly once, in order, and nothing else */
export async function checkStored(rest: RestClient, attemptId: string, wanted: NumberedLines): Promise<void> {
  for (const stream of OUTPUT_STREAMS) {
    const check = new LineCheck(stream, wanted);
    for await (const part of download(rest, `/attempts/${attemptId}/output?stream=${stream}`))
      check.push(part);
    check.end();
  }
}

function wholeRecords(bytes: Buffer): number {
  let at = 0;
  while (at + 4 <= bytes.length && at + 24 + bytes.readUInt32BE(at) <= bytes.length)
    at += 24 + bytes.readUInt32BE(at);
  return at;
}
