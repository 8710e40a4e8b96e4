/** What the machine is and has, as told to servers; `machine/` finds it out. */
import type { MachineFacts } from '@longshore/protocol/gen/longshore/link/v1/link';

export interface Facts {
  /** As last found: answers at once. */
  current(): MachineFacts;
  /** Called when something changed that a server must know (a tool came or went); returns what ends it. */
  changed?(listener: (facts: MachineFacts) => void): () => void;
}
