import type { Command } from 'commander';

import { artifactDownload } from './artifact-download.ts';

export function addTo(noun: Command): void {
  artifactDownload(noun);
}
