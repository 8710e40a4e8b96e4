/**
 * The link's part in the trial of its own version.
 *
 *   no trial ──────────────────────────────────▶ nothing to do
 *   on trial ──a session is open, its host up──▶ confirmed (current.json)
 *       └──its time and TRIAL_OWN_MORE_MS passed──▶ given up: the link becomes what there was before
 *
 * The guard judges too, and sooner: this is for a guard that was killed.
 */
import type { Cancel, Clock, Logger } from '@longshore/base';

import { confirmTrial, giveTrialUp, readTrial, writeLink } from '../contract/versions.ts';
import { AGENT_VERSION } from '../contract/version.ts';
import { TRIAL_OWN_MORE_MS } from '../limits.ts';
import { identityOf } from '../machine/processes.ts';
import { ownProgram } from './become.ts';

export interface OwnTrialParts {
  dataDir: string;
  clock: Clock;
  logger: Logger;
  /** The trial is over, and this version is not to run. */
  givenUp: () => void;
}

export class OwnTrial {
  readonly #parts: OwnTrialParts;
  #stop: Cancel = () => undefined;

  constructor(parts: OwnTrialParts) {
    this.#parts = parts;
  }

  /** This link runs: told to whoever watches the trial. */
  begin(): void {
    const { dataDir, clock, logger, givenUp } = this.#parts;
    const trial = readTrial(dataDir);
    const installed = trial?.installed ?? ownProgram();
    writeLink(dataDir, { version: AGENT_VERSION, process: identityOf(process.pid), installed });
    if (trial?.run.version !== AGENT_VERSION) return;
    logger.info('this version is on trial', { version: AGENT_VERSION });
    this.#stop = clock.after(trial.withinMs + TRIAL_OWN_MORE_MS, () => {
      if (!giveTrialUp(dataDir)) return;
      logger.error('this version had no session with a server in time: the one before it takes over');
      givenUp();
    });
  }

  /** A session is open, and with it the script host is up. */
  sessionOpened(): void {
    const { dataDir, logger } = this.#parts;
    this.#stop();
    if (readTrial(dataDir)?.run.version !== AGENT_VERSION) return;
    if (confirmTrial(dataDir)) logger.info('this version is confirmed', { version: AGENT_VERSION });
  }

  close(): void {
    this.#stop();
  }
}
