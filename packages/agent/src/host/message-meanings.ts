/**
 * What each service message means: the event it becomes, or the value to mask.
 * Octopus's names are understood, and neutral ones beside them.
 */
import { type AttemptEvent, Level, Stream } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import type { Message } from './message-grammar.ts';

/** An event without its number, place and time: the host gives those. An artifact's index is the host's too. */
export type EventKind = NonNullable<AttemptEvent['kind']>;

export interface MessageSink {
  /** Bytes that are no message, in their order among the events. */
  text(bytes: Buffer): void;
  event(event: EventKind): void;
  /** Told before the event of a sensitive variable, and by `mask`. */
  mask(value: string): void;
}

/** Of so many different unknown names each is told once; of more, nothing. */
const UNKNOWN_NAMES_TOLD = 16;

/** Names after `stdout-` and `stderr-`; `default` is what each stream has at its start. */
const LEVELS: Record<'stdout' | 'stderr', Record<string, Level>> = {
  stdout: {
    default: Level.INFO,
    info: Level.INFO,
    verbose: Level.VERBOSE,
    highlight: Level.HIGHLIGHT,
    wait: Level.WAIT,
    warning: Level.WARNING,
    error: Level.ERROR,
    ignore: Level.IGNORE,
  },
  stderr: {
    default: Level.ERROR,
    error: Level.ERROR,
    warning: Level.WARNING,
    progress: Level.VERBOSE,
    verbose: Level.VERBOSE,
    ignore: Level.IGNORE,
  },
};

export class MessageMeanings {
  readonly #stream: 'stdout' | 'stderr';
  readonly #unknown = new Set<string>();
  #toldMalformed = false;

  constructor(stream: 'stdout' | 'stderr') {
    this.#stream = stream;
  }

  /** False where what the message needs is missing: it is malformed, and stays in the log. */
  tell(message: Message, out: MessageSink): boolean {
    const { name, attributes } = message;
    switch (name) {
      case 'setVariable':
        return this.#setVariable(attributes, out);
      case 'createArtifact':
      case 'newArtifact':
        return this.#newArtifact(attributes, out);
      case 'progress':
        return this.#progress(attributes, out);
      case 'resultMessage':
      case 'failStep':
        out.event({ $case: 'resultMessage', value: { text: attributes.get('message') ?? '' } });
        return true;
      case 'mask': {
        const value = attributes.get('value');
        if (value !== undefined) out.mask(value);
        return value !== undefined;
      }
      default:
        if (!this.#changeLevel(name, out)) this.#tellUnknown(name, out);
        return true;
    }
  }

  /** Said once for a stream: the text itself stays in the log. */
  malformed(out: MessageSink): void {
    if (this.#toldMalformed) return;
    this.#toldMalformed = true;
    this.#warn(
      `A service message on ${this.#stream} can't be read; it and others like it stay in the log as text.`,
      out,
    );
  }

  #setVariable(attributes: Message['attributes'], out: MessageSink): boolean {
    const name = attributes.get('name');
    const value = attributes.get('value');
    if (name === undefined || name === '' || value === undefined) return false;
    const sensitive = /^true$/i.test(attributes.get('sensitive') ?? '');
    if (sensitive) out.mask(value);
    out.event({ $case: 'setVariable', value: { name, value, sensitive } });
    return true;
  }

  #newArtifact(attributes: Message['attributes'], out: MessageSink): boolean {
    const path = attributes.get('path');
    if (path === undefined || path === '') return false;
    const name = attributes.get('name') || path.slice(path.lastIndexOf('/') + 1);
    out.event({ $case: 'newArtifact', value: { index: 0, name, path } });
    return true;
  }

  #progress(attributes: Message['attributes'], out: MessageSink): boolean {
    const percentage = Number(attributes.get('percentage') ?? Number.NaN);
    if (!Number.isFinite(percentage)) return false;
    const bounded = Math.min(100, Math.max(0, Math.round(percentage)));
    out.event({
      $case: 'progress',
      value: { percentage: bounded, message: attributes.get('message') ?? '' },
    });
    return true;
  }

  #changeLevel(name: string, out: MessageSink): boolean {
    const [, stream, word] = /^(stdout|stderr)-([a-z]+)$/.exec(name) ?? [];
    if (word === undefined || (stream !== 'stdout' && stream !== 'stderr')) return false;
    const levels = LEVELS[stream];
    const level = Object.hasOwn(levels, word) ? levels[word] : undefined;
    if (level === undefined) return false;
    const which = stream === 'stdout' ? Stream.STDOUT : Stream.STDERR;
    out.event({ $case: 'levelChanged', value: { stream: which, level } });
    return true;
  }

  #tellUnknown(name: string, out: MessageSink): void {
    if (this.#unknown.has(name) || this.#unknown.size >= UNKNOWN_NAMES_TOLD) return;
    this.#unknown.add(name);
    this.#warn(`The service message "${name.slice(0, 64)}" is not known here and has no effect.`, out);
  }

  #warn(text: string, out: MessageSink): void {
    out.event({ $case: 'note', value: { level: Level.WARNING, text } });
  }
}
