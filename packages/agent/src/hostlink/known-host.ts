/**
 * One script host as the link sees it, from its record to its end.
 *
 *   away ──record's process lives──▶ connecting ──welcome──▶ up ──socket lost──▶ away
 *    └──process proven dead──▶ clearing ──all gone──▶ gone
 *                                  ▲ └──not all gone──▶ unclear
 *                                  └─────────looked at again────┘
 *
 * Always true: `gone` follows only from a dead process whose leftovers are
 * seen to be gone.
 */
import { type Clock, type Logger, toError } from '@longshore/base';
import type { FromHost, HostWelcome, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';

import { type HostRecord, removeHostRecord } from '../contract/host-record.ts';
import { AGENT_VERSION } from '../contract/version.ts';
import { isAlive } from '../machine/processes.ts';
import { HostClient } from './host-client.ts';
import { canProve, killLeftovers } from './leftovers.ts';

export interface KnownHostEvents {
  up: (host: KnownHost, welcome: HostWelcome) => void;
  heard: (host: KnownHost, frame: Exclude<NonNullable<FromHost['kind']>, { $case: 'welcome' }>) => void;
  /** The socket is lost: look again soon. */
  away: (host: KnownHost) => void;
  /** Resolves when what follows from it is on disk. */
  gone: (host: KnownHost, proven: boolean) => Promise<void>;
  unclear: (host: KnownHost, detail: string) => void;
}

export class KnownHost {
  readonly record: HostRecord;
  readonly #dataDir: string;
  readonly #events: KnownHostEvents;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #state: 'away' | 'connecting' | 'up' | 'clearing' | 'unclear' | 'gone' = 'away';
  #client: HostClient | null = null;
  /** It was found unclear: so it stays while it is looked at again. */
  #isUnclear = false;

  constructor(
    record: HostRecord,
    parts: { dataDir: string; events: KnownHostEvents; clock: Clock; logger: Logger },
  ) {
    this.record = record;
    this.#dataDir = parts.dataDir;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#logger = parts.logger.child({ hostId: record.hostId });
  }

  get hostId(): string {
    return this.record.hostId;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get isGone(): boolean {
    return this.#state === 'gone';
  }

  /** Dead, and what it left behind is not yet gone, nor known to stay. */
  get isClearing(): boolean {
    return this.#state === 'clearing' && !this.#isUnclear;
  }

  /** It left something behind that did not go: it is looked at again and again, and nothing waits for that. */
  get isUnclear(): boolean {
    return this.#isUnclear;
  }

  /** Not proven dead. */
  get isServing(): boolean {
    return this.#state === 'away' || this.#state === 'connecting' || this.#state === 'up';
  }

  /** Does what its state asks for; resolves when a clearing is over. */
  async look(): Promise<void> {
    if (this.#state !== 'away' && this.#state !== 'unclear') return;
    if (isAlive(this.record.process)) this.#connect();
    else await this.#clear();
  }

  /** What it left behind could not be shown to be gone, and somebody vouches for it. */
  presumeGone(): void {
    if (this.#isUnclear) this.#buried(false);
  }

  send(frame: NonNullable<ToHost['kind']>): void {
    this.#client?.send(frame);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end(this.#clock);
  }

  #connect(): void {
    this.#state = 'connecting';
    const client = new HostClient(this.record.socket, AGENT_VERSION, {
      welcome: (welcome) => {
        this.#state = 'up';
        this.#events.up(this, welcome);
      },
      heard: (frame) => this.#events.heard(this, frame),
      closed: (error) => {
        if (this.#client !== client) return;
        this.#client = null;
        if (this.#state === 'up') this.#logger.warn('the script host’s socket was lost', { error });
        this.#state = 'away';
        this.#events.away(this);
      },
    });
    this.#client = client;
  }

  async #clear(): Promise<void> {
    const again = this.#isUnclear;
    this.#state = 'clearing';
    let remains: string;
    try {
      remains = await killLeftovers(this.#dataDir, this.record, this.#clock);
    } catch (thrown) {
      remains = `what script host ${this.hostId} left behind could not be cleared: ${toError(thrown).message}`;
    }
    // Vouched for meanwhile.
    if (this.isGone) return;
    if (remains === '') {
      this.#logger.info('a script host has ended, and nothing of it is left');
      this.#buried(canProve(this.record));
      return;
    }
    this.#state = 'unclear';
    this.#isUnclear = true;
    if (!again) this.#logger.error('a script host died, and what it left behind is not gone', { remains });
    this.#events.unclear(this, remains);
  }

  #buried(proven: boolean): void {
    this.#state = 'gone';
    // The record goes last: a link that is killed before finds it again, and does all this once more.
    void this.#events.gone(this, proven).then(() => removeHostRecord(this.#dataDir, this.hostId));
  }
}
