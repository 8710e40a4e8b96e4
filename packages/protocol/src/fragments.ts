/**
 * Keeps small what a message costs while it comes. grpc-js holds each fragment
 * of a message as a buffer of its own until the last one is there: a message of
 * 16 MiB that comes a byte at a time would take gigabytes. Fragments are put
 * together as they come, as in a binary counter: each byte is copied some
 * thirteen times at most, and what is held is little more than the bytes.
 *
 * By a private field of grpc-js 1.14, which the test of this file watches.
 */
import { StreamDecoder } from '@grpc/grpc-js/build/src/stream-decoder.js';

/** Larger ones are not copied: an honest peer's come by 16 KiB, a frame of HTTP/2. */
const SMALL_FRAGMENT_BYTES = 8 * 1024;

interface Inside {
  readPartialMessage?: Buffer[];
}

const write = Object.getOwnPropertyDescriptor(StreamDecoder.prototype, 'write')?.value as
  ((this: StreamDecoder, data: Buffer) => Buffer[]) | undefined;

if (write !== undefined)
  StreamDecoder.prototype.write = function (data) {
    const messages = write.call(this, data);
    const { readPartialMessage } = this as unknown as Inside;
    if (Array.isArray(readPartialMessage)) putTogether(readPartialMessage);
    return messages;
  };

function putTogether(fragments: Buffer[]): void {
  for (;;) {
    const last = fragments.at(-1);
    const before = fragments.at(-2);
    if (last === undefined || before === undefined) return;
    if (last.length > SMALL_FRAGMENT_BYTES || before.length > last.length) return;
    fragments.splice(-2, 2, Buffer.concat([before, last]));
  }
}
