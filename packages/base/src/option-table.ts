/** The shape of an option table, and its names. Part of `options.ts`. */
import type { OptionKind } from './option-kinds.ts';

export interface OptionSpec<T> {
  /** One sentence or two, without the default. */
  description: string;
  default?: T;
  /** For defaults that are computed: what help shows. */
  defaultText?: string;
  placeholder?: string;
  /** One letter. */
  short?: string;
  secret?: boolean;
  /** A secret that may come by its flag nevertheless, such as a token that works once. */
  flagAllowed?: boolean;
  /** Not shown in help. */
  hidden?: boolean;
  /** What would be right, when this value is not. */
  check?: (value: T) => string | undefined;
}

export interface Option<T, HasDefault extends boolean = boolean> extends OptionSpec<T> {
  kind: OptionKind<T>;
  /** Only for the type. */
  hasDefault?: HasDefault;
}

// The table's options differ in T, which only their own functions see.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OptionTable = Readonly<Record<string, Option<any>>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer T, infer HasDefault>
    ? true extends HasDefault
      ? T
      : T | undefined
    : never;
};

export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function envOf(key: string, prefix: string): string {
  return prefix + flagOf(key).replaceAll('-', '_').toUpperCase();
}
