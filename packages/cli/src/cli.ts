/**
 * What every command is given: the flags that all share, the API behind them,
 * and the two ways to print: a table for people, JSON for programs.
 */
import type { Command } from 'commander';

import type { Api } from './client.ts';
import { readSettings, type Settings } from './settings.ts';

export interface SharedFlags {
  server?: string;
  apiKeyFile?: string;
  space?: string;
  output: 'table' | 'json';
  verbose?: boolean;
}

export interface Cli {
  readonly flags: SharedFlags;
  readonly settings: Settings;
  /** Loaded when first asked for: `--help` needs no HTTP client. */
  api(): Promise<Api>;
  /** The path parameters of a scoped call. */
  readonly space: { space: string };
}

export function cliOf(command: Command): Cli {
  const flags = command.optsWithGlobals<SharedFlags>();
  let settings: Settings | undefined;
  let api: Promise<Api> | undefined;
  const cli: Cli = {
    flags,
    get settings() {
      return (settings ??= readSettings({ ...flags, env: process.env }));
    },
    get space() {
      return { space: cli.settings.space };
    },
    api() {
      return (api ??= import('./client.ts').then(({ connectApi }) => connectApi(cli.settings)));
    },
  };
  return cli;
}
