/**
 * Takes service messages out of a stream of raw output, before masking:
 * `##octopus[name attr='BASE64' …]`, and `##longshore[…]` of the same grammar.
 *
 *            `##octopus[`                 `]`, at the start of a line
 *   text ───────────────────▶ message ───────────────────────────▶ after ──▶ text
 *     ▲                          │                    takes the line's end
 *     └──────────────────────────┘ `]` elsewhere; or it breaks the grammar, or grows too long: it is text
 *
 * Always true: bytes that are no message pass unchanged and in order; what may
 * become a message is held, never longer than the grammar allows, and bounded;
 * a message alone on its line takes the line's end with it.
 */
import { HeldBytes } from './held-bytes.ts';
import { type MessageSink, MessageMeanings } from './message-meanings.ts';
import { type Checked, findPrefix, messageEnd, parseMessage } from './message-grammar.ts';
import { LONGEST_SERVICE_MESSAGE_BYTES } from '../limits.ts';

export type { EventKind, MessageSink } from './message-meanings.ts';

export interface ServiceMessages {
  /** What is handed to `out.text` is valid only during the call. */
  push(bytes: Buffer, out: MessageSink): void;
  /** The stream has ended: what was held is text. */
  end(out: MessageSink): void;
}

export function createServiceMessages(stream: 'stdout' | 'stderr'): ServiceMessages {
  return new MessageStream(stream);
}

type State = 'text' | 'message' | 'after';

const LF = 0x0a;
const CR = 0x0d;

class MessageStream implements ServiceMessages {
  readonly #held = new HeldBytes();
  readonly #meanings: MessageMeanings;
  #state: State = 'text';
  /** Nothing but messages stands on the present line so far. */
  #lineIsBare = true;
  /** In `message`: how far its grammar is checked. */
  #checked: Checked | undefined;

  constructor(stream: 'stdout' | 'stderr') {
    this.#meanings = new MessageMeanings(stream);
  }

  push(bytes: Buffer, out: MessageSink): void {
    const foreign = this.#held.length === 0;
    const data = foreign ? bytes : this.#held.append(bytes);
    let at = 0;
    for (let next = this.#step(data, at, out); next !== undefined; next = this.#step(data, at, out))
      at = next;
    if (foreign) this.#held.set(data, this.#keptFrom);
    else this.#held.drop(this.#keptFrom);
  }

  end(out: MessageSink): void {
    const data = this.#held.bytes();
    if (data.length > 0) this.#text(data, out);
    this.#held.clear();
    this.#state = 'text';
  }

  /** Where the last step stopped: what follows is held. */
  #keptFrom = 0;

  /** One state's work from `at`; the place where the next state goes on, or undefined when more bytes are needed. */
  #step(data: Buffer, at: number, out: MessageSink): number | undefined {
    this.#keptFrom = at;
    if (at >= data.length) return undefined;
    switch (this.#state) {
      case 'text':
        return this.#passText(data, at, out);
      case 'message':
        return this.#takeMessage(data, at, out);
      case 'after':
        return this.#takeLineEnd(data, at);
    }
  }

  #passText(data: Buffer, at: number, out: MessageSink): number | undefined {
    const prefix = findPrefix(data, at);
    if (prefix.at > at)
      this.#text(at === 0 && prefix.at === data.length ? data : data.subarray(at, prefix.at), out);
    this.#keptFrom = prefix.at;
    if (!prefix.whole) return undefined;
    this.#state = 'message';
    this.#checked = undefined;
    return prefix.at;
  }

  #takeMessage(data: Buffer, at: number, out: MessageSink): number | undefined {
    const end = messageEnd(data, at, this.#checked);
    const length = end.at - at;
    if (end.kind === 'open' && length <= LONGEST_SERVICE_MESSAGE_BYTES) {
      this.#checked = end.checked;
      return undefined;
    }
    this.#state = 'text';
    const message = end.kind === 'closed' ? parseMessage(data.subarray(at, end.at)) : undefined;
    if (message === undefined || !this.#meanings.tell(message, out)) {
      this.#meanings.malformed(out);
      this.#text(data.subarray(at, end.at), out);
      return end.at;
    }
    if (this.#lineIsBare) this.#state = 'after';
    return end.at;
  }

  #takeLineEnd(data: Buffer, at: number): number | undefined {
    if (data[at] === CR && at + 1 === data.length) return undefined;
    this.#state = 'text';
    if (data[at] === LF) return at + 1;
    return data[at] === CR && data[at + 1] === LF ? at + 2 : at;
  }

  #text(bytes: Buffer, out: MessageSink): void {
    this.#lineIsBare = bytes[bytes.length - 1] === LF;
    out.text(bytes);
  }
}
